/**
 * How many connections there may be: in all (max.connections), from one address (max.connections.per.ip and its
 * overrides) and on one listener (listener.name.<listener>.max.connections). The server asks before it takes a socket.
 * As in Kafka the limit for all does not shut out other nodes: listeners of controllers, and the one between brokers where
 * clients have another, are let through it. Limits are read from the configuration at each question, for they are dynamic.
 */
import type { BrokerConfig } from '../config/broker-config.ts'

export class ConnectionLimits {
  readonly #config: BrokerConfig
  readonly #byHost = new Map<string, number>()
  readonly #byListener = new Map<string, number>()
  readonly #protected: ReadonlySet<string>
  #count = 0
  #overrides: ReadonlyMap<string, number>

  constructor(config: BrokerConfig) {
    this.#config = config
    this.#overrides = config.maxConnectionsPerIpOverrides
    const betweenBrokers = config.brokerListeners.length > 1 ? [config.interBrokerListenerName] : []
    this.#protected = new Set([...config.controllerListenerNames, ...betweenBrokers])
    config.onChange(() => {
      this.#overrides = config.maxConnectionsPerIpOverrides
    })
  }

  get count(): number {
    return this.#count
  }

  /** Counts a connection; or says which limit refuses it. */
  tryAdd(host: string, listenerName: string): string | undefined {
    const hostCount = this.#byHost.get(host) ?? 0
    const listenerCount = this.#byListener.get(listenerName) ?? 0
    const max = this.#config.maxConnections
    if (this.#count >= max && !this.#protected.has(listenerName)) return `max.connections=${max}`
    const listenerKey = `listener.name.${listenerName.toLowerCase()}.max.connections`
    const listenerMax = this.#config.value(listenerKey)
    if (typeof listenerMax === 'number' && listenerCount >= listenerMax) return `${listenerKey}=${listenerMax}`
    const hostMax = this.#overrides.get(host) ?? this.#config.maxConnectionsPerIp
    if (hostCount >= hostMax) return `max.connections.per.ip=${hostMax} for ${host}`
    this.#count++
    this.#byHost.set(host, hostCount + 1)
    this.#byListener.set(listenerName, listenerCount + 1)
    return undefined
  }

  remove(host: string, listenerName: string): void {
    this.#count--
    decrement(this.#byHost, host)
    decrement(this.#byListener, listenerName)
  }
}

function decrement(counts: Map<string, number>, name: string): void {
  const count = counts.get(name)!
  if (count === 1) counts.delete(name)
  else counts.set(name, count - 1)
}
