/**
 * Controllers on a network in memory, behind their real servers and handlers: the metadata log is one array that they
 * share, committed as soon as it is written unless the test holds it, and the test says who leads. Time is virtual.
 */
import { LeveledLoggers } from '../../src/base/leveled-loggers.ts'
import type { Logger } from '../../src/base/logger.ts'
import { silentLogger } from '../../src/base/logger.ts'
import type { Socket, SocketHandler } from '../../src/base/network.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import type { NodeServices } from '../../src/handlers/broker.ts'
import type { Authorize } from '../../src/handlers/handler.ts'
import { handlers } from '../../src/handlers/index.ts'
import { nodeHashing } from '../../src/io/node-hashing.ts'
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts'
import { decodeMetadataRecord } from '../../src/metadata/metadata-record-codec.ts'
import { supportedFeatures } from '../../src/metadata/metadata-version.ts'
import type { BrokerHeartbeatResponse } from '../../src/protocol/api/63-broker-heartbeat.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { VoterSet } from '../../src/raft/voter-set.ts'
import { LocalControllerChannel } from '../../src/runtime/controller/controller-local-channel.ts'
import type { ControllerLog } from '../../src/runtime/controller/controller-log.ts'
import type {
  ActiveController,
  ActiveControllerSource,
} from '../../src/runtime/controller/controller-network-channel.ts'
import { ControllerRuntime } from '../../src/runtime/controller/controller-runtime.ts'
import { MetadataPublisher } from '../../src/runtime/raft/metadata-publisher.ts'
import { TcpServer } from '../../src/server/tcp-server.ts'
import { InstantNetwork } from './instant-network.ts'
import { clusterId, directoryIdOf } from './raft-harness.ts'

const controllerPort = 9093

export class ControllerQuorum {
  readonly clock = new VirtualClock()
  readonly network = new InstantNetwork()
  readonly records: MetadataRecord[] = []
  readonly nodes = new Map<number, ControllerNode>()
  readonly warnings: string[] = []
  readonly #listeners = new Set<() => void>()
  leaderId: number | undefined
  epoch = 0
  committedOffset = 0
  /** While true nothing is committed. */
  isHeld = false
  readonly config: BrokerConfig
  authorize: Authorize = () => true
  whenReplicasKnow = async (_ids: readonly number[], _offset: number, _timeoutMs: number): Promise<void> => {}

  constructor(config: Readonly<Record<string, string>> = {}) {
    const listeners = { listeners: 'CONTROLLER://:9093', 'controller.listener.names': 'CONTROLLER' }
    const roles = { 'process.roles': 'controller', 'node.id': '3001' }
    this.config = BrokerConfig.from(new Map(Object.entries({ ...listeners, ...roles, ...config })))
  }

  /** Controllers 3001 and on, the first of them active. */
  static async start(count = 1, config: Readonly<Record<string, string>> = {}): Promise<ControllerQuorum> {
    const quorum = new ControllerQuorum(config)
    for (let index = 0; index < count; index++) await quorum.add(3001 + index)
    quorum.elect(3001)
    await quorum.settle()
    return quorum
  }

  async add(id: number): Promise<ControllerNode> {
    const node = new ControllerNode(id, this)
    this.nodes.set(id, node)
    await node.listen()
    return node
  }

  get active(): ControllerNode {
    return this.nodes.get(this.leaderId!)!
  }

  node(id: number): ControllerNode {
    return this.nodes.get(id)!
  }

  /** undefined: nobody leads. What was not committed is lost. */
  elect(id: number | undefined): void {
    if (this.leaderId !== undefined) this.nodes.get(this.leaderId)?.runtime.onResign()
    this.records.length = this.committedOffset
    this.leaderId = id
    this.epoch++
    if (id !== undefined) this.node(id).runtime.onBecomeLeader({ epoch: this.epoch })
    for (const listener of [...this.#listeners]) listener()
  }

  commit(): void {
    const baseOffset = this.committedOffset
    const records = this.records.slice(baseOffset)
    if (records.length === 0) return
    this.committedOffset = this.records.length
    const batch = {
      baseOffset,
      lastOffset: this.records.length - 1,
      epoch: this.epoch,
      appendTimestampMs: 0,
      sizeInBytes: 1,
      records: () => records,
    }
    for (const { publisher, runtime } of this.nodes.values()) {
      publisher.onCommitted(batch)
      runtime.onCommitted(batch)
    }
    for (const follower of this.followers) follower.onCommitted(batch)
  }

  /** Images of brokers. */
  readonly followers: MetadataPublisher[] = []

  follow(): MetadataPublisher {
    const publisher = new MetadataPublisher()
    if (this.records.length > 0) {
      const records = this.records.slice(0, this.committedOffset)
      const times = { appendTimestampMs: 0, sizeInBytes: 1, epoch: this.epoch }
      publisher.onCommitted({ baseOffset: 0, lastOffset: records.length - 1, ...times, records: () => records })
    }
    this.followers.push(publisher)
    return publisher
  }

  get source(): ActiveControllerSource {
    return {
      leader: () => (this.leaderId === undefined ? undefined : this.addressOf(this.leaderId)),
      onLeaderChange: (callback) => {
        this.#listeners.add(callback)
        return () => this.#listeners.delete(callback)
      },
    }
  }

  addressOf(id: number): ActiveController {
    return { id, endpoint: { host: `controller-${id}`, port: controllerPort }, epoch: this.epoch }
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  /** Lets everything under way go on, without time. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10; round++) await this.clock.advanceAsync(0)
  }

  async advance(ms: number): Promise<void> {
    for (let spentMs = 0; spentMs < ms; spentMs += 5) {
      await this.clock.advanceAsync(Math.min(5, ms - spentMs))
      await this.clock.advanceAsync(0)
    }
  }

  /** Settles until the promise does; advances time by `ms` if that is given. */
  async resolve<Result>(promise: Promise<Result>, ms = 0): Promise<Result> {
    promise.catch(() => {})
    if (ms > 0) await this.advance(ms)
    else await this.settle()
    return promise
  }

  /** Serves the listener of a broker; until it is closed its process lives. */
  async serveBroker(brokerId: number): Promise<BrokerListener> {
    const sockets = new Set<Socket>()
    const known = this.brokerListeners.get(brokerId)
    if (known !== undefined) return known
    const listening = await this.network.listen({ host: `broker-${brokerId}`, port: 9092, backlog: 1 }, (socket) => {
      sockets.add(socket)
      socket.setHandler(silentHandler)
    })
    const listener = {
      close: () => {
        this.brokerListeners.delete(brokerId)
        void listening.close()
        for (const socket of sockets) socket.destroy()
      },
    }
    this.brokerListeners.set(brokerId, listener)
    return listener
  }

  readonly brokerListeners = new Map<number, BrokerListener>()

  typesFrom(offset: number): string[] {
    return this.records.slice(offset).map((record) => record.type)
  }
}

export class ControllerNode {
  readonly id: number
  readonly runtime: ControllerRuntime
  readonly publisher = new MetadataPublisher()
  readonly server: TcpServer
  readonly services: NodeServices
  readonly #quorum: ControllerQuorum

  constructor(id: number, quorum: ControllerQuorum) {
    this.id = id
    this.#quorum = quorum
    const { clock, network, config } = quorum
    const random = new SeededRandom(id)
    const logger: Logger = { ...silentLogger, warn: (message) => void quorum.warnings.push(message) }
    this.runtime = new ControllerRuntime({ config, clusterId, clock, random, hashing: nodeHashing, logger, network })
    this.runtime.attach(new SharedLog(quorum, id))
    this.services = {
      nodeId: id,
      clusterId,
      clock,
      random,
      logger,
      loggers: new LeveledLoggers('INFO', logger),
      authorize: (...asked) => quorum.authorize(...asked),
      config,
      image: this.publisher.image,
      kraftVersion: 1,
      quorum: {
        describeQuorum: () => ({
          leaderId: quorum.leaderId ?? -1,
          epoch: quorum.epoch,
          highWatermark: quorum.committedOffset,
          isLeader: quorum.leaderId === id,
          voters: [],
          observers: [],
          nodes: [],
        }),
        handleRequest: () => {},
      },
      controller: new LocalControllerChannel({ controller: this.runtime, clock, timeoutMs: 0 }),
      topicReadiness: { untilServed: async () => true } as never,
    }
    this.server = new TcpServer({
      network,
      clock,
      logger,
      config,
      services: { controller: this.services },
      served: handlers,
    })
  }

  async listen(): Promise<void> {
    const { endpoint } = this.#quorum.addressOf(this.id)
    await this.server.listen({ name: 'CONTROLLER', ...endpoint, securityProtocol: 'PLAINTEXT' }, 'controller')
  }

  /** Those that others have opened to it. */
  breakConnections(): void {
    this.#quorum.network.breakConnectionsOf(`controller-${this.id}`)
  }

  /** The process is killed: nobody listens, connections are closed. */
  async kill(): Promise<void> {
    this.runtime.close()
    const stopping = this.server.stop(0)
    await this.#quorum.settle()
    await this.#quorum.advance(20_000)
    await stopping
  }
}

export interface BrokerListener {
  close(): void
}

const silentHandler: SocketHandler = {
  readTarget: () => undefined,
  onTargetFilled() {},
  onData() {},
  onDrain() {},
  onEnd() {},
  onClosed() {},
}

class SharedLog implements ControllerLog {
  readonly settings = { kraftVersion: 1, voters: new VoterSet([]) }
  readonly #quorum: ControllerQuorum
  readonly #id: number

  constructor(quorum: ControllerQuorum, id: number) {
    this.#quorum = quorum
    this.#id = id
  }

  get logEndOffset(): number {
    return this.#quorum.records.length
  }

  append(records: readonly Buffer[]): number {
    const quorum = this.#quorum
    if (quorum.leaderId !== this.#id) throw new KafkaError('NOT_CONTROLLER')
    quorum.records.push(...records.map((bytes) => decodeMetadataRecord(bytes)))
    if (!quorum.isHeld) queueMicrotask(() => quorum.commit())
    return quorum.records.length - 1
  }

  upgradeKraftVersion(): void {}

  async whenReplicasKnow(...args: Parameters<ControllerQuorum['whenReplicasKnow']>): Promise<void> {
    await this.#quorum.whenReplicasKnow(...args)
  }

  resign(): void {
    this.#quorum.elect(undefined)
  }
}

/** A BrokerRegistration that every controller takes. */
export function registrationOf(brokerId: number, fields: object = {}): object {
  return {
    brokerId,
    clusterId,
    incarnationId: directoryIdOf(brokerId),
    listeners: [{ name: 'PLAINTEXT', host: `broker-${brokerId}`, port: 9092, securityProtocol: 0 }],
    features: [...supportedFeatures].map(([name, { min, max }]) => ({
      name,
      minSupportedVersion: min,
      maxSupportedVersion: max,
    })),
    rack: null,
    logDirs: [directoryIdOf(50 + brokerId)],
    previousBrokerEpoch: -1,
    ...fields,
  }
}

export interface AsksController {
  send<Response>(apiKey: number, request: object): Promise<Response>
}

/** Registers and unfences a broker; resolves with its epoch. */
export async function joinCluster(
  quorum: ControllerQuorum,
  channel: AsksController,
  brokerId: number,
  fields: object = {},
): Promise<number> {
  await quorum.serveBroker(brokerId)
  const registering = channel.send<{ errorCode: number; brokerEpoch: number }>(
    apiKeys.BrokerRegistration,
    registrationOf(brokerId, fields),
  )
  const { errorCode, brokerEpoch } = await quorum.resolve(registering)
  if (errorCode !== 0) throw new Error(`registration: ${errorCode}`)
  await beat(quorum, channel, brokerId, brokerEpoch)
  return brokerEpoch
}

export function beat(
  quorum: ControllerQuorum,
  channel: AsksController,
  brokerId: number,
  brokerEpoch: number,
  fields: object = {},
): Promise<BrokerHeartbeatResponse> {
  const request = { brokerId, brokerEpoch, currentMetadataOffset: quorum.records.length, ...fields }
  return quorum.resolve(channel.send<BrokerHeartbeatResponse>(apiKeys.BrokerHeartbeat, request))
}
