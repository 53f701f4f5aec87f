/**
 * BeginQuorumEpoch (53)
 *
 * *Behavior.* The leader of the metadata quorum makes itself known; this replica follows it from now on. Errors as in Vote.
 *
 * *Version notes.* 1 names the voter that is meant and tells the leader's endpoints.
 */
import type { BeginQuorumEpochRequest, BeginQuorumEpochResponseInput } from '../protocol/api/53-begin-quorum-epoch.ts'
import type { NodeServices } from './broker.ts'
import { handleRaftRequest } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleBeginQuorumEpoch(
  broker: NodeServices,
  request: BeginQuorumEpochRequest,
  context: RequestContext,
): Promise<BeginQuorumEpochResponseInput> {
  return handleRaftRequest(broker, request, context)
}
