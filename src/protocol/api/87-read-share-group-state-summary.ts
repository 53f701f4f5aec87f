/**
 * ReadShareGroupStateSummary (87). Broker to share coordinator: start offsets and epochs of share partitions
 * without their batches.
 *
 * Version 1: response gains deliveryCompleteCount; counts of delivered records (KIP-1226).
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
  leaderEpoch: int32(),
})
export type PartitionData = Infer<typeof partitionData>

export const readStateSummaryData = struct('ReadStateSummaryData', {
  topicId: uuid(),
  partitions: arrayOf(partitionData),
})
export type ReadStateSummaryData = Infer<typeof readStateSummaryData>

export const readShareGroupStateSummaryRequest = request(
  { name: 'ReadShareGroupStateSummaryRequest', apiKey: 87, versions: [0, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string(),
    topics: arrayOf(readStateSummaryData),
  },
)
export type ReadShareGroupStateSummaryRequest = Infer<typeof readShareGroupStateSummaryRequest>
export type ReadShareGroupStateSummaryRequestInput = InferInput<typeof readShareGroupStateSummaryRequest>

export const partitionResult = struct('PartitionResult', {
  partition: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
  stateEpoch: int32(),
  leaderEpoch: int32(),
  startOffset: int64Number(),
  deliveryCompleteCount: int32({ since: 1, default: -1, ignorable: true }),
})
export type PartitionResult = Infer<typeof partitionResult>

export const readStateSummaryResult = struct('ReadStateSummaryResult', {
  topicId: uuid(),
  partitions: arrayOf(partitionResult),
})
export type ReadStateSummaryResult = Infer<typeof readStateSummaryResult>

export const readShareGroupStateSummaryResponse = response(
  { name: 'ReadShareGroupStateSummaryResponse', apiKey: 87, versions: [0, 1], flexibleSince: 0 },
  {
    results: arrayOf(readStateSummaryResult),
  },
)
export type ReadShareGroupStateSummaryResponse = Infer<typeof readShareGroupStateSummaryResponse>
export type ReadShareGroupStateSummaryResponseInput = InferInput<typeof readShareGroupStateSummaryResponse>
