/**
 * SaslAuthenticate (36). Second half of SASL: carries the mechanism's tokens.
 *
 * Version 1: response gains sessionLifetimeMs; the answer says how long the session lives (KIP-368).
 * Version 2: flexible.
 */
import { bytes, type Infer, type InferInput, int16, int64Number, request, response, string } from '../schema.ts'

export const saslAuthenticateRequest = request(
  {
    name: 'SaslAuthenticateRequest',
    apiKey: 36,
    versions: [0, 2],
    flexibleSince: 2,
    listeners: ['broker', 'controller'],
  },
  {
    authBytes: bytes(),
  },
)
export type SaslAuthenticateRequest = Infer<typeof saslAuthenticateRequest>
export type SaslAuthenticateRequestInput = InferInput<typeof saslAuthenticateRequest>

export const saslAuthenticateResponse = response(
  { name: 'SaslAuthenticateResponse', apiKey: 36, versions: [0, 2], flexibleSince: 2 },
  {
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    authBytes: bytes(),
    sessionLifetimeMs: int64Number({ since: 1, ignorable: true }),
  },
)
export type SaslAuthenticateResponse = Infer<typeof saslAuthenticateResponse>
export type SaslAuthenticateResponseInput = InferInput<typeof saslAuthenticateResponse>
