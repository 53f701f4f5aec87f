/**
 * State of a KIP-848 consumer group in `__consumer_offsets`: group epoch, members, target assignment, and what
 * each member owns. Values with null mean that the thing is gone. ConsumerGroupPartitionMetadata is no longer
 * written since metadataHash took its place (KIP-1101).
 */
import {
  arrayOf,
  bytes,
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
  structField,
  uuid,
} from '../../schema.ts'

export const consumerGroupMetadataKey = coordinatorKey(
  { name: 'ConsumerGroupMetadataKey', apiKey: 3, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type ConsumerGroupMetadataKey = Infer<typeof consumerGroupMetadataKey>
export type ConsumerGroupMetadataKeyInput = InferInput<typeof consumerGroupMetadataKey>

export const consumerGroupMetadataValue = coordinatorValue(
  { name: 'ConsumerGroupMetadataValue', apiKey: 3, versions: [0, 0], flexibleSince: 0 },
  {
    epoch: int32(),
    metadataHash: int64({ tag: 0 }),
  },
)
export type ConsumerGroupMetadataValue = Infer<typeof consumerGroupMetadataValue>
export type ConsumerGroupMetadataValueInput = InferInput<typeof consumerGroupMetadataValue>

export const consumerGroupPartitionMetadataKey = coordinatorKey(
  { name: 'ConsumerGroupPartitionMetadataKey', apiKey: 4, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type ConsumerGroupPartitionMetadataKey = Infer<typeof consumerGroupPartitionMetadataKey>
export type ConsumerGroupPartitionMetadataKeyInput = InferInput<typeof consumerGroupPartitionMetadataKey>

export const partitionMetadata = struct('PartitionMetadata', {
  partition: int32(),
  racks: arrayOf(string()),
})
export type PartitionMetadata = Infer<typeof partitionMetadata>

export const topicMetadata = struct('TopicMetadata', {
  topicId: uuid(),
  topicName: string(),
  numPartitions: int32(),
  partitionMetadata: arrayOf(partitionMetadata),
})
export type TopicMetadata = Infer<typeof topicMetadata>

export const consumerGroupPartitionMetadataValue = coordinatorValue(
  { name: 'ConsumerGroupPartitionMetadataValue', apiKey: 4, versions: [0, 0], flexibleSince: 0 },
  {
    topics: arrayOf(topicMetadata),
  },
)
export type ConsumerGroupPartitionMetadataValue = Infer<typeof consumerGroupPartitionMetadataValue>
export type ConsumerGroupPartitionMetadataValueInput = InferInput<typeof consumerGroupPartitionMetadataValue>

export const consumerGroupMemberMetadataKey = coordinatorKey(
  { name: 'ConsumerGroupMemberMetadataKey', apiKey: 5, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ConsumerGroupMemberMetadataKey = Infer<typeof consumerGroupMemberMetadataKey>
export type ConsumerGroupMemberMetadataKeyInput = InferInput<typeof consumerGroupMemberMetadataKey>

export const classicProtocol = struct('ClassicProtocol', {
  name: string(),
  metadata: bytes(),
})
export type ClassicProtocol = Infer<typeof classicProtocol>

export const classicMemberMetadata = struct('ClassicMemberMetadata', {
  sessionTimeoutMs: int32(),
  supportedProtocols: arrayOf(classicProtocol),
})
export type ClassicMemberMetadata = Infer<typeof classicMemberMetadata>

export const consumerGroupMemberMetadataValue = coordinatorValue(
  { name: 'ConsumerGroupMemberMetadataValue', apiKey: 5, versions: [0, 0], flexibleSince: 0 },
  {
    instanceId: string({ nullableSince: 0 }),
    rackId: string({ nullableSince: 0 }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: arrayOf(string()),
    subscribedTopicRegex: string({ nullableSince: 0 }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullableSince: 0 }),
    classicMemberMetadata: structField(classicMemberMetadata, { nullableSince: 0, tag: 0 }),
  },
)
export type ConsumerGroupMemberMetadataValue = Infer<typeof consumerGroupMemberMetadataValue>
export type ConsumerGroupMemberMetadataValueInput = InferInput<typeof consumerGroupMemberMetadataValue>

export const consumerGroupTargetAssignmentMetadataKey = coordinatorKey(
  { name: 'ConsumerGroupTargetAssignmentMetadataKey', apiKey: 6, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export type ConsumerGroupTargetAssignmentMetadataKey = Infer<typeof consumerGroupTargetAssignmentMetadataKey>
export type ConsumerGroupTargetAssignmentMetadataKeyInput = InferInput<typeof consumerGroupTargetAssignmentMetadataKey>

export const consumerGroupTargetAssignmentMetadataValue = coordinatorValue(
  { name: 'ConsumerGroupTargetAssignmentMetadataValue', apiKey: 6, versions: [0, 0], flexibleSince: 0 },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64Number({ tag: 0, ignorable: true }),
  },
)
export type ConsumerGroupTargetAssignmentMetadataValue = Infer<typeof consumerGroupTargetAssignmentMetadataValue>
export type ConsumerGroupTargetAssignmentMetadataValueInput = InferInput<
  typeof consumerGroupTargetAssignmentMetadataValue
>

export const consumerGroupTargetAssignmentMemberKey = coordinatorKey(
  { name: 'ConsumerGroupTargetAssignmentMemberKey', apiKey: 7, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ConsumerGroupTargetAssignmentMemberKey = Infer<typeof consumerGroupTargetAssignmentMemberKey>
export type ConsumerGroupTargetAssignmentMemberKeyInput = InferInput<typeof consumerGroupTargetAssignmentMemberKey>

export const topicPartition = struct('TopicPartition', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
})
export type TopicPartition = Infer<typeof topicPartition>

export const consumerGroupTargetAssignmentMemberValue = coordinatorValue(
  { name: 'ConsumerGroupTargetAssignmentMemberValue', apiKey: 7, versions: [0, 0], flexibleSince: 0 },
  {
    topicPartitions: arrayOf(topicPartition),
  },
)
export type ConsumerGroupTargetAssignmentMemberValue = Infer<typeof consumerGroupTargetAssignmentMemberValue>
export type ConsumerGroupTargetAssignmentMemberValueInput = InferInput<typeof consumerGroupTargetAssignmentMemberValue>

export const consumerGroupCurrentMemberAssignmentKey = coordinatorKey(
  { name: 'ConsumerGroupCurrentMemberAssignmentKey', apiKey: 8, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ConsumerGroupCurrentMemberAssignmentKey = Infer<typeof consumerGroupCurrentMemberAssignmentKey>
export type ConsumerGroupCurrentMemberAssignmentKeyInput = InferInput<typeof consumerGroupCurrentMemberAssignmentKey>

export const topicPartitions = struct('TopicPartitions', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
  assignmentEpochs: arrayOf(int32(), { nullableSince: 0, tag: 0 }),
})
export type TopicPartitions = Infer<typeof topicPartitions>

export const consumerGroupCurrentMemberAssignmentValue = coordinatorValue(
  { name: 'ConsumerGroupCurrentMemberAssignmentValue', apiKey: 8, versions: [0, 0], flexibleSince: 0 },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: arrayOf(topicPartitions),
    partitionsPendingRevocation: arrayOf(topicPartitions),
  },
)
export type ConsumerGroupCurrentMemberAssignmentValue = Infer<typeof consumerGroupCurrentMemberAssignmentValue>
export type ConsumerGroupCurrentMemberAssignmentValueInput = InferInput<
  typeof consumerGroupCurrentMemberAssignmentValue
>

export const consumerGroupRegularExpressionKey = coordinatorKey(
  { name: 'ConsumerGroupRegularExpressionKey', apiKey: 16, versions: [0, 0] },
  {
    groupId: string(),
    regularExpression: string(),
  },
)
export type ConsumerGroupRegularExpressionKey = Infer<typeof consumerGroupRegularExpressionKey>
export type ConsumerGroupRegularExpressionKeyInput = InferInput<typeof consumerGroupRegularExpressionKey>

export const consumerGroupRegularExpressionValue = coordinatorValue(
  { name: 'ConsumerGroupRegularExpressionValue', apiKey: 16, versions: [0, 0], flexibleSince: 0 },
  {
    topics: arrayOf(string()),
    version: int64Number(),
    timestamp: int64Number(),
  },
)
export type ConsumerGroupRegularExpressionValue = Infer<typeof consumerGroupRegularExpressionValue>
export type ConsumerGroupRegularExpressionValueInput = InferInput<typeof consumerGroupRegularExpressionValue>
