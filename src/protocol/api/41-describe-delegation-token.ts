/**
 * DescribeDelegationToken (41). Lists delegation tokens by owner.
 *
 * Version 2: flexible.
 * Version 3: response gains tokenRequesterPrincipalType, tokenRequesterPrincipalName; who asked for the token
 * (KIP-373).
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

export const describeDelegationTokenOwner = struct('DescribeDelegationTokenOwner', {
  principalType: string(),
  principalName: string(),
})
export type DescribeDelegationTokenOwner = Infer<typeof describeDelegationTokenOwner>

export const describeDelegationTokenRequest = request(
  {
    name: 'DescribeDelegationTokenRequest',
    apiKey: 41,
    versions: [1, 3],
    flexibleSince: 2,
    listeners: ['broker', 'controller'],
  },
  {
    owners: arrayOf(describeDelegationTokenOwner, { nullableSince: 0 }),
  },
)
export type DescribeDelegationTokenRequest = Infer<typeof describeDelegationTokenRequest>
export type DescribeDelegationTokenRequestInput = InferInput<typeof describeDelegationTokenRequest>

export const describedDelegationTokenRenewer = struct('DescribedDelegationTokenRenewer', {
  principalType: string(),
  principalName: string(),
})
export type DescribedDelegationTokenRenewer = Infer<typeof describedDelegationTokenRenewer>

export const describedDelegationToken = struct('DescribedDelegationToken', {
  principalType: string(),
  principalName: string(),
  tokenRequesterPrincipalType: string({ since: 3 }),
  tokenRequesterPrincipalName: string({ since: 3 }),
  issueTimestamp: int64Number(),
  expiryTimestamp: int64Number(),
  maxTimestamp: int64Number(),
  tokenId: string(),
  hmac: bytes(),
  renewers: arrayOf(describedDelegationTokenRenewer),
})
export type DescribedDelegationToken = Infer<typeof describedDelegationToken>

export const describeDelegationTokenResponse = response(
  { name: 'DescribeDelegationTokenResponse', apiKey: 41, versions: [1, 3], flexibleSince: 2 },
  {
    errorCode: int16(),
    tokens: arrayOf(describedDelegationToken),
    throttleTimeMs: int32(),
  },
)
export type DescribeDelegationTokenResponse = Infer<typeof describeDelegationTokenResponse>
export type DescribeDelegationTokenResponseInput = InferInput<typeof describeDelegationTokenResponse>
