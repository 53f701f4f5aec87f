/**
 * UnregisterBroker (64)
 *
 * *Behavior.* The controller forgets a broker. Needs the right to alter the cluster. One that still lives registers again
 * with its next heartbeat.
 *
 * *Version notes.* There is one.
 */
import type { UnregisterBrokerRequest, UnregisterBrokerResponse } from '../protocol/api/64-unregister-broker.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleUnregisterBroker(
  broker: NodeServices,
  request: UnregisterBrokerRequest,
  context: RequestContext,
): Promise<UnregisterBrokerResponse> {
  if (!broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  return broker.controller.send<UnregisterBrokerResponse>(apiKeys.UnregisterBroker, request, context)
}
