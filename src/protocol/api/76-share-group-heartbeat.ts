/**
 * ShareGroupHeartbeat (76). Keeps a member of a share group alive; the answer is its epoch and assignment
 * (KIP-932). Version 0 was an early access of Kafka 4.0.
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

export const shareGroupHeartbeatRequest = request(
  { name: 'ShareGroupHeartbeatRequest', apiKey: 76, versions: [1, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string({ nullableSince: 0, default: null }),
    subscribedTopicNames: arrayOf(string(), { nullableSince: 0, default: null }),
  },
)
export type ShareGroupHeartbeatRequest = Infer<typeof shareGroupHeartbeatRequest>
export type ShareGroupHeartbeatRequestInput = InferInput<typeof shareGroupHeartbeatRequest>

export const topicPartitions = struct('TopicPartitions', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
})
export type TopicPartitions = Infer<typeof topicPartitions>

export const assignment = struct('Assignment', {
  topicPartitions: arrayOf(topicPartitions),
})
export type Assignment = Infer<typeof assignment>

export const shareGroupHeartbeatResponse = response(
  { name: 'ShareGroupHeartbeatResponse', apiKey: 76, versions: [1, 1], flexibleSince: 0 },
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
export type ShareGroupHeartbeatResponse = Infer<typeof shareGroupHeartbeatResponse>
export type ShareGroupHeartbeatResponseInput = InferInput<typeof shareGroupHeartbeatResponse>
