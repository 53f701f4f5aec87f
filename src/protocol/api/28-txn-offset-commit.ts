/**
 * TxnOffsetCommit (28). Commits a group's offsets as part of a transaction.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: request gains committedLeaderEpoch; leader epochs (KIP-320).
 * Version 3: flexible; request gains generationId, memberId, groupInstanceId; the member is checked like in
 * OffsetCommit (KIP-447).
 * Version 4: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * Version 5: the group is added to the transaction on the way.
 */
import {
  arrayOf,
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

export const txnOffsetCommitRequestPartition = struct('TxnOffsetCommitRequestPartition', {
  partitionIndex: int32(),
  committedOffset: int64(),
  committedLeaderEpoch: int32({ since: 2, default: -1, ignorable: true }),
  committedMetadata: string({ nullableSince: 0 }),
})
export type TxnOffsetCommitRequestPartition = Infer<typeof txnOffsetCommitRequestPartition>

export const txnOffsetCommitRequestTopic = struct('TxnOffsetCommitRequestTopic', {
  name: string(),
  partitions: arrayOf(txnOffsetCommitRequestPartition),
})
export type TxnOffsetCommitRequestTopic = Infer<typeof txnOffsetCommitRequestTopic>

export const txnOffsetCommitRequest = request(
  { name: 'TxnOffsetCommitRequest', apiKey: 28, versions: [0, 5], flexibleSince: 3, listeners: ['broker'] },
  {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32({ since: 3, default: -1 }),
    memberId: string({ since: 3 }),
    groupInstanceId: string({ since: 3, nullableSince: 3, default: null }),
    topics: arrayOf(txnOffsetCommitRequestTopic),
  },
)
export type TxnOffsetCommitRequest = Infer<typeof txnOffsetCommitRequest>
export type TxnOffsetCommitRequestInput = InferInput<typeof txnOffsetCommitRequest>

export const txnOffsetCommitResponsePartition = struct('TxnOffsetCommitResponsePartition', {
  partitionIndex: int32(),
  errorCode: int16(),
})
export type TxnOffsetCommitResponsePartition = Infer<typeof txnOffsetCommitResponsePartition>

export const txnOffsetCommitResponseTopic = struct('TxnOffsetCommitResponseTopic', {
  name: string(),
  partitions: arrayOf(txnOffsetCommitResponsePartition),
})
export type TxnOffsetCommitResponseTopic = Infer<typeof txnOffsetCommitResponseTopic>

export const txnOffsetCommitResponse = response(
  { name: 'TxnOffsetCommitResponse', apiKey: 28, versions: [0, 5], flexibleSince: 3 },
  {
    throttleTimeMs: int32(),
    topics: arrayOf(txnOffsetCommitResponseTopic),
  },
)
export type TxnOffsetCommitResponse = Infer<typeof txnOffsetCommitResponse>
export type TxnOffsetCommitResponseInput = InferInput<typeof txnOffsetCommitResponse>
