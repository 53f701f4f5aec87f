/**
 * ListTransactions (66). Lists transactions by state, producer id, duration or pattern.
 *
 * Version 1: request gains durationFilter; by duration (KIP-994).
 * Version 2: request gains transactionalIdPattern; by pattern (KIP-1152).
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

export const listTransactionsRequest = request(
  { name: 'ListTransactionsRequest', apiKey: 66, versions: [0, 2], flexibleSince: 0, listeners: ['broker'] },
  {
    stateFilters: arrayOf(string()),
    producerIdFilters: arrayOf(int64()),
    durationFilter: int64Number({ since: 1, default: -1 }),
    transactionalIdPattern: string({ since: 2, nullableSince: 2, default: null }),
  },
)
export type ListTransactionsRequest = Infer<typeof listTransactionsRequest>
export type ListTransactionsRequestInput = InferInput<typeof listTransactionsRequest>

export const transactionState = struct('TransactionState', {
  transactionalId: string(),
  producerId: int64(),
  transactionState: string(),
})
export type TransactionState = Infer<typeof transactionState>

export const listTransactionsResponse = response(
  { name: 'ListTransactionsResponse', apiKey: 66, versions: [0, 2], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    unknownStateFilters: arrayOf(string()),
    transactionStates: arrayOf(transactionState),
  },
)
export type ListTransactionsResponse = Infer<typeof listTransactionsResponse>
export type ListTransactionsResponseInput = InferInput<typeof listTransactionsResponse>
