/**
 * The state of one partition's log that its parts share: partition-log.ts is the face to the house, writer, reader, flush,
 * truncation, retention and recovery work on this object. Offsets always stand in this order:
 *
 *   logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset <= nextOffset
 *                     recoveryPoint <= flushedOffset <= logEndOffset
 */
import type { Uuid } from '../base/uuid.ts'
import type { LogConfig } from '../config/log-config.ts'
import { KafkaError } from '../protocol/errors.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogEnvironment } from './log-environment.ts'
import { LogSegments } from './log-segments.ts'
import { LogTail } from './log-tail.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { ProducerState } from './producer-state.ts'

export interface LogIdentity {
  readonly directory: string
  readonly topic: string
  readonly partition: number
  readonly topicId: Uuid
}

export class LogState {
  readonly environment: LogEnvironment
  readonly topic: string
  readonly partition: number
  topicId: Uuid
  directory: string
  config: LogConfig
  readonly segments = new LogSegments()
  readonly tail: LogTail
  readonly producers = new ProducerState()
  epochs = new LeaderEpochs()
  /** False when there is no leader epoch checkpoint for certain. */
  hasEpochFile = false
  readonly snapshots: ProducerSnapshots
  /** The lowest offset that may be read. */
  logStartOffset = 0
  /** The offset that the next record gets. */
  nextOffset = 0
  /** The offset after the last record that readers may see: it is written, and flushed where the configuration asks for it. */
  logEndOffset = 0
  /** Records below are on the disk. */
  flushedOffset = 0
  /** Records below are on the disk with their indexes: recovery starts here. */
  recoveryPoint = 0
  highWatermark = 0
  lastStableOffset = 0
  /** Compaction has dealt with all below; 0 when it never ran. */
  cleanerOffset = 0
  /** Records from here on were damaged while they were on the disk, and are missing; what came after them is there. */
  damagedOffset: number | undefined
  /** How often the log was cut: what was read of it before may be of records that are gone. */
  truncationsCount = 0
  lastFlushMs: number
  /** Why the log is offline. */
  failure: Error | undefined
  isClosed = false
  /** False until the directory of the log's directory was flushed after it was made. */
  isDirectoryDurable = false
  readonly #onFailure: (error: Error) => void

  constructor(
    environment: LogEnvironment,
    identity: LogIdentity,
    config: LogConfig,
    snapshotOffsets: readonly number[],
    onFailure: (error: Error) => void,
  ) {
    this.environment = environment
    this.directory = identity.directory
    this.topic = identity.topic
    this.partition = identity.partition
    this.topicId = identity.topicId
    this.config = config
    this.tail = new LogTail(environment.tailBudget)
    this.snapshots = new ProducerSnapshots(environment.fileSystem, identity.directory, snapshotOffsets)
    this.lastFlushMs = environment.clock.now()
    this.#onFailure = onFailure
  }

  /** Nothing was ever appended, or all of it is gone. */
  get isEmpty(): boolean {
    return this.segments.count === 1 && this.segments.active.size === 0
  }

  get name(): string {
    return `${this.topic}-${this.partition}`
  }

  /** Throws KAFKA_STORAGE_ERROR when the log is offline or closed. */
  checkOnline(): void {
    if (this.failure !== undefined || this.isClosed) throw this.storageError()
  }

  storageError(): KafkaError {
    const why = this.failure === undefined ? 'closed' : `offline: ${this.failure.message}`
    return new KafkaError('KAFKA_STORAGE_ERROR', `The log of ${this.name} in ${this.directory} is ${why}`)
  }

  /** Takes the log offline, for good. The first failure is told to the owner. */
  fail(error: Error): void {
    if (this.failure !== undefined) return
    this.failure = error
    // Its owner tells what that means: one line for a whole directory.
    this.environment.logger.debug('a log goes offline', {
      log: this.name,
      directory: this.directory,
      error: error.message,
    })
    this.#onFailure(error)
  }

  /** Runs a change of the files; a failure takes the log offline and rejects with KAFKA_STORAGE_ERROR. */
  async guard<Result>(change: () => Promise<Result>): Promise<Result> {
    this.checkOnline()
    try {
      return await change()
    } catch (error) {
      if (error instanceof KafkaError) throw error
      if (!this.isClosed) this.fail(error as Error)
      throw this.storageError()
    }
  }

  /** Moves the high watermark, within the log; returns where it is. */
  setHighWatermark(offset: number): number {
    this.highWatermark = Math.max(this.logStartOffset, Math.min(offset, this.logEndOffset))
    this.producers.onHighWatermark(this.highWatermark)
    this.updateLastStableOffset()
    return this.highWatermark
  }

  updateLastStableOffset(): void {
    const unstable = this.producers.firstUnstableOffset
    this.lastStableOffset =
      unstable === undefined || unstable >= this.highWatermark
        ? this.highWatermark
        : Math.max(unstable, this.logStartOffset)
  }

  /** The log starts at `offset` now: what the other offsets and the epochs say follows. */
  setLogStartOffset(offset: number): void {
    this.logStartOffset = offset
    this.epochs.truncateFromStart(offset)
    if (this.highWatermark < offset) this.setHighWatermark(offset)
    else this.updateLastStableOffset()
  }
}
