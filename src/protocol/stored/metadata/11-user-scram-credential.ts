/**
 * UserScramCredentialRecord (11). A user has a SCRAM credential.
 */
import { bytes, type Infer, type InferInput, int8, int32, metadataRecord, string } from '../../schema.ts'

export const userScramCredentialRecord = metadataRecord(
  { name: 'UserScramCredentialRecord', apiKey: 11, versions: [0, 0], flexibleSince: 0 },
  {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
)
export type UserScramCredentialRecord = Infer<typeof userScramCredentialRecord>
export type UserScramCredentialRecordInput = InferInput<typeof userScramCredentialRecord>
