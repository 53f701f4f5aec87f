/**
 * AllocateProducerIds (67)
 *
 * *Behavior.* The active controller gives a broker the next thousand producer ids.
 *
 * *Version notes.* 0 alone.
 */
import type {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
} from '../protocol/api/67-allocate-producer-ids.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { checkClusterAction } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleAllocateProducerIds(
  services: NodeServices,
  request: AllocateProducerIdsRequest,
  context: RequestContext,
): Promise<AllocateProducerIdsResponse> {
  checkClusterAction(services, context)
  return services.controller.send<AllocateProducerIdsResponse>(apiKeys.AllocateProducerIds, request, context)
}
