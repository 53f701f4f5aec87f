/**
 * DelegationTokenRecord (10). A delegation token exists.
 */
import { arrayOf, type Infer, type InferInput, int64Number, metadataRecord, string } from '../../schema.ts'

export const delegationTokenRecord = metadataRecord(
  { name: 'DelegationTokenRecord', apiKey: 10, versions: [0, 0], flexibleSince: 0 },
  {
    owner: string(),
    requester: string(),
    renewers: arrayOf(string()),
    issueTimestamp: int64Number(),
    maxTimestamp: int64Number(),
    expirationTimestamp: int64Number(),
    tokenId: string(),
  },
)
export type DelegationTokenRecord = Infer<typeof delegationTokenRecord>
export type DelegationTokenRecordInput = InferInput<typeof delegationTokenRecord>
