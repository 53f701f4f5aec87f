/**
 * A broker without sockets: metadata, logs on the simulated disk, replica manager and handlers, on a clock that stands
 * still. Requests are encoded, decoded, handled, and their answers encoded and decoded again, as on the wire.
 */

import { LeveledLoggers } from '../../src/base/leveled-loggers.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { randomUuid, type Uuid } from '../../src/base/uuid.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { buildLogConfig } from '../../src/config/topic-config.ts'
import type { Broker } from '../../src/handlers/broker.ts'
import type { Authorize, ConnectionInfo, RequestContext } from '../../src/handlers/handler.ts'
import { noReply } from '../../src/handlers/handler.ts'
import { handlers } from '../../src/handlers/index.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { configResourceTypes } from '../../src/metadata/config-resource.ts'
import { MetadataDelta } from '../../src/metadata/metadata-delta.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../../src/metadata/metadata-record.ts'
import { produceRequest, produceResponse } from '../../src/protocol/api/00-produce.ts'
import { fetchRequest, fetchResponse } from '../../src/protocol/api/01-fetch.ts'
import { listOffsetsRequest, listOffsetsResponse } from '../../src/protocol/api/02-list-offsets.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../../src/protocol/api/18-api-versions.ts'
import { initProducerIdRequest, initProducerIdResponse } from '../../src/protocol/api/22-init-producer-id.ts'
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../src/protocol/api/23-offset-for-leader-epoch.ts'
import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../src/protocol/frames.ts'
import { buildBatch, type NewBatch } from '../../src/protocol/record/batch-builder.ts'
import { type Codecs, noCodecs } from '../../src/protocol/record/compression.ts'
import type { Infer, InferInput, Schema } from '../../src/protocol/schema.ts'
import type { Encoded } from '../../src/protocol/writer.ts'
import type { QuorumDescription } from '../../src/raft/quorum-description.ts'
import { AutoTopicCreation } from '../../src/runtime/broker/auto-topic-creation.ts'
import { DirectoryAssignments } from '../../src/runtime/broker/directory-assignments.ts'
import { LiveBrokers } from '../../src/runtime/broker/live-brokers.ts'
import { LogDirectories } from '../../src/runtime/broker/log-directories.ts'
import { ProducerIdSource } from '../../src/runtime/broker/producer-id-source.ts'
import { TopicReadiness } from '../../src/runtime/broker/topic-readiness.ts'
import { createGroupCoordinator } from '../../src/runtime/coordinator/group-coordinator-factory.ts'
import { createFetchEnvironment } from '../../src/runtime/fetch/fetch-environment.ts'
import { FetchSessionCache } from '../../src/runtime/fetch/fetch-session-cache.ts'
import { FetchBudget, type FetchedRecords } from '../../src/runtime/fetch/fetched-records.ts'
import { IsrChanges } from '../../src/runtime/replica/isr-changes.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import { ReplicaManager } from '../../src/runtime/replica/replica-manager.ts'
import { ReplicaMover } from '../../src/runtime/replica/replica-mover.ts'
import { drive } from '../base/drive.ts'
import { FaultyFileSystem } from '../log/faulty-file-system.ts'

export interface HarnessOptions {
  /** Default: 1. Of the brokers of one cluster each has a harness, and all share the clock. */
  readonly nodeId?: number
  readonly clock?: VirtualClock
  /** Ids and racks of all brokers; default: 1 and 2 without racks. */
  readonly brokers?: readonly (readonly [id: number, rack: string | null])[]
  readonly config?: Readonly<Record<string, string>>
  readonly fetchBudgetBytes?: number
  /** Default: one, /data. */
  readonly logDirs?: readonly string[]
  readonly tailBytesMax?: number
  readonly codecs?: Codecs
  readonly authorize?: Authorize
}

export class TestConnection implements ConnectionInfo {
  readonly id: number
  readonly listenerName: string
  readonly clientHost = '127.0.0.1'
  readonly clientPort = 50_000
  readonly localHost = '127.0.0.1'
  readonly localPort = 9092
  readonly principal = 'User:ANONYMOUS'
  clientSoftwareName = ''
  clientSoftwareVersion = ''
  isClosed = false
  closeCallbacksCount = 0
  readonly #callbacks: (() => void)[] = []

  constructor(id: number, listenerName: string) {
    this.id = id
    this.listenerName = listenerName
  }

  onClose(callback: () => void): void {
    this.closeCallbacksCount++
    this.#callbacks.push(callback)
  }

  close(): void {
    this.isClosed = true
    for (const callback of this.#callbacks) callback()
  }
}

export class BrokerHarness {
  readonly nodeId: number
  readonly clock: VirtualClock
  readonly random = new SeededRandom(1)
  readonly disk = new FaultyFileSystem(this.random)
  readonly image = new MetadataImage()
  readonly config: BrokerConfig
  readonly fetchBudget: FetchBudget
  readonly fetchSessions: FetchSessionCache
  readonly controllerRequests: { readonly apiKey: number; readonly request: object }[] = []
  /** What the raft node would say: it leads alone. */
  /** What the metadata quorum does with a request of another replica. */
  onRaftRequest: Broker['quorum']['handleRequest'] = (_request, _onReply, onStopped) => onStopped?.()
  quorum: QuorumDescription = {
    leaderId: 1,
    epoch: 3,
    highWatermark: 40,
    isLeader: true,
    voters: [
      {
        id: 1,
        directoryId: 'vPeOCWypqUOSepEvx0cbog',
        logEndOffset: 41,
        lastFetchTimestamp: 1_700_000_000_000,
        lastCaughtUpTimestamp: 1_700_000_000_000,
      },
    ],
    observers: [],
    nodes: [],
  }
  /** How the controller answers. */
  onControllerRequest: (apiKey: number, request: object) => Promise<object> = () => new Promise(() => {})
  logs!: LogManager
  assignments!: DirectoryAssignments
  mover!: ReplicaMover
  isrChanges!: IsrChanges
  replicaManager!: ReplicaManager
  broker!: Broker
  readonly #options: HarnessOptions
  #connectionsCount = 0

  private constructor(options: HarnessOptions) {
    this.#options = options
    this.nodeId = options.nodeId ?? 1
    this.clock = options.clock ?? new VirtualClock()
    this.config = BrokerConfig.from(new Map(Object.entries({ 'node.id': String(this.nodeId), ...options.config })))
    this.fetchBudget = new FetchBudget(options.fetchBudgetBytes ?? 64 * 1024 * 1024)
    const sessionsMax = this.config.number('max.incremental.fetch.session.cache.slots')
    this.fetchSessions = new FetchSessionCache({ sessionsMax, clock: this.clock, random: this.random })
  }

  static async start(options: HarnessOptions = {}): Promise<BrokerHarness> {
    const harness = new BrokerHarness(options)
    await harness.#start()
    return harness
  }

  connect(listenerName = 'PLAINTEXT'): TestConnection {
    return new TestConnection(++this.#connectionsCount, listenerName)
  }

  /** Creates the topic and waits until its leader serves, when this broker (1) leads. */
  async createTopic(
    name: string,
    options: {
      readonly partitions?: number
      readonly replicas?: readonly number[]
      readonly isr?: readonly number[]
      readonly leader?: number
      readonly configs?: Readonly<Record<string, string>>
    } = {},
  ): Promise<Uuid> {
    const { partitions = 1, replicas = [1], isr = replicas, leader = 1, configs = {} } = options
    const topicId = randomUuid(this.random)
    const records: MetadataRecord[] = [metadataRecord('TopicRecord', 0, { name, topicId })]
    for (const [key, value] of Object.entries(configs)) {
      const resource = { resourceType: configResourceTypes.topic, resourceName: name }
      records.push(metadataRecord('ConfigRecord', 0, { ...resource, name: key, value }))
    }
    for (let partitionId = 0; partitionId < partitions; partitionId++) {
      const directories = replicas.map(() => 'AAAAAAAAAAAAAAAAAAAAAA')
      records.push(
        metadataRecord('PartitionRecord', 2, {
          partitionId,
          topicId,
          replicas: [...replicas],
          isr: [...isr],
          removingReplicas: [],
          addingReplicas: [],
          leader,
          leaderEpoch: 0,
          partitionEpoch: 0,
          directories,
        }),
      )
    }
    this.commit(records)
    await this.drive(this.replicaManager.whenSettled())
    return topicId
  }

  /** All in one change of the image. */
  async deleteTopic(...topicIds: readonly Uuid[]): Promise<void> {
    this.commit(topicIds.map((topicId) => metadataRecord('RemoveTopicRecord', 0, { topicId })))
    await this.drive(this.replicaManager.whenSettled())
  }

  changePartition(
    topicId: Uuid,
    partitionId: number,
    change: { readonly leader?: number; readonly isr?: number[] },
  ): void {
    this.commit([metadataRecord('PartitionChangeRecord', 2, { partitionId, topicId, ...change })])
  }

  /** Replays records and tells the replica manager. */
  commit(records: readonly MetadataRecord[]): void {
    this.image.delta = new MetadataDelta()
    for (const record of records) this.image.replay(record, this.image.nextOffset)
    const delta = this.image.delta
    this.image.delta = undefined
    this.replicaManager.onMetadataChange(delta)
    this.broker.groupCoordinator.onMetadataChange(delta)
    this.broker.liveBrokers.onMetadataChange(delta)
  }

  partition(topic: string, index = 0): Partition {
    return this.replicaManager.partition(topic, index)!
  }

  /** Handles a request; resolves with the decoded answer, undefined when there is none. */
  call<Request extends Schema, Response extends Schema>(
    schemas: readonly [Request, Response],
    version: number,
    request: InferInput<Request>,
    connection = this.connect(),
  ): Promise<Infer<Response>> {
    return this.drive(this.send(schemas, version, request, connection))
  }

  /** Like `call`, but lets nothing go on meanwhile: the answer may be waited for. */
  async send<Request extends Schema, Response extends Schema>(
    [requestSchema, responseSchema]: readonly [Request, Response],
    version: number,
    request: InferInput<Request>,
    connection = this.connect(),
  ): Promise<Infer<Response>> {
    const frame = flatten(encodeRequest(requestSchema, version, 7, 'test', request))
    const header = decodeRequestHeader(frame)
    const { apiKey } = header
    const { message } = decodeRequest(apiKey, version, frame, header.endOffset)
    const context: RequestContext = {
      apiKey,
      apiVersion: version,
      correlationId: 7,
      clientId: 'test',
      connection,
      sizeInBytes: frame.length,
      receivedAtMs: this.clock.monotonic(),
    }
    const answer = await handlers.get(apiKey)!.handle(this.broker, message, context)
    if (answer === noReply) return undefined as Infer<Response>
    const bytes = await readChunks(encodeResponse(responseSchema, version, 7, answer as InferInput<Response>))
    return decodeResponse(responseSchema, version, bytes).message
  }

  /** Lets the end of turns and the disk go on until `promise` settles. Time stands still. */
  drive<Result>(promise: Promise<Result>): Promise<Result> {
    return drive(this.clock, promise)
  }

  /** Lets everything happen that does not need time. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 500; turns++) {
      await Promise.resolve()
      this.clock.runTurn()
    }
  }

  async #start(): Promise<void> {
    const { clock, random, config, image } = this
    this.logs = await this.drive(
      LogManager.open({
        directories: this.#options.logDirs ?? ['/data'],
        isCordoned: (path) => this.config.isLogDirCordoned(path),
        clusterId: 'vPeOCWypqUOSepEvx0cbog',
        nodeId: this.nodeId,
        fileSystem: this.disk.mount(),
        clock,
        random,
        logger: silentLogger,
        ...(this.#options.tailBytesMax === undefined ? {} : { tailBytesMax: this.#options.tailBytesMax }),
      }),
    )
    const logConfigFor = (topic: string) => buildLogConfig(image.configs.topic(topic), config)
    await this.drive(this.logs.loadLogs({ configFor: logConfigFor }))
    const controller = {
      send: <Response>(apiKey: number, request: object) => {
        this.controllerRequests.push({ apiKey, request })
        return this.onControllerRequest(apiKey, request) as Promise<Response>
      },
    }
    this.assignments = new DirectoryAssignments({
      brokerId: this.nodeId,
      brokerEpoch: () => this.nodeId * 100,
      controller,
      clock,
      logger: silentLogger,
    })
    this.mover = new ReplicaMover({
      logs: this.logs,
      assignments: this.assignments,
      clock,
      logger: silentLogger,
      copiesMax: config.replicaAlterLogDirsThreads,
      bytesPerSecondMax: () => config.replicaAlterLogDirsBytesPerSecondMax,
    })
    const lagTimeMaxMs = config.replicaLagTimeMaxMs
    this.isrChanges = new IsrChanges({
      brokerId: this.nodeId,
      brokerEpoch: () => this.nodeId * 100,
      controller,
      clock,
      logger: silentLogger,
      lagTimeMaxMs,
    })
    this.replicaManager = new ReplicaManager({
      isrChanges: this.isrChanges,
      lagTimeMaxMs,
      brokerId: this.nodeId,
      logs: this.logs,
      image,
      clock,
      logger: silentLogger,
      codecs: this.#options.codecs ?? noCodecs,
      logConfigFor,
      onLogOpened: (partition, log) => this.mover.resume(partition, log),
    })
    const { replicaManager } = this
    const groupCoordinator = createGroupCoordinator({
      config,
      image,
      replicaManager,
      clock,
      random,
      logger: silentLogger,
      codecs: this.#options.codecs ?? noCodecs,
    })
    const topicReadiness = new TopicReadiness({
      brokerId: this.nodeId,
      publisher: { image, subscribe: () => () => {} },
      partitions: this.replicaManager,
      clock,
    })
    this.broker = {
      nodeId: this.nodeId,
      clusterId: 'vPeOCWypqUOSepEvx0cbog',
      clock,
      random,
      logger: silentLogger,
      loggers: new LeveledLoggers('INFO', silentLogger),
      authorize: this.#options.authorize ?? (() => true),
      config,
      image,
      kraftVersion: 1,
      quorum: {
        describeQuorum: () => this.quorum,
        handleRequest: (...asked) => this.onRaftRequest(...asked),
      },
      replicaManager,
      logDirectories: new LogDirectories({
        paths: this.#options.logDirs ?? ['/data'],
        fileSystem: this.disk,
        logs: this.logs,
        mover: this.mover,
        replicaManager,
        isCordoned: (path) => config.isLogDirCordoned(path),
      }),
      groupCoordinator,
      fetchSessions: this.fetchSessions,
      fetches: createFetchEnvironment({ config, image, manager: this.replicaManager, budget: this.fetchBudget, clock }),
      controller,
      topicReadiness,
      liveBrokers: new LiveBrokers(image, clock),
      autoTopicCreation: new AutoTopicCreation({ config, controller, readiness: topicReadiness, clock }),
      producerIds: new ProducerIdSource({
        brokerId: this.nodeId,
        brokerEpoch: () => this.nodeId * 100,
        controller,
        clock,
        logger: silentLogger,
      }),
    }
    const brokers = this.#options.brokers ?? [1, 2].map((id) => [id, null] as const)
    this.commit(brokers.map(([id, rack]) => brokerRecord(id, rack)))
  }
}

export const produceApi = [produceRequest, produceResponse] as const
export const fetchApi = [fetchRequest, fetchResponse] as const
export const listOffsetsApi = [listOffsetsRequest, listOffsetsResponse] as const
export const apiVersionsApi = [apiVersionsRequest, apiVersionsResponse] as const
export const initProducerIdApi = [initProducerIdRequest, initProducerIdResponse] as const
export const offsetForLeaderEpochApi = [offsetForLeaderEpochRequest, offsetForLeaderEpochResponse] as const

export function brokerRecord(brokerId: number, rack: string | null = null): MetadataRecord {
  return metadataRecord('RegisterBrokerRecord', 4, {
    brokerId,
    incarnationId: 'vPeOCWypqUOSepEvx0cbog',
    brokerEpoch: brokerId * 100,
    endPoints: [{ name: 'PLAINTEXT', host: `broker-${brokerId}`, port: 9090 + brokerId, securityProtocol: 0 }],
    rack,
    fenced: false,
  })
}

export function batchOf(values: readonly string[], fields: Partial<NewBatch> = {}): Buffer {
  return buildBatch({
    timestamp: 1_700_000_000_000,
    ...fields,
    records: values.map((value) => ({ value: Buffer.from(value) })),
  })
}

/** The frame behind its size. */
function flatten(encoded: Encoded): Buffer {
  return Buffer.concat(encoded.chunks as Buffer[]).subarray(4)
}

async function readChunks(encoded: Encoded): Promise<Buffer> {
  const buffers: Buffer[] = []
  for (const chunk of encoded.chunks) {
    if (Buffer.isBuffer(chunk)) {
      buffers.push(chunk)
      continue
    }
    const region = chunk as FetchedRecords
    for (const slice of region.slices) {
      if (Buffer.isBuffer(slice)) buffers.push(slice)
      else {
        const bytes = Buffer.alloc(slice.sizeInBytes)
        await slice.read(bytes, 0)
        buffers.push(bytes)
      }
    }
    region.release()
  }
  return Buffer.concat(buffers).subarray(4)
}
