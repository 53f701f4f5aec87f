/**
 * UnregisterBroker (64). Takes a broker's registration away.
 */
import { type Infer, type InferInput, int16, int32, request, response, string } from '../schema.ts'

export const unregisterBrokerRequest = request(
  {
    name: 'UnregisterBrokerRequest',
    apiKey: 64,
    versions: [0, 0],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    brokerId: int32(),
  },
)
export type UnregisterBrokerRequest = Infer<typeof unregisterBrokerRequest>
export type UnregisterBrokerRequestInput = InferInput<typeof unregisterBrokerRequest>

export const unregisterBrokerResponse = response(
  { name: 'UnregisterBrokerResponse', apiKey: 64, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
  },
)
export type UnregisterBrokerResponse = Infer<typeof unregisterBrokerResponse>
export type UnregisterBrokerResponseInput = InferInput<typeof unregisterBrokerResponse>
