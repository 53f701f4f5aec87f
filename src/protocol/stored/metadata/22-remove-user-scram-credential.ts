/**
 * RemoveUserScramCredentialRecord (22). A user's SCRAM credential is gone.
 */
import { type Infer, type InferInput, int8, metadataRecord, string } from '../../schema.ts'

export const removeUserScramCredentialRecord = metadataRecord(
  { name: 'RemoveUserScramCredentialRecord', apiKey: 22, versions: [0, 0], flexibleSince: 0 },
  {
    name: string(),
    mechanism: int8(),
  },
)
export type RemoveUserScramCredentialRecord = Infer<typeof removeUserScramCredentialRecord>
export type RemoveUserScramCredentialRecordInput = InferInput<typeof removeUserScramCredentialRecord>
