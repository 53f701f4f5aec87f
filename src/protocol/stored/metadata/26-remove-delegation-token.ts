/**
 * RemoveDelegationTokenRecord (26). A delegation token is gone.
 */
import { type Infer, type InferInput, metadataRecord, string } from '../../schema.ts'

export const removeDelegationTokenRecord = metadataRecord(
  { name: 'RemoveDelegationTokenRecord', apiKey: 26, versions: [0, 0], flexibleSince: 0 },
  {
    tokenId: string(),
  },
)
export type RemoveDelegationTokenRecord = Infer<typeof removeDelegationTokenRecord>
export type RemoveDelegationTokenRecordInput = InferInput<typeof removeDelegationTokenRecord>
