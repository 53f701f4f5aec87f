/**
 * The operations that the principal of a request may do on a resource, as the bit field that Metadata, DescribeCluster
 * and the group descriptions carry (KIP-430): bit n is Kafka's AclOperation number n.
 */
import { KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import type { Authorize, RequestContext } from './handler.ts'

type Operation = Parameters<Authorize>[1]
type ResourceType = Parameters<Authorize>[2]

/** What answers say when nobody asked. */
export const operationsNotAsked = -(2 ** 31)

export const clusterResourceName = 'kafka-cluster'

const operationNumbers: Readonly<Record<Operation, number>> = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  ClusterAction: 9,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
}

/** What can be done at all to each kind of resource. */
const operationsOf: Readonly<Record<ResourceType, readonly Operation[]>> = {
  Topic: ['Read', 'Write', 'Create', 'Delete', 'Alter', 'Describe', 'DescribeConfigs', 'AlterConfigs'],
  Group: ['Read', 'Delete', 'Describe', 'DescribeConfigs', 'AlterConfigs'],
  Cluster: ['Create', 'Alter', 'Describe', 'ClusterAction', 'DescribeConfigs', 'AlterConfigs', 'IdempotentWrite'],
  TransactionalId: ['Write', 'Describe'],
}

export function authorizedOperations(
  broker: NodeServices,
  context: RequestContext,
  resourceType: ResourceType,
  resourceName: string,
): number {
  let bits = 0
  for (const operation of operationsOf[resourceType]) {
    if (broker.authorize(context, operation, resourceType, resourceName)) bits |= 1 << operationNumbers[operation]
  }
  return bits
}

/** What only nodes of the cluster may ask. Throws CLUSTER_AUTHORIZATION_FAILED. */
export function checkClusterAction(services: NodeServices, context: RequestContext): void {
  if (services.authorize(context, 'ClusterAction', 'Cluster', clusterResourceName)) return
  throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
}
