/**
 * BeginTransactionRecord (23). The records up to the matching end form one change, which nobody may see in part
 * (KIP-866).
 */
import { type Infer, type InferInput, metadataRecord, string } from '../../schema.ts'

export const beginTransactionRecord = metadataRecord(
  { name: 'BeginTransactionRecord', apiKey: 23, versions: [0, 0], flexibleSince: 0 },
  {
    name: string({ nullableSince: 0, tag: 0, default: null }),
  },
)
export type BeginTransactionRecord = Infer<typeof beginTransactionRecord>
export type BeginTransactionRecordInput = InferInput<typeof beginTransactionRecord>
