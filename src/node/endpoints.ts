/**
 * Where the others find this node: what is registered with the controller and told to voters. A listener that is open on
 * every address is known by its advertised one; without one by this machine's name in a cluster, as in Kafka, and as
 * localhost where there is no other node that would look for it.
 */
import type { BrokerConfig } from '../config/broker-config.ts'
import { isEveryAddress, type Listener } from '../config/listeners.ts'
import type { Endpoint } from '../metadata/broker-registration.ts'
import type { OpenListener } from '../server/tcp-server.ts'

const loopbackPattern = /^(localhost|127\.[\d.]+|::1)$/
const securityProtocolNumbers = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const

/** True when other nodes belong to this one's cluster. */
export function isClustered(config: BrokerConfig): boolean {
  const others = config.controllerQuorumVoters.filter(({ id }) => id !== config.nodeId)
  if (others.length > 0 || !config.isController || !config.isBroker) return true
  return config.controllerQuorumBootstrapServers.some((server) => !isOwnAddress(config, server))
}

/** True for an address of this node's controllers' listener by which another machine would not find it, or its very own. */
function isOwnAddress(
  { controllerListeners, advertisedListeners = [] }: BrokerConfig,
  { host, port }: { readonly host: string; readonly port: number },
): boolean {
  return [...controllerListeners, ...advertisedListeners].some(
    (listener) => listener.port === port && (loopbackPattern.test(host) || listener.host === host),
  )
}

/** `open` are listeners that are open already, whose port the configuration may leave free (0). */
function endpointsOf(
  config: BrokerConfig,
  listeners: readonly Listener[],
  hostName: string,
  open: readonly OpenListener[],
): Endpoint[] {
  const fallback = isClustered(config) ? hostName : 'localhost'
  return listeners.map(({ name, host, port, securityProtocol }) => ({
    name,
    host: isEveryAddress(host) ? fallback : host,
    port: port === 0 ? (open.find((listener) => listener.name === name)?.port ?? 0) : port,
    securityProtocol: securityProtocolNumbers[securityProtocol],
  }))
}

/** Of the listeners for clients and other brokers. */
export function brokerEndpoints(
  config: BrokerConfig,
  hostName: string,
  open: readonly OpenListener[] = [],
): Endpoint[] {
  const controllerNames = config.controllerListenerNames
  const advertised = config.advertisedListeners?.filter(({ name }) => !controllerNames.includes(name))
  const listeners = advertised === undefined || advertised.length === 0 ? config.brokerListeners : advertised
  return endpointsOf(config, listeners, hostName, open)
}

/** Of the listeners for controllers, the one by which voters reach each other first. */
export function controllerEndpoints(
  config: BrokerConfig,
  hostName: string,
  open: readonly OpenListener[] = [],
): Endpoint[] {
  const { advertisedListeners: advertised, controllerListenerNames } = config
  const own = new Map(config.controllerListeners.map((listener) => [listener.name, listener]))
  const listeners: Listener[] = []
  for (const name of controllerListenerNames) {
    const listener = advertised?.find((other) => other.name === name) ?? own.get(name)
    if (listener !== undefined) listeners.push(listener)
  }
  const voter = config.controllerQuorumVoters.find(({ id }) => id === config.nodeId)
  return endpointsOf(config, listeners, voter?.host ?? hostName, open)
}
