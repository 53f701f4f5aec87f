/**
 * DescribeTransactions (65). State of transactions by transactional id.
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

export const describeTransactionsRequest = request(
  { name: 'DescribeTransactionsRequest', apiKey: 65, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    transactionalIds: arrayOf(string()),
  },
)
export type DescribeTransactionsRequest = Infer<typeof describeTransactionsRequest>
export type DescribeTransactionsRequestInput = InferInput<typeof describeTransactionsRequest>

export const topicData = struct('TopicData', {
  topic: string({ mapKey: true }),
  partitions: arrayOf(int32()),
})
export type TopicData = Infer<typeof topicData>

export const transactionState = struct('TransactionState', {
  errorCode: int16(),
  transactionalId: string(),
  transactionState: string(),
  transactionTimeoutMs: int32(),
  transactionStartTimeMs: int64Number(),
  producerId: int64(),
  producerEpoch: int16(),
  topics: arrayOf(topicData),
})
export type TransactionState = Infer<typeof transactionState>

export const describeTransactionsResponse = response(
  { name: 'DescribeTransactionsResponse', apiKey: 65, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    transactionStates: arrayOf(transactionState),
  },
)
export type DescribeTransactionsResponse = Infer<typeof describeTransactionsResponse>
export type DescribeTransactionsResponseInput = InferInput<typeof describeTransactionsResponse>
