/**
 * RenewDelegationToken (39). Makes a delegation token live longer.
 *
 * Version 2: flexible.
 */
import { bytes, type Infer, type InferInput, int16, int32, int64Number, request, response } from '../schema.ts'

export const renewDelegationTokenRequest = request(
  {
    name: 'RenewDelegationTokenRequest',
    apiKey: 39,
    versions: [1, 2],
    flexibleSince: 2,
    listeners: ['broker', 'controller'],
  },
  {
    hmac: bytes(),
    renewPeriodMs: int64Number(),
  },
)
export type RenewDelegationTokenRequest = Infer<typeof renewDelegationTokenRequest>
export type RenewDelegationTokenRequestInput = InferInput<typeof renewDelegationTokenRequest>

export const renewDelegationTokenResponse = response(
  { name: 'RenewDelegationTokenResponse', apiKey: 39, versions: [1, 2], flexibleSince: 2 },
  {
    errorCode: int16(),
    expiryTimestampMs: int64Number(),
    throttleTimeMs: int32(),
  },
)
export type RenewDelegationTokenResponse = Infer<typeof renewDelegationTokenResponse>
export type RenewDelegationTokenResponseInput = InferInput<typeof renewDelegationTokenResponse>
