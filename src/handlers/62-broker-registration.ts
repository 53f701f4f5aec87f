/**
 * BrokerRegistration (62)
 *
 * *Behavior.* A broker's process joins the cluster and gets its epoch. The active controller decides; while another process
 * of that id is known to live, it is refused.
 *
 * *Version notes.* 0 and 1 know no log directories, which metadata since 3.7 needs; 2 brings them, 3 the epoch before a clean
 * shutdown, 4 ranges of features that begin at 0.
 */
import type { BrokerRegistrationRequest, BrokerRegistrationResponse } from '../protocol/api/62-broker-registration.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { checkClusterAction } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleBrokerRegistration(
  services: NodeServices,
  request: BrokerRegistrationRequest,
  context: RequestContext,
): Promise<BrokerRegistrationResponse> {
  checkClusterAction(services, context)
  return services.controller.send<BrokerRegistrationResponse>(apiKeys.BrokerRegistration, request, context)
}
