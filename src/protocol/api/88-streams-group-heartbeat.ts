/**
 * StreamsGroupHeartbeat (88). Keeps a member of a streams group alive; the answer is its epoch and tasks
 * (KIP-1071).
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int8,
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

export const copartitionGroup = struct('CopartitionGroup', {
  sourceTopics: arrayOf(int16()),
  sourceTopicRegex: arrayOf(int16()),
  repartitionSourceTopics: arrayOf(int16()),
})
export type CopartitionGroup = Infer<typeof copartitionGroup>

export const subtopology = struct('Subtopology', {
  subtopologyId: string(),
  sourceTopics: arrayOf(string()),
  sourceTopicRegex: arrayOf(string()),
  stateChangelogTopics: arrayOf(topicInfo),
  repartitionSinkTopics: arrayOf(string()),
  repartitionSourceTopics: arrayOf(topicInfo),
  copartitionGroups: arrayOf(copartitionGroup),
})
export type Subtopology = Infer<typeof subtopology>

export const topology = struct('Topology', {
  epoch: int32(),
  subtopologies: arrayOf(subtopology),
})
export type Topology = Infer<typeof topology>

export const streamsGroupHeartbeatRequestTaskIds = struct('TaskIds', {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
})
export type StreamsGroupHeartbeatRequestTaskIds = Infer<typeof streamsGroupHeartbeatRequestTaskIds>

export const streamsGroupHeartbeatRequestEndpoint = struct('Endpoint', {
  host: string(),
  port: uint16(),
})
export type StreamsGroupHeartbeatRequestEndpoint = Infer<typeof streamsGroupHeartbeatRequestEndpoint>

export const taskOffset = struct('TaskOffset', {
  subtopologyId: string(),
  partition: int32(),
  offset: int64Number(),
})
export type TaskOffset = Infer<typeof taskOffset>

export const streamsGroupHeartbeatRequest = request(
  { name: 'StreamsGroupHeartbeatRequest', apiKey: 88, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string({ nullableSince: 0, default: null }),
    rackId: string({ nullableSince: 0, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: structField(topology, { nullableSince: 0, default: null }),
    activeTasks: arrayOf(streamsGroupHeartbeatRequestTaskIds, { nullableSince: 0, default: null }),
    standbyTasks: arrayOf(streamsGroupHeartbeatRequestTaskIds, { nullableSince: 0, default: null }),
    warmupTasks: arrayOf(streamsGroupHeartbeatRequestTaskIds, { nullableSince: 0, default: null }),
    processId: string({ nullableSince: 0, default: null }),
    userEndpoint: structField(streamsGroupHeartbeatRequestEndpoint, { nullableSince: 0, default: null }),
    clientTags: arrayOf(keyValue, { nullableSince: 0, default: null }),
    taskOffsets: arrayOf(taskOffset, { nullableSince: 0, default: null }),
    taskEndOffsets: arrayOf(taskOffset, { nullableSince: 0, default: null }),
    shutdownApplication: bool(),
  },
)
export type StreamsGroupHeartbeatRequest = Infer<typeof streamsGroupHeartbeatRequest>
export type StreamsGroupHeartbeatRequestInput = InferInput<typeof streamsGroupHeartbeatRequest>

export const status = struct('Status', {
  statusCode: int8(),
  statusDetail: string(),
})
export type Status = Infer<typeof status>

export const streamsGroupHeartbeatResponseTaskIds = struct('TaskIds', {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
})
export type StreamsGroupHeartbeatResponseTaskIds = Infer<typeof streamsGroupHeartbeatResponseTaskIds>

export const streamsGroupHeartbeatResponseEndpoint = struct('Endpoint', {
  host: string(),
  port: uint16(),
})
export type StreamsGroupHeartbeatResponseEndpoint = Infer<typeof streamsGroupHeartbeatResponseEndpoint>

export const topicPartition = struct('TopicPartition', {
  topic: string(),
  partitions: arrayOf(int32()),
})
export type TopicPartition = Infer<typeof topicPartition>

export const endpointToPartitions = struct('EndpointToPartitions', {
  userEndpoint: structField(streamsGroupHeartbeatResponseEndpoint),
  activePartitions: arrayOf(topicPartition),
  standbyPartitions: arrayOf(topicPartition),
})
export type EndpointToPartitions = Infer<typeof endpointToPartitions>

export const streamsGroupHeartbeatResponse = response(
  { name: 'StreamsGroupHeartbeatResponse', apiKey: 88, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLag: int32(),
    taskOffsetIntervalMs: int32(),
    status: arrayOf(status, { nullableSince: 0 }),
    activeTasks: arrayOf(streamsGroupHeartbeatResponseTaskIds, { nullableSince: 0, default: null }),
    standbyTasks: arrayOf(streamsGroupHeartbeatResponseTaskIds, { nullableSince: 0, default: null }),
    warmupTasks: arrayOf(streamsGroupHeartbeatResponseTaskIds, { nullableSince: 0, default: null }),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: arrayOf(endpointToPartitions, { nullableSince: 0, default: null }),
  },
)
export type StreamsGroupHeartbeatResponse = Infer<typeof streamsGroupHeartbeatResponse>
export type StreamsGroupHeartbeatResponseInput = InferInput<typeof streamsGroupHeartbeatResponse>
