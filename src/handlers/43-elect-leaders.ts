/**
 * ElectLeaders (43)
 *
 * *Behavior.* Elects the preferred leaders of partitions, or unclean ones where there is no leader; the controller decides
 * for each by itself. Null means all partitions, of which only those are told that had something to elect. Needs the
 * right to alter the cluster. A timeout that is over before it began changes nothing.
 *
 * *Version notes.* 0 can elect preferred leaders only and has no error of the whole: it is told for each partition, and so
 * it is in later versions as well.
 */
import type {
  ElectLeadersRequest,
  ElectLeadersResponse,
  ElectLeadersResponseInput,
} from '../protocol/api/43-elect-leaders.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

/** Preferred and unclean. */
const electionTypesMax = 1

export async function handleElectLeaders(
  broker: NodeServices,
  request: ElectLeadersRequest,
  context: RequestContext,
): Promise<ElectLeadersResponseInput> {
  if (!broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)) {
    return refuseElectLeaders(request, new KafkaError('CLUSTER_AUTHORIZATION_FAILED'), context)
  }
  const { electionType, topicPartitions, timeoutMs } = request
  if (topicPartitions?.length === 0) return { errorCode: 0, replicaElectionResults: [] }
  if (timeoutMs <= 0) return refuseElectLeaders(request, new KafkaError('REQUEST_TIMED_OUT'), context)
  if (electionType < 0 || electionType > electionTypesMax) {
    return refuseElectLeaders(
      request,
      new KafkaError('INVALID_REQUEST', `Unknown election type ${electionType}`),
      context,
    )
  }
  const response = await broker.controller.send<ElectLeadersResponse>(apiKeys.ElectLeaders, request, context)
  const { errorCode } = response
  return errorCode === 0 ? response : refuseElectLeaders(request, new KafkaError(errorName(errorCode)), context)
}

/** The same error for each partition. */
export function refuseElectLeaders(
  { topicPartitions }: ElectLeadersRequest,
  error: KafkaError,
  { apiVersion }: RequestContext,
): ElectLeadersResponseInput {
  // A message that says no more than its code is left out.
  const errorMessage = error.message === error.error ? null : error.message
  return {
    errorCode: apiVersion === 0 ? 0 : error.code,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode: error.code, errorMessage })),
    })),
  }
}
