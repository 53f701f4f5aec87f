/**
 * WriteTxnMarkers (27). Broker to broker: writes commit or abort markers into the partitions of transactions.
 *
 * Version 2: request gains transactionVersion; the marker says which transaction version wrote it.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const writableTxnMarkerTopic = struct('WritableTxnMarkerTopic', {
  name: string(),
  partitionIndexes: arrayOf(int32()),
})
export type WritableTxnMarkerTopic = Infer<typeof writableTxnMarkerTopic>

export const writableTxnMarker = struct('WritableTxnMarker', {
  producerId: int64(),
  producerEpoch: int16(),
  transactionResult: bool(),
  topics: arrayOf(writableTxnMarkerTopic),
  coordinatorEpoch: int32(),
  transactionVersion: int8({ since: 2, ignorable: true }),
})
export type WritableTxnMarker = Infer<typeof writableTxnMarker>

export const writeTxnMarkersRequest = request(
  { name: 'WriteTxnMarkersRequest', apiKey: 27, versions: [1, 2], flexibleSince: 1, listeners: ['broker'] },
  {
    markers: arrayOf(writableTxnMarker),
  },
)
export type WriteTxnMarkersRequest = Infer<typeof writeTxnMarkersRequest>
export type WriteTxnMarkersRequestInput = InferInput<typeof writeTxnMarkersRequest>

export const writableTxnMarkerPartitionResult = struct('WritableTxnMarkerPartitionResult', {
  partitionIndex: int32(),
  errorCode: int16(),
})
export type WritableTxnMarkerPartitionResult = Infer<typeof writableTxnMarkerPartitionResult>

export const writableTxnMarkerTopicResult = struct('WritableTxnMarkerTopicResult', {
  name: string(),
  partitions: arrayOf(writableTxnMarkerPartitionResult),
})
export type WritableTxnMarkerTopicResult = Infer<typeof writableTxnMarkerTopicResult>

export const writableTxnMarkerResult = struct('WritableTxnMarkerResult', {
  producerId: int64(),
  topics: arrayOf(writableTxnMarkerTopicResult),
})
export type WritableTxnMarkerResult = Infer<typeof writableTxnMarkerResult>

export const writeTxnMarkersResponse = response(
  { name: 'WriteTxnMarkersResponse', apiKey: 27, versions: [1, 2], flexibleSince: 1 },
  {
    markers: arrayOf(writableTxnMarkerResult),
  },
)
export type WriteTxnMarkersResponse = Infer<typeof writeTxnMarkersResponse>
export type WriteTxnMarkersResponseInput = InferInput<typeof writeTxnMarkersResponse>
