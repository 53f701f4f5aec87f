/**
 * All logs of this node over its log directories: opens them at the start, makes, finds and deletes them, saves their
 * checkpoints, applies retention in the background, and keeps one failing directory from taking the others down. The
 * metadata log lies in one of the directories too, but is the raft driver's: `openMetadataLog`.
 */
import { assert } from '../base/assert.ts'
import type { Timer } from '../base/clock.ts'
import { metadataTopicId, randomUuid, type Uuid, zeroUuid } from '../base/uuid.ts'
import { defaultLogConfig, type LogConfig } from '../config/log-config.ts'
import { KafkaError } from '../protocol/errors.ts'
import { noCodecs } from '../protocol/record/compression.ts'
import { forEachBounded } from './bounded-parallel.ts'
import {
  asideDirectoryName,
  joinPath,
  metadataPartitionName,
  parsePartitionDirectoryName,
  partitionDirectoryName,
} from './file-names.ts'
import { FutureLogs } from './future-logs.ts'
import { IndexCache } from './index-cache.ts'
import { createIoLanes } from './io-lane.ts'
import { type CheckpointName, checkMeta, isDiskError, LogDirectory, readMetaProperties } from './log-directory.ts'
import type { LogEnvironment } from './log-environment.ts'
import { defaultLogManagerIntervals } from './log-manager-intervals.ts'
import type { LoadLogsOptions, LogManagerOptions } from './log-manager-options.ts'
import { OpenFiles } from './open-files.ts'
import { openInDirectory } from './open-in-directory.ts'
import { PartitionLog } from './partition-log.ts'
import { TailBudget } from './tail-budget.ts'

/** The oldest wish is forgotten beyond that. */
const preferredMax = 10_000

export class LogManager {
  /** Of replicas that move between the directories. */
  readonly futures: FutureLogs
  readonly #options: LogManagerOptions
  readonly #directories: LogDirectory[] = []
  /** Directories that failed before they could be opened. */
  readonly #unusable: { path: string; error: Error }[] = []
  readonly #logs = new Map<string, PartitionLog>()
  readonly #preferred = new Map<string, LogDirectory>()
  readonly #pending = new Map<string, Promise<unknown>>()
  readonly #timers = new Map<string, Timer>()
  readonly #removals = new Set<Promise<void>>()
  #isShutDown = false
  /** All that lay in the directories has been read. */
  #areLoaded = false

  private constructor(options: LogManagerOptions) {
    this.#options = options
    const { random, logger, queuedBytesMax } = options
    this.futures = new FutureLogs({
      random,
      logger,
      queuedBytesMax,
      log: (topic, partition) => this.log(topic, partition),
      directoryOf: (log) => this.directoryOf(log),
      register: (directory, log) => this.#register(directory, log, true),
      replace: (log) => this.#logs.set(partitionDirectoryName(log.topic, log.partition), log),
      putAside: (log, state) => this.#putAside(log, state),
      serially: (topic, partition, change) => this.#serially(topic, partition, change),
      onDirectoryFailure: ({ path }, error) => this.handleDirectoryFailure(path, error),
    })
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
    this.#areLoaded = true
    const isStray = ({ topicId, topic, partition }: PartitionLog) =>
      options.isStray?.(topicId, topic, partition) === true
    await this.futures.settle(options.assignedDirectory ?? (() => undefined), isStray)
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
      await this.futures.remove(topic, partition)
      if (existing !== undefined) await this.#putAside(existing, 'stray')
      return this.#createLog(topic, partition, topicId, config, directoryId)
    })
  }

  /** Stops serving a log at once and removes its files after its `file.delete.delay.ms`. Nothing happens when there is none. */
  deleteLog(topic: string, partition: number): Promise<void> {
    return this.#serially(topic, partition, async () => {
      await this.futures.remove(topic, partition)
      const log = this.log(topic, partition)
      if (log !== undefined) await this.#putAside(log, 'delete')
    })
  }

  /** Where the log of a partition that is not here yet is to be made, whatever else is said. */
  preferDirectory(topic: string, partition: number, directory: LogDirectory): void {
    if (this.#preferred.size >= preferredMax) this.#preferred.delete(this.#preferred.keys().next().value!)
    this.#preferred.set(partitionDirectoryName(topic, partition), directory)
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

  /** Deletes what is due in all logs that are its own, one after another. */
  async applyRetention(): Promise<void> {
    for (const log of [...this.#logs.values()]) {
      const isCleaners = log.config.isCompact && this.#options.leavesCompactedToCleaner === true
      if (this.#isShutDown || log.isOffline || isCleaners) continue
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
    if (parsed?.state === 'future') return this.futures.load(directory, name, parsed, options.configFor(parsed.topic))
    if (parsed?.state !== 'live') {
      this.#options.logger.warn('a directory is not served', { path })
      return
    }
    const { topic, partition } = parsed
    const log = await this.#openLog(directory, topic, partition, undefined, options.configFor(topic))
    const other = this.#logs.get(name)
    this.#register(directory, log, other !== undefined)
    if (other !== undefined)
      await this.futures.resolveDouble(other, log, options.assignedDirectory ?? (() => undefined))
    else if (options.isStray?.(log.topicId, topic, partition)) await this.#putAside(log, 'stray')
  }

  async #createLog(
    topic: string,
    partition: number,
    topicId: Uuid,
    config: LogConfig,
    directoryId: Uuid | undefined,
  ): Promise<PartitionLog> {
    const name = partitionDirectoryName(topic, partition)
    const preferred = this.#preferred.get(name)
    this.#preferred.delete(name)
    const directory = preferred?.isOnline === true ? preferred : this.#chooseDirectory(directoryId)
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
    return openInDirectory(directory, { topic, partition, topicId, config, queuedBytesMax })
  }

  #register(directory: LogDirectory, log: PartitionLog, isDouble: boolean): void {
    log.addFailureListener((error) => this.handleDirectoryFailure(directory.path, error))
    directory.logs.add(log)
    if (!isDouble) this.#logs.set(partitionDirectoryName(log.topic, log.partition), log)
    if (directory.failure !== undefined) log.goOffline(directory.failure)
  }

  /** Renames the directory of a log, unless it is offline, and with `delete` removes it later. */
  async #putAside(log: PartitionLog, state: 'delete' | 'stray'): Promise<void> {
    const { topic, partition } = log
    const directory = this.directoryOf(log)!
    const name = partitionDirectoryName(topic, partition)
    if (this.#logs.get(name) === log) this.#logs.delete(name)
    directory.logs.delete(log)
    if (!directory.isOnline) return
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
    if (state === 'delete') this.#removeLater(path, log.config.fileDeleteDelayMs)
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

  /** Logs that were never read are as clean as they were found, and their checkpoints stay. */
  async #closeDirectory(directory: LogDirectory, brokerEpoch: number): Promise<void> {
    try {
      await forEachBounded([...directory.logs], this.#options.loadsMax ?? 8, (log) => log.close())
      if (this.#areLoaded) await directory.saveCheckpoints('recoveryPoint', 'logStartOffset', 'highWatermark')
      else if (!directory.hadCleanShutdown) return
      await directory.writeCleanShutdownMark(brokerEpoch >= 0 ? brokerEpoch : directory.previousBrokerEpoch)
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
