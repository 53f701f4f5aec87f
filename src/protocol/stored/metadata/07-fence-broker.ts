/**
 * FenceBrokerRecord (7). A broker is fenced. From metadata versions that no 4.x cluster writes:
 * BrokerRegistrationChangeRecord has taken its place.
 */
import { type Infer, type InferInput, int32, int64Number, metadataRecord } from '../../schema.ts'

export const fenceBrokerRecord = metadataRecord(
  { name: 'FenceBrokerRecord', apiKey: 7, versions: [0, 0], flexibleSince: 0 },
  {
    id: int32(),
    epoch: int64Number(),
  },
)
export type FenceBrokerRecord = Infer<typeof fenceBrokerRecord>
export type FenceBrokerRecordInput = InferInput<typeof fenceBrokerRecord>
