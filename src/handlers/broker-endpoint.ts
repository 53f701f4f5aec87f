/**
 * The address by which a client finds a broker: what that broker advertises for the listener on which the client came.
 * Where this broker advertises nothing for that listener, a client is told the address by which it reached it. Everything
 * that names a broker to a client (Metadata, FindCoordinator, redirects) asks here, so that they agree.
 */
import type { NodeServices } from './broker.ts'
import type { ConnectionInfo } from './handler.ts'

export interface BrokerEndpoint {
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** Undefined when the broker is not registered, is fenced, or has no such listener. */
export function brokerEndpoint(
  broker: NodeServices,
  id: number,
  connection: ConnectionInfo,
): BrokerEndpoint | undefined {
  const registration = broker.image.cluster.broker(id)
  if (registration === undefined || registration.isFenced) return undefined
  const { rack } = registration
  const reached = { host: connection.localHost, port: connection.localPort, rack }
  if (id === broker.nodeId && broker.config.advertisedListeners === undefined) return reached
  const endpoint = registration.endpoints.find(({ name }) => name === connection.listenerName)
  if (endpoint === undefined && id === broker.nodeId) return reached
  return endpoint === undefined ? undefined : { host: endpoint.host, port: endpoint.port, rack }
}
