/**
 * AbortTransactionRecord (25). The change that BeginTransactionRecord opened never happened.
 */
import { type Infer, type InferInput, metadataRecord, string } from '../../schema.ts'

export const abortTransactionRecord = metadataRecord(
  { name: 'AbortTransactionRecord', apiKey: 25, versions: [0, 0], flexibleSince: 0 },
  {
    reason: string({ nullableSince: 0, tag: 0, default: null }),
  },
)
export type AbortTransactionRecord = Infer<typeof abortTransactionRecord>
export type AbortTransactionRecordInput = InferInput<typeof abortTransactionRecord>
