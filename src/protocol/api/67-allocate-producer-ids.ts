/**
 * AllocateProducerIds (67). A broker fetches a block of producer ids from the controller.
 */
import { type Infer, type InferInput, int16, int32, int64, int64Number, request, response } from '../schema.ts'

export const allocateProducerIdsRequest = request(
  { name: 'AllocateProducerIdsRequest', apiKey: 67, versions: [0, 0], flexibleSince: 0, listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64Number({ default: -1 }),
  },
)
export type AllocateProducerIdsRequest = Infer<typeof allocateProducerIdsRequest>
export type AllocateProducerIdsRequestInput = InferInput<typeof allocateProducerIdsRequest>

export const allocateProducerIdsResponse = response(
  { name: 'AllocateProducerIdsResponse', apiKey: 67, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
)
export type AllocateProducerIdsResponse = Infer<typeof allocateProducerIdsResponse>
export type AllocateProducerIdsResponseInput = InferInput<typeof allocateProducerIdsResponse>
