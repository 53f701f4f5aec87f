/**
 * DescribeProducers (61). Producers that write to partitions, as the leader knows them.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64,
  int64Number,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const topicRequest = struct('TopicRequest', {
  name: string(),
  partitionIndexes: arrayOf(int32()),
})
export type TopicRequest = Infer<typeof topicRequest>

export const describeProducersRequest = request(
  { name: 'DescribeProducersRequest', apiKey: 61, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    topics: arrayOf(topicRequest),
  },
)
export type DescribeProducersRequest = Infer<typeof describeProducersRequest>
export type DescribeProducersRequestInput = InferInput<typeof describeProducersRequest>

export const producerState = struct('ProducerState', {
  producerId: int64(),
  producerEpoch: int32(),
  lastSequence: int32({ default: -1 }),
  lastTimestamp: int64Number({ default: -1 }),
  coordinatorEpoch: int32(),
  currentTxnStartOffset: int64Number({ default: -1 }),
})
export type ProducerState = Infer<typeof producerState>

export const partitionResponse = struct('PartitionResponse', {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
  activeProducers: arrayOf(producerState),
})
export type PartitionResponse = Infer<typeof partitionResponse>

export const topicResponse = struct('TopicResponse', {
  name: string(),
  partitions: arrayOf(partitionResponse),
})
export type TopicResponse = Infer<typeof topicResponse>

export const describeProducersResponse = response(
  { name: 'DescribeProducersResponse', apiKey: 61, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    topics: arrayOf(topicResponse),
  },
)
export type DescribeProducersResponse = Infer<typeof describeProducersResponse>
export type DescribeProducersResponseInput = InferInput<typeof describeProducersResponse>
