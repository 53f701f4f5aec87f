/**
 * ClientQuotaRecord (14). One client quota of an entity is set or removed.
 */
import { arrayOf, bool, float64, type Infer, type InferInput, metadataRecord, string, struct } from '../../schema.ts'

export const entityData = struct('EntityData', {
  entityType: string(),
  entityName: string({ nullableSince: 0 }),
})
export type EntityData = Infer<typeof entityData>

export const clientQuotaRecord = metadataRecord(
  { name: 'ClientQuotaRecord', apiKey: 14, versions: [0, 0], flexibleSince: 0 },
  {
    entity: arrayOf(entityData),
    key: string(),
    value: float64(),
    remove: bool(),
  },
)
export type ClientQuotaRecord = Infer<typeof clientQuotaRecord>
export type ClientQuotaRecordInput = InferInput<typeof clientQuotaRecord>
