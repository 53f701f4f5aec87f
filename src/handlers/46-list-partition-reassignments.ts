/**
 * ListPartitionReassignments (46)
 *
 * *Behavior.* The moves of partitions that are under way, of all topics (null) or of those that are named; topics without
 * any are left out. Needs the right to describe the cluster.
 *
 * *Version notes.* There is one.
 */
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../protocol/api/46-list-partition-reassignments.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleListPartitionReassignments(
  broker: NodeServices,
  request: ListPartitionReassignmentsRequest,
  context: RequestContext,
): Promise<ListPartitionReassignmentsResponse> {
  if (!broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  return broker.controller.send<ListPartitionReassignmentsResponse>(
    apiKeys.ListPartitionReassignments,
    request,
    context,
  )
}
