/**
 * AssignReplicasToDirs (73)
 *
 * *Behavior.* A broker with several log directories tells in which its replicas lie (KIP-858).
 *
 * *Version notes.* 0 alone.
 */
import type {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from '../protocol/api/73-assign-replicas-to-dirs.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { checkClusterAction } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleAssignReplicasToDirs(
  services: NodeServices,
  request: AssignReplicasToDirsRequest,
  context: RequestContext,
): Promise<AssignReplicasToDirsResponse> {
  checkClusterAction(services, context)
  return services.controller.send<AssignReplicasToDirsResponse>(apiKeys.AssignReplicasToDirs, request, context)
}
