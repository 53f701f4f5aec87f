/**
 * InitProducerId (22). Hands out a producer id and epoch, for a transactional id after finishing what its
 * predecessor left open.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: flexible.
 * Version 3: request gains producerId, producerEpoch; a producer may ask to bump its own epoch (KIP-360).
 * Version 4: PRODUCER_FENCED may be answered.
 * Version 5: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * Version 6: request gains enable2Pc, keepPreparedTxn; response gains ongoingTxnProducerId,
 * ongoingTxnProducerEpoch; two-phase commit (KIP-939); not final in 4.3.
 */
import { bool, type Infer, type InferInput, int16, int32, int64, request, response, string } from '../schema.ts'

export const initProducerIdRequest = request(
  {
    name: 'InitProducerIdRequest',
    apiKey: 22,
    versions: [0, 6],
    flexibleSince: 2,
    listeners: ['broker'],
    latestVersionUnstable: true,
  },
  {
    transactionalId: string({ nullableSince: 0 }),
    transactionTimeoutMs: int32(),
    producerId: int64({ since: 3, default: -1n }),
    producerEpoch: int16({ since: 3, default: -1 }),
    enable2Pc: bool({ since: 6 }),
    keepPreparedTxn: bool({ since: 6 }),
  },
)
export type InitProducerIdRequest = Infer<typeof initProducerIdRequest>
export type InitProducerIdRequestInput = InferInput<typeof initProducerIdRequest>

export const initProducerIdResponse = response(
  { name: 'InitProducerIdResponse', apiKey: 22, versions: [0, 6], flexibleSince: 2 },
  {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16(),
    producerId: int64({ default: -1n }),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64({ since: 6, default: -1n }),
    ongoingTxnProducerEpoch: int16({ since: 6, default: -1 }),
  },
)
export type InitProducerIdResponse = Infer<typeof initProducerIdResponse>
export type InitProducerIdResponseInput = InferInput<typeof initProducerIdResponse>
