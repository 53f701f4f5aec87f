/**
 * State of a transactional id in `__transaction_state`: producer id and epoch, status, partitions. Version 1 of
 * the value is flexible and carries the ids before and after the current one.
 */
import {
  arrayOf,
  coordinatorKey,
  coordinatorValue,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64,
  int64Number,
  string,
  struct,
} from '../schema.ts'

export const transactionLogKey = coordinatorKey(
  { name: 'TransactionLogKey', apiKey: 0, versions: [0, 0] },
  {
    transactionalId: string(),
  },
)
export type TransactionLogKey = Infer<typeof transactionLogKey>
export type TransactionLogKeyInput = InferInput<typeof transactionLogKey>

export const partitionsSchema = struct('PartitionsSchema', {
  topic: string(),
  partitionIds: arrayOf(int32()),
})
export type PartitionsSchema = Infer<typeof partitionsSchema>

export const transactionLogValue = coordinatorValue(
  { name: 'TransactionLogValue', apiKey: 0, versions: [0, 1], flexibleSince: 1 },
  {
    producerId: int64(),
    previousProducerId: int64({ since: 1, tag: 0, default: -1n }),
    nextProducerId: int64({ since: 1, tag: 1, default: -1n }),
    producerEpoch: int16(),
    nextProducerEpoch: int16({ since: 1, tag: 3, default: -1 }),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: arrayOf(partitionsSchema, { nullableSince: 0 }),
    transactionLastUpdateTimestampMs: int64Number(),
    transactionStartTimestampMs: int64Number(),
    clientTransactionVersion: int16({ since: 1, tag: 2 }),
  },
)
export type TransactionLogValue = Infer<typeof transactionLogValue>
export type TransactionLogValueInput = InferInput<typeof transactionLogValue>
