/**
 * All listeners of a node and the connections they accepted. node.ts builds it and opens listeners one by one when they
 * may serve. It enforces the limits on connections, closes those that are idle (connections.max.idle.ms) or that hold
 * memory without going on while others wait for it, and says in one line each why a client was turned away.
 */
import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { Logger } from '../base/logger.ts'
import type { ListeningSocket, Network, Socket } from '../base/network.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { Listener } from '../config/listeners.ts'
import type { Broker, NodeServices } from '../handlers/broker.ts'
import { RequestMetrics } from '../metrics/request-metrics.ts'
import { Connection, type ConnectionEnvironment } from './connection.ts'
import { ConnectionLimits } from './connection-limits.ts'
import { Dispatcher } from './dispatcher.ts'
import { InFlightBudget } from './in-flight-budget.ts'
import { OutputTurn } from './output-turn.ts'
import { Refusal } from './refusal.ts'
import { RefusalLog } from './refusal-log.ts'
import type { ListenerKind, ServedApis } from './served-api.ts'

const sweepIntervalMs = 2000
/** How long a client may hold memory without going on while others wait for it. */
const stalledMsMax = 10_000
/** How long a client may take to close its side after ours. */
const lingerMsMax = 10_000

export interface TcpServerOptions {
  readonly network: Network
  readonly clock: Clock
  readonly logger: Logger
  readonly config: BrokerConfig
  /** What the handlers of each kind of listener are given; one that is missing is not listened on. */
  readonly services: { readonly broker?: Broker; readonly controller?: NodeServices }
  readonly served: ServedApis
  readonly metrics?: RequestMetrics
  /** True while requests wait for memory that answers under way hold (the budget of fetches). */
  readonly isMemoryShort?: () => boolean
}

/** A listener that is open. */
export interface OpenListener {
  readonly name: string
  readonly host: string
  /** The port it has, also where the configuration says 0. */
  readonly port: number
}

export class TcpServer {
  readonly metrics: RequestMetrics
  readonly #options: TcpServerOptions
  readonly #limits: ConnectionLimits
  readonly #refusals: RefusalLog
  readonly #environment: ConnectionEnvironment
  readonly #connections = new Set<Connection>()
  readonly #sockets: ListeningSocket[] = []
  readonly #listenerNames: string[] = []
  readonly #budget: InFlightBudget
  #nextId = 1
  #sweepTimer: Timer | undefined
  #isStopping = false
  #onEmpty: (() => void) | undefined

  constructor(options: TcpServerOptions) {
    const { clock, config, logger } = options
    this.#options = options
    this.metrics = options.metrics ?? new RequestMetrics()
    this.#limits = new ConnectionLimits(config)
    this.#refusals = new RefusalLog(logger, clock)
    const budgetBytes = config.queuedMaxRequestBytes > 0 ? config.queuedMaxRequestBytes : limits.maxInFlightBytes
    this.#budget = new InFlightBudget(budgetBytes)
    this.#environment = {
      clock,
      budget: this.#budget,
      turn: new OutputTurn(clock),
      frameSizeMax: config.socketRequestMaxBytes,
      onFailure: (connection, reason) => this.#onFailure(connection, reason),
      onClosed: (connection) => this.#onClosed(connection),
    }
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Connections that wait for memory. */
  get waitingCount(): number {
    return this.#budget.waiterCount
  }

  /** Bytes that clients have in memory. */
  get inFlightBytes(): number {
    return this.#budget.takenBytes
  }

  /** Opens `listener`; from now on clients are served there. Rejects with NetworkError when the address cannot be had. */
  async listen(listener: Listener, kind: ListenerKind): Promise<OpenListener> {
    const { services, config, logger, network, served } = this.#options
    const own = services[kind]
    assert(own !== undefined, `this node serves no ${kind} listener`)
    const dispatcher = new Dispatcher({ listener: kind, served, services: own, logger, metrics: this.metrics })
    const backlog = config.socketListenBacklogSize
    const address = { host: listener.host, port: listener.port, backlog }
    const socket = await network.listen(address, (accepted) => this.#accept(accepted, listener.name, dispatcher))
    this.#sockets.push(socket)
    this.#listenerNames.push(listener.name)
    this.#sweepTimer ??= this.#options.clock.schedule(sweepIntervalMs, this.#sweep)
    return { name: listener.name, host: listener.host, port: socket.port }
  }

  /** Accepts no more, lets requests in flight be answered for at most `graceMs`, then closes what is left. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    this.#sweepTimer?.cancel()
    const closing = Promise.all(this.#sockets.map((socket) => socket.close()))
    for (const connection of [...this.#connections]) connection.finish()
    if (this.#connections.size > 0) await this.#whenEmpty(graceMs)
    for (const connection of [...this.#connections]) connection.close()
    await closing
  }

  #whenEmpty(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.schedule(graceMs, resolve)
      this.#onEmpty = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #accept(socket: Socket, listenerName: string, dispatcher: Dispatcher): void {
    const refusal = this.#isStopping ? 'the broker is stopping' : this.#limits.tryAdd(socket.remoteHost, listenerName)
    if (refusal !== undefined) {
      this.metrics.refusedConnectionCount++
      this.#refusals.report(`refused a connection of ${socket.remoteHost}:${socket.remotePort}: ${refusal}`)
      socket.destroy()
      return
    }
    this.metrics.acceptedConnectionCount++
    this.#connections.add(new Connection(this.#nextId++, listenerName, socket, dispatcher, this.#environment))
  }

  #onFailure(connection: Connection, reason: unknown): void {
    if (this.#refusals.reportClosing(connection, reason)) this.metrics.protocolErrorCount++
  }

  #onClosed(connection: Connection): void {
    if (!this.#connections.delete(connection)) return
    this.#limits.remove(connection.clientHost, connection.listenerName)
    if (this.#connections.size === 0) this.#onEmpty?.()
  }

  readonly #sweep = (): void => {
    const nowMs = this.#options.clock.monotonic()
    const { config } = this.#options
    const idleMsMax = new Map(this.#listenerNames.map((name) => [name, config.connectionsMaxIdleMs(name)]))
    const isMemoryShort = this.#budget.waiterCount > 0 || this.#options.isMemoryShort?.() === true
    for (const connection of [...this.#connections]) {
      if (connection.lingerMs(nowMs) > lingerMsMax) connection.close()
      else if (connection.idleMs(nowMs) > idleMsMax.get(connection.listenerName)!) connection.close()
      else if (isMemoryShort && connection.stalledMs(nowMs) > stalledMsMax)
        connection.fail(new Refusal('it does not take its answers, or sends a request too slowly, and memory is short'))
    }
    this.#sweepTimer = this.#options.clock.schedule(sweepIntervalMs, this.#sweep)
  }
}
