/**
 * AlterUserScramCredentials (51). Adds, changes and deletes SCRAM credentials.
 */
import {
  arrayOf,
  bytes,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const scramCredentialDeletion = struct('ScramCredentialDeletion', {
  name: string(),
  mechanism: int8(),
})
export type ScramCredentialDeletion = Infer<typeof scramCredentialDeletion>

export const scramCredentialUpsertion = struct('ScramCredentialUpsertion', {
  name: string(),
  mechanism: int8(),
  iterations: int32(),
  salt: bytes(),
  saltedPassword: bytes(),
})
export type ScramCredentialUpsertion = Infer<typeof scramCredentialUpsertion>

export const alterUserScramCredentialsRequest = request(
  {
    name: 'AlterUserScramCredentialsRequest',
    apiKey: 51,
    versions: [0, 0],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    deletions: arrayOf(scramCredentialDeletion),
    upsertions: arrayOf(scramCredentialUpsertion),
  },
)
export type AlterUserScramCredentialsRequest = Infer<typeof alterUserScramCredentialsRequest>
export type AlterUserScramCredentialsRequestInput = InferInput<typeof alterUserScramCredentialsRequest>

export const alterUserScramCredentialsResult = struct('AlterUserScramCredentialsResult', {
  user: string(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
})
export type AlterUserScramCredentialsResult = Infer<typeof alterUserScramCredentialsResult>

export const alterUserScramCredentialsResponse = response(
  { name: 'AlterUserScramCredentialsResponse', apiKey: 51, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    results: arrayOf(alterUserScramCredentialsResult),
  },
)
export type AlterUserScramCredentialsResponse = Infer<typeof alterUserScramCredentialsResponse>
export type AlterUserScramCredentialsResponseInput = InferInput<typeof alterUserScramCredentialsResponse>
