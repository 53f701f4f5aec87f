/**
 * The library's cluster: several whole nodes in the caller's process, on real sockets, with real elections and real
 * replication; each is broker and, up to five of them, controller.
 *
 *     await using cluster = await startCluster({ brokers: 3, topics: [{ name: 'orders', partitions: 3 }] })
 *     await cluster.stopBroker(2)
 */
import type { Clock, Timer } from '../base/clock.ts'
import { silentLogger } from '../base/logger.ts'
import { NetworkError } from '../base/network.ts'
import { randomUuid } from '../base/uuid.ts'
import { BrokerConfig } from '../config/broker-config.ts'
import { MemoryFileSystem } from '../io/memory-file-system.ts'
import { NodeNetwork } from '../io/node-network.ts'
import { NodeRandom } from '../io/node-random.ts'
import { SkippingClock } from '../io/skipping-clock.ts'
import type { FileSystem } from '../log/file-system.ts'
import { realMachine } from '../node/machine.ts'
import { formatStorage, startNode } from '../node.ts'
import type { Voter } from '../raft/voter-set.ts'
import { CallbackLogger, type LogEntry } from './callback-logger.ts'
import { type BrokerClock, EmbeddedBroker, type NewTopic } from './embedded-broker.ts'
import { addressOf, joinSettings, memoryDirectory, ownDefaults } from './settings.ts'

export interface StartClusterOptions {
  /** How many, 1 to 20; their ids are 1 and so on. Default 3. */
  readonly brokers?: number
  /** The address that all listen on, each on a free port. Default 127.0.0.1. */
  readonly host?: string
  /** Created before it is ready, with the default replication factor: on three brokers, or as many as there are. */
  readonly topics?: readonly (string | NewTopic)[]
  /** Kafka's own configuration, for every broker. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** The same per broker: the rack of the second is `(id) => (id === 2 ? { 'broker.rack': 'b' } : {})`. */
  readonly settingsOf?: (brokerId: number) => Readonly<Record<string, string | number | boolean>>
  /** `fields.node` says which one speaks. */
  readonly onLog?: (entry: LogEntry) => void
  /** Bytes of data in memory, of each broker. Default 1 GiB. */
  readonly memoryBytesMax?: number
}

const brokersMax = 20
const controllersMax = 5
const portTriesMax = 5
/** Below every session's timeout, so that heartbeats come in between. */
const clockStepMs = 1_000

/**
 * Starts a cluster whose data is in memory; resolves when all its brokers serve. Rejects with an Error whose message is
 * one line when a setting is wrong or a topic cannot be created.
 */
export async function startCluster(options: StartClusterOptions = {}): Promise<EmbeddedCluster> {
  const count = options.brokers ?? 3
  if (!Number.isInteger(count) || count < 1 || count > brokersMax)
    throw new RangeError(`brokers: ${count} is not a number from 1 to ${brokersMax}`)
  for (let tries = 1; ; tries++) {
    const cluster = new EmbeddedCluster(options, await freePorts(options.host ?? '127.0.0.1', count * 2))
    try {
      await cluster.start()
      await cluster.createTopics(options.topics ?? [])
      return cluster
    } catch (error) {
      await cluster.stop().catch(() => {})
      // Somebody took a port between the search and the start.
      const mayTryAgain = error instanceof NetworkError && error.code === 'EADDRINUSE' && tries < portTriesMax
      if (!mayTryAgain) throw error
    }
  }
}

/** Below the ports that operating systems give to outgoing connections. */
const portRange = { from: 10_000, until: 32_000 } as const

/**
 * Ports that nobody has at the moment. Voters must know each other's before any of them is open, and a broker that was
 * stopped needs its own again: those of outgoing connections may be taken meanwhile, by its peers that look for it too.
 */
async function freePorts(host: string, count: number): Promise<number[]> {
  const network = new NodeNetwork()
  const random = new NodeRandom()
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = portRange.from + random.integer(portRange.until - portRange.from)
    if (!ports.has(port) && (await isFree(network, host, port))) ports.add(port)
  }
  return [...ports]
}

async function isFree(network: NodeNetwork, host: string, port: number): Promise<boolean> {
  try {
    const listening = await network.listen({ host, port, backlog: 1 }, (socket) => socket.destroy())
    await listening.close()
    return true
  } catch (error) {
    if (error instanceof NetworkError && error.code === 'EADDRINUSE') return false
    throw error
  }
}

/** A running cluster. */
export class EmbeddedCluster implements AsyncDisposable {
  readonly clusterId: string
  /** All addresses, as clients want them. */
  readonly bootstrapServers: string
  readonly #options: StartClusterOptions
  readonly #host: string
  readonly #ports: readonly number[]
  readonly #clock = new SkippingClock()
  readonly #disks = new Map<number, FileSystem>()
  readonly #brokers = new Map<number, EmbeddedBroker>()
  readonly #random = new NodeRandom()
  readonly #voters: readonly Voter[]
  #stopping: Promise<void> | undefined

  /** Made by `startCluster`. */
  constructor(options: StartClusterOptions, ports: readonly number[]) {
    this.#options = options
    this.#host = options.host ?? '127.0.0.1'
    this.#ports = ports
    this.clusterId = randomUuid(this.#random)
    this.#voters = this.#ids.slice(0, controllersMax).map((id) => ({
      id,
      directoryId: randomUuid(this.#random),
      endpoints: [{ name: 'CONTROLLER', host: this.#host, port: this.#controllerPortOf(id) }],
      kraftVersionMin: 0,
      kraftVersionMax: 1,
    }))
    this.bootstrapServers = this.#ids.map((id) => addressOf(this.#host, this.#portOf(id))).join(',')
  }

  /** Those that run, by their ids. */
  get brokers(): ReadonlyMap<number, EmbeddedBroker> {
    return this.#brokers
  }

  /** One time for all of them. */
  get clock(): BrokerClock {
    const clock = this.#clock
    return {
      now: () => clock.now(),
      async advance(ms) {
        for (let left = ms; left > 0; left -= clockStepMs) await clock.advance(Math.min(left, clockStepMs))
      },
    }
  }

  /** Called by `startCluster`. */
  async start(): Promise<void> {
    const started = await Promise.allSettled(this.#ids.map((id) => this.startBroker(id)))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Starts the broker of that id again, with the data that it had. */
  async startBroker(id: number): Promise<EmbeddedBroker> {
    if (!this.#ids.includes(id)) throw new RangeError(`this cluster has no broker ${id}`)
    const running = this.#brokers.get(id)
    if (running !== undefined) return running
    const { onLog, memoryBytesMax = 1024 ** 3 } = this.#options
    const logger = onLog === undefined ? silentLogger : new CallbackLogger(onLog, { node: id })
    const config = BrokerConfig.from(this.#settings(id), (message) => logger.warn(message))
    const clock = new SharedClock(this.#clock)
    let fileSystem = this.#disks.get(id)
    if (fileSystem === undefined) {
      fileSystem = new MemoryFileSystem({ bytesMax: memoryBytesMax, now: () => this.#clock.now() })
      this.#disks.set(id, fileSystem)
    }
    const machine = { ...realMachine(config), clock, fileSystem, hostName: this.#host }
    const { clusterId } = this
    const initialControllers = this.#voters.some((voter) => voter.id === id) ? this.#voters : 'none'
    await formatStorage({ config, clusterId, ignoreFormatted: true, initialControllers, machine })
    const node = await startNode({ config, logger, clusterId, machine })
    const broker = new EmbeddedBroker(node, this.clock, {})
    this.#brokers.set(id, broker)
    return broker
  }

  /** Stops one cleanly: its leaderships move to the others first. */
  async stopBroker(id: number): Promise<void> {
    const broker = this.#brokers.get(id)
    this.#brokers.delete(id)
    await broker?.stop()
  }

  /** Resolves when they can be used on every broker. Rejects with KafkaError when one cannot be created. */
  async createTopics(topics: readonly (string | NewTopic)[]): Promise<void> {
    const [first] = this.#brokers.values()
    if (first === undefined) throw new Error('no broker of this cluster runs')
    await first.createTopics(topics)
  }

  /** Stops all of them; a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    const running = [...this.#brokers.values()]
    this.#brokers.clear()
    const stopped = await Promise.allSettled(running.map((broker) => broker.stop()))
    this.#clock.close()
    const failed = stopped.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  get #ids(): readonly number[] {
    return Array.from({ length: this.#ports.length / 2 }, (_, index) => index + 1)
  }

  #portOf(id: number): number {
    return this.#ports[id - 1]!
  }

  #controllerPortOf(id: number): number {
    return this.#ports[this.#ports.length / 2 + id - 1]!
  }

  #settings(id: number): Map<string, string> {
    const { settings = {}, settingsOf } = this.#options
    const copies = String(Math.min(3, this.#ids.length))
    const isController = this.#voters.some((voter) => voter.id === id)
    const clients = `PLAINTEXT://${addressOf(this.#host, this.#portOf(id))}`
    const own = {
      ...ownDefaults,
      // As in Kafka: followers of the metadata log see that it lives.
      'metadata.max.idle.interval.ms': '500',
      'node.id': String(id),
      'process.roles': isController ? 'broker,controller' : 'broker',
      listeners: isController
        ? `${clients},CONTROLLER://${addressOf(this.#host, this.#controllerPortOf(id))}`
        : clients,
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
      'controller.quorum.bootstrap.servers': this.#voters
        .map((voter) => addressOf(this.#host, this.#controllerPortOf(voter.id)))
        .join(','),
      'log.dirs': memoryDirectory,
      'default.replication.factor': copies,
      'offsets.topic.replication.factor': copies,
      'transaction.state.log.replication.factor': copies,
      'share.coordinator.state.topic.replication.factor': copies,
    }
    return joinSettings(own, { ...settings, ...settingsOf?.(id) })
  }
}

/** One node's view of the clock that all share: what a node that stopped still had in mind does not happen. */
class SharedClock implements Clock {
  readonly #shared: Clock
  #isClosed = false

  constructor(shared: Clock) {
    this.#shared = shared
  }

  now(): number {
    return this.#shared.now()
  }

  monotonic(): number {
    return this.#shared.monotonic()
  }

  schedule(delayMs: number, callback: () => void): Timer {
    return this.#shared.schedule(delayMs, () => {
      if (!this.#isClosed) callback()
    })
  }

  endOfTurn(callback: () => void): void {
    this.#shared.endOfTurn(callback)
  }

  close(): void {
    this.#isClosed = true
  }
}
