/**
 * Puts one node together and takes it apart: raft, controller, logs, replica manager, coordinator, server. Built by
 * node.ts, in the order in which each part needs the one before.
 */
import type { Clock } from './base/clock.ts'
import { LeveledLoggers } from './base/leveled-loggers.ts'
import type { Logger, NamedLoggers } from './base/logger.ts'
import { randomUuid, type Uuid, zeroUuid } from './base/uuid.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { dynamicNamesWithoutEffect } from './config/served-configuration.ts'
import { buildLogConfig } from './config/topic-config.ts'
import type { Broker } from './handlers/broker.ts'
import { handlers } from './handlers/index.ts'
import { NodeCodecs } from './io/codecs/node-codecs.ts'
import { findNativeCrc32c } from './io/crc32c.ts'
import { IoLanes } from './io/io-lanes.ts'
import { NodeClock } from './io/node-clock.ts'
import { NodeFileSystem } from './io/node-file-system.ts'
import { nodeHashing } from './io/node-hashing.ts'
import { NodeNetwork } from './io/node-network.ts'
import { NodeRandom } from './io/node-random.ts'
import { metadataPartitionName } from './log/file-names.ts'
import type { FileSystem } from './log/file-system.ts'
import { createLogEnvironment } from './log/log-environment.ts'
import { LogManager } from './log/log-manager.ts'
import { decodeMetadataRecord } from './metadata/metadata-record-codec.ts'
import { directoryOf } from './metadata/partition-registration.ts'
import { createNodeCleaner } from './node-cleaner.ts'
import { installCrc32c } from './protocol/record/crc32c.ts'
import { defaultRaftTimings } from './raft/raft-io.ts'
import { AutoTopicCreation } from './runtime/auto-topic-creation.ts'
import { BrokerLifecycle } from './runtime/broker-lifecycle.ts'
import { LocalControllerChannel } from './runtime/controller-local-channel.ts'
import { registerController } from './runtime/controller-registration.ts'
import { ControllerRuntime } from './runtime/controller-runtime.ts'
import { DirectoryAssignments } from './runtime/directory-assignments.ts'
import { FetchSessionCache } from './runtime/fetch-session-cache.ts'
import { FetchBudget } from './runtime/fetched-records.ts'
import { createGroupCoordinator } from './runtime/group-coordinator-factory.ts'
import { LogDirectories } from './runtime/log-directories.ts'
import { MetadataFeed } from './runtime/metadata-feed.ts'
import { MetadataPublisher } from './runtime/metadata-publisher.ts'
import { MetadataSnapshots } from './runtime/metadata-snapshots.ts'
import { ProducerIdSource } from './runtime/producer-id-source.ts'
import { RaftDriver } from './runtime/raft-driver.ts'
import { readBootstrapRecords } from './runtime/raft-format.ts'
import { noRaftNetwork } from './runtime/raft-no-network.ts'
import { ReplicaManager } from './runtime/replica-manager.ts'
import { ReplicaMover } from './runtime/replica-mover.ts'
import { TopicReadiness } from './runtime/topic-readiness.ts'
import { type OpenListener, TcpServer } from './server/tcp-server.ts'

/** Records of all answers under way, in bytes. */
const fetchBudgetBytes = 256 * 1024 * 1024
const stopGraceMs = 5_000
const shutdownTimeoutMs = 5_000
const securityProtocolNumbers = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const

export interface NodeBrokerOptions {
  readonly config: BrokerConfig
  readonly logger: Logger
  readonly clusterId: Uuid
  /** Of the directory that holds the metadata log. */
  readonly directoryId: Uuid
  readonly machine: Machine
}

/** What a node takes of its surroundings; an embedded one has others than a process of its own. */
export interface Machine {
  /** Closed with the node. */
  readonly clock: Clock & { close(): void }
  readonly fileSystem: FileSystem
}

/** This machine's clock and disks. */
export function realMachine({ logDirs, metadataLogDir }: BrokerConfig): Machine {
  const lanes = new IoLanes(logDirs, `${metadataLogDir}/${metadataPartitionName}`)
  return { clock: new NodeClock(), fileSystem: new NodeFileSystem(lanes) }
}

export class NodeBroker {
  readonly halted: Promise<string>
  readonly #options: NodeBrokerOptions
  readonly #loggers: NamedLoggers
  readonly #clock: Machine['clock']
  readonly #random = new NodeRandom()
  readonly #fileSystem: FileSystem
  readonly #codecs = new NodeCodecs()
  readonly #publisher = new MetadataPublisher()
  readonly #stops: (() => Promise<void> | void)[] = []
  #halt: (reason: string) => void = () => {}
  #isStopped = false
  #broker: Broker | undefined

  constructor(options: NodeBrokerOptions) {
    this.#options = options
    // A logger of the embedding program's own decides by itself what it shows.
    this.#loggers = options.logger.named ?? new LeveledLoggers('TRACE', options.logger)
    this.#clock = options.machine.clock
    this.#fileSystem = options.machine.fileSystem
    this.halted = new Promise((resolve) => {
      this.#halt = resolve
    })
  }

  /** What serves its handlers; undefined until it is started. */
  get broker(): Broker | undefined {
    return this.#broker
  }

  /** Resolves with the open listeners when clients are served. */
  async start(): Promise<OpenListener[]> {
    try {
      return await this.#start()
    } catch (error) {
      await this.stop().catch(() => {})
      throw error
    }
  }

  /** Takes apart what was built, last first, all of it. Rejects with what failed first. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const failures: unknown[] = []
    for (let part = this.#stops.pop(); part !== undefined; part = this.#stops.pop()) {
      try {
        await part()
      } catch (error) {
        failures.push(error)
      }
    }
    this.#clock.close()
    if (failures.length > 0) throw failures[0]
  }

  async #start(): Promise<OpenListener[]> {
    const { config, clusterId } = this.#options
    installCrc32c(findNativeCrc32c())
    let lifecycle: BrokerLifecycle | undefined
    const logs = await this.#openLogManager(() => lifecycle?.heartbeatSoon())
    this.#stops.push(() => logs.shutdown({ brokerEpoch: lifecycle?.brokerEpoch ?? -1 }))
    const { controller, driver } = await this.#startController()
    const channel = new LocalControllerChannel({ controller, clock: this.#clock, timeoutMs: config.requestTimeoutMs })
    const brokerEpoch = (): number => lifecycle?.brokerEpoch ?? -1
    const assignments = new DirectoryAssignments({
      brokerId: config.nodeId,
      brokerEpoch,
      controller: channel,
      clock: this.#clock,
      logger: this.#loggers.logger('ottla.broker'),
    })
    const mover = this.#createReplicaMover(logs, assignments)
    const replicaManager = this.#createReplicaManager(logs, assignments, mover)
    const broker = this.#createBroker({
      clusterId,
      controller: channel,
      logs,
      mover,
      replicaManager,
      driver,
      brokerEpoch,
    })
    this.#broker = broker
    lifecycle = this.#createLifecycle({ logs, channel, replicaManager, broker, assignments })
    this.#registerController(channel)
    config.onChange(() => lifecycle?.heartbeatSoon())
    const running = lifecycle
    this.#stops.push(
      () => running.shutDown(shutdownTimeoutMs),
      () => assignments.stop(),
    )
    await lifecycle.start()
    void broker.producerIds.prefetch()
    logs.start()
    this.#startCleaner(logs)
    const server = new TcpServer({
      network: new NodeNetwork(),
      clock: this.#clock,
      logger: this.#loggers.logger('ottla.server'),
      config,
      services: { broker, controller: broker },
      served: handlers,
    })
    this.#stops.push(() => server.stop(stopGraceMs))
    const open: OpenListener[] = []
    for (const listener of config.brokerListeners) open.push(await server.listen(listener, 'broker'))
    for (const listener of config.controllerListeners) open.push(await server.listen(listener, 'controller'))
    return open
  }

  #startCleaner(logs: LogManager): void {
    const { config } = this.#options
    if (!config.logCleanerEnable) return
    const [fileSystem, codecs, clock, random] = [this.#fileSystem, this.#codecs, this.#clock, this.#random]
    const logger = this.#loggers.logger('ottla.log.cleaner')
    const cleaner = createNodeCleaner({ config, logs, fileSystem, codecs, clock, random, logger })
    this.#stops.push(() => cleaner.close())
    cleaner.start()
  }

  async #openLogManager(onDirectoryFailure: () => void): Promise<LogManager> {
    const { config, clusterId } = this.#options
    const logger = this.#loggers.logger('ottla.log')
    const manager = await LogManager.open({
      directories: config.logDirs,
      clusterId,
      nodeId: config.nodeId,
      fileSystem: this.#fileSystem,
      clock: this.#clock,
      random: this.#random,
      logger,
      codecs: this.#codecs,
      producerIdExpirationMs: () => config.producerIdExpirationMs,
      intervals: {
        checkpointMs: config.logFlushOffsetCheckpointIntervalMs,
        highWatermarkMs: config.replicaHighWatermarkCheckpointIntervalMs,
        retentionMs: config.logRetentionCheckIntervalMs,
        producerExpirationCheckMs: 600_000,
        flushCheckMs: 1000,
      },
      leavesCompactedToCleaner: config.logCleanerEnable,
      isCordoned: (path) => config.isLogDirCordoned(path),
      onDirectoryFailure: ({ path }, error) => {
        if (!manager.directories.some(({ isOnline }) => isOnline))
          this.#halt(`no log directory is left: ${error.message}`)
        else if (path === config.metadataLogDir) this.#halt(`the directory of its metadata failed: ${error.message}`)
        else onDirectoryFailure()
      },
    })
    return manager
  }

  async #startController(): Promise<{ controller: ControllerRuntime; driver: RaftDriver }> {
    const { config, clusterId, directoryId } = this.#options
    const logger = this.#loggers.logger('ottla.controller')
    const [clock, random, fileSystem] = [this.#clock, this.#random, this.#fileSystem]
    const encoded = await readBootstrapRecords(fileSystem, config.metadataLogDir)
    const bootstrapRecords = encoded.map((bytes) => decodeMetadataRecord(bytes))
    const controller = new ControllerRuntime({
      ...{ config, clusterId, clock, random, logger, bootstrapRecords },
      hashing: nodeHashing,
    })
    const snapshots = new MetadataSnapshots({
      publisher: this.#publisher,
      clock,
      logger,
      maxBytes: config.number('metadata.log.max.record.bytes.between.snapshots'),
      maxIntervalMs: config.number('metadata.log.max.snapshot.interval.ms'),
    })
    const endpoints = config.controllerListeners.map(({ name, host, port }) => {
      return { name, host: host || 'localhost', port }
    })
    const supported = { kraftVersionMin: 0, kraftVersionMax: 1 }
    const driver = await RaftDriver.open({
      logDirectory: config.metadataLogDir,
      config: {
        nodeId: config.nodeId,
        directoryId,
        clusterId,
        canVote: true,
        endpoints,
        ...supported,
        bootstrapServers: [],
        ...defaultRaftTimings,
      },
      // Of a directory that Apache Kafka formatted for voters that the configuration names.
      staticVoters: [{ id: config.nodeId, directoryId: zeroUuid, endpoints, ...supported }],
      logSettings: { segmentBytes: config.metadataLogSegmentBytes, segmentMs: config.metadataLogSegmentMs },
      retention: { bytesMax: config.metadataMaxRetentionBytes, ageMsMax: config.metadataMaxRetentionMs },
      environment: createLogEnvironment({ fileSystem, clock, random }, { logger: this.#loggers.logger('ottla.raft') }),
      network: noRaftNetwork(clock),
      listener: new MetadataFeed([this.#publisher, snapshots, controller]),
      onFailure: (error) => this.#halt(`the metadata log failed: ${error.message}`),
    })
    this.#stops.push(
      () => driver.close(),
      () => controller.close(),
    )
    controller.attach(driver)
    snapshots.start(driver)
    driver.start()
    return { controller, driver }
  }

  #registerController(channel: LocalControllerChannel): void {
    const { config } = this.#options
    const logger = this.#loggers.logger('ottla.controller')
    const registering = registerController({
      controllerId: config.nodeId,
      incarnationId: randomUuid(this.#random),
      endpoints: config.controllerListeners.map(({ name, host, port, securityProtocol }) => {
        return { name, host: host || 'localhost', port, securityProtocol: securityProtocolNumbers[securityProtocol] }
      }),
      controller: channel,
      clock: this.#clock,
      logger,
      isStopped: () => this.#isStopped,
    })
    registering.catch((error: Error) => logger.error(`the controller could not register: ${error.message}`))
  }

  #createReplicaMover(logs: LogManager, assignments: DirectoryAssignments): ReplicaMover {
    const { config, logger } = this.#options
    const mover = new ReplicaMover({
      logs,
      assignments,
      clock: this.#clock,
      logger,
      copiesMax: config.replicaAlterLogDirsThreads,
      bytesPerSecondMax: () => config.replicaAlterLogDirsBytesPerSecondMax,
    })
    this.#stops.push(() => mover.stop())
    return mover
  }

  #createReplicaManager(logs: LogManager, assignments: DirectoryAssignments, mover: ReplicaMover): ReplicaManager {
    const { config } = this.#options
    const logger = this.#loggers.logger('ottla.replica')
    const { image } = this.#publisher
    return new ReplicaManager({
      brokerId: config.nodeId,
      logs,
      image,
      clock: this.#clock,
      logger,
      codecs: this.#codecs,
      logConfigFor: (topic) => buildLogConfig(image.configs.topic(topic), config),
      onLogOpened: (partition, log, known) => {
        const directoryId = logs.directoryOf(log)?.directoryId
        if (directoryId !== undefined && directoryId !== known) {
          assignments.assign(partition.topicId, partition.index, directoryId)
        }
        mover.resume(partition, log)
      },
    })
  }

  #createBroker(parts: {
    readonly clusterId: string
    readonly controller: LocalControllerChannel
    readonly logs: LogManager
    readonly mover: ReplicaMover
    readonly replicaManager: ReplicaManager
    readonly driver: RaftDriver
    readonly brokerEpoch: () => number
  }): Broker {
    const { config } = this.#options
    const logger = this.#loggers.logger('ottla.broker')
    const { controller, replicaManager, driver } = parts
    const [clock, random, publisher] = [this.#clock, this.#random, this.#publisher]
    const { image } = publisher
    const groupCoordinator = createGroupCoordinator({
      config,
      image,
      replicaManager,
      clock,
      random,
      logger: this.#loggers.logger('ottla.coordinator'),
      codecs: this.#codecs,
    })
    this.#stops.push(() => groupCoordinator.close())
    const topicReadiness = new TopicReadiness({ brokerId: config.nodeId, publisher, partitions: replicaManager, clock })
    return {
      nodeId: config.nodeId,
      clusterId: parts.clusterId,
      clock,
      random,
      logger,
      loggers: this.#loggers,
      authorize: () => true,
      config,
      image,
      get kraftVersion() {
        return driver.settings.kraftVersion
      },
      quorum: driver,
      replicaManager,
      logDirectories: new LogDirectories({
        paths: config.logDirs,
        fileSystem: this.#fileSystem,
        logs: parts.logs,
        mover: parts.mover,
        replicaManager,
        isCordoned: (path) => config.isLogDirCordoned(path),
      }),
      groupCoordinator,
      fetchSessions: new FetchSessionCache({ sessionsMax: config.maxIncrementalFetchSessionCacheSlots, clock, random }),
      fetches: { manager: replicaManager, budget: new FetchBudget(fetchBudgetBytes), clock },
      controller,
      topicReadiness,
      autoTopicCreation: new AutoTopicCreation({ config, controller, readiness: topicReadiness, clock }),
      producerIds: new ProducerIdSource({
        brokerId: config.nodeId,
        brokerEpoch: parts.brokerEpoch,
        controller,
        clock,
        logger,
      }),
    }
  }

  #createLifecycle(parts: {
    readonly logs: LogManager
    readonly channel: LocalControllerChannel
    readonly replicaManager: ReplicaManager
    readonly broker: Broker
    readonly assignments: DirectoryAssignments
  }): BrokerLifecycle {
    const { config, clusterId } = this.#options
    const logger = this.#loggers.logger('ottla.broker')
    const { logs, channel, replicaManager, broker, assignments } = parts
    const advertised = config.advertisedListeners ?? config.brokerListeners
    return new BrokerLifecycle({
      brokerId: config.nodeId,
      clusterId,
      endpoints: advertised.map(({ name, host, port, securityProtocol }) => {
        return { name, host: host || 'localhost', port, securityProtocol: securityProtocolNumbers[securityProtocol] }
      }),
      rack: config.rack ?? null,
      logDirectoryIds: () => logs.directories.map((directory) => directory.directoryId),
      offlineLogDirectoryIds: () =>
        logs.directories.filter(({ isOnline }) => !isOnline).map(({ directoryId }) => directoryId),
      cordonedLogDirectoryIds: () =>
        logs.directories.filter(({ path }) => config.isLogDirCordoned(path)).map(({ directoryId }) => directoryId),
      previousBrokerEpoch: logs.previousBrokerEpoch,
      controller: channel,
      publisher: this.#publisher,
      clock: this.#clock,
      random: this.#random,
      logger,
      heartbeatIntervalMs: config.brokerHeartbeatIntervalMs,
      registrationTimeoutMs: config.initialBrokerRegistrationTimeoutMs,
      openLogs: async () => {
        await this.#openLogs(logs, replicaManager, broker)
        // What is served must be known to lie where it lies, should that directory be missing at the next start.
        await assignments.whenRecorded()
      },
    })
  }

  /** The image shows the registration: dynamic settings first, then the partitions, then who listens to them. */
  async #openLogs(logs: LogManager, replicaManager: ReplicaManager, broker: Broker): Promise<void> {
    const { config } = this.#options
    const logger = this.#loggers.logger('ottla.broker')
    const publisher = this.#publisher
    const { image } = publisher
    let toldNames = ''
    const applyDynamic = (): void => {
      config.setDynamic(image.configs.brokerDefaults, image.configs.broker(config.nodeId), (error) => {
        logger.warn(`a dynamic setting is passed over: ${error.message}`)
      })
      const names = dynamicNamesWithoutEffect(config).join(', ')
      if (names !== '' && names !== toldNames) {
        logger.warn(`set at run time, but without effect in this version: ${names}`)
      }
      toldNames = names
    }
    applyDynamic()
    await logs.loadLogs({
      configFor: (topic) => buildLogConfig(image.configs.topic(topic), config),
      isStray: (topicId, _topic, partition) => replicaManager.isStray(topicId, partition),
      assignedDirectory: (topicId, partition) => {
        const registration = image.topics.getPartition(topicId, partition)
        return registration === undefined ? undefined : directoryOf(registration, config.nodeId)
      },
    })
    config.onChange(() => replicaManager.refreshLogConfigs())
    publisher.subscribe({ onMetadataChange: applyDynamic })
    publisher.subscribe({ onMetadataChange: (delta) => replicaManager.onMetadataChange(delta) })
    publisher.subscribe({ onMetadataChange: (delta) => broker.groupCoordinator.onMetadataChange(delta) })
    publisher.publish()
    await replicaManager.whenSettled()
  }
}
