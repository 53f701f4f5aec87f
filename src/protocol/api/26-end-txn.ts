/**
 * EndTxn (26). Commits or aborts a transaction.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: PRODUCER_FENCED may be answered.
 * Version 3: flexible.
 * Version 4: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * Version 5: response gains producerId, producerEpoch; the epoch moves on with every transaction, the answer says
 * to what.
 */
import { bool, type Infer, type InferInput, int16, int32, int64, request, response, string } from '../schema.ts'

export const endTxnRequest = request(
  { name: 'EndTxnRequest', apiKey: 26, versions: [0, 5], flexibleSince: 3, listeners: ['broker'] },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
)
export type EndTxnRequest = Infer<typeof endTxnRequest>
export type EndTxnRequestInput = InferInput<typeof endTxnRequest>

export const endTxnResponse = response(
  { name: 'EndTxnResponse', apiKey: 26, versions: [0, 5], flexibleSince: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ since: 5, default: -1n, ignorable: true }),
    producerEpoch: int16({ since: 5, default: -1, ignorable: true }),
  },
)
export type EndTxnResponse = Infer<typeof endTxnResponse>
export type EndTxnResponseInput = InferInput<typeof endTxnResponse>
