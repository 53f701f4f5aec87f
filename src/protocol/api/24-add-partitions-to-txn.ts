/**
 * AddPartitionsToTxn (24). Adds partitions to a transaction. Clients speak versions up to 3, brokers verify
 * batches of transactions with 4 and 5.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: PRODUCER_FENCED may be answered.
 * Version 3: flexible.
 * Version 4: request gains transactions and loses v3AndBelowTransactionalId, v3AndBelowProducerId,
 * v3AndBelowProducerEpoch, v3AndBelowTopics; response gains errorCode, resultsByTransaction and loses
 * resultsByTopicV3AndBelow; many transactions at once, or only verification (KIP-890).
 * Version 5: TRANSACTION_ABORTABLE may be answered.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const addPartitionsToTxnTopic = struct('AddPartitionsToTxnTopic', {
  name: string({ mapKey: true }),
  partitions: arrayOf(int32()),
})
export type AddPartitionsToTxnTopic = Infer<typeof addPartitionsToTxnTopic>

export const addPartitionsToTxnTransaction = struct('AddPartitionsToTxnTransaction', {
  transactionalId: string({ since: 4, mapKey: true }),
  producerId: int64({ since: 4 }),
  producerEpoch: int16({ since: 4 }),
  verifyOnly: bool({ since: 4 }),
  topics: arrayOf(addPartitionsToTxnTopic, { since: 4 }),
})
export type AddPartitionsToTxnTransaction = Infer<typeof addPartitionsToTxnTransaction>

export const addPartitionsToTxnRequest = request(
  { name: 'AddPartitionsToTxnRequest', apiKey: 24, versions: [0, 5], flexibleSince: 3, listeners: ['broker'] },
  {
    transactions: arrayOf(addPartitionsToTxnTransaction, { since: 4 }),
    v3AndBelowTransactionalId: string({ until: 3 }),
    v3AndBelowProducerId: int64({ until: 3 }),
    v3AndBelowProducerEpoch: int16({ until: 3 }),
    v3AndBelowTopics: arrayOf(addPartitionsToTxnTopic, { until: 3 }),
  },
)
export type AddPartitionsToTxnRequest = Infer<typeof addPartitionsToTxnRequest>
export type AddPartitionsToTxnRequestInput = InferInput<typeof addPartitionsToTxnRequest>

export const addPartitionsToTxnPartitionResult = struct('AddPartitionsToTxnPartitionResult', {
  partitionIndex: int32({ mapKey: true }),
  partitionErrorCode: int16(),
})
export type AddPartitionsToTxnPartitionResult = Infer<typeof addPartitionsToTxnPartitionResult>

export const addPartitionsToTxnTopicResult = struct('AddPartitionsToTxnTopicResult', {
  name: string({ mapKey: true }),
  resultsByPartition: arrayOf(addPartitionsToTxnPartitionResult),
})
export type AddPartitionsToTxnTopicResult = Infer<typeof addPartitionsToTxnTopicResult>

export const addPartitionsToTxnResult = struct('AddPartitionsToTxnResult', {
  transactionalId: string({ since: 4, mapKey: true }),
  topicResults: arrayOf(addPartitionsToTxnTopicResult, { since: 4 }),
})
export type AddPartitionsToTxnResult = Infer<typeof addPartitionsToTxnResult>

export const addPartitionsToTxnResponse = response(
  { name: 'AddPartitionsToTxnResponse', apiKey: 24, versions: [0, 5], flexibleSince: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 4, ignorable: true }),
    resultsByTransaction: arrayOf(addPartitionsToTxnResult, { since: 4 }),
    resultsByTopicV3AndBelow: arrayOf(addPartitionsToTxnTopicResult, { until: 3 }),
  },
)
export type AddPartitionsToTxnResponse = Infer<typeof addPartitionsToTxnResponse>
export type AddPartitionsToTxnResponseInput = InferInput<typeof addPartitionsToTxnResponse>
