/**
 * ConsumerGroupHeartbeat (68). The one request of members of KIP-848 consumer groups: what they subscribe to and
 * own; the answer is their epoch and assignment.
 *
 * Version 1: request gains subscribedTopicRegex; subscriptions by regular expression; the client makes its member
 * id.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  structField,
  uuid,
} from '../schema.ts'

export const consumerGroupHeartbeatRequestTopicPartitions = struct('TopicPartitions', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
})
export type ConsumerGroupHeartbeatRequestTopicPartitions = Infer<typeof consumerGroupHeartbeatRequestTopicPartitions>

export const consumerGroupHeartbeatRequest = request(
  { name: 'ConsumerGroupHeartbeatRequest', apiKey: 68, versions: [0, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string({ nullableSince: 0, default: null }),
    rackId: string({ nullableSince: 0, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: arrayOf(string(), { nullableSince: 0, default: null }),
    subscribedTopicRegex: string({ since: 1, nullableSince: 1, default: null }),
    serverAssignor: string({ nullableSince: 0, default: null }),
    topicPartitions: arrayOf(consumerGroupHeartbeatRequestTopicPartitions, { nullableSince: 0, default: null }),
  },
)
export type ConsumerGroupHeartbeatRequest = Infer<typeof consumerGroupHeartbeatRequest>
export type ConsumerGroupHeartbeatRequestInput = InferInput<typeof consumerGroupHeartbeatRequest>

export const consumerGroupHeartbeatResponseTopicPartitions = struct('TopicPartitions', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
})
export type ConsumerGroupHeartbeatResponseTopicPartitions = Infer<typeof consumerGroupHeartbeatResponseTopicPartitions>

export const assignment = struct('Assignment', {
  topicPartitions: arrayOf(consumerGroupHeartbeatResponseTopicPartitions),
})
export type Assignment = Infer<typeof assignment>

export const consumerGroupHeartbeatResponse = response(
  { name: 'ConsumerGroupHeartbeatResponse', apiKey: 68, versions: [0, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    memberId: string({ nullableSince: 0, default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: structField(assignment, { nullableSince: 0, default: null }),
  },
)
export type ConsumerGroupHeartbeatResponse = Infer<typeof consumerGroupHeartbeatResponse>
export type ConsumerGroupHeartbeatResponseInput = InferInput<typeof consumerGroupHeartbeatResponse>
