/**
 * EndQuorumEpoch (54)
 *
 * *Behavior.* The leader of the metadata quorum resigns: this voter stands for election, at once when it is the first of the
 * preferred candidates, a little later otherwise. Errors as in Vote.
 *
 * *Version notes.* 1 names candidates by their directories, and tells where the leader is.
 */
import type { EndQuorumEpochRequest, EndQuorumEpochResponseInput } from '../protocol/api/54-end-quorum-epoch.ts'
import type { NodeServices } from './broker.ts'
import { handleRaftRequest } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleEndQuorumEpoch(
  broker: NodeServices,
  request: EndQuorumEpochRequest,
  context: RequestContext,
): Promise<EndQuorumEpochResponseInput> {
  return handleRaftRequest(broker, request, context)
}
