/**
 * DescribeCluster (60)
 *
 * *Behavior.* The cluster's id and its brokers, with the addresses under which this client reaches them. As controller a
 * live broker is named, as in Metadata. Controllers are described on their own listener only: MISMATCHED_ENDPOINT_TYPE.
 *
 * *Version notes.* 1 brings the endpoint type. 2 tells of fenced brokers too, when asked.
 */
import type { DescribeClusterRequest, DescribeClusterResponseInput } from '../protocol/api/60-describe-cluster.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import { authorizedOperations, clusterResourceName, operationsNotAsked } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import { brokerEndpoint } from './broker-endpoint.ts'
import type { RequestContext } from './handler.ts'

const endpointTypes = { broker: 1, controller: 2 } as const

export function handleDescribeCluster(
  broker: Broker,
  request: DescribeClusterRequest,
  context: RequestContext,
): DescribeClusterResponseInput {
  if (request.endpointType === endpointTypes.controller) {
    return refuse(
      errorCodes.MISMATCHED_ENDPOINT_TYPE,
      'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
    )
  }
  if (request.endpointType !== endpointTypes.broker) {
    return refuse(errorCodes.UNSUPPORTED_ENDPOINT_TYPE, `Unsupported endpoint type ${request.endpointType}`)
  }
  if (!broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) {
    return refuse(errorCodes.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.')
  }
  const brokers = describeBrokers(broker, request, context)
  const alive = brokers.filter(({ isFenced }) => !isFenced).map(({ brokerId }) => brokerId)
  const some = alive.length === 0 ? -1 : alive[broker.random.integer(alive.length)]!
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    clusterId: broker.clusterId,
    controllerId: alive.includes(broker.nodeId) ? broker.nodeId : some,
    brokers,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? authorizedOperations(broker, context, 'Cluster', clusterResourceName)
      : operationsNotAsked,
  }
}

function describeBrokers(broker: Broker, request: DescribeClusterRequest, { connection }: RequestContext) {
  const registrations = [...broker.image.cluster.brokers()].sort((a, b) => a.id - b.id)
  return registrations.flatMap(({ id: brokerId, isFenced, endpoints, rack }) => {
    if (isFenced && !request.includeFencedBrokers) return []
    const endpoint = isFenced
      ? endpoints.find(({ name }) => name === connection.listenerName)
      : brokerEndpoint(broker, brokerId, connection)
    return endpoint === undefined ? [] : [{ brokerId, host: endpoint.host, port: endpoint.port, rack, isFenced }]
  })
}

function refuse(errorCode: ErrorCode, errorMessage: string): DescribeClusterResponseInput {
  return { errorCode, errorMessage, clusterId: '', controllerId: -1, brokers: [] }
}
