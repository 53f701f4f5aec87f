/**
 * The partitions that this broker holds replicas of. The metadata publisher hands it every delta; it opens, creates and
 * removes logs accordingly and gives each partition its role. Handlers and coordinators look partitions up here.
 *
 * Roles follow the metadata in its order: a later change of a partition waits for the log that an earlier one opens, and
 * only the newest counts. What the metadata does not place here is not served, whatever lies on the disk.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { LogConfig } from '../../config/log-config.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { configResourceTypes } from '../../metadata/config-resource.ts'
import { isReservedDirectoryId } from '../../metadata/directory-id.ts'
import type { MetadataDelta } from '../../metadata/metadata-delta.ts'
import type { MetadataImage } from '../../metadata/metadata-image.ts'
import { directoryOf, type PartitionRegistration } from '../../metadata/partition-registration.ts'
import { type ErrorCode, errorCodes } from '../../protocol/errors.ts'
import type { Codecs } from '../../protocol/record/compression.ts'
import { type IsrProposals, Partition, type PartitionEnvironment } from './partition.ts'
import type { ReplicaFollowers } from './replica-fetchers.ts'

/** What the replica manager needs of log/log-manager.ts. */
export interface Logs {
  getOrCreateLog(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    directoryId?: Uuid,
  ): Promise<PartitionLog>
  deleteLog(topic: string, partition: number): Promise<void>
}

export interface ReplicaManagerOptions {
  readonly brokerId: number
  readonly logs: Logs
  /** What is committed; read, never changed. */
  readonly image: MetadataImage
  readonly clock: Clock
  readonly logger: Logger
  readonly codecs: Codecs
  /** The settings of a topic's logs as they are now. */
  readonly logConfigFor: (topic: string) => LogConfig
  /** A partition's log is open; `directoryId` is where the metadata has it, undefined for nowhere. */
  readonly onLogOpened?: (partition: Partition, log: PartitionLog, directoryId: Uuid | undefined) => void
  /** Fetches what others lead; a broker that is alone has none. */
  readonly followers?: ReplicaFollowers
  /** replica.lag.time.max.ms */
  readonly lagTimeMaxMs?: number
  /** Where partitions propose changes of their in-sync replicas. */
  readonly isrChanges?: IsrProposals
}

/** Told who leads what here: coordinators, and those who wait until a partition is served. */
export interface LeadershipListener {
  /** This broker leads the partition in `partition.leaderEpoch`, and serves it. */
  onElected?(partition: Partition): void
  /** It does not any more: another leads, its disk failed or it is removed. */
  onResigned?(partition: Partition, leaderEpoch: number): void
}

interface HostedTopic {
  readonly id: Uuid
  readonly name: string
  /** By partition index; empty where this broker has no replica. */
  readonly partitions: (Partition | undefined)[]
}

export class ReplicaManager {
  readonly #options: ReplicaManagerOptions
  readonly #environment: PartitionEnvironment
  readonly #byName = new Map<string, HostedTopic>()
  readonly #byId = new Map<Uuid, HostedTopic>()
  readonly #listeners: LeadershipListener[] = []
  /** Partitions whose log is being opened, or cut, with the newest registration. */
  readonly #opening = new Map<Partition, PartitionRegistration>()
  readonly #underWay = new Set<Promise<void>>()
  #requestMark = 0

  constructor(options: ReplicaManagerOptions) {
    this.#options = options
    this.#environment = {
      brokerId: options.brokerId,
      clock: options.clock,
      codecs: options.codecs,
      lagTimeMaxMs: options.lagTimeMaxMs ?? 30_000,
      ...(options.isrChanges === undefined ? {} : { isrChanges: options.isrChanges }),
      onOffline: (partition, wasLeader) => {
        options.followers?.unfollow(partition)
        if (wasLeader) this.#tellResigned(partition, partition.leaderEpoch)
      },
      eligibility: {
        isEligible: (brokerId, brokerEpoch) => {
          const broker = options.image.cluster.broker(brokerId)
          if (broker === undefined || !options.image.isActiveBroker(brokerId)) return false
          return brokerEpoch === -1 || brokerEpoch === broker.epoch
        },
        isSuperseded: (brokerId, brokerEpoch) => {
          const broker = options.image.cluster.broker(brokerId)
          return brokerEpoch !== -1 && broker !== undefined && !broker.isFenced && broker.epoch > brokerEpoch
        },
      },
    }
  }

  get brokerId(): number {
    return this.#options.brokerId
  }

  /** The replica of a partition here, whatever its state. */
  partition(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[index]
  }

  partitionById(topicId: Uuid, index: number): Partition | undefined {
    return this.#byId.get(topicId)?.partitions[index]
  }

  *partitions(): Iterable<Partition> {
    for (const topic of this.#byId.values()) {
      for (const partition of topic.partitions) if (partition !== undefined) yield partition
    }
  }

  /** Why there is no partition here: it may be led elsewhere, or not exist. For one that exists its own `leaderError` says. */
  missingError(topic: string, index: number): ErrorCode {
    const isKnown = this.#options.image.topics.getByName(topic)?.partitions.has(index)
    return isKnown === true ? errorCodes.NOT_LEADER_OR_FOLLOWER : errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  }

  missingErrorById(topicId: Uuid, index: number): ErrorCode {
    const topic = this.#options.image.topics.get(topicId)
    if (topic === undefined) return errorCodes.UNKNOWN_TOPIC_ID
    return topic.partitions.has(index) ? errorCodes.NOT_LEADER_OR_FOLLOWER : errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  }

  /** A number that no request had before; see Partition.requestMark. */
  nextRequestMark(): number {
    return ++this.#requestMark
  }

  /** This broker leads the partition and takes requests for it. */
  isServing(topicId: Uuid, index: number): boolean {
    return this.partitionById(topicId, index)?.state === 'leader'
  }

  /** From now on; `partitions()` tells what is led already. */
  addLeadershipListener(listener: LeadershipListener): void {
    this.#listeners.push(listener)
  }

  removeLeadershipListener(listener: LeadershipListener): void {
    const at = this.#listeners.indexOf(listener)
    if (at >= 0) this.#listeners.splice(at, 1)
  }

  /** True when the metadata places no replica of this partition here: for LogManager.loadLogs. */
  isStray(topicId: Uuid, index: number): boolean {
    const registration = this.#options.image.topics.getPartition(topicId, index)
    return registration === undefined || !registration.replicas.includes(this.#options.brokerId)
  }

  /** The image is what `delta` led to. Roles change at once where the log is open; see `whenSettled` for the others. */
  onMetadataChange(delta: MetadataDelta): void {
    for (const topic of delta.deletedTopics.values()) {
      for (const index of topic.partitions.keys()) this.#remove(topic.id, index)
    }
    for (const { topic, partitions } of delta.changedTopics.values()) {
      for (const [index, { current }] of partitions) {
        if (current?.replicas.includes(this.#options.brokerId) === true) {
          this.#assign(topic.id, topic.name, index, current)
        } else this.#remove(topic.id, index)
      }
    }
    this.#onConfigChanges(delta)
    if (delta.brokers.size === 0) return
    for (const partition of this.partitions()) {
      for (const brokerId of delta.brokers.keys()) partition.onBrokerChange(brokerId)
    }
  }

  /** Resolves when no log is being opened or removed. */
  async whenSettled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** The broker's own settings changed: every log's may have. */
  refreshLogConfigs(): void {
    for (const topic of this.#byName.values()) this.#refreshTopic(topic)
  }

  #onConfigChanges(delta: MetadataDelta): void {
    for (const { resource } of delta.configs.values()) {
      if (resource.type === configResourceTypes.broker) {
        this.refreshLogConfigs()
        return
      }
      const topic = resource.type === configResourceTypes.topic ? this.#byName.get(resource.name) : undefined
      if (topic !== undefined) this.#refreshTopic(topic)
    }
  }

  #refreshTopic(topic: HostedTopic): void {
    const config = this.#options.logConfigFor(topic.name)
    for (const partition of topic.partitions) {
      if (partition?.log === undefined) continue
      partition.log.updateConfig(config)
      partition.onConfigChange()
    }
  }

  #assign(topicId: Uuid, topicName: string, index: number, registration: PartitionRegistration): void {
    const topic = this.#hostedTopic(topicId, topicName)
    let partition = topic.partitions[index]
    if (partition === undefined) {
      partition = new Partition(this.#environment, topicName, topicId, index)
      topic.partitions[index] = partition
    }
    if (partition.state === 'offline') return
    if (partition.log !== undefined && !partition.isChangingEnd && !this.#opening.has(partition)) {
      this.#giveRole(partition, partition.log, registration)
      return
    }
    const isOpening = this.#opening.has(partition)
    this.#opening.set(partition, registration)
    if (!isOpening) this.#track(partition.log === undefined ? this.#open(partition) : this.#settleEnd(partition))
  }

  #hostedTopic(id: Uuid, name: string): HostedTopic {
    let topic = this.#byId.get(id)
    if (topic === undefined) {
      topic = { id, name, partitions: [] }
      this.#byId.set(id, topic)
      this.#byName.set(name, topic)
    }
    return topic
  }

  async #open(partition: Partition): Promise<void> {
    const { logs, logger, brokerId, logConfigFor } = this.#options
    const { topic, topicId, index } = partition
    const assigned = directoryOf(this.#opening.get(partition)!, brokerId)
    const directoryId = assigned === undefined || isReservedDirectoryId(assigned) ? undefined : assigned
    try {
      const log = await logs.getOrCreateLog(topic, index, topicId, logConfigFor(topic), directoryId)
      const registration = this.#opening.get(partition)
      this.#opening.delete(partition)
      if (registration === undefined) return
      this.#options.onLogOpened?.(partition, log, directoryId)
      if (log.isOffline) partition.goOffline()
      else this.#giveRole(partition, log, registration)
    } catch (error) {
      this.#opening.delete(partition)
      logger.error('a partition cannot be served', { partition: partition.name, error: (error as Error).message })
      partition.goOffline()
    }
  }

  /** A role waits until the cut of the log, which an earlier leader asked for, is done. */
  async #settleEnd(partition: Partition): Promise<void> {
    // Nothing more is changed for that leader's sake.
    this.#options.followers?.unfollow(partition)
    await partition.whenEndSettled()
    const registration = this.#opening.get(partition)
    this.#opening.delete(partition)
    if (registration === undefined || partition.state === 'offline') return
    this.#giveRole(partition, partition.log!, registration)
  }

  #giveRole(partition: Partition, log: PartitionLog, registration: PartitionRegistration): void {
    const wasServing = partition.state === 'leader'
    const epochBefore = partition.leaderEpoch
    if (registration.leader !== this.#options.brokerId) {
      partition.becomeFollower(log, registration.leader, registration.leaderEpoch)
      this.#options.followers?.follow(partition)
      if (wasServing) this.#tellResigned(partition, epochBefore)
      return
    }
    this.#options.followers?.unfollow(partition)
    const { replicas, isr: inSyncReplicas, leaderEpoch, partitionEpoch } = registration
    partition.becomeLeader(log, { replicas, inSyncReplicas, leaderEpoch, partitionEpoch })
    if (wasServing && epochBefore === leaderEpoch) return
    if (wasServing) this.#tellResigned(partition, epochBefore)
    for (const listener of [...this.#listeners]) listener.onElected?.(partition)
  }

  #tellResigned(partition: Partition, leaderEpoch: number): void {
    for (const listener of [...this.#listeners]) listener.onResigned?.(partition, leaderEpoch)
  }

  #remove(topicId: Uuid, index: number): void {
    const topic = this.#byId.get(topicId)
    const partition = topic?.partitions[index]
    if (topic === undefined || partition === undefined) return
    delete topic.partitions[index]
    if (topic.partitions.every((other) => other === undefined)) {
      this.#byId.delete(topicId)
      if (this.#byName.get(topic.name) === topic) this.#byName.delete(topic.name)
    }
    const wasServing = partition.state === 'leader'
    this.#opening.delete(partition)
    this.#options.followers?.unfollow(partition)
    partition.remove()
    if (wasServing) this.#tellResigned(partition, partition.leaderEpoch)
    this.#track(this.#delete(partition))
  }

  async #delete(partition: Partition): Promise<void> {
    try {
      await this.#options.logs.deleteLog(partition.topic, partition.index)
    } catch (error) {
      const { message } = error as Error
      this.#options.logger.error('a log cannot be deleted', { partition: partition.name, error: message })
    }
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work)
    void work.then(() => this.#underWay.delete(work))
  }
}
