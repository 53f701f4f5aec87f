/**
 * EndTransactionRecord (24). The change that BeginTransactionRecord opened is complete.
 */
import { type Infer, type InferInput, metadataRecord } from '../../schema.ts'

export const endTransactionRecord = metadataRecord(
  { name: 'EndTransactionRecord', apiKey: 24, versions: [0, 0], flexibleSince: 0 },
  {},
)
export type EndTransactionRecord = Infer<typeof endTransactionRecord>
export type EndTransactionRecordInput = InferInput<typeof endTransactionRecord>
