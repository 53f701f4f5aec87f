/**
 * UpdateRaftVoter (82)
 *
 * *Behavior.* A voter tells the leader its endpoints and the range of kraft.version that it takes part in (KIP-853). Answered when
 * the new set of voters is appended; the leader's epoch must be the current one.
 *
 * *Version notes.* There is one.
 */
import type { UpdateRaftVoterRequest, UpdateRaftVoterResponseInput } from '../protocol/api/82-update-raft-voter.ts'
import type { NodeServices } from './broker.ts'
import { handleRaftRequest } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleUpdateRaftVoter(
  broker: NodeServices,
  request: UpdateRaftVoterRequest,
  context: RequestContext,
): Promise<UpdateRaftVoterResponseInput> {
  return handleRaftRequest(broker, request, context)
}
