/**
 * Whether a request may see or change the configuration of a resource; the same for the three configuration APIs.
 */
import { configResourceTypes } from '../metadata/config-resource.ts'
import { type ErrorName, KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

/** Throws KafkaError with the kind's AUTHORIZATION_FAILED. Brokers, loggers and subscriptions belong to the cluster. */
export function authorizeResource(
  broker: NodeServices,
  context: RequestContext,
  operation: 'DescribeConfigs' | 'AlterConfigs',
  type: number,
  name: string,
): void {
  const refuse = (error: ErrorName): void => {
    throw new KafkaError(error)
  }
  if (type === configResourceTypes.topic) {
    if (!broker.authorize(context, operation, 'Topic', name)) refuse('TOPIC_AUTHORIZATION_FAILED')
  } else if (type === configResourceTypes.group) {
    if (!broker.authorize(context, operation, 'Group', name)) refuse('GROUP_AUTHORIZATION_FAILED')
  } else if (!broker.authorize(context, operation, 'Cluster', clusterResourceName)) {
    refuse('CLUSTER_AUTHORIZATION_FAILED')
  }
}
