/**
 * Brokers that replicate among themselves: logs on simulated disks, replica managers, fetchers, and servers with the real
 * handlers on a network in memory, all on one clock. Metadata is what the test commits; each broker can be given it later
 * than the others.
 */

import { silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { randomUuid, type Uuid } from '../../src/base/uuid.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { buildLogConfig } from '../../src/config/topic-config.ts'
import type { Broker } from '../../src/handlers/broker.ts'
import { handlers } from '../../src/handlers/index.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { configResourceTypes } from '../../src/metadata/config-resource.ts'
import { MetadataDelta } from '../../src/metadata/metadata-delta.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../../src/metadata/metadata-record.ts'
import { buildBatch, type NewBatch } from '../../src/protocol/record/batch-builder.ts'
import { noCodecs } from '../../src/protocol/record/compression.ts'
import type { ControllerChannel } from '../../src/runtime/controller/controller-channel.ts'
import { createGroupCoordinator } from '../../src/runtime/coordinator/group-coordinator-factory.ts'
import type { GroupCoordinatorService } from '../../src/runtime/coordinator/group-coordinator-service.ts'
import { createFetchEnvironment } from '../../src/runtime/fetch/fetch-environment.ts'
import { FetchSessionCache } from '../../src/runtime/fetch/fetch-session-cache.ts'
import { FetchBudget } from '../../src/runtime/fetch/fetched-records.ts'
import { IsrChanges } from '../../src/runtime/replica/isr-changes.ts'
import type { IsrProposals, Partition } from '../../src/runtime/replica/partition.ts'
import { ReplicaFetchers } from '../../src/runtime/replica/replica-fetchers.ts'
import { ReplicaManager } from '../../src/runtime/replica/replica-manager.ts'
import { ReplicaMover } from '../../src/runtime/replica/replica-mover.ts'
import { TcpServer } from '../../src/server/tcp-server.ts'
import { drive } from '../base/drive.ts'
import { FaultyFileSystem } from '../log/faulty-file-system.ts'
import { MemoryNetwork } from './memory-network.ts'

export interface ReplicaClusterOptions {
  readonly brokers?: number
  readonly config?: Readonly<Record<string, string>>
  readonly seed?: number
  readonly logDirs?: readonly string[]
  readonly tailBytesMax?: number
  /** Decides on in-sync replicas; without it they are what the test commits. */
  readonly controller?: ControllerChannel
  readonly isrChanges?: IsrProposals
}

const clusterId = 'vPeOCWypqUOSepEvx0cbog'
const port = 9092

/** One broker; `start` and `crash` may be called again and again. */
export class ReplicaNode {
  readonly id: number
  readonly host: string
  readonly disk: FaultyFileSystem
  readonly cluster: ReplicaCluster
  readonly config: BrokerConfig
  image = new MetadataImage()
  /** Records of the cluster's metadata that it knows. */
  knownCount = 0
  isUp = false
  brokerEpoch: number
  logs!: LogManager
  manager!: ReplicaManager
  fetchers!: ReplicaFetchers
  sessions!: FetchSessionCache
  mover!: ReplicaMover
  groups!: GroupCoordinatorService
  /** What its handlers are given. */
  broker!: Broker
  isrChanges: IsrChanges | undefined
  #server: TcpServer | undefined

  constructor(cluster: ReplicaCluster, id: number) {
    this.cluster = cluster
    this.id = id
    this.host = `host-${id}`
    this.brokerEpoch = id * 100
    this.disk = new FaultyFileSystem(cluster.random)
    this.disk.now = () => cluster.clock.now()
    this.config = BrokerConfig.from(new Map(Object.entries({ ...cluster.options.config, 'node.id': String(id) })))
  }

  partition(topic: string, index = 0): Partition {
    return this.manager.partition(topic, index)!
  }

  async start(): Promise<void> {
    const { clock, random, network, options } = this.cluster
    const { config } = this
    this.isUp = true
    this.image = new MetadataImage()
    this.knownCount = 0
    const { image } = this
    const fileSystem = this.disk.mount()
    const logs = await LogManager.open({
      directories: options.logDirs ?? ['/data'],
      clusterId,
      nodeId: this.id,
      fileSystem,
      clock,
      random,
      logger: silentLogger,
      tailBytesMax: options.tailBytesMax ?? 1024 * 1024,
    })
    this.logs = logs
    this.fetchers = new ReplicaFetchers({
      brokerId: this.id,
      brokerEpoch: () => this.brokerEpoch,
      metadataVersion: () => 30,
      endpointOf: (id) => ({ host: `host-${id}`, port }),
      network: network.of(this.host),
      clock,
      logger: silentLogger,
      config,
      throttledReplicasOf: (topic) => image.configs.topic(topic).get('follower.replication.throttled.replicas'),
    })
    const logConfigFor = (topic: string) => buildLogConfig(image.configs.topic(topic), config)
    this.isrChanges = this.#createIsrChanges()
    this.manager = new ReplicaManager({
      ...(this.isrChanges === undefined ? {} : { isrChanges: this.isrChanges }),
      lagTimeMaxMs: config.replicaLagTimeMaxMs,
      brokerId: this.id,
      logs,
      image,
      clock,
      logger: silentLogger,
      codecs: noCodecs,
      logConfigFor,
      followers: this.fetchers,
      onLogOpened: (partition, log) => this.mover.resume(partition, log),
      ...(options.isrChanges === undefined ? {} : { isrChanges: options.isrChanges }),
    })
    const assignments = { assign: () => {}, whenRecorded: async () => {} }
    const moving = { copiesMax: 1, bytesPerSecondMax: () => Number.MAX_SAFE_INTEGER }
    this.mover = new ReplicaMover({ logs, assignments, clock, logger: silentLogger, ...moving })
    const coordinated = { config, image, replicaManager: this.manager, clock, random }
    this.groups = createGroupCoordinator({ ...coordinated, logger: silentLogger, codecs: noCodecs })
    const caughtUp = this.#replay()
    await logs.loadLogs({ configFor: logConfigFor, isStray: (id, _topic, index) => this.manager.isStray(id, index) })
    this.#tell(caughtUp)
    logs.start()
    this.isrChanges?.start(this.manager)
    await this.#serve()
  }

  /** After a crash, as a new incarnation. */
  restart(): Promise<void> {
    this.brokerEpoch++
    this.cluster.commit([registration(this.id, this.brokerEpoch)])
    return this.start()
  }

  /** The process is gone; what it wrote stays in the page cache, or with `power` only what was synced for certain. */
  crash(kind: 'process' | 'power' = 'process'): void {
    this.isUp = false
    this.cluster.network.takeDown(this.host)
    this.disk.crash(kind)
    void this.fetchers.stop()
    void this.mover.stop()
    this.groups.close()
    this.isrChanges?.stop()
    void this.#server?.stop(0)
  }

  /** The next records that the cluster committed. */
  update(): void {
    if (this.isUp) this.#tell(this.#replay())
  }

  #createIsrChanges(): IsrChanges | undefined {
    const { clock, options } = this.cluster
    if (options.controller === undefined) return undefined
    return new IsrChanges({
      brokerId: this.id,
      brokerEpoch: () => this.id * 100,
      controller: options.controller,
      clock,
      logger: silentLogger,
      lagTimeMaxMs: this.config.replicaLagTimeMaxMs,
    })
  }

  #replay(): MetadataDelta {
    const delta = new MetadataDelta()
    this.image.delta = delta
    for (const record of this.cluster.records.slice(this.knownCount)) this.image.replay(record, this.image.nextOffset)
    this.image.delta = undefined
    this.knownCount = this.cluster.records.length
    return delta
  }

  #tell(delta: MetadataDelta): void {
    this.manager.onMetadataChange(delta)
    this.fetchers.onMetadataChange(delta)
    this.groups.onMetadataChange(delta)
  }

  async #serve(): Promise<void> {
    const { clock, random, network } = this.cluster
    const { config, image, manager } = this
    this.sessions = new FetchSessionCache({ sessionsMax: 100, clock, random })
    const fetches = createFetchEnvironment({ config, image, manager, clock, budget: new FetchBudget(64 * 1024 * 1024) })
    const services = { nodeId: this.id, clusterId, clock, random, logger: silentLogger, authorize: () => true }
    const broker = { ...services, config, image, replicaManager: manager, fetchSessions: this.sessions, fetches }
    this.broker = broker as unknown as Broker
    this.#server = new TcpServer({
      network: network.of(this.host),
      clock,
      logger: silentLogger,
      config,
      services: { broker: this.broker },
      served: handlers,
    })
    const listener = { name: 'PLAINTEXT', host: this.host, port, securityProtocol: 'PLAINTEXT' as const }
    await this.#server.listen(listener, 'broker')
  }
}

export class ReplicaCluster {
  readonly clock = new VirtualClock()
  readonly random: SeededRandom
  readonly network: MemoryNetwork
  readonly options: ReplicaClusterOptions
  readonly records: MetadataRecord[] = []
  readonly nodes: ReplicaNode[] = []

  private constructor(options: ReplicaClusterOptions) {
    this.options = options
    this.random = new SeededRandom(options.seed ?? 1)
    this.network = new MemoryNetwork(this.clock)
    this.records.push(...Array.from({ length: options.brokers ?? 2 }, (_, at) => registration(at + 1, (at + 1) * 100)))
    for (let id = 1; id <= (options.brokers ?? 2); id++) this.nodes.push(new ReplicaNode(this, id))
  }

  static async start(options: ReplicaClusterOptions = {}): Promise<ReplicaCluster> {
    const cluster = new ReplicaCluster(options)
    await cluster.drive(Promise.all(cluster.nodes.map((node) => node.start())))
    return cluster
  }

  node(id: number): ReplicaNode {
    return this.nodes[id - 1]!
  }

  /** Committed; the brokers named, or all, know it at once. */
  commit(records: readonly MetadataRecord[], brokerIds?: readonly number[]): void {
    this.records.push(...records)
    for (const node of this.nodes) if (brokerIds?.includes(node.id) !== false) node.update()
  }

  async createTopic(
    name: string,
    settings: {
      readonly replicas?: readonly number[]
      readonly isr?: readonly number[]
      readonly partitions?: number
      readonly leader?: number
      readonly configs?: Readonly<Record<string, string>>
    } = {},
  ): Promise<Uuid> {
    const { replicas = this.nodes.map(({ id }) => id), isr = replicas, partitions = 1, configs = {} } = settings
    const { leader = replicas[0]! } = settings
    const topicId = randomUuid(this.random)
    const records: MetadataRecord[] = [metadataRecord('TopicRecord', 0, { name, topicId })]
    for (const [key, value] of Object.entries(configs)) records.push(topicConfig(name, key, value))
    for (let partitionId = 0; partitionId < partitions; partitionId++) {
      records.push(
        metadataRecord('PartitionRecord', 2, {
          ...{ partitionId, topicId, leader, leaderEpoch: 0, partitionEpoch: 0 },
          ...{ removingReplicas: [], addingReplicas: [] },
          replicas: [...replicas],
          isr: [...isr],
          directories: replicas.map(() => 'AAAAAAAAAAAAAAAAAAAAAA'),
        }),
      )
    }
    this.commit(records)
    await this.settle()
    return topicId
  }

  changePartition(
    topicId: Uuid,
    change: { leader?: number; isr?: number[]; replicas?: number[]; directories?: Uuid[] },
    brokerIds?: readonly number[],
    partitionId = 0,
  ): void {
    this.commit([metadataRecord('PartitionChangeRecord', 2, { partitionId, topicId, ...change })], brokerIds)
  }

  /** Appends a batch at its leader. */
  append(
    node: ReplicaNode,
    topic: string,
    values: readonly string[],
    fields: Partial<NewBatch> = {},
    index = 0,
  ): number {
    const records = values.map((value) => ({ value: Buffer.from(value) }))
    const batch = buildBatch({ timestamp: this.clock.now(), ...fields, records })
    return node.partition(topic, index).append(batch, { requiredAcks: 1, origin: 'client' }).baseOffset
  }

  /** Lets everything happen that does not take longer than `ms`. */
  async pass(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= 5) {
      await this.clock.advanceAsync(Math.min(5, leftMs))
      for (let turns = 0; turns < 40; turns++) {
        await Promise.resolve()
        this.clock.runTurn()
      }
    }
  }

  /** Long enough for a round of fetches. */
  settle(): Promise<void> {
    return this.pass(60)
  }

  async until(isDone: () => boolean, msMax = 20_000): Promise<void> {
    for (let ms = 0; !isDone(); ms += 5) {
      if (ms > msMax) throw new Error('it does not happen')
      await this.pass(5)
    }
  }

  drive<Result>(promise: Promise<Result>): Promise<Result> {
    return drive(this.clock, promise, (turn) => (turn % 100 === 99 ? this.clock.advanceAsync(1) : undefined))
  }

  /** The bytes of a log from `fromOffset` up to `endOffset`. */
  async contents(
    node: ReplicaNode,
    topic: string,
    index = 0,
    endOffset?: number,
    fromOffset = node.partition(topic, index).log!.logStartOffset,
  ): Promise<Buffer> {
    const log = node.partition(topic, index).log!
    const pieces: Buffer[] = []
    const end = endOffset ?? log.logEndOffset
    for (let offset = fromOffset; offset < end; ) {
      const piece = await this.drive(log.readBatches(offset, end, 1 << 20))
      if (piece.length === 0) break
      pieces.push(piece)
      offset = lastEnd(piece)
    }
    return Buffer.concat(pieces)
  }
}

function lastEnd(bytes: Buffer): number {
  let end = 0
  for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at + 8) + 12) {
    end = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23) + 1
  }
  return end
}

export function topicConfig(topic: string, name: string, value: string | null): MetadataRecord {
  const resource = { resourceType: configResourceTypes.topic, resourceName: topic }
  return metadataRecord('ConfigRecord', 0, { ...resource, name, value })
}

function registration(brokerId: number, brokerEpoch: number): MetadataRecord {
  return metadataRecord('RegisterBrokerRecord', 4, {
    brokerId,
    incarnationId: clusterId,
    brokerEpoch,
    endPoints: [{ name: 'PLAINTEXT', host: `host-${brokerId}`, port, securityProtocol: 0 }],
    rack: null,
    fenced: false,
  })
}
