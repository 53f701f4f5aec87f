/**
 * Vote (52)
 *
 * *Behavior.* A replica of the metadata log asks for this one's vote, or whether it would get it (pre-vote, KIP-996). The answer
 * leaves when the vote is on disk. Errors of the whole request: another cluster (INCONSISTENT_CLUSTER_ID), impossible
 * numbers or another log (INVALID_REQUEST); of the partition: an older epoch (FENCED_LEADER_EPOCH), meant for another
 * voter (INVALID_VOTER_KEY).
 *
 * *Version notes.* 1 names voters by their directories too, and tells where the leader is. 2 has pre-votes.
 */
import type { VoteRequest, VoteResponseInput } from '../protocol/api/52-vote.ts'
import type { NodeServices } from './broker.ts'
import { handleRaftRequest } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleVote(
  broker: NodeServices,
  request: VoteRequest,
  context: RequestContext,
): Promise<VoteResponseInput> {
  return handleRaftRequest(broker, request, context)
}
