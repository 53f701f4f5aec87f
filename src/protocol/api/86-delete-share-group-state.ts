/**
 * DeleteShareGroupState (86). Broker to share coordinator: deletes the state of share partitions.
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
  uuid,
} from '../schema.ts'

export const partitionData = struct('PartitionData', {
  partition: int32(),
})
export type PartitionData = Infer<typeof partitionData>

export const deleteStateData = struct('DeleteStateData', {
  topicId: uuid(),
  partitions: arrayOf(partitionData),
})
export type DeleteStateData = Infer<typeof deleteStateData>

export const deleteShareGroupStateRequest = request(
  { name: 'DeleteShareGroupStateRequest', apiKey: 86, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(deleteStateData),
  },
)
export type DeleteShareGroupStateRequest = Infer<typeof deleteShareGroupStateRequest>
export type DeleteShareGroupStateRequestInput = InferInput<typeof deleteShareGroupStateRequest>

export const partitionResult = struct('PartitionResult', {
  partition: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type PartitionResult = Infer<typeof partitionResult>

export const deleteStateResult = struct('DeleteStateResult', {
  topicId: uuid(),
  partitions: arrayOf(partitionResult),
})
export type DeleteStateResult = Infer<typeof deleteStateResult>

export const deleteShareGroupStateResponse = response(
  { name: 'DeleteShareGroupStateResponse', apiKey: 86, versions: [0, 0], flexibleSince: 0 },
  {
    results: arrayOf(deleteStateResult),
  },
)
export type DeleteShareGroupStateResponse = Infer<typeof deleteShareGroupStateResponse>
export type DeleteShareGroupStateResponseInput = InferInput<typeof deleteShareGroupStateResponse>
