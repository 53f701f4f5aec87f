/**
 * WriteShareGroupState (85). Broker to share coordinator: writes the state of share partitions.
 *
 * Version 1: request gains deliveryCompleteCount; counts of delivered records (KIP-1226).
 */
import {
  arrayOf,
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
  uuid,
} from '../schema.ts'

export const stateBatch = struct('StateBatch', {
  firstOffset: int64Number(),
  lastOffset: int64Number(),
  deliveryState: int8(),
  deliveryCount: int16(),
})
export type StateBatch = Infer<typeof stateBatch>

export const partitionData = struct('PartitionData', {
  partition: int32(),
  stateEpoch: int32(),
  leaderEpoch: int32(),
  startOffset: int64Number(),
  deliveryCompleteCount: int32({ since: 1, default: -1, ignorable: true }),
  stateBatches: arrayOf(stateBatch),
})
export type PartitionData = Infer<typeof partitionData>

export const writeStateData = struct('WriteStateData', {
  topicId: uuid(),
  partitions: arrayOf(partitionData),
})
export type WriteStateData = Infer<typeof writeStateData>

export const writeShareGroupStateRequest = request(
  { name: 'WriteShareGroupStateRequest', apiKey: 85, versions: [0, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(writeStateData),
  },
)
export type WriteShareGroupStateRequest = Infer<typeof writeShareGroupStateRequest>
export type WriteShareGroupStateRequestInput = InferInput<typeof writeShareGroupStateRequest>

export const partitionResult = struct('PartitionResult', {
  partition: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type PartitionResult = Infer<typeof partitionResult>

export const writeStateResult = struct('WriteStateResult', {
  topicId: uuid(),
  partitions: arrayOf(partitionResult),
})
export type WriteStateResult = Infer<typeof writeStateResult>

export const writeShareGroupStateResponse = response(
  { name: 'WriteShareGroupStateResponse', apiKey: 85, versions: [0, 1], flexibleSince: 0 },
  {
    results: arrayOf(writeStateResult),
  },
)
export type WriteShareGroupStateResponse = Infer<typeof writeShareGroupStateResponse>
export type WriteShareGroupStateResponseInput = InferInput<typeof writeShareGroupStateResponse>
