/**
 * State of a streams group (KIP-1071) in `__consumer_offsets`: group epoch, topology, members, and the tasks that
 * each should have and has.
 */
import {
  arrayOf,
  coordinatorKey,
  coordinatorValue,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64,
  int64Number,
  string,
  struct,
  structField,
  uint16,
} from '../../schema.ts'

export const streamsGroupMetadataKey = coordinatorKey(
  { name: 'StreamsGroupMetadataKey', apiKey: 17, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type StreamsGroupMetadataKey = Infer<typeof streamsGroupMetadataKey>
export type StreamsGroupMetadataKeyInput = InferInput<typeof streamsGroupMetadataKey>

export const lastAssignmentConfig = struct('LastAssignmentConfig', {
  key: string(),
  value: string(),
})
export type LastAssignmentConfig = Infer<typeof lastAssignmentConfig>

export const streamsGroupMetadataValue = coordinatorValue(
  { name: 'StreamsGroupMetadataValue', apiKey: 17, versions: [0, 0], flexibleSince: 0 },
  {
    epoch: int32(),
    metadataHash: int64(),
    validatedTopologyEpoch: int32({ tag: 0, default: -1 }),
    lastAssignmentConfigs: arrayOf(lastAssignmentConfig, { nullableSince: 0, tag: 1 }),
  },
)
export type StreamsGroupMetadataValue = Infer<typeof streamsGroupMetadataValue>
export type StreamsGroupMetadataValueInput = InferInput<typeof streamsGroupMetadataValue>

export const streamsGroupMemberMetadataKey = coordinatorKey(
  { name: 'StreamsGroupMemberMetadataKey', apiKey: 19, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type StreamsGroupMemberMetadataKey = Infer<typeof streamsGroupMemberMetadataKey>
export type StreamsGroupMemberMetadataKeyInput = InferInput<typeof streamsGroupMemberMetadataKey>

export const endpoint = struct('Endpoint', {
  host: string(),
  port: uint16(),
})
export type Endpoint = Infer<typeof endpoint>

export const keyValue = struct('KeyValue', {
  key: string(),
  value: string(),
})
export type KeyValue = Infer<typeof keyValue>

export const streamsGroupMemberMetadataValue = coordinatorValue(
  { name: 'StreamsGroupMemberMetadataValue', apiKey: 19, versions: [0, 0], flexibleSince: 0 },
  {
    instanceId: string({ nullableSince: 0 }),
    rackId: string({ nullableSince: 0 }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: structField(endpoint, { nullableSince: 0, default: null }),
    clientTags: arrayOf(keyValue),
  },
)
export type StreamsGroupMemberMetadataValue = Infer<typeof streamsGroupMemberMetadataValue>
export type StreamsGroupMemberMetadataValueInput = InferInput<typeof streamsGroupMemberMetadataValue>

export const streamsGroupTargetAssignmentMetadataKey = coordinatorKey(
  { name: 'StreamsGroupTargetAssignmentMetadataKey', apiKey: 20, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type StreamsGroupTargetAssignmentMetadataKey = Infer<typeof streamsGroupTargetAssignmentMetadataKey>
export type StreamsGroupTargetAssignmentMetadataKeyInput = InferInput<typeof streamsGroupTargetAssignmentMetadataKey>

export const streamsGroupTargetAssignmentMetadataValue = coordinatorValue(
  { name: 'StreamsGroupTargetAssignmentMetadataValue', apiKey: 20, versions: [0, 0], flexibleSince: 0 },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64Number({ tag: 0, ignorable: true }),
  },
)
export type StreamsGroupTargetAssignmentMetadataValue = Infer<typeof streamsGroupTargetAssignmentMetadataValue>
export type StreamsGroupTargetAssignmentMetadataValueInput = InferInput<
  typeof streamsGroupTargetAssignmentMetadataValue
>

export const streamsGroupTargetAssignmentMemberKey = coordinatorKey(
  { name: 'StreamsGroupTargetAssignmentMemberKey', apiKey: 21, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type StreamsGroupTargetAssignmentMemberKey = Infer<typeof streamsGroupTargetAssignmentMemberKey>
export type StreamsGroupTargetAssignmentMemberKeyInput = InferInput<typeof streamsGroupTargetAssignmentMemberKey>

export const streamsGroupTargetAssignmentMemberValueTaskIds = struct('TaskIds', {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
})
export type StreamsGroupTargetAssignmentMemberValueTaskIds = Infer<
  typeof streamsGroupTargetAssignmentMemberValueTaskIds
>

export const streamsGroupTargetAssignmentMemberValue = coordinatorValue(
  { name: 'StreamsGroupTargetAssignmentMemberValue', apiKey: 21, versions: [0, 0], flexibleSince: 0 },
  {
    activeTasks: arrayOf(streamsGroupTargetAssignmentMemberValueTaskIds),
    standbyTasks: arrayOf(streamsGroupTargetAssignmentMemberValueTaskIds),
    warmupTasks: arrayOf(streamsGroupTargetAssignmentMemberValueTaskIds),
  },
)
export type StreamsGroupTargetAssignmentMemberValue = Infer<typeof streamsGroupTargetAssignmentMemberValue>
export type StreamsGroupTargetAssignmentMemberValueInput = InferInput<typeof streamsGroupTargetAssignmentMemberValue>

export const streamsGroupCurrentMemberAssignmentKey = coordinatorKey(
  { name: 'StreamsGroupCurrentMemberAssignmentKey', apiKey: 22, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type StreamsGroupCurrentMemberAssignmentKey = Infer<typeof streamsGroupCurrentMemberAssignmentKey>
export type StreamsGroupCurrentMemberAssignmentKeyInput = InferInput<typeof streamsGroupCurrentMemberAssignmentKey>

export const streamsGroupCurrentMemberAssignmentValueTaskIds = struct('TaskIds', {
  subtopologyId: string(),
  partitions: arrayOf(int32()),
  assignmentEpochs: arrayOf(int32(), { nullableSince: 0, tag: 0 }),
})
export type StreamsGroupCurrentMemberAssignmentValueTaskIds = Infer<
  typeof streamsGroupCurrentMemberAssignmentValueTaskIds
>

export const streamsGroupCurrentMemberAssignmentValue = coordinatorValue(
  { name: 'StreamsGroupCurrentMemberAssignmentValue', apiKey: 22, versions: [0, 0], flexibleSince: 0 },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: arrayOf(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: arrayOf(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: arrayOf(streamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: arrayOf(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: arrayOf(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: arrayOf(streamsGroupCurrentMemberAssignmentValueTaskIds),
  },
)
export type StreamsGroupCurrentMemberAssignmentValue = Infer<typeof streamsGroupCurrentMemberAssignmentValue>
export type StreamsGroupCurrentMemberAssignmentValueInput = InferInput<typeof streamsGroupCurrentMemberAssignmentValue>

export const streamsGroupTopologyKey = coordinatorKey(
  { name: 'StreamsGroupTopologyKey', apiKey: 23, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type StreamsGroupTopologyKey = Infer<typeof streamsGroupTopologyKey>
export type StreamsGroupTopologyKeyInput = InferInput<typeof streamsGroupTopologyKey>

export const topicConfig = struct('TopicConfig', {
  key: string(),
  value: string(),
})
export type TopicConfig = Infer<typeof topicConfig>

export const topicInfo = struct('TopicInfo', {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: arrayOf(topicConfig),
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

export const streamsGroupTopologyValue = coordinatorValue(
  { name: 'StreamsGroupTopologyValue', apiKey: 23, versions: [0, 0], flexibleSince: 0 },
  {
    epoch: int32(),
    subtopologies: arrayOf(subtopology),
  },
)
export type StreamsGroupTopologyValue = Infer<typeof streamsGroupTopologyValue>
export type StreamsGroupTopologyValueInput = InferInput<typeof streamsGroupTopologyValue>
