/**
 * AddOffsetsToTxn (25). Adds a group's offsets to a transaction.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: PRODUCER_FENCED may be answered.
 * Version 3: flexible.
 * Version 4: TRANSACTION_ABORTABLE may be answered (KIP-890).
 */
import { type Infer, type InferInput, int16, int32, int64, request, response, string } from '../schema.ts'

export const addOffsetsToTxnRequest = request(
  { name: 'AddOffsetsToTxnRequest', apiKey: 25, versions: [0, 4], flexibleSince: 3, listeners: ['broker'] },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
)
export type AddOffsetsToTxnRequest = Infer<typeof addOffsetsToTxnRequest>
export type AddOffsetsToTxnRequestInput = InferInput<typeof addOffsetsToTxnRequest>

export const addOffsetsToTxnResponse = response(
  { name: 'AddOffsetsToTxnResponse', apiKey: 25, versions: [0, 4], flexibleSince: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
)
export type AddOffsetsToTxnResponse = Infer<typeof addOffsetsToTxnResponse>
export type AddOffsetsToTxnResponseInput = InferInput<typeof addOffsetsToTxnResponse>
