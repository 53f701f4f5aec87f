/**
 * Envelope (58). A broker forwards a client's request to the controller with the principal that asked.
 */
import { bytes, type Infer, type InferInput, int16, request, response } from '../schema.ts'

export const envelopeRequest = request(
  { name: 'EnvelopeRequest', apiKey: 58, versions: [0, 0], flexibleSince: 0, listeners: ['controller'] },
  {
    requestData: bytes(),
    requestPrincipal: bytes({ nullableSince: 0 }),
    clientHostAddress: bytes(),
  },
)
export type EnvelopeRequest = Infer<typeof envelopeRequest>
export type EnvelopeRequestInput = InferInput<typeof envelopeRequest>

export const envelopeResponse = response(
  { name: 'EnvelopeResponse', apiKey: 58, versions: [0, 0], flexibleSince: 0 },
  {
    responseData: bytes({ nullableSince: 0, default: null }),
    errorCode: int16(),
  },
)
export type EnvelopeResponse = Infer<typeof envelopeResponse>
export type EnvelopeResponseInput = InferInput<typeof envelopeResponse>
