/**
 * DescribeUserScramCredentials (50). Lists SCRAM credentials, without their secrets.
 */
import {
  arrayOf,
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

export const userName = struct('UserName', {
  name: string(),
})
export type UserName = Infer<typeof userName>

export const describeUserScramCredentialsRequest = request(
  {
    name: 'DescribeUserScramCredentialsRequest',
    apiKey: 50,
    versions: [0, 0],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    users: arrayOf(userName, { nullableSince: 0 }),
  },
)
export type DescribeUserScramCredentialsRequest = Infer<typeof describeUserScramCredentialsRequest>
export type DescribeUserScramCredentialsRequestInput = InferInput<typeof describeUserScramCredentialsRequest>

export const credentialInfo = struct('CredentialInfo', {
  mechanism: int8(),
  iterations: int32(),
})
export type CredentialInfo = Infer<typeof credentialInfo>

export const describeUserScramCredentialsResult = struct('DescribeUserScramCredentialsResult', {
  user: string(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
  credentialInfos: arrayOf(credentialInfo),
})
export type DescribeUserScramCredentialsResult = Infer<typeof describeUserScramCredentialsResult>

export const describeUserScramCredentialsResponse = response(
  { name: 'DescribeUserScramCredentialsResponse', apiKey: 50, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    results: arrayOf(describeUserScramCredentialsResult),
  },
)
export type DescribeUserScramCredentialsResponse = Infer<typeof describeUserScramCredentialsResponse>
export type DescribeUserScramCredentialsResponseInput = InferInput<typeof describeUserScramCredentialsResponse>
