/**
 * State of a share group (KIP-932) in `__consumer_offsets`: group epoch, members, assignments, and the partitions
 * whose share state exists or is being made or deleted.
 */
import {
  arrayOf,
  coordinatorKey,
  coordinatorValue,
  type Infer,
  type InferInput,
  int8,
  int32,
  int64,
  int64Number,
  string,
  struct,
  uuid,
} from '../../schema.ts'

export const shareGroupMemberMetadataKey = coordinatorKey(
  { name: 'ShareGroupMemberMetadataKey', apiKey: 10, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ShareGroupMemberMetadataKey = Infer<typeof shareGroupMemberMetadataKey>
export type ShareGroupMemberMetadataKeyInput = InferInput<typeof shareGroupMemberMetadataKey>

export const shareGroupMemberMetadataValue = coordinatorValue(
  { name: 'ShareGroupMemberMetadataValue', apiKey: 10, versions: [0, 0], flexibleSince: 0 },
  {
    rackId: string({ nullableSince: 0 }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: arrayOf(string()),
  },
)
export type ShareGroupMemberMetadataValue = Infer<typeof shareGroupMemberMetadataValue>
export type ShareGroupMemberMetadataValueInput = InferInput<typeof shareGroupMemberMetadataValue>

export const shareGroupMetadataKey = coordinatorKey(
  { name: 'ShareGroupMetadataKey', apiKey: 11, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type ShareGroupMetadataKey = Infer<typeof shareGroupMetadataKey>
export type ShareGroupMetadataKeyInput = InferInput<typeof shareGroupMetadataKey>

export const shareGroupMetadataValue = coordinatorValue(
  { name: 'ShareGroupMetadataValue', apiKey: 11, versions: [0, 0], flexibleSince: 0 },
  {
    epoch: int32(),
    metadataHash: int64(),
  },
)
export type ShareGroupMetadataValue = Infer<typeof shareGroupMetadataValue>
export type ShareGroupMetadataValueInput = InferInput<typeof shareGroupMetadataValue>

export const shareGroupTargetAssignmentMetadataKey = coordinatorKey(
  { name: 'ShareGroupTargetAssignmentMetadataKey', apiKey: 12, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type ShareGroupTargetAssignmentMetadataKey = Infer<typeof shareGroupTargetAssignmentMetadataKey>
export type ShareGroupTargetAssignmentMetadataKeyInput = InferInput<typeof shareGroupTargetAssignmentMetadataKey>

export const shareGroupTargetAssignmentMetadataValue = coordinatorValue(
  { name: 'ShareGroupTargetAssignmentMetadataValue', apiKey: 12, versions: [0, 0], flexibleSince: 0 },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64Number({ tag: 0, ignorable: true }),
  },
)
export type ShareGroupTargetAssignmentMetadataValue = Infer<typeof shareGroupTargetAssignmentMetadataValue>
export type ShareGroupTargetAssignmentMetadataValueInput = InferInput<typeof shareGroupTargetAssignmentMetadataValue>

export const shareGroupTargetAssignmentMemberKey = coordinatorKey(
  { name: 'ShareGroupTargetAssignmentMemberKey', apiKey: 13, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ShareGroupTargetAssignmentMemberKey = Infer<typeof shareGroupTargetAssignmentMemberKey>
export type ShareGroupTargetAssignmentMemberKeyInput = InferInput<typeof shareGroupTargetAssignmentMemberKey>

export const topicPartition = struct('TopicPartition', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
})
export type TopicPartition = Infer<typeof topicPartition>

export const shareGroupTargetAssignmentMemberValue = coordinatorValue(
  { name: 'ShareGroupTargetAssignmentMemberValue', apiKey: 13, versions: [0, 0], flexibleSince: 0 },
  {
    topicPartitions: arrayOf(topicPartition),
  },
)
export type ShareGroupTargetAssignmentMemberValue = Infer<typeof shareGroupTargetAssignmentMemberValue>
export type ShareGroupTargetAssignmentMemberValueInput = InferInput<typeof shareGroupTargetAssignmentMemberValue>

export const shareGroupCurrentMemberAssignmentKey = coordinatorKey(
  { name: 'ShareGroupCurrentMemberAssignmentKey', apiKey: 14, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ShareGroupCurrentMemberAssignmentKey = Infer<typeof shareGroupCurrentMemberAssignmentKey>
export type ShareGroupCurrentMemberAssignmentKeyInput = InferInput<typeof shareGroupCurrentMemberAssignmentKey>

export const topicPartitions = struct('TopicPartitions', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
})
export type TopicPartitions = Infer<typeof topicPartitions>

export const shareGroupCurrentMemberAssignmentValue = coordinatorValue(
  { name: 'ShareGroupCurrentMemberAssignmentValue', apiKey: 14, versions: [0, 0], flexibleSince: 0 },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: arrayOf(topicPartitions),
  },
)
export type ShareGroupCurrentMemberAssignmentValue = Infer<typeof shareGroupCurrentMemberAssignmentValue>
export type ShareGroupCurrentMemberAssignmentValueInput = InferInput<typeof shareGroupCurrentMemberAssignmentValue>

export const shareGroupStatePartitionMetadataKey = coordinatorKey(
  { name: 'ShareGroupStatePartitionMetadataKey', apiKey: 15, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type ShareGroupStatePartitionMetadataKey = Infer<typeof shareGroupStatePartitionMetadataKey>
export type ShareGroupStatePartitionMetadataKeyInput = InferInput<typeof shareGroupStatePartitionMetadataKey>

export const topicPartitionsInfo = struct('TopicPartitionsInfo', {
  topicId: uuid(),
  topicName: string(),
  partitions: arrayOf(int32()),
})
export type TopicPartitionsInfo = Infer<typeof topicPartitionsInfo>

export const topicInfo = struct('TopicInfo', {
  topicId: uuid(),
  topicName: string(),
})
export type TopicInfo = Infer<typeof topicInfo>

export const shareGroupStatePartitionMetadataValue = coordinatorValue(
  { name: 'ShareGroupStatePartitionMetadataValue', apiKey: 15, versions: [0, 0], flexibleSince: 0 },
  {
    initializingTopics: arrayOf(topicPartitionsInfo),
    initializedTopics: arrayOf(topicPartitionsInfo),
    deletingTopics: arrayOf(topicInfo),
  },
)
export type ShareGroupStatePartitionMetadataValue = Infer<typeof shareGroupStatePartitionMetadataValue>
export type ShareGroupStatePartitionMetadataValueInput = InferInput<typeof shareGroupStatePartitionMetadataValue>
