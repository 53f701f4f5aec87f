/**
 * What the handlers of requests between replicas of the metadata log share. They are for nodes of the cluster, so they need
 * ClusterAction; what is in them the quorum judges (raft/), the cluster's id first.
 */
import { KafkaError } from '../protocol/errors.ts'
import { answerRaftMessage } from '../runtime/raft/raft-answers.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './request-context.ts'

export function handleRaftRequest<Response extends object>(
  broker: NodeServices,
  request: object,
  context: RequestContext,
): Promise<Response> {
  if (!broker.authorize(context, 'ClusterAction', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  return answerRaftMessage<Response>(broker.quorum, context, request)
}

/**
 * A request that only the quorum's leader can answer, from a client: on a broker's listener it goes on to the leader's node;
 * on a controller's, clients look for the leader themselves.
 */
export function goesToLeader(broker: NodeServices, { connection }: RequestContext): boolean {
  if (broker.config.controllerListenerNames.includes(connection.listenerName)) return false
  return !broker.quorum.describeQuorum().isLeader
}
