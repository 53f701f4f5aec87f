/**
 * InitializeShareGroupState (83). Broker to share coordinator: starts the state of share partitions.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
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
  stateEpoch: int32(),
  startOffset: int64Number(),
})
export type PartitionData = Infer<typeof partitionData>

export const initializeStateData = struct('InitializeStateData', {
  topicId: uuid(),
  partitions: arrayOf(partitionData),
})
export type InitializeStateData = Infer<typeof initializeStateData>

export const initializeShareGroupStateRequest = request(
  { name: 'InitializeShareGroupStateRequest', apiKey: 83, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(initializeStateData),
  },
)
export type InitializeShareGroupStateRequest = Infer<typeof initializeShareGroupStateRequest>
export type InitializeShareGroupStateRequestInput = InferInput<typeof initializeShareGroupStateRequest>

export const partitionResult = struct('PartitionResult', {
  partition: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type PartitionResult = Infer<typeof partitionResult>

export const initializeStateResult = struct('InitializeStateResult', {
  topicId: uuid(),
  partitions: arrayOf(partitionResult),
})
export type InitializeStateResult = Infer<typeof initializeStateResult>

export const initializeShareGroupStateResponse = response(
  { name: 'InitializeShareGroupStateResponse', apiKey: 83, versions: [0, 0], flexibleSince: 0 },
  {
    results: arrayOf(initializeStateResult),
  },
)
export type InitializeShareGroupStateResponse = Infer<typeof initializeShareGroupStateResponse>
export type InitializeShareGroupStateResponseInput = InferInput<typeof initializeShareGroupStateResponse>
