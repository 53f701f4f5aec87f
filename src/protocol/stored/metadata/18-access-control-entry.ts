/**
 * AccessControlEntryRecord (18). An access control entry exists.
 */
import { type Infer, type InferInput, int8, metadataRecord, string, uuid } from '../../schema.ts'

export const accessControlEntryRecord = metadataRecord(
  { name: 'AccessControlEntryRecord', apiKey: 18, versions: [0, 0], flexibleSince: 0 },
  {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
)
export type AccessControlEntryRecord = Infer<typeof accessControlEntryRecord>
export type AccessControlEntryRecordInput = InferInput<typeof accessControlEntryRecord>
