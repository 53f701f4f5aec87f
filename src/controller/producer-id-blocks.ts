/**
 * AllocateProducerIds (67) at the controller: brokers are given producer ids by the thousand.
 */

import { metadataRecord } from '../metadata/metadata-record.ts'
import type {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
} from '../protocol/api/67-allocate-producer-ids.ts'
import { KafkaError } from '../protocol/errors.ts'
import { brokerAtEpoch } from './broker-heartbeat-request.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'

export const producerIdBlockLength = 1000

/** Throws STALE_BROKER_EPOCH when the sender must register again. */
export function allocateProducerIds(
  state: ControllerState,
  request: AllocateProducerIdsRequest,
): ControllerResult<AllocateProducerIdsResponse> {
  brokerAtEpoch(state, request.brokerId, request.brokerEpoch)
  const producerIdStart = state.image.nextProducerId
  const nextProducerId = producerIdStart + BigInt(producerIdBlockLength)
  if (nextProducerId > 0x7fff_ffff_ffff_ffffn) {
    throw new KafkaError('UNKNOWN_SERVER_ERROR', 'Exhausted all producerIds as the next block would exceed 2^63-1')
  }
  const { brokerId, brokerEpoch } = request
  return {
    records: [metadataRecord('ProducerIdsRecord', 0, { brokerId, brokerEpoch, nextProducerId })],
    response: { throttleTimeMs: 0, errorCode: 0, producerIdStart, producerIdLen: producerIdBlockLength },
  }
}
