/**
 * Decides which log is compacted next, has it done, and keeps the checkpoint of how far each log is clean. As in Kafka the
 * dirtiest log goes first; as many are cleaned at once as there are threads; when nothing is due it looks again after
 * log.cleaner.backoff.ms, and lets retention work on the compacted logs, which the log manager leaves to it.
 *
 * Nothing waits for it: a log that is truncated, deleted or closed meanwhile makes its cleaning end at the next step. A log
 * that cannot be cleaned (damaged) is left alone until the next start; a disk that fails takes its directory offline.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { FileSystemError } from '../file-system.ts'
import type { LogDirectory } from '../log-directory.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { CleanableSection } from './cleanable-section.ts'
import {
  CleaningAbortedError,
  CleaningInterruptedError,
  type CleaningOutcome,
  type CleaningRunner,
  type CleaningSettings,
  type CleaningTask,
} from './cleaning-task.ts'

export interface LogCleanerSettings {
  /** log.cleaner.threads. */
  readonly threadsCount: number
  /** log.cleaner.backoff.ms. */
  readonly backoffMs: number
  /** log.cleaner.dedupe.buffer.size, of all threads together. */
  readonly dedupeBufferBytes: number
  /** log.cleaner.io.buffer.load.factor. */
  readonly dedupeBufferLoadFactor: number
  /** log.cleaner.io.buffer.size, of all threads together. */
  readonly ioBufferBytes: number
  /** log.cleaner.io.max.bytes.per.second, of all threads together. */
  readonly ioBytesPerSecondMax: number
}

export interface CleanedLogs {
  readonly logs: Iterable<PartitionLog>
  directoryOf(log: PartitionLog): LogDirectory | undefined
  handleDirectoryFailure(path: string, error: Error): void
}

export interface LogCleanerOptions {
  readonly logs: CleanedLogs
  readonly runner: CleaningRunner
  readonly clock: Clock
  readonly logger: Logger
  /** As they are now: they may change while it runs. */
  readonly settings: () => LogCleanerSettings
}

interface Cleaning {
  readonly log: PartitionLog
  readonly directory: string
  isAborted: boolean
  abort: () => void
}

interface Candidate {
  readonly log: PartitionLog
  readonly section: CleanableSection
}

/** How often cleanings of logs that went meanwhile are told so. */
const watchIntervalMs = 500
/** Without any backoff it would do nothing but look. */
const backoffMsMin = 10

export class LogCleaner {
  readonly #options: LogCleanerOptions
  readonly #cleanings = new Set<Cleaning>()
  readonly #uncleanable = new WeakSet<PartitionLog>()
  #timer: Timer | undefined
  /** That the timer was set with. */
  #backoffMs = 0
  #watchTimer: Timer | undefined
  #choosing: Promise<void> | undefined
  /** A cleaning ended while it was looking: there may be more to do at once. */
  #mustLookAgain = false
  #isClosed = false
  readonly #ends = new Set<Promise<void>>()

  constructor(options: LogCleanerOptions) {
    this.#options = options
  }

  get cleaningsCount(): number {
    return this.#cleanings.size
  }

  isUncleanable(log: PartitionLog): boolean {
    return this.#uncleanable.has(log)
  }

  start(): void {
    this.#lookLater()
  }

  /** The settings may have changed: a new backoff counts from now. The others are read when they are needed. */
  onSettingsChanged(): void {
    const isWaiting = this.#timer !== undefined && this.#choosing === undefined
    if (isWaiting && this.#options.settings().backoffMs !== this.#backoffMs) this.#lookLater()
  }

  /** Ends what is under way; resolves when nothing touches any log any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#watchTimer?.cancel()
    for (const cleaning of this.#cleanings) abort(cleaning)
    await this.#choosing?.catch(() => undefined)
    await Promise.all(this.#ends)
    await this.#options.runner.close()
  }

  /** Cleans until nothing is due; for tests and tools. Resolves with the number of cleanings. */
  async cleanAll(): Promise<number> {
    for (let count = 0; ; count++) {
      const candidate = await this.#chooseDirtiest()
      if (candidate === undefined) return count
      await this.#clean(candidate)
    }
  }

  #lookLater(): void {
    if (this.#isClosed) return
    this.#timer?.cancel()
    const { backoffMs } = this.#options.settings()
    this.#backoffMs = backoffMs
    this.#timer = this.#options.clock.schedule(Math.min(Math.max(backoffMs, backoffMsMin), 0x7fff_ffff), () =>
      this.#look(),
    )
  }

  /** Starts cleanings while threads are free; a look at a time. */
  #look(): void {
    if (this.#isClosed) return
    this.#mustLookAgain = this.#choosing !== undefined
    if (this.#mustLookAgain) return
    this.#choosing = this.#startDue()
      .catch((error: Error) => {
        this.#options.logger.error('the log cleaner could not choose', { error: error.message })
      })
      .finally(() => {
        this.#choosing = undefined
        if (this.#mustLookAgain) this.#look()
        else this.#lookLater()
      })
  }

  async #startDue(): Promise<void> {
    // First: a log that is dirty all the time would otherwise always be under way.
    await this.#applyRetention()
    while (this.#cleanings.size < this.#options.settings().threadsCount) {
      const candidate = await this.#chooseDirtiest()
      if (candidate === undefined || this.#isClosed) break
      const end = this.#clean(candidate)
        .then(() => this.#look())
        .finally(() => this.#ends.delete(end))
      this.#ends.add(end)
    }
  }

  /** Of compacted logs: those under way are left for the next time. */
  async #applyRetention(): Promise<void> {
    const { logs, clock, logger } = this.#options
    for (const log of [...logs.logs]) {
      if (this.#isClosed) return
      if (!log.config.isCompact || log.isOffline || this.#isUnderWay(log)) continue
      const count = await log.deleteOldSegments(clock.now()).catch(() => 0)
      const { topic, partition, logStartOffset } = log
      if (count > 0) logger.info('old segments were deleted', { topic, partition, count, logStartOffset })
    }
  }

  async #chooseDirtiest(): Promise<Candidate | undefined> {
    const { logs, clock, logger } = this.#options
    const nowMs = clock.now()
    let dirtiest: Candidate | undefined
    for (const log of [...logs.logs]) {
      if (this.#isClosed) return undefined
      if (!log.config.isCompact || log.isOffline || log.compaction.isPaused) continue
      if (this.#isUnderWay(log) || this.#uncleanable.has(log)) continue
      try {
        const section = await log.compaction.findSection(nowMs)
        const isDue = section.isOverdue || section.dirtyRatio > log.config.minCleanableDirtyRatio
        if (section.cleanableBytes === 0 || !isDue) continue
        if (section.dirtyRatio > (dirtiest?.section.dirtyRatio ?? -1)) dirtiest = { log, section }
      } catch (error) {
        if (!log.isOffline) logger.warn('a log is passed over by the cleaner', fieldsOf(log, error))
      }
    }
    return dirtiest
  }

  /** Also when a log of the same name was deleted just now and its cleaning has not noticed yet. */
  #isUnderWay(log: PartitionLog): boolean {
    for (const cleaning of this.#cleanings) if (cleaning.directory === log.directory) return true
    return false
  }

  async #clean({ log, section }: Candidate): Promise<void> {
    const cleaning: Cleaning = { log, directory: log.directory, isAborted: false, abort: () => {} }
    this.#cleanings.add(cleaning)
    this.#watch()
    let task: CleaningTask | undefined
    const startedMs = this.#options.clock.monotonic()
    try {
      const directory = this.#options.logs.directoryOf(log)
      task = await log.compaction.plan(section, this.#options.clock.now(), this.#settings())
      // Records that compaction took must not look like records that a crash took.
      await directory?.saveCheckpoints('recoveryPoint')
      const outcome = await this.#run(cleaning, task)
      if (!log.compaction.finish(task, outcome.endOffset)) return
      await directory?.saveCheckpoints('cleanerOffset')
      this.#tell(log, section, outcome, this.#options.clock.monotonic() - startedMs)
    } catch (error) {
      this.#onFailure(cleaning, task, error as Error)
    } finally {
      this.#cleanings.delete(cleaning)
    }
  }

  #run(cleaning: Cleaning, task: CleaningTask): Promise<CleaningOutcome> {
    const { log } = cleaning
    return this.#options.runner.run(task, {
      isAborted: () => cleaning.isAborted || this.#isClosed || log.isOffline,
      onAbort: (onAbort) => {
        cleaning.abort = onAbort
        if (cleaning.isAborted || this.#isClosed) onAbort()
      },
      replaceSegments: async (cleaned) => {
        if (cleaning.isAborted || this.#isClosed)
          throw new CleaningAbortedError(`The cleaning of ${task.name} was aborted`)
        await log.compaction.replaceSegments(task, cleaned)
      },
    })
  }

  #settings(): CleaningSettings {
    const { threadsCount, ...all } = this.#options.settings()
    const share = Math.max(1, threadsCount)
    return {
      dedupeBufferBytes: Math.min(Math.floor(all.dedupeBufferBytes / share), 0x7fff_ffff),
      dedupeBufferLoadFactor: all.dedupeBufferLoadFactor,
      ioBufferBytes: Math.floor(all.ioBufferBytes / share / 2),
      ioBytesPerSecondMax: all.ioBytesPerSecondMax / share,
    }
  }

  #onFailure({ log, isAborted }: Cleaning, task: CleaningTask | undefined, error: Error): void {
    const { logger, logs } = this.#options
    const hasChanged =
      error instanceof CleaningAbortedError || (task !== undefined && !log.compaction.isUnchangedSince(task))
    // Retention may take a segment from under a cleaning: the next one goes by what is there.
    const isGone = error instanceof FileSystemError && error.code === 'ENOENT'
    if (isAborted || this.#isClosed || log.isOffline || hasChanged || isGone) {
      logger.debug('a cleaning was aborted', fieldsOf(log, error))
    } else if (error instanceof CleaningInterruptedError) {
      logger.warn('a cleaning was interrupted', fieldsOf(log, error))
    } else if (error instanceof FileSystemError) {
      // A full disk is left to the producers to meet: the log as it is can still be read.
      const path = logs.directoryOf(log)?.path
      if (error.code === 'ENOSPC' || path === undefined) logger.warn('a log could not be cleaned', fieldsOf(log, error))
      else logs.handleDirectoryFailure(path, error)
    } else {
      this.#uncleanable.add(log)
      logger.error('a log cannot be cleaned and is left alone until the next start', fieldsOf(log, error))
    }
  }

  /** Tells cleanings whose log was closed or deleted, or went offline. */
  #watch(): void {
    this.#watchTimer?.cancel()
    this.#watchTimer = this.#options.clock.schedule(watchIntervalMs, () => {
      for (const cleaning of this.#cleanings) if (cleaning.log.isOffline) abort(cleaning)
      if (this.#cleanings.size > 0 && !this.#isClosed) this.#watch()
    })
  }

  #tell(log: PartitionLog, section: CleanableSection, outcome: CleaningOutcome, durationMs: number): void {
    const { topic, partition } = log
    this.#options.logger.info('a log was cleaned', {
      topic,
      partition,
      from: section.firstDirtyOffset,
      dirtyRatio: Math.round(section.dirtyRatio * 1000) / 1000,
      ...outcome,
      durationMs: Math.round(durationMs),
    })
    if (outcome.invalidRecordsCount > 0) {
      const count = outcome.invalidRecordsCount
      this.#options.logger.warn('records without a key were dropped from a compacted log', { topic, partition, count })
    }
  }
}

function abort(cleaning: Cleaning): void {
  if (cleaning.isAborted) return
  cleaning.isAborted = true
  cleaning.abort()
}

function fieldsOf(log: PartitionLog, error: unknown): Record<string, unknown> {
  return { topic: log.topic, partition: log.partition, error: (error as Error).message }
}
