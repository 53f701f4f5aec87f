/**
 * AlterClientQuotas (49)
 *
 * *Behavior.* Sets and removes quotas of users, client ids and addresses; the controller decides for each entity. Needs
 * the right to alter the cluster's configuration. They are kept and told, not enforced.
 *
 * *Version notes.* 1 is flexible.
 */
import type {
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
  AlterClientQuotasResponseInput,
} from '../protocol/api/49-alter-client-quotas.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleAlterClientQuotas(
  broker: NodeServices,
  request: AlterClientQuotasRequest,
  context: RequestContext,
): Promise<AlterClientQuotasResponseInput> {
  if (!broker.authorize(context, 'AlterConfigs', 'Cluster', clusterResourceName)) {
    return refuseAlterClientQuotas(request, new KafkaError('CLUSTER_AUTHORIZATION_FAILED'))
  }
  return broker.controller.send<AlterClientQuotasResponse>(apiKeys.AlterClientQuotas, request, context)
}

/** The same error for each entity. */
export function refuseAlterClientQuotas(
  { entries }: AlterClientQuotasRequest,
  error: KafkaError,
): AlterClientQuotasResponseInput {
  return {
    entries: entries.map(({ entity }) => ({ errorCode: error.code, errorMessage: error.message, entity })),
  }
}
