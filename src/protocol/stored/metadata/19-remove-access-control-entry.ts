/**
 * RemoveAccessControlEntryRecord (19). An access control entry is gone.
 */
import { type Infer, type InferInput, metadataRecord, uuid } from '../../schema.ts'

export const removeAccessControlEntryRecord = metadataRecord(
  { name: 'RemoveAccessControlEntryRecord', apiKey: 19, versions: [0, 0], flexibleSince: 0 },
  {
    id: uuid(),
  },
)
export type RemoveAccessControlEntryRecord = Infer<typeof removeAccessControlEntryRecord>
export type RemoveAccessControlEntryRecordInput = InferInput<typeof removeAccessControlEntryRecord>
