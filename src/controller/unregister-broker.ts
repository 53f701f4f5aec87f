/**
 * UnregisterBroker (64) at the controller: forgets a broker that is gone for good. Its replicas stay assigned to it, out of
 * sync; a broker that lives after all registers again.
 */
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import type { UnregisterBrokerRequest, UnregisterBrokerResponse } from '../protocol/api/64-unregister-broker.ts'
import { KafkaError } from '../protocol/errors.ts'
import { leaveAllPartitions } from './broker-transitions.ts'
import type { ControllerResult } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'

/** Throws BROKER_ID_NOT_REGISTERED. */
export function unregisterBroker(
  state: ControllerState,
  { brokerId }: UnregisterBrokerRequest,
): ControllerResult<UnregisterBrokerResponse> {
  const broker = state.image.cluster.broker(brokerId)
  if (broker === undefined) {
    throw new KafkaError('BROKER_ID_NOT_REGISTERED', `Broker ID ${brokerId} is not currently registered`)
  }
  const records: MetadataRecord[] = []
  leaveAllPartitions(state, brokerId, records)
  records.push(metadataRecord('UnregisterBrokerRecord', 0, { brokerId, brokerEpoch: broker.epoch }))
  // Apache Kafka leaves the message of a success empty, not null.
  return { records, response: { throttleTimeMs: 0, errorCode: 0, errorMessage: '' } }
}
