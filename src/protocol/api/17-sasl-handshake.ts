/**
 * SaslHandshake (17). First half of SASL: picks the mechanism. Never flexible.
 *
 * Version 1: the tokens follow as SaslAuthenticate requests instead of bare frames (KIP-152).
 */
import { arrayOf, type Infer, type InferInput, int16, request, response, string } from '../schema.ts'

export const saslHandshakeRequest = request(
  { name: 'SaslHandshakeRequest', apiKey: 17, versions: [0, 1], listeners: ['broker', 'controller'] },
  {
    mechanism: string(),
  },
)
export type SaslHandshakeRequest = Infer<typeof saslHandshakeRequest>
export type SaslHandshakeRequestInput = InferInput<typeof saslHandshakeRequest>

export const saslHandshakeResponse = response(
  { name: 'SaslHandshakeResponse', apiKey: 17, versions: [0, 1] },
  {
    errorCode: int16(),
    mechanisms: arrayOf(string()),
  },
)
export type SaslHandshakeResponse = Infer<typeof saslHandshakeResponse>
export type SaslHandshakeResponseInput = InferInput<typeof saslHandshakeResponse>
