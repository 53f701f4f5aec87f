/**
 * BrokerHeartbeat (63)
 *
 * *Behavior.* A broker says that it lives, how far it has read the metadata log, and whether it wants to serve or to stop; the
 * active controller says what it may.
 *
 * *Version notes.* 1 tells of log directories that failed, 2 of those that take no new replicas.
 */
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from '../protocol/api/63-broker-heartbeat.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { checkClusterAction } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleBrokerHeartbeat(
  services: NodeServices,
  request: BrokerHeartbeatRequest,
  context: RequestContext,
): Promise<BrokerHeartbeatResponse> {
  checkClusterAction(services, context)
  return services.controller.send<BrokerHeartbeatResponse>(apiKeys.BrokerHeartbeat, request, context)
}
