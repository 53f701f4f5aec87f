/**
 * FeatureLevelRecord (12). The finalized level of a feature, metadata.version among them.
 */
import { type Infer, type InferInput, int16, metadataRecord, string } from '../../schema.ts'

export const featureLevelRecord = metadataRecord(
  { name: 'FeatureLevelRecord', apiKey: 12, versions: [0, 0], flexibleSince: 0 },
  {
    name: string(),
    featureLevel: int16(),
  },
)
export type FeatureLevelRecord = Infer<typeof featureLevelRecord>
export type FeatureLevelRecordInput = InferInput<typeof featureLevelRecord>
