/**
 * What consumers put into JoinGroup and SyncGroup of a classic group, behind an int16 version. The coordinator
 * reads it only to show it and to hold groups together that change protocols.
 */
import { arrayOf, bytes, data, type Infer, type InferInput, int32, string, struct } from '../schema.ts'

export const consumerProtocolSubscriptionTopicPartition = struct('TopicPartition', {
  topic: string({ since: 1, mapKey: true }),
  partitions: arrayOf(int32(), { since: 1 }),
})
export type ConsumerProtocolSubscriptionTopicPartition = Infer<typeof consumerProtocolSubscriptionTopicPartition>

export const consumerProtocolSubscription = data(
  { name: 'ConsumerProtocolSubscription', versions: [0, 3] },
  {
    topics: arrayOf(string()),
    userData: bytes({ nullableSince: 0, default: null }),
    ownedPartitions: arrayOf(consumerProtocolSubscriptionTopicPartition, { since: 1, ignorable: true }),
    generationId: int32({ since: 2, default: -1, ignorable: true }),
    rackId: string({ since: 3, nullableSince: 3, default: null, ignorable: true }),
  },
)
export type ConsumerProtocolSubscription = Infer<typeof consumerProtocolSubscription>
export type ConsumerProtocolSubscriptionInput = InferInput<typeof consumerProtocolSubscription>

export const consumerProtocolAssignmentTopicPartition = struct('TopicPartition', {
  topic: string({ mapKey: true }),
  partitions: arrayOf(int32()),
})
export type ConsumerProtocolAssignmentTopicPartition = Infer<typeof consumerProtocolAssignmentTopicPartition>

export const consumerProtocolAssignment = data(
  { name: 'ConsumerProtocolAssignment', versions: [0, 3] },
  {
    assignedPartitions: arrayOf(consumerProtocolAssignmentTopicPartition),
    userData: bytes({ nullableSince: 0, default: null }),
  },
)
export type ConsumerProtocolAssignment = Infer<typeof consumerProtocolAssignment>
export type ConsumerProtocolAssignmentInput = InferInput<typeof consumerProtocolAssignment>
