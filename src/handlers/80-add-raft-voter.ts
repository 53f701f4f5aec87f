/**
 * AddRaftVoter (80)
 *
 * *Behavior.* A controller that follows the metadata log becomes a voter (KIP-853). INVALID_REQUEST when it names no endpoint
 * for the listener where the leader meets its voters. The leader first asks for the versions that are served there:
 * REQUEST_TIMED_OUT when nobody answers, when the voter is not caught up and when another change is under way;
 * DUPLICATE_VOTER when its id is taken. Needs the right to alter the cluster. A broker's listener passes it on to the leader;
 * on a controller's, others answer NOT_LEADER_OR_FOLLOWER.
 *
 * *Version notes.* 1 may be answered before the change is committed.
 */
import type { AddRaftVoterRequest, AddRaftVoterResponseInput } from '../protocol/api/80-add-raft-voter.ts'
import { KafkaError } from '../protocol/errors.ts'
import { answerRaftMessage } from '../runtime/raft/raft-answers.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import { goesToLeader } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleAddRaftVoter(
  broker: NodeServices,
  request: AddRaftVoterRequest,
  context: RequestContext,
): Promise<AddRaftVoterResponseInput> {
  if (!broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  if (goesToLeader(broker, context)) return broker.controller.send(context.apiKey, request)
  return answerRaftMessage(broker.quorum, context, request)
}
