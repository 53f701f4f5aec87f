/**
 * ReadShareGroupState (84). Broker to share coordinator: reads the state of share partitions.
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

export const partitionData = struct('PartitionData', {
  partition: int32(),
  leaderEpoch: int32(),
})
export type PartitionData = Infer<typeof partitionData>

export const readStateData = struct('ReadStateData', {
  topicId: uuid(),
  partitions: arrayOf(partitionData),
})
export type ReadStateData = Infer<typeof readStateData>

export const readShareGroupStateRequest = request(
  { name: 'ReadShareGroupStateRequest', apiKey: 84, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(readStateData),
  },
)
export type ReadShareGroupStateRequest = Infer<typeof readShareGroupStateRequest>
export type ReadShareGroupStateRequestInput = InferInput<typeof readShareGroupStateRequest>

export const stateBatch = struct('StateBatch', {
  firstOffset: int64Number(),
  lastOffset: int64Number(),
  deliveryState: int8(),
  deliveryCount: int16(),
})
export type StateBatch = Infer<typeof stateBatch>

export const partitionResult = struct('PartitionResult', {
  partition: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
  stateEpoch: int32(),
  startOffset: int64Number(),
  stateBatches: arrayOf(stateBatch),
})
export type PartitionResult = Infer<typeof partitionResult>

export const readStateResult = struct('ReadStateResult', {
  topicId: uuid(),
  partitions: arrayOf(partitionResult),
})
export type ReadStateResult = Infer<typeof readStateResult>

export const readShareGroupStateResponse = response(
  { name: 'ReadShareGroupStateResponse', apiKey: 84, versions: [0, 0], flexibleSince: 0 },
  {
    results: arrayOf(readStateResult),
  },
)
export type ReadShareGroupStateResponse = Infer<typeof readShareGroupStateResponse>
export type ReadShareGroupStateResponseInput = InferInput<typeof readShareGroupStateResponse>
