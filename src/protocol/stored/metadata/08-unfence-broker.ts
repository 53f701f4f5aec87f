/**
 * UnfenceBrokerRecord (8). A broker is not fenced any more. BrokerRegistrationChangeRecord has taken its place.
 */
import { type Infer, type InferInput, int32, int64Number, metadataRecord } from '../../schema.ts'

export const unfenceBrokerRecord = metadataRecord(
  { name: 'UnfenceBrokerRecord', apiKey: 8, versions: [0, 0], flexibleSince: 0 },
  {
    id: int32(),
    epoch: int64Number(),
  },
)
export type UnfenceBrokerRecord = Infer<typeof unfenceBrokerRecord>
export type UnfenceBrokerRecordInput = InferInput<typeof unfenceBrokerRecord>
