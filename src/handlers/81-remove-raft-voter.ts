/**
 * RemoveRaftVoter (81)
 *
 * *Behavior.* A voter of the metadata quorum stops being one (KIP-853); answered when a majority of the others knows. VOTER_NOT_FOUND
 * for one that is none. A leader that removes itself resigns. Needs the right to alter the
 * cluster. A broker's listener passes it on to the leader; on a controller's, others answer NOT_LEADER_OR_FOLLOWER.
 *
 * *Version notes.* There is one.
 */
import type { RemoveRaftVoterRequest, RemoveRaftVoterResponseInput } from '../protocol/api/81-remove-raft-voter.ts'
import { KafkaError } from '../protocol/errors.ts'
import { answerRaftMessage } from '../runtime/raft/raft-answers.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import { goesToLeader } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleRemoveRaftVoter(
  broker: NodeServices,
  request: RemoveRaftVoterRequest,
  context: RequestContext,
): Promise<RemoveRaftVoterResponseInput> {
  if (!broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  if (goesToLeader(broker, context)) return broker.controller.send(context.apiKey, request)
  return answerRaftMessage(broker.quorum, context, request)
}
