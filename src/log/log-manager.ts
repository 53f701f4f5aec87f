/**
 * All logs of this node over its log directories: opens them at the start, makes, finds and deletes them, saves their
 * checkpoints, applies retention in the background, and keeps one failing directory from taking the others down. The
 * metadata log lies in one of the directories too, but is the raft driver's: `openMetadataLog`.
 */
import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import { metadataTopicId, randomUuid, type Uuid, zeroUuid } from '../base/uuid.ts'
import { defaultLogConfig, type LogConfig } from '../config/log-config.ts'
import { KafkaError } from '../protocol/errors.ts'
import { type Codecs, noCodecs } from '../protocol/record/compression.ts'
import { forEachBounded } from './bounded-parallel.ts'
import {
  asideDirectoryName,
  joinPath,
  metadataPartitionName,
  parsePartitionDirectoryName,
  partitionDirectoryName,
} from './file-names.ts'
import type { FileSystem } from './file-system.ts'
import { IndexCache } from './index-cache.ts'
import { createIoLanes } from './io-lane.ts'
import { type CheckpointName, checkMeta, isDiskError, LogDirectory, readMetaProperties } from './log-directory.ts'
import type { LogEnvironment } from './log-environment.ts'
import { defaultLogManagerIntervals, type LogManagerIntervals } from './log-manager-intervals.ts'
import { OpenFiles } from './open-files.ts'
import { PartitionLog } from './partition-log.ts'
import { TailBudget } from './tail-budget.ts'

export interface LogManagerOptions {
  /** Paths of `log.dirs`; made and formatted when they are not there. */
  readonly directories: readonly string[]
  readonly clusterId: string
  readonly nodeId: number
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** To look into compressed batches by timestamp; without it they cannot be. */
  readonly codecs?: Codecs
  /** A directory failed: its logs answer KAFKA_STORAGE_ERROR from now on. Called once per directory. */
  readonly onDirectoryFailure?: (directory: LogDirectory, error: Error) => void
  /** cordoned.log.dirs: true for a path that gets no new logs while there is another. Default: none. */
  readonly isCordoned?: (path: string) => boolean
  readonly intervals?: LogManagerIntervals
  /** producer.id.expiration.ms as it is now; default a day. */
  readonly producerIdExpirationMs?: () => number
  /** Handles kept open beyond those in use; default 1000. */
  readonly openFilesMax?: number
  /** Memory for the newest bytes of all logs; default 32 MiB. */
  readonly tailBytesMax?: number
  /** Memory for indexes of older segments; default 32 MiB. */
  readonly indexBytesMax?: number
  /** Bytes that may wait to be written per log; default 64 MiB. */
  readonly queuedBytesMax?: number
  /** num.recovery.threads.per.data.dir: logs opened at once per directory; default 8. */
  readonly loadsMax?: number
  /** Operations under way at once per directory; writes default to 4. */
  readonly laneLimits?: { read: number; write: number; flush: number }
}

export interface LoadLogsOptions {
  readonly configFor: (topic: string) => LogConfig
  /** True for a partition that this node should not have any more: it is put aside. Default: none. */
  readonly isStray?: (topicId: Uuid, topic: string, partition: number) => boolean
}

export class LogManager {
  readonly #options: LogManagerOptions
  readonly #directories: LogDirectory[] = []
  /** Directories that failed before they could be opened. */
  readonly #unusable: { path: string; error: Error }[] = []
  readonly #logs = new Map<string, PartitionLog>()
  readonly #pending = new Map<string, Promise<unknown>>()
  readonly #timers = new Map<string, Timer>()
  readonly #removals = new Set<Promise<void>>()
  #isShutDown = false

  private constructor(options: LogManagerOptions) {
    this.#options = options
  }

  /**
   * Locks and opens the directories; `loadLogs` follows. Rejects when one is locked or belongs to another cluster or
   * node, or when none works.
   */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(options)
    const files = new OpenFiles(options.fileSystem, options.openFilesMax ?? 1000)
    const indexCache = new IndexCache(options.indexBytesMax ?? 32 * 1024 * 1024)
    const tailBudget = new TailBudget(options.tailBytesMax ?? 32 * 1024 * 1024)
    const { fileSystem, clock, random, logger, codecs = noCodecs } = options
    try {
      // All are looked at before one is formatted: a wrong one among them must not leave traces in the others.
      const usable: string[] = []
      for (const path of options.directories) if (await manager.#checkDirectory(path)) usable.push(path)
      for (const path of usable) {
        const lanes = createIoLanes(options.laneLimits ?? { read: 8, write: 4, flush: 4 })
        const environment = { fileSystem, files, indexCache, tailBudget, clock, random, logger, codecs, lanes }
        await manager.#openDirectory(path, environment)
      }
      if (manager.#directories.length === 0) throw manager.#unusable[0]!.error
    } catch (error) {
      for (const directory of manager.#directories) await directory.unlock()
      throw error
    }
    return manager
  }

  get directories(): readonly LogDirectory[] {
    return this.#directories
  }

  /** Paths that could not even be opened. */
  get unusableDirectories(): readonly { readonly path: string; readonly error: Error }[] {
    return this.#unusable
  }

  /** Broker epoch of the last clean stop, when all directories work and agree; else -1. */
  get previousBrokerEpoch(): number {
    const epochs = new Set(this.#directories.map((directory) => directory.previousBrokerEpoch))
    const isWhole = this.#unusable.length === 0 && this.#directories.every((directory) => directory.isOnline)
    return isWhole && epochs.size === 1 ? this.#directories[0]!.previousBrokerEpoch : -1
  }

  log(topic: string, partition: number): PartitionLog | undefined {
    return this.#logs.get(partitionDirectoryName(topic, partition))
  }

  get logs(): Iterable<PartitionLog> {
    return this.#logs.values()
  }

  get logsCount(): number {
    return this.#logs.size
  }

  logsInDirectory(path: string): readonly PartitionLog[] {
    return [...(this.#directories.find((directory) => directory.path === path)?.logs ?? [])]
  }

  directoryOf(log: PartitionLog): LogDirectory | undefined {
    return this.#directories.find((directory) => directory.logs.has(log))
  }

  /** Opens the logs of all directories, several at a time. A directory whose disk fails goes offline, the others go on. */
  async loadLogs(options: LoadLogsOptions): Promise<void> {
    await Promise.all(this.#directories.map((directory) => this.#loadDirectory(directory, options)))
  }

  /** Starts checkpoints, retention and the like. */
  start(): void {
    const intervals = this.#options.intervals ?? defaultLogManagerIntervals
    this.#every('checkpoint', intervals.checkpointMs, () => this.#saveCheckpoints('recoveryPoint', 'logStartOffset'))
    this.#every('high watermark', intervals.highWatermarkMs, () => this.#saveCheckpoints('highWatermark'))
    this.#every('retention', intervals.retentionMs, () => this.applyRetention())
    this.#every('flush', intervals.flushCheckMs, () => this.#flushDue())
    this.#every('producer expiration', intervals.producerExpirationCheckMs, async () => {
      const { clock, producerIdExpirationMs } = this.#options
      const expirationMs = producerIdExpirationMs?.() ?? 86_400_000
      for (const log of this.#logs.values()) log.removeExpiredProducers(clock.now(), expirationMs)
    })
  }

  /**
   * The log of a partition, made when there is none, in the online directory with the fewest partitions or the one named
   * by `directoryId`. A log of that name with another topic id is put aside first. Rejects with KAFKA_STORAGE_ERROR, also
   * when the named directory may be one that failed.
   */
  getOrCreateLog(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    directoryId?: Uuid,
  ): Promise<PartitionLog> {
    return this.#serially(topic, partition, async () => {
      const existing = this.log(topic, partition)
      if (existing !== undefined && existing.topicId === zeroUuid) await existing.assignTopicId(topicId)
      if (existing !== undefined && existing.topicId === topicId) {
        existing.updateConfig(config)
        return existing
      }
      if (existing !== undefined) await this.#putAside(existing, 'stray')
      return this.#createLog(topic, partition, topicId, config, directoryId)
    })
  }

  /** Stops serving a log at once and removes its files after its `file.delete.delay.ms`. Nothing happens when there is none. */
  deleteLog(topic: string, partition: number): Promise<void> {
    return this.#serially(topic, partition, async () => {
      const log = this.log(topic, partition)
      if (log === undefined) return
      const path = await this.#putAside(log, 'delete')
      if (path !== undefined) this.#removeLater(path, log.config.fileDeleteDelayMs)
    })
  }

  /** Keeps a log's files under another name, where nobody serves them. */
  putAsideAsStray(topic: string, partition: number): Promise<void> {
    return this.#serially(topic, partition, async () => {
      const log = this.log(topic, partition)
      if (log !== undefined) await this.#putAside(log, 'stray')
    })
  }

  /**
   * The log of `__cluster_metadata-0` in one of the directories, for the raft driver, which closes it: every write is
   * flushed and told to `onFlushed`; it is scanned as a whole, lanes of its own keep it clear of the partitions' IO.
   */
  async openMetadataLog(options: {
    readonly directory: LogDirectory
    readonly config?: LogConfig
    readonly logStartOffset?: number
  }): Promise<PartitionLog> {
    const { directory } = options
    const lanes = createIoLanes({ read: 4, write: 2, flush: 2 })
    const log = await PartitionLog.open({
      directory: joinPath(directory.path, metadataPartitionName),
      topic: '__cluster_metadata',
      partition: 0,
      topicId: metadataTopicId,
      config: options.config ?? defaultLogConfig,
      environment: { ...directory.environment, lanes },
      logStartOffset: options.logStartOffset ?? 0,
      recoveryPoint: 0,
      highWatermark: 0,
      hadCleanShutdown: false,
      flushAlways: true,
    })
    log.addFailureListener((error) => this.handleDirectoryFailure(directory.path, error))
    return log
  }

  /** Takes a directory and its logs offline. */
  handleDirectoryFailure(path: string, error: Error): void {
    const directory = this.#directories.find((candidate) => candidate.path === path)
    if (directory === undefined || !directory.goOffline(error)) return
    this.#options.logger.error('a log directory goes offline', { directory: path, error: error.message })
    for (const log of directory.logs) log.goOffline(error)
    this.#options.onDirectoryFailure?.(directory, error)
  }

  /** Deletes what is due in all logs, one after another. */
  async applyRetention(): Promise<void> {
    for (const log of [...this.#logs.values()]) {
      if (this.#isShutDown || log.isOffline) continue
      const count = await log.deleteOldSegments(this.#options.clock.now()).catch(() => 0)
      if (count > 0) {
        const { topic, partition, logStartOffset } = log
        this.#options.logger.info('old segments were deleted', { topic, partition, count, logStartOffset })
      }
    }
  }

  /** Closes all logs. A directory in which all went well gets its checkpoints and the clean-shutdown mark. */
  async shutdown({ brokerEpoch }: { readonly brokerEpoch: number }): Promise<void> {
    assert(!this.#isShutDown, 'the log manager is shut down once')
    this.#isShutDown = true
    for (const timer of this.#timers.values()) timer.cancel()
    await Promise.all([...this.#pending.values()].map((pending) => pending.catch(() => undefined)))
    await Promise.all(this.#directories.map((directory) => this.#closeDirectory(directory, brokerEpoch)))
    this.#logs.clear()
  }

  /** False when the disk fails. */
  async #checkDirectory(path: string): Promise<boolean> {
    try {
      const meta = await readMetaProperties(this.#options.fileSystem, path)
      if (meta !== undefined) checkMeta(path, meta, this.#options)
      return true
    } catch (error) {
      this.#onUnusable(path, error)
      return false
    }
  }

  async #openDirectory(path: string, environment: LogEnvironment): Promise<void> {
    try {
      this.#directories.push(await LogDirectory.open(path, environment, this.#options))
    } catch (error) {
      this.#onUnusable(path, error)
    }
  }

  #onUnusable(path: string, error: unknown): void {
    if (!isDiskError(error)) throw error
    this.#options.logger.error('a log directory cannot be used', { directory: path, error: error.message })
    this.#unusable.push({ path, error })
  }

  async #loadDirectory(directory: LogDirectory, options: LoadLogsOptions): Promise<void> {
    const { fileSystem } = this.#options
    try {
      const entries = await fileSystem.list(directory.path)
      const names = entries.filter((entry) => entry.isDirectory).map((entry) => entry.name)
      await forEachBounded(names, this.#options.loadsMax ?? 8, (name) => this.#loadLog(directory, name, options))
    } catch (error) {
      if (!isDiskError(error)) throw error
      this.handleDirectoryFailure(directory.path, error)
    }
  }

  async #loadLog(directory: LogDirectory, name: string, options: LoadLogsOptions): Promise<void> {
    const path = joinPath(directory.path, name)
    const parsed = parsePartitionDirectoryName(name)
    if (name === metadataPartitionName || !directory.isOnline) return
    if (parsed?.state === 'deleted') return this.#removeLater(path, defaultLogConfig.fileDeleteDelayMs)
    if (parsed?.state !== 'live') {
      this.#options.logger.warn('a directory is not served', { path })
      return
    }
    const { topic, partition } = parsed
    const log = await this.#openLog(directory, topic, partition, undefined, options.configFor(topic))
    const isDouble = this.#logs.has(name)
    if (isDouble) this.#options.logger.error('a partition lies in two log directories; one is put aside', { path })
    this.#register(directory, log, isDouble)
    if (isDouble || options.isStray?.(log.topicId, topic, partition)) await this.#putAside(log, 'stray')
  }

  async #createLog(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    directoryId: Uuid | undefined,
  ): Promise<PartitionLog> {
    const directory = this.#chooseDirectory(directoryId)
    directory.pendingCount++
    try {
      const log = await this.#openLog(directory, topic, partition, topicId, config)
      this.#register(directory, log, false)
      return log
    } catch (error) {
      if (isDiskError(error)) this.handleDirectoryFailure(directory.path, error)
      directory.checkOnline()
      throw error
    } finally {
      directory.pendingCount--
    }
  }

  #chooseDirectory(directoryId: Uuid | undefined): LogDirectory {
    const online = this.#directories.filter((directory) => directory.isOnline)
    const wanted = online.find((directory) => directory.directoryId === directoryId)
    if (online.length === 0) throw new KafkaError('KAFKA_STORAGE_ERROR', 'No log directory is online')
    const isWhole = this.#unusable.length === 0 && online.length === this.#directories.length
    // The log lies there: an empty one elsewhere would pass for it.
    if (directoryId !== undefined && wanted === undefined && !isWhole)
      throw new KafkaError('KAFKA_STORAGE_ERROR', `Log directory ${directoryId} is offline`)
    if (wanted !== undefined) return wanted
    const open = online.filter(({ path }) => this.#options.isCordoned?.(path) !== true)
    const candidates = open.length > 0 ? open : online
    return candidates.reduce((best, other) => (other.logsCount < best.logsCount ? other : best))
  }

  #openLog(
    directory: LogDirectory,
    topic: string,
    partition: number,
    topicId: Uuid | undefined,
    config: LogConfig,
  ): Promise<PartitionLog> {
    const { queuedBytesMax } = this.#options
    return PartitionLog.open({
      directory: joinPath(directory.path, partitionDirectoryName(topic, partition)),
      topic,
      partition,
      topicId,
      config,
      environment: directory.environment,
      logStartOffset: directory.loadedOffset('logStartOffset', topic, partition),
      recoveryPoint: directory.loadedOffset('recoveryPoint', topic, partition),
      highWatermark: directory.loadedOffset('highWatermark', topic, partition),
      cleanerOffset: directory.loadedOffset('cleanerOffset', topic, partition),
      hadCleanShutdown: directory.hadCleanShutdown,
      onTruncated: () => directory.saveCheckpoints('recoveryPoint', 'logStartOffset', 'cleanerOffset'),
      ...(queuedBytesMax === undefined ? {} : { queuedBytesMax }),
    })
  }

  #register(directory: LogDirectory, log: PartitionLog, isDouble: boolean): void {
    log.addFailureListener((error) => this.handleDirectoryFailure(directory.path, error))
    directory.logs.add(log)
    if (!isDouble) this.#logs.set(partitionDirectoryName(log.topic, log.partition), log)
    if (directory.failure !== undefined) log.goOffline(directory.failure)
  }

  /** Returns the path of the renamed directory; undefined when the log is offline and stays where it is. */
  async #putAside(log: PartitionLog, state: 'delete' | 'stray'): Promise<string | undefined> {
    const { topic, partition } = log
    const directory = this.directoryOf(log)!
    const name = partitionDirectoryName(topic, partition)
    if (this.#logs.get(name) === log) this.#logs.delete(name)
    directory.logs.delete(log)
    if (!directory.isOnline) return undefined
    const hex = Buffer.from(randomUuid(this.#options.random), 'base64url').toString('hex')
    const path = joinPath(directory.path, asideDirectoryName(topic, partition, hex, state))
    try {
      await log.closeAndRename(path)
      await directory.environment.lanes.flush.run(() => this.#options.fileSystem.syncDirectory(directory.path))
      directory.forgetLoadedOffsets(topic, partition)
      // A new log of this name must not find the offsets of the old one after a crash.
      await directory.saveCheckpoints('recoveryPoint', 'logStartOffset', 'highWatermark', 'cleanerOffset')
    } catch (error) {
      if (isDiskError(error)) this.handleDirectoryFailure(directory.path, error)
      directory.checkOnline()
      throw error
    }
    this.#options.logger.info(`a log is put aside`, { topic, partition, path })
    return path
  }

  #removeLater(path: string, delayMs: number): void {
    const { clock, fileSystem, logger } = this.#options
    const timer = clock.schedule(Math.min(delayMs, 0x7fff_ffff), () => {
      this.#timers.delete(path)
      const removal = fileSystem.remove(path).catch((error: Error) => {
        logger.warn('a deleted log could not be removed', { path, error: error.message })
      })
      this.#removals.add(removal)
      void removal.then(() => this.#removals.delete(removal))
    })
    this.#timers.set(path, timer)
  }

  async #closeDirectory(directory: LogDirectory, brokerEpoch: number): Promise<void> {
    try {
      await forEachBounded([...directory.logs], this.#options.loadsMax ?? 8, (log) => log.close())
      await directory.saveCheckpoints('recoveryPoint', 'logStartOffset', 'highWatermark')
      await directory.writeCleanShutdownMark(brokerEpoch)
    } catch (error) {
      const fields = { directory: directory.path, error: (error as Error).message }
      this.#options.logger.error('a log directory is left without a clean-shutdown mark', fields)
    } finally {
      await directory.unlock()
    }
  }

  async #saveCheckpoints(...names: readonly CheckpointName[]): Promise<void> {
    for (const directory of this.#directories) {
      if (!directory.isOnline) continue
      try {
        for (const log of directory.logs) if (log.areEpochsDirty) await log.saveEpochs()
        await directory.saveCheckpoints(...names)
      } catch (error) {
        this.handleDirectoryFailure(directory.path, error as Error)
      }
    }
  }

  async #flushDue(): Promise<void> {
    const now = this.#options.clock.now()
    for (const log of this.#logs.values()) {
      const isDue = log.config.flushMs <= now - log.lastFlushMs && log.recoveryPoint < log.logEndOffset
      if (isDue && !log.isOffline) await log.flush().catch(() => undefined)
    }
  }

  /** Runs `task` again and again, `intervalMs` after it ended. */
  #every(name: string, intervalMs: number, task: () => Promise<void>): void {
    const schedule = (): void => {
      if (this.#isShutDown) return
      const timer = this.#options.clock.schedule(Math.min(intervalMs, 0x7fff_ffff), () => {
        task()
          .catch((error: Error) => this.#options.logger.error(`${name} failed`, { error: error.message }))
          .finally(schedule)
      })
      this.#timers.set(name, timer)
    }
    schedule()
  }

  /** Changes of one partition happen one after another. */
  #serially<Result>(topic: string, partition: number, change: () => Promise<Result>): Promise<Result> {
    const name = partitionDirectoryName(topic, partition)
    const previous = this.#pending.get(name) ?? Promise.resolve()
    const result = previous.then(change, change)
    this.#pending.set(name, result)
    const forget = (): void => {
      if (this.#pending.get(name) === result) this.#pending.delete(name)
    }
    result.then(forget, forget)
    return result
  }
}
