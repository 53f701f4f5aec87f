/**
 * ListConfigResources (74)
 *
 * *Behavior.* What can have a configuration: all topics, all brokers that have this listener, with their loggers, and the
 * groups and metrics subscriptions that have one set. The default of all brokers is not listed. A type that is none of
 * these refuses the request with UNSUPPORTED_VERSION.
 *
 * *Version notes.* 0 lists metrics subscriptions only. From 1 (KIP-1142) types are chosen, none being all.
 */
import { configResourceTypes } from '../metadata/config-resource.ts'
import type {
  ListConfigResourcesRequest,
  ListConfigResourcesResponse,
} from '../protocol/api/74-list-config-resources.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const typesVersion = 1

/** In the order in which they are listed. */
const listedTypes: readonly number[] = [
  configResourceTypes.group,
  configResourceTypes.clientMetrics,
  configResourceTypes.brokerLogger,
  configResourceTypes.broker,
  configResourceTypes.topic,
]

export function handleListConfigResources(
  broker: Broker,
  request: ListConfigResourcesRequest,
  context: RequestContext,
): ListConfigResourcesResponse {
  if (!broker.authorize(context, 'DescribeConfigs', 'Cluster', clusterResourceName)) {
    return refusal(errorCodes.CLUSTER_AUTHORIZATION_FAILED)
  }
  const asked = context.apiVersion < typesVersion ? [configResourceTypes.clientMetrics] : request.resourceTypes
  if (asked.some((type) => !listedTypes.includes(type))) return refusal(errorCodes.UNSUPPORTED_VERSION)
  const types = listedTypes.filter((type) => asked.length === 0 || asked.includes(type))
  const configResources = types.flatMap((resourceType) =>
    namesOf(broker, resourceType, context).map((resourceName) => ({ resourceName, resourceType })),
  )
  return { throttleTimeMs: 0, errorCode: 0, configResources }
}

function namesOf(broker: Broker, type: number, context: RequestContext): string[] {
  const { topics, configs, cluster } = broker.image
  if (type === configResourceTypes.topic) return [...topics.values()].map(({ name }) => name)
  if (type === configResourceTypes.group || type === configResourceTypes.clientMetrics) {
    return [...configs.values()].filter(({ resource }) => resource.type === type).map(({ resource }) => resource.name)
  }
  const { listenerName } = context.connection
  return [...cluster.brokers()]
    .filter(({ endpoints }) => endpoints.some(({ name }) => name === listenerName))
    .map(({ id }) => String(id))
}

function refusal(errorCode: ErrorCode): ListConfigResourcesResponse {
  return { throttleTimeMs: 0, errorCode, configResources: [] }
}
