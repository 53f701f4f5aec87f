/**
 * The broker in a node: logs, replicas, coordinators and the broker's life in the cluster. Its parts are built in the
 * order in which each needs the one before; nothing is served before `start`.
 */
import { dynamicNamesWithoutEffect } from '../config/served-configuration.ts'
import { buildLogConfig } from '../config/topic-config.ts'
import type { Broker } from '../handlers/broker.ts'
import type { LogManager } from '../log/log-manager.ts'
import { directoryOf } from '../metadata/partition-registration.ts'
import { createNodeCleaner } from '../node-cleaner.ts'
import { AutoTopicCreation } from '../runtime/broker/auto-topic-creation.ts'
import { BrokerLifecycle } from '../runtime/broker/broker-lifecycle.ts'
import { DirectoryAssignments } from '../runtime/broker/directory-assignments.ts'
import { LiveBrokers } from '../runtime/broker/live-brokers.ts'
import { LogDirectories } from '../runtime/broker/log-directories.ts'
import { ProducerIdSource } from '../runtime/broker/producer-id-source.ts'
import { TopicReadiness } from '../runtime/broker/topic-readiness.ts'
import type { ControllerChannels } from '../runtime/controller/controller-network-channel.ts'
import { createGroupCoordinator } from '../runtime/coordinator/group-coordinator-factory.ts'
import type { GroupCoordinatorService } from '../runtime/coordinator/group-coordinator-service.ts'
import { createFetchEnvironment } from '../runtime/fetch/fetch-environment.ts'
import { FetchSessionCache } from '../runtime/fetch/fetch-session-cache.ts'
import { FetchBudget } from '../runtime/fetch/fetched-records.ts'
import type { MetadataPublisher } from '../runtime/raft/metadata-publisher.ts'
import { IsrChanges } from '../runtime/replica/isr-changes.ts'
import { ReplicaFetchers } from '../runtime/replica/replica-fetchers.ts'
import { ReplicaManager } from '../runtime/replica/replica-manager.ts'
import { ReplicaMover } from '../runtime/replica/replica-mover.ts'
import type { OpenListener } from '../server/tcp-server.ts'
import { brokerEndpoints } from './endpoints.ts'
import { openLogManager } from './log-opening.ts'
import { joinServices, type NodeEnvironment, type SharedServices } from './node-environment.ts'

/** Records of all answers under way, in bytes. */
const fetchBudgetBytes = 256 * 1024 * 1024
const shutdownTimeoutMs = 5_000

export interface BrokerRoleParts {
  readonly environment: NodeEnvironment
  readonly logs: LogManager
  readonly publisher: MetadataPublisher
  /** Ways to the active controller. */
  readonly channels: ControllerChannels
  readonly isControllerKnown: () => boolean
  /** Listeners for clients that are open already. */
  readonly openListeners: () => readonly OpenListener[]
  /** What every node serves. */
  readonly services: SharedServices
  /** Opens the listeners for clients that are not open yet; called when all that they may ask for is there. */
  readonly listen: () => Promise<void>
}

export class BrokerRole {
  readonly broker: Broker
  readonly #parts: BrokerRoleParts
  readonly #logs: LogManager
  readonly #assignments: DirectoryAssignments
  readonly #isrChanges: IsrChanges
  readonly #followers: ReplicaFetchers
  readonly #replicaManager: ReplicaManager
  readonly #lifecycle: BrokerLifecycle

  constructor(parts: BrokerRoleParts) {
    this.#parts = parts
    this.#logs = parts.logs
    const { config, machine, loggers } = parts.environment
    this.#assignments = new DirectoryAssignments({
      brokerId: config.nodeId,
      brokerEpoch: () => this.brokerEpoch,
      controller: parts.channels.open(),
      clock: machine.clock,
      logger: loggers.logger('ottla.broker'),
    })
    this.#isrChanges = new IsrChanges({
      brokerId: config.nodeId,
      brokerEpoch: () => this.brokerEpoch,
      controller: parts.channels.open(),
      clock: machine.clock,
      logger: loggers.logger('ottla.replica'),
      lagTimeMaxMs: config.replicaLagTimeMaxMs,
    })
    const mover = this.#createReplicaMover()
    this.#followers = this.#createFollowers()
    this.#replicaManager = this.#createReplicaManager(mover)
    this.broker = this.#createBroker(mover)
    this.#lifecycle = this.#createLifecycle()
  }

  /** Opens the log directories, which are locked from then on; before anything else of a broker is built. */
  static openLogs(environment: NodeEnvironment, role: () => BrokerRole | undefined): Promise<LogManager> {
    return openLogManager(environment, () => role()?.heartbeatSoon())
  }

  /** -1 before the registration. */
  get brokerEpoch(): number {
    return this.#lifecycle.brokerEpoch
  }

  heartbeatSoon(): void {
    this.#lifecycle.heartbeatSoon()
  }

  /**
   * Registers, opens the logs, serves; resolves when the controller has unfenced this broker. Into `stops` goes what must be
   * done while it still serves.
   */
  async start(stops: NodeEnvironment['stops']): Promise<void> {
    const { config } = this.#parts.environment
    config.onChange(() => this.heartbeatSoon())
    this.#isrChanges.start(this.#replicaManager)
    stops.push(
      () => this.#assignments.stop(),
      () => this.#isrChanges.stop(),
      () => this.#lifecycle.shutDown(shutdownTimeoutMs),
      () => this.broker.liveBrokers.close(),
    )
    await this.#lifecycle.start()
    void this.broker.producerIds.prefetch()
    this.#logs.start()
    this.#startCleaner()
  }

  #startCleaner(): void {
    const { config, machine, codecs, loggers, stops } = this.#parts.environment
    if (!config.logCleanerEnable) return
    const { fileSystem, clock, random } = machine
    const logger = loggers.logger('ottla.log.cleaner')
    const cleaner = createNodeCleaner({ config, logs: this.#logs, fileSystem, codecs, clock, random, logger })
    stops.push(() => cleaner.close())
    cleaner.start()
  }

  #createReplicaMover(): ReplicaMover {
    const { config, machine, loggers, stops } = this.#parts.environment
    const mover = new ReplicaMover({
      logs: this.#logs,
      assignments: this.#assignments,
      clock: machine.clock,
      logger: loggers.logger('ottla.replica'),
      copiesMax: config.replicaAlterLogDirsThreads,
      bytesPerSecondMax: () => config.replicaAlterLogDirsBytesPerSecondMax,
    })
    stops.push(() => mover.stop())
    return mover
  }

  #createFollowers(): ReplicaFetchers {
    const { config, machine, loggers, stops } = this.#parts.environment
    const { image } = this.#parts.publisher
    const followers = new ReplicaFetchers({
      brokerId: config.nodeId,
      brokerEpoch: () => this.brokerEpoch,
      metadataVersion: () => image.metadataVersion,
      endpointOf: (brokerId) =>
        image.cluster.broker(brokerId)?.endpoints.find(({ name }) => name === config.interBrokerListenerName),
      network: machine.network,
      clock: machine.clock,
      logger: loggers.logger('ottla.replica'),
      config,
      throttledReplicasOf: (topic) => image.configs.topic(topic).get('follower.replication.throttled.replicas'),
    })
    stops.push(() => followers.stop())
    return followers
  }

  #createReplicaManager(mover: ReplicaMover): ReplicaManager {
    const { config, machine, loggers, codecs } = this.#parts.environment
    const { image } = this.#parts.publisher
    return new ReplicaManager({
      brokerId: config.nodeId,
      followers: this.#followers,
      logs: this.#logs,
      image,
      clock: machine.clock,
      logger: loggers.logger('ottla.replica'),
      codecs,
      lagTimeMaxMs: config.replicaLagTimeMaxMs,
      isrChanges: this.#isrChanges,
      logConfigFor: (topic) => buildLogConfig(image.configs.topic(topic), config),
      onLogOpened: (partition, log, known) => {
        const directoryId = this.#logs.directoryOf(log)?.directoryId
        if (directoryId !== undefined && directoryId !== known) {
          this.#assignments.assign(partition.topicId, partition.index, directoryId)
        }
        mover.resume(partition, log)
      },
    })
  }

  #createBroker(mover: ReplicaMover): Broker {
    const { environment, publisher, services, channels } = this.#parts
    const { config, loggers } = environment
    const { clock, random, fileSystem } = environment.machine
    const logger = loggers.logger('ottla.broker')
    const replicaManager = this.#replicaManager
    const controller = channels.open()
    const liveBrokers = new LiveBrokers(publisher.image, clock)
    publisher.subscribe(liveBrokers)
    const topicReadiness = new TopicReadiness({ brokerId: config.nodeId, publisher, partitions: replicaManager, clock })
    const own = {
      logger,
      controller,
      topicReadiness,
      replicaManager,
      logDirectories: new LogDirectories({
        paths: config.logDirs,
        fileSystem,
        logs: this.#logs,
        mover,
        replicaManager,
        isCordoned: (path) => config.isLogDirCordoned(path),
      }),
      groupCoordinator: this.#createGroupCoordinator(),
      fetchSessions: new FetchSessionCache({ sessionsMax: config.maxIncrementalFetchSessionCacheSlots, clock, random }),
      fetches: createFetchEnvironment({
        ...{ config, image: publisher.image, manager: replicaManager, clock },
        budget: new FetchBudget(fetchBudgetBytes),
      }),
      liveBrokers,
      autoTopicCreation: new AutoTopicCreation({ config, controller, readiness: topicReadiness, clock }),
      producerIds: new ProducerIdSource({
        brokerId: config.nodeId,
        brokerEpoch: () => this.brokerEpoch,
        controller: channels.open(),
        clock,
        logger,
      }),
    }
    return joinServices(own, services)
  }

  #createGroupCoordinator(): GroupCoordinatorService {
    const { config, machine, loggers, codecs, stops } = this.#parts.environment
    const coordinator = createGroupCoordinator({
      config,
      image: this.#parts.publisher.image,
      replicaManager: this.#replicaManager,
      clock: machine.clock,
      random: machine.random,
      logger: loggers.logger('ottla.coordinator'),
      codecs,
    })
    stops.push(() => coordinator.close())
    return coordinator
  }

  #createLifecycle(): BrokerLifecycle {
    const { environment, publisher, channels, openListeners, listen } = this.#parts
    const { config, clusterId, machine, loggers } = environment
    const logs = this.#logs
    const directoriesWhere = (matches: (directory: LogManager['directories'][number]) => boolean) => () =>
      logs.directories.filter(matches).map(({ directoryId }) => directoryId)
    return new BrokerLifecycle({
      brokerId: config.nodeId,
      clusterId,
      get endpoints() {
        return brokerEndpoints(config, machine.hostName, openListeners())
      },
      rack: config.rack ?? null,
      logDirectoryIds: directoriesWhere(() => true),
      offlineLogDirectoryIds: directoriesWhere(({ isOnline }) => !isOnline),
      cordonedLogDirectoryIds: directoriesWhere(({ path }) => config.isLogDirCordoned(path)),
      previousBrokerEpoch: logs.previousBrokerEpoch,
      controller: channels.open(config.brokerSessionTimeoutMs),
      isControllerKnown: this.#parts.isControllerKnown,
      publisher,
      clock: machine.clock,
      random: machine.random,
      logger: loggers.logger('ottla.broker'),
      heartbeatIntervalMs: config.brokerHeartbeatIntervalMs,
      registrationTimeoutMs: config.initialBrokerRegistrationTimeoutMs,
      openLogs: async () => {
        await this.#loadLogs()
        // What is served must be known to lie where it lies, should that directory be missing at the next start.
        await this.#assignments.whenRecorded()
        await listen()
      },
    })
  }

  /** The image shows the registration: dynamic settings first, then the partitions, then who listens to them. */
  async #loadLogs(): Promise<void> {
    const { environment, publisher } = this.#parts
    const { config } = environment
    const { image } = publisher
    const replicaManager = this.#replicaManager
    followDynamicSettings(environment, publisher)
    await this.#logs.loadLogs({
      configFor: (topic) => buildLogConfig(image.configs.topic(topic), config),
      isStray: (topicId, _topic, partition) => replicaManager.isStray(topicId, partition),
      assignedDirectory: (topicId, partition) => {
        const registration = image.topics.getPartition(topicId, partition)
        return registration === undefined ? undefined : directoryOf(registration, config.nodeId)
      },
    })
    config.onChange(() => replicaManager.refreshLogConfigs())
    publisher.subscribe({ onMetadataChange: (delta) => replicaManager.onMetadataChange(delta) })
    // Behind the replica manager, which says who is followed.
    publisher.subscribe({ onMetadataChange: (delta) => this.#followers.onMetadataChange(delta) })
    config.onChange(() => this.#followers.onConfigChange())
    publisher.subscribe({ onMetadataChange: (delta) => this.broker.groupCoordinator.onMetadataChange(delta) })
    publisher.publish()
    await replicaManager.whenSettled()
  }
}

/** Settings that were changed at run time hold from now on, and whenever they change. */
export function followDynamicSettings(
  { config, loggers }: NodeEnvironment,
  publisher: Pick<MetadataPublisher, 'image' | 'subscribe'>,
): void {
  const logger = loggers.logger('ottla.broker')
  const { image } = publisher
  let toldNames = ''
  const apply = (): void => {
    config.setDynamic(image.configs.brokerDefaults, image.configs.broker(config.nodeId), (error) => {
      logger.warn(`a dynamic setting is passed over: ${error.message}`)
    })
    const names = dynamicNamesWithoutEffect(config).join(', ')
    if (names !== '' && names !== toldNames) {
      logger.warn(`set at run time, but without effect in this version: ${names}`)
    }
    toldNames = names
  }
  apply()
  publisher.subscribe({ onMetadataChange: apply })
}
