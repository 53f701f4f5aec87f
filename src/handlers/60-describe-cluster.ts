/**
 * DescribeCluster (60)
 *
 * *Behavior.* The cluster's id and its brokers, with the addresses under which this client reaches them. As controller a
 * live broker is named, as in Metadata. On a listener of controllers: the controllers with their addresses there, and the
 * one that is active. Who asks for the other kind gets MISMATCHED_ENDPOINT_TYPE.
 *
 * *Version notes.* 1 brings the endpoint type. 2 tells of fenced brokers too, when asked.
 */
import type { DescribeClusterRequest, DescribeClusterResponseInput } from '../protocol/api/60-describe-cluster.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import { authorizedOperations, clusterResourceName, operationsNotAsked } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import { brokerEndpoint } from './broker-endpoint.ts'
import type { RequestContext } from './handler.ts'

const endpointTypes = { BROKER: 1, CONTROLLER: 2 } as const

export function handleDescribeCluster(
  broker: NodeServices,
  request: DescribeClusterRequest,
  context: RequestContext,
): DescribeClusterResponseInput {
  const isController = broker.config.controllerListenerNames.includes(context.connection.listenerName)
  const [here, other] = isController ? (['CONTROLLER', 'BROKER'] as const) : (['BROKER', 'CONTROLLER'] as const)
  if (request.endpointType === endpointTypes[other]) {
    return refuse(
      errorCodes.MISMATCHED_ENDPOINT_TYPE,
      `The request was sent to an endpoint of type ${here}, but we wanted an endpoint of type ${other}`,
    )
  }
  if (request.endpointType !== endpointTypes[here]) {
    return refuse(errorCodes.UNSUPPORTED_ENDPOINT_TYPE, `Unsupported endpoint type ${request.endpointType}`)
  }
  if (!broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) {
    return refuse(errorCodes.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.')
  }
  return {
    ...(isController ? controllers(broker, context) : brokersOf(broker, request, context)),
    ...rest(broker, request, context),
  }
}

function rest(broker: NodeServices, request: DescribeClusterRequest, context: RequestContext) {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    endpointType: request.endpointType,
    clusterId: broker.clusterId,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? authorizedOperations(broker, context, 'Cluster', clusterResourceName)
      : operationsNotAsked,
  }
}

function controllers(broker: NodeServices, { connection }: RequestContext) {
  const registrations = [...broker.image.cluster.controllers()].sort((left, right) => left.id - right.id)
  const reached = registrations.flatMap(({ id: brokerId, endpoints }) => {
    const endpoint = endpoints.find(({ name }) => name === connection.listenerName)
    return endpoint === undefined ? [] : [{ brokerId, host: endpoint.host, port: endpoint.port, rack: null }]
  })
  return { controllerId: broker.quorum.describeQuorum().leaderId, brokers: reached }
}

function brokersOf(broker: NodeServices, request: DescribeClusterRequest, context: RequestContext) {
  const brokers = describeBrokers(broker, request, context)
  const alive = brokers.filter(({ isFenced }) => !isFenced).map(({ brokerId }) => brokerId)
  const some = alive.length === 0 ? -1 : alive[broker.random.integer(alive.length)]!
  return { controllerId: some, brokers }
}

function describeBrokers(broker: NodeServices, request: DescribeClusterRequest, { connection }: RequestContext) {
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
