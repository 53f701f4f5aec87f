/**
 * StreamsGroupDescribe (89). State, topology and members of streams groups (KIP-1071).
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  request,
  response,
  string,
  struct,
  structField,
  uint16,
} from '../schema.ts'

export const streamsGroupDescribeRequest = request(
  { name: 'StreamsGroupDescribeRequest', apiKey: 89, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    groupIds: arrayOf(string()),
    includeAuthorizedOperations: bool(),
  },
)
export type StreamsGroupDescribeRequest = Infer<typeof streamsGroupDescribeRequest>
export type StreamsGroupDescribeRequestInput = InferInput<typeof streamsGroupDescribeRequest>

export const keyValue = struct('KeyValue', {
  key: string(),
  value: string(),
})
export type KeyValue = Infer<typeof keyValue>

export const topicInfo = struct('TopicInfo', {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: arrayOf(keyValue),
})
export type TopicInfo = Infer<typeof topicInfo>

export const subtopology = struct('Subtopology', {
  subtopologyId: string(),
  sourceTopics: arrayOf(string()),
  repartitionSinkTopics: arrayOf(string()),
  stateChangelogTopics: arrayOf(topicInfo),
  repartitionSourceTopics: arrayOf(topicInfo),
})
export type Subtopology = Infer<typeof subtopology>

export const topology = struct('Topology', {
  epoch: int32(),
  subtopologies: arrayOf(subtopology, { nullableSince: 0, default: null }),
})
export type Topology = Infer<typeof topology>

export const endpoint = struct('Endpoint', {
  host: string(),
  port: uint16(),
})
export type Endpoint = Infer<typeof endpoint>

export const taskOffset = struct('TaskOffset', {
  subtopologyId: string(),
  partition: int32(),
  offset: int64Number(),
})
export type TaskOffset = Infer<typeof taskOffset>

export const taskIds = struct('TaskIds', {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
})
export type TaskIds = Infer<typeof taskIds>

export const assignment = struct('Assignment', {
  activeTasks: arrayOf(taskIds),
  standbyTasks: arrayOf(taskIds),
  warmupTasks: arrayOf(taskIds),
})
export type Assignment = Infer<typeof assignment>

export const member = struct('Member', {
  memberId: string(),
  memberEpoch: int32(),
  instanceId: string({ nullableSince: 0, default: null }),
  rackId: string({ nullableSince: 0, default: null }),
  clientId: string(),
  clientHost: string(),
  topologyEpoch: int32(),
  processId: string(),
  userEndpoint: structField(endpoint, { nullableSince: 0, default: null }),
  clientTags: arrayOf(keyValue),
  taskOffsets: arrayOf(taskOffset),
  taskEndOffsets: arrayOf(taskOffset),
  assignment: structField(assignment),
  targetAssignment: structField(assignment),
  isClassic: bool(),
})
export type Member = Infer<typeof member>

export const describedGroup = struct('DescribedGroup', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
  groupId: string(),
  groupState: string(),
  groupEpoch: int32(),
  assignmentEpoch: int32(),
  topology: structField(topology, { nullableSince: 0, default: null }),
  members: arrayOf(member),
  authorizedOperations: int32({ default: -(2 ** 31) }),
})
export type DescribedGroup = Infer<typeof describedGroup>

export const streamsGroupDescribeResponse = response(
  { name: 'StreamsGroupDescribeResponse', apiKey: 89, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    groups: arrayOf(describedGroup),
  },
)
export type StreamsGroupDescribeResponse = Infer<typeof streamsGroupDescribeResponse>
export type StreamsGroupDescribeResponseInput = InferInput<typeof streamsGroupDescribeResponse>
