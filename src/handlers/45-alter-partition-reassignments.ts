/**
 * AlterPartitionReassignments (45)
 *
 * *Behavior.* Moves partitions to other replicas, or (null) cancels a move that is under way; the controller decides for
 * each partition. Needs the right to alter the cluster. A timeout that is over before it began changes nothing.
 *
 * *Version notes.* 1 can ask that no replication factor changes, which the answer repeats.
 */
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  AlterPartitionReassignmentsResponseInput,
} from '../protocol/api/45-alter-partition-reassignments.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleAlterPartitionReassignments(
  broker: NodeServices,
  request: AlterPartitionReassignmentsRequest,
  context: RequestContext,
): Promise<AlterPartitionReassignmentsResponseInput> {
  if (!broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)) {
    return refuseAlterPartitionReassignments(request, new KafkaError('CLUSTER_AUTHORIZATION_FAILED'))
  }
  // Apache Kafka says it with an empty message here.
  if (request.topics.length === 0) return { errorCode: 0, errorMessage: '', responses: [] }
  if (request.timeoutMs <= 0) {
    return refuseAlterPartitionReassignments(request, new KafkaError('REQUEST_TIMED_OUT'))
  }
  const response = await broker.controller.send<AlterPartitionReassignmentsResponse>(
    apiKeys.AlterPartitionReassignments,
    request,
    context,
  )
  const { errorCode, errorMessage } = response
  if (errorCode === 0) return response
  return refuseAlterPartitionReassignments(request, new KafkaError(errorName(errorCode), errorMessage ?? undefined))
}

/** The same error at the top and for each partition. */
export function refuseAlterPartitionReassignments(
  { topics }: AlterPartitionReassignmentsRequest,
  error: KafkaError,
): AlterPartitionReassignmentsResponseInput {
  const errorCode = error.code
  // A message that says no more than its code is left out.
  const errorMessage = error.message === error.error ? null : error.message
  return {
    errorCode,
    errorMessage,
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, errorMessage })),
    })),
  }
}
