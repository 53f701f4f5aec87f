/**
 * CreateDelegationToken (38). Makes a delegation token.
 *
 * Version 2: flexible.
 * Version 3: request gains ownerPrincipalType, ownerPrincipalName; response gains tokenRequesterPrincipalType,
 * tokenRequesterPrincipalName; a token for another owner (KIP-373).
 */
import {
  arrayOf,
  bytes,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const creatableRenewers = struct('CreatableRenewers', {
  principalType: string(),
  principalName: string(),
})
export type CreatableRenewers = Infer<typeof creatableRenewers>

export const createDelegationTokenRequest = request(
  {
    name: 'CreateDelegationTokenRequest',
    apiKey: 38,
    versions: [1, 3],
    flexibleSince: 2,
    listeners: ['broker', 'controller'],
  },
  {
    ownerPrincipalType: string({ since: 3, nullableSince: 3 }),
    ownerPrincipalName: string({ since: 3, nullableSince: 3 }),
    renewers: arrayOf(creatableRenewers),
    maxLifetimeMs: int64Number(),
  },
)
export type CreateDelegationTokenRequest = Infer<typeof createDelegationTokenRequest>
export type CreateDelegationTokenRequestInput = InferInput<typeof createDelegationTokenRequest>

export const createDelegationTokenResponse = response(
  { name: 'CreateDelegationTokenResponse', apiKey: 38, versions: [1, 3], flexibleSince: 2 },
  {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string({ since: 3 }),
    tokenRequesterPrincipalName: string({ since: 3 }),
    issueTimestampMs: int64Number(),
    expiryTimestampMs: int64Number(),
    maxTimestampMs: int64Number(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32(),
  },
)
export type CreateDelegationTokenResponse = Infer<typeof createDelegationTokenResponse>
export type CreateDelegationTokenResponseInput = InferInput<typeof createDelegationTokenResponse>
