/**
 * ConfigRecord (4). One configuration key of a resource has a value, or with null none.
 */
import { type Infer, type InferInput, int8, metadataRecord, string } from '../../schema.ts'

export const configRecord = metadataRecord(
  { name: 'ConfigRecord', apiKey: 4, versions: [0, 0], flexibleSince: 0 },
  {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string({ nullableSince: 0 }),
  },
)
export type ConfigRecord = Infer<typeof configRecord>
export type ConfigRecordInput = InferInput<typeof configRecord>
