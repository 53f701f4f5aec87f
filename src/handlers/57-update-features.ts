/**
 * UpdateFeatures (57)
 *
 * *Behavior.* Sets the finalized versions of features, all or none; the controller decides. Needs the right to alter the
 * cluster. With `validateOnly` it tells whether it would be done.
 *
 * *Version notes.* 0 knows no downgrade: what it says of one is passed over, as Apache Kafka does. 1 brings the kinds of
 * downgrade and `validateOnly`. Before 2 a success is told for each feature.
 */
import type {
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
  UpdateFeaturesResponseInput,
} from '../protocol/api/57-update-features.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

const lastVersionWithResults = 1

export async function handleUpdateFeatures(
  broker: NodeServices,
  request: UpdateFeaturesRequest,
  context: RequestContext,
): Promise<UpdateFeaturesResponseInput> {
  if (!broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  const { errorCode, errorMessage } = await broker.controller.send<UpdateFeaturesResponse>(
    apiKeys.UpdateFeatures,
    {
      ...request,
      featureUpdates: request.featureUpdates.map((update) => ({ ...update, allowDowngrade: false })),
    },
    context,
  )
  const hasResults = errorCode === 0 && context.apiVersion <= lastVersionWithResults
  const features = hasResults ? new Set(request.featureUpdates.map(({ feature }) => feature)) : []
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage,
    results: [...features].map((feature) => ({ feature, errorCode: 0, errorMessage: 'NONE' })),
  }
}
