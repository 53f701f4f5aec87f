/**
 * ExpireDelegationToken (40). Ends a delegation token, at once or later.
 *
 * Version 2: flexible.
 */
import { bytes, type Infer, type InferInput, int16, int32, int64Number, request, response } from '../schema.ts'

export const expireDelegationTokenRequest = request(
  {
    name: 'ExpireDelegationTokenRequest',
    apiKey: 40,
    versions: [1, 2],
    flexibleSince: 2,
    listeners: ['broker', 'controller'],
  },
  {
    hmac: bytes(),
    expiryTimePeriodMs: int64Number(),
  },
)
export type ExpireDelegationTokenRequest = Infer<typeof expireDelegationTokenRequest>
export type ExpireDelegationTokenRequestInput = InferInput<typeof expireDelegationTokenRequest>

export const expireDelegationTokenResponse = response(
  { name: 'ExpireDelegationTokenResponse', apiKey: 40, versions: [1, 2], flexibleSince: 2 },
  {
    errorCode: int16(),
    expiryTimestampMs: int64Number(),
    throttleTimeMs: int32(),
  },
)
export type ExpireDelegationTokenResponse = Infer<typeof expireDelegationTokenResponse>
export type ExpireDelegationTokenResponseInput = InferInput<typeof expireDelegationTokenResponse>
