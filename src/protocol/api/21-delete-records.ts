/**
 * DeleteRecords (21). Moves the start of partitions forward, so that the records before it can be deleted.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: flexible.
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
} from '../schema.ts'

export const deleteRecordsPartition = struct('DeleteRecordsPartition', {
  partitionIndex: int32(),
  offset: int64Number(),
})
export type DeleteRecordsPartition = Infer<typeof deleteRecordsPartition>

export const deleteRecordsTopic = struct('DeleteRecordsTopic', {
  name: string(),
  partitions: arrayOf(deleteRecordsPartition),
})
export type DeleteRecordsTopic = Infer<typeof deleteRecordsTopic>

export const deleteRecordsRequest = request(
  { name: 'DeleteRecordsRequest', apiKey: 21, versions: [0, 2], flexibleSince: 2, listeners: ['broker'] },
  {
    topics: arrayOf(deleteRecordsTopic),
    timeoutMs: int32(),
  },
)
export type DeleteRecordsRequest = Infer<typeof deleteRecordsRequest>
export type DeleteRecordsRequestInput = InferInput<typeof deleteRecordsRequest>

export const deleteRecordsPartitionResult = struct('DeleteRecordsPartitionResult', {
  partitionIndex: int32({ mapKey: true }),
  lowWatermark: int64Number(),
  errorCode: int16(),
})
export type DeleteRecordsPartitionResult = Infer<typeof deleteRecordsPartitionResult>

export const deleteRecordsTopicResult = struct('DeleteRecordsTopicResult', {
  name: string({ mapKey: true }),
  partitions: arrayOf(deleteRecordsPartitionResult),
})
export type DeleteRecordsTopicResult = Infer<typeof deleteRecordsTopicResult>

export const deleteRecordsResponse = response(
  { name: 'DeleteRecordsResponse', apiKey: 21, versions: [0, 2], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    topics: arrayOf(deleteRecordsTopicResult),
  },
)
export type DeleteRecordsResponse = Infer<typeof deleteRecordsResponse>
export type DeleteRecordsResponseInput = InferInput<typeof deleteRecordsResponse>
