/**
 * One partition's log on disk: the face of this room to the replica manager, the coordinators and the raft driver.
 *
 * Appends are synchronous: offsets are given, producer state moves, the bytes are queued; they are in the log once
 * `logEndOffset` has passed them, which `onAdvance` tells once per write. Reads see only what is below `logEndOffset`.
 * Everything that changes the structure (truncate, retention, flush, close) runs one at a time.
 *
 * When the disk fails the log goes offline: queued appends are lost and were never acknowledged, every further call
 * throws or rejects with KAFKA_STORAGE_ERROR, and `onFailure` was called once.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { LogConfig } from '../config/log-config.ts'
import { KafkaError } from '../protocol/errors.ts'
import { encodePartitionMetadata } from './checkpoint-text.ts'
import { LogCompaction } from './cleaner/log-compaction.ts'
import { readAgainWhenReplaced, type StartedRead } from './cleaner/read-again.ts'
import { ExclusiveSection } from './exclusive-section.ts'
import { joinPath, partitionMetadataName } from './file-names.ts'
import type { EpochEndOffset, EpochEntry } from './leader-epochs.ts'
import { type AppendOptions, type AppendResult, appendAsFollower, appendAsLeader, rollLog } from './log-append.ts'
import type { LogEnvironment } from './log-environment.ts'
import { areEpochsUnsaved, flushForClose, flushLog, saveEpochs } from './log-flush.ts'
import { loadLog, prepareLogFiles } from './log-loader.ts'
import { type ReadOptions, readAbortedTransactions, readLog } from './log-reader.ts'
import { deleteOldSegments } from './log-retention.ts'
import { LogState } from './log-state.ts'
import { findMaxTimestamp, findOffsetByTimestamp, type TimestampAndOffset } from './log-timestamps.ts'
import { openTopicId } from './log-topic-id.ts'
import { truncateFully, truncateLog } from './log-truncation.ts'
import { LogWriter } from './log-writer.ts'
import type { ProducerEntry } from './producer-entry.ts'
import { ProducerRecall } from './producer-recall.ts'
import type { ReadResult } from './records-slice.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export interface PartitionLogListener {
  /** A write returned: records below `logEndOffset` may be read. */
  onAdvance?(logEndOffset: number): void
  /** Records below `flushedOffset` are on the disk. */
  onFlushed?(flushedOffset: number): void
  /** The disk failed: the log is offline for good. */
  onFailure?(error: Error): void
}

export interface PartitionLogOptions {
  /** Path of the partition's own directory; made when it is not there. */
  readonly directory: string
  readonly topic: string
  readonly partition: number
  /** Must be the one that the directory was made for; undefined takes that one. */
  readonly topicId: Uuid | undefined
  readonly config: LogConfig
  readonly environment: LogEnvironment
  /** From the checkpoints of the log directory; 0 when they do not list this partition. */
  readonly logStartOffset: number
  readonly recoveryPoint: number
  readonly highWatermark: number
  /** Of the cleaner; default 0. */
  readonly cleanerOffset?: number
  readonly hadCleanShutdown: boolean
  /** Every write is flushed at once and `onFlushed` tells of it: the raft log. */
  readonly flushAlways?: boolean
  /** Appends are refused while so many bytes wait to be written; default 64 MiB. */
  readonly queuedBytesMax?: number
  /** Called after the log was cut, before anything is appended: checkpoints must not stay above its end. */
  readonly onTruncated?: () => Promise<void>
}

export class PartitionLog {
  readonly compaction: LogCompaction
  readonly producerRecall: ProducerRecall
  readonly #state: LogState
  readonly #writer: LogWriter
  readonly #structure = new ExclusiveSection()
  readonly #queuedBytesMax: number
  readonly #onTruncated: () => Promise<void>
  #listener: PartitionLogListener = {}
  /** Truncations that were asked for and are not done: nothing is appended meanwhile. */
  #truncationsCount = 0
  readonly #readings = new Set<Promise<unknown>>()
  readonly #failureListeners: ((error: Error) => void)[] = []

  private constructor(state: LogState, options: PartitionLogOptions) {
    this.#state = state
    this.compaction = new LogCompaction(state, this.#structure, () => this.flush())
    this.producerRecall = new ProducerRecall(state, (read) => this.#reading(read))
    this.#queuedBytesMax = options.queuedBytesMax ?? 64 * 1024 * 1024
    this.#onTruncated = options.onTruncated ?? (() => Promise.resolve())
    this.#writer = new LogWriter(
      state,
      {
        onAdvance: (logEndOffset) => this.#listener.onAdvance?.(logEndOffset),
        onFlushed: (flushedOffset) => this.#listener.onFlushed?.(flushedOffset),
        onSegmentFinished: () => this.#flushInBackground(),
      },
      options.flushAlways ?? false,
    )
  }

  /** Rejects with INCONSISTENT_TOPIC_ID when the directory is another topic's, with FileSystemError when the disk fails. */
  static async open(options: PartitionLogOptions): Promise<PartitionLog> {
    const { environment, directory } = options
    const files = await prepareLogFiles(environment, directory)
    const topicId = await openTopicId(files, options)
    let log: PartitionLog | undefined
    const identity = { directory, topic: options.topic, partition: options.partition, topicId }
    const state = new LogState(environment, identity, options.config, files.snapshotOffsets, (error) => {
      if (log !== undefined) log.#onFailure(error)
    })
    await loadLog(state, files, options)
    state.setHighWatermark(options.highWatermark)
    state.cleanerOffset = options.cleanerOffset ?? 0
    log = new PartitionLog(state, options)
    log.#writer.wake()
    if (options.flushAlways) await log.flush()
    return log
  }

  get topic(): string {
    return this.#state.topic
  }

  get partition(): number {
    return this.#state.partition
  }

  get topicId(): Uuid {
    return this.#state.topicId
  }

  get directory(): string {
    return this.#state.directory
  }

  get config(): LogConfig {
    return this.#state.config
  }

  /** The lowest offset that may be read. */
  get logStartOffset(): number {
    return this.#state.logStartOffset
  }

  /** The offset after the last record that is written. */
  get logEndOffset(): number {
    return this.#state.logEndOffset
  }

  /** The offset that the next appended record gets: `logEndOffset` once the queue is written. */
  get nextOffset(): number {
    return this.#state.nextOffset
  }

  get highWatermark(): number {
    return this.#state.highWatermark
  }

  /** The lower of the high watermark and the first offset of a transaction that is open or not decided below it. */
  get lastStableOffset(): number {
    return this.#state.lastStableOffset
  }

  /** Undefined when no transaction holds the last stable offset back. */
  get firstUnstableOffset(): number | undefined {
    return this.#state.producers.firstUnstableOffset
  }

  /** Records below are on the disk. */
  get flushedOffset(): number {
    return this.#state.flushedOffset
  }

  /** Recovery after a crash starts here. */
  get recoveryPoint(): number {
    return this.#state.recoveryPoint
  }

  /** Base offset of the first segment, which retention has not reached. */
  get firstSegmentOffset(): number {
    return this.#state.segments.first.baseOffset
  }

  get sizeInBytes(): number {
    return this.#state.segments.sizeInBytes
  }

  get segmentsCount(): number {
    return this.#state.segments.count
  }

  /** Bytes that wait to be written. */
  get queuedBytes(): number {
    return this.#state.tail.queuedBytes
  }

  get isOffline(): boolean {
    return this.#state.failure !== undefined || this.#state.isClosed
  }

  /** Records from there on are missing, damaged on the disk, and others follow: a follower has to fetch from there again. */
  get damagedOffset(): number | undefined {
    return this.#state.damagedOffset
  }

  /** The latest leader epoch in the log, -1 without one. */
  get latestEpoch(): number {
    return this.#state.epochs.latestEpoch
  }

  get epochs(): readonly EpochEntry[] {
    return this.#state.epochs.entries
  }

  get producersCount(): number {
    return this.#state.producers.producersCount
  }

  /** There is one listener: whoever leads or follows this partition. */
  setListener(listener: PartitionLogListener): void {
    this.#listener = listener
  }

  /** Beside the listener: the log manager. */
  addFailureListener(onFailure: (error: Error) => void): void {
    this.#failureListeners.push(onFailure)
  }

  /** False while too much waits to be written for `sizeInBytes` more. */
  canAppend(sizeInBytes: number): boolean {
    return this.#state.tail.queuedBytes + sizeInBytes <= this.#queuedBytesMax || this.#state.tail.queuedBytes === 0
  }

  /**
   * Appends whole, validated batches as the leader: gives them offsets and epoch, in place, and queues `records`, which
   * belongs to the log from then on. Throws KafkaError: what the producer rules refuse, RECORD_LIST_TOO_LARGE beyond
   * segment.bytes, KAFKA_STORAGE_ERROR when offline, REQUEST_TIMED_OUT when the queue is full. Nothing is appended then.
   */
  append(records: Buffer, options: AppendOptions): AppendResult {
    this.#checkAppend(records)
    const result = appendAsLeader(this.#state, records, options)
    if (!result.isDuplicate) this.#writer.wake()
    return result
  }

  /** Appends what a leader sent, with its offsets, which must not be below `nextOffset`, and epochs. */
  appendAsFollower(records: Buffer): AppendResult {
    this.#checkAppend(records)
    const result = appendAsFollower(this.#state, records)
    this.#writer.wake()
    return result
  }

  /** Moves the high watermark within the log and the last stable offset with it; returns where it is. */
  updateHighWatermark(offset: number): number {
    return this.#state.setHighWatermark(offset)
  }

  /**
   * Whole batches from the one that holds `startOffset`. At once from memory, otherwise through a promise. Throws, or
   * rejects with, OFFSET_OUT_OF_RANGE and KAFKA_STORAGE_ERROR. The caller releases the result.
   */
  read(startOffset: number, sizeMax: number, options: ReadOptions): ReadResult | Promise<ReadResult> {
    const read = () => readLog(this.#state, startOffset, sizeMax, options)
    const { replacementsCount } = this.#state.segments
    const result = read()
    if (!(result instanceof Promise)) return result
    return this.#reading(read, ({ sizeInBytes }) => sizeInBytes > 0, { result, replacementsCount })
  }

  /** Batches from `fromOffset` up to `toOffset` (exclusive) in one buffer, about `sizeMax` bytes, at least one batch. Empty at the end. */
  async readBatches(fromOffset: number, toOffset: number, sizeMax: number): Promise<Buffer> {
    const result = await this.read(fromOffset, sizeMax, { upToOffset: toOffset, minOneBatch: true })
    return result.readAll()
  }

  /** For read_committed: the aborted transactions that touch offsets from `fetchOffset` up to `upperBoundOffset` (exclusive). */
  abortedTransactions(fetchOffset: number, upperBoundOffset: number): Promise<AbortedTransaction[]> {
    return this.#reading(() => readAbortedTransactions(this.#state, fetchOffset, upperBoundOffset))
  }

  /** The first record that is not older than `timestamp`, in milliseconds. The caller hides what is not committed. */
  findOffsetByTimestamp(timestamp: number | bigint): Promise<TimestampAndOffset | undefined> {
    return this.#reading(() => findOffsetByTimestamp(this.#state, Number(timestamp)))
  }

  /** The first record with the largest timestamp. */
  findMaxTimestamp(): Promise<TimestampAndOffset | undefined> {
    return this.#reading(() => findMaxTimestamp(this.#state))
  }

  /** Whole batches from `fromOffset` up to `nextOffset`, which need not be written; undefined when they are not all in memory. */
  readTail(fromOffset: number): readonly Buffer[] | undefined {
    this.#state.checkOnline()
    if (fromOffset >= this.nextOffset) return []
    return this.#state.tail.read(fromOffset, this.nextOffset, Number.POSITIVE_INFINITY, true)
  }

  /** Resolves when no read from files is under way. What is sent from files already may go on. */
  async whenRead(): Promise<void> {
    while (this.#readings.size > 0) await Promise.allSettled(this.#readings)
  }

  /** See LeaderEpochs.endOffsetFor. */
  endOffsetForEpoch(epoch: number): EpochEndOffset | undefined {
    return this.#state.epochs.endOffsetFor(epoch, this.#state.logEndOffset)
  }

  previousEpoch(epoch: number): number | undefined {
    return this.#state.epochs.previousEpoch(epoch)
  }

  epochForOffset(offset: number): number | undefined {
    return this.#state.epochs.epochForOffset(offset)
  }

  /** Notes where a leader epoch begins; saved with the next flush. */
  assignEpochStart(epoch: number, startOffset: number): void {
    this.#state.epochs.assign(epoch, startOffset)
  }

  /** What DescribeProducers shows. */
  activeProducers(): Iterable<ProducerEntry> {
    return this.#state.producers.producers
  }

  hasOngoingTransaction(producerId: bigint, producerEpoch: number): boolean {
    return this.#state.producers.hasOngoingTransaction(producerId, producerEpoch)
  }

  removeExpiredProducers(nowMs: number, expirationMs: number): void {
    this.#state.producers.removeExpired(nowMs, expirationMs)
  }

  /** For a directory that was made without a topic id. */
  assignTopicId(topicId: Uuid): Promise<void> {
    const { environment, directory } = this.#state
    return this.#state.guard(async () => {
      await environment.fileSystem.replaceFile(
        joinPath(directory, partitionMetadataName),
        encodePartitionMetadata(topicId),
      )
      this.#state.topicId = topicId
    })
  }

  /** Its directory failed elsewhere. */
  goOffline(error: Error): void {
    this.#state.fail(error)
  }

  updateConfig(config: LogConfig): void {
    this.#state.config = config
  }

  /** Starts a new segment unless the active one is empty. */
  roll(): void {
    this.#state.checkOnline()
    if (rollLog(this.#state, this.#state.nextOffset)) this.#writer.wake()
  }

  /** Flushes what is written; resolves with the recovery point. */
  flush(): Promise<number> {
    return this.#structure.run(async () => {
      const flushedBefore = this.#state.flushedOffset
      const recoveryPoint = await flushLog(this.#state)
      if (this.#state.flushedOffset > flushedBefore) this.#listener.onFlushed?.(this.#state.flushedOffset)
      return recoveryPoint
    })
  }

  /** When the last flush was, or the log was opened; milliseconds since 1970. */
  get lastFlushMs(): number {
    return this.#state.lastFlushMs
  }

  /** True while the leader epoch checkpoint lacks a change. */
  get areEpochsDirty(): boolean {
    return areEpochsUnsaved(this.#state) && !this.isOffline
  }

  /** Saves a changed leader epoch checkpoint. */
  saveEpochs(): Promise<void> {
    return this.#structure.run(() => this.#state.guard(() => saveEpochs(this.#state)))
  }

  /**
   * Drops the batch with `offset` and all after it; `nextOffset` is `offset` then, or the base offset of that batch when
   * `offset` was inside it. Nothing may be appended meanwhile.
   */
  truncateTo(offset: number): Promise<void> {
    return this.#changeEnd(() => truncateLog(this.#state, offset))
  }

  /** Drops everything; the next record gets `offset`. */
  truncateFullyAndStartAt(offset: number, logStartOffset = offset): Promise<void> {
    return this.#changeEnd(() => truncateFully(this.#state, offset, logStartOffset))
  }

  /** Deletes segments that retention or the log start offset give up; resolves with their number. */
  deleteOldSegments(nowMs: number): Promise<number> {
    return this.#structure.run(() => deleteOldSegments(this.#state, nowMs, () => this.roll()))
  }

  /** Moves the log start offset forward. Throws OFFSET_OUT_OF_RANGE above the high watermark; returns whether it moved. */
  advanceLogStartOffset(offset: number): boolean {
    const state = this.#state
    if (offset > state.highWatermark) {
      throw new KafkaError('OFFSET_OUT_OF_RANGE', `${offset} is above the high watermark ${state.highWatermark}`)
    }
    if (offset <= state.logStartOffset) return false
    state.setLogStartOffset(offset)
    return true
  }

  /** Resolves when the queue is written, or the log is offline. */
  whenWritten(): Promise<void> {
    return this.#writer.whenIdle()
  }

  /** A clean stop: everything written and flushed, state saved. Rejects with KAFKA_STORAGE_ERROR when that failed; the log is closed either way. */
  close(): Promise<void> {
    return this.#structure.run(async () => {
      if (this.#state.isClosed) return
      await this.#writer.whenIdle()
      try {
        await flushForClose(this.#state)
      } finally {
        this.#letGo()
      }
    })
  }

  /** Stops using the files without saving anything, and moves the directory to `path`: before it is deleted or put aside. */
  closeAndRename(path: string): Promise<void> {
    return this.#structure.run(async () => {
      await this.#writer.whenIdle()
      const { environment, directory } = this.#state
      this.#letGo()
      await environment.lanes.write.run(() => environment.fileSystem.rename(directory, path))
      for (const segment of this.#state.segments.all) segment.onDirectoryRenamed(path)
      this.#state.directory = path
    })
  }

  async #reading<Result>(
    read: () => Result | Promise<Result>,
    isCertain?: (result: Result) => boolean,
    started?: StartedRead<Result>,
  ): Promise<Result> {
    const reading = readAgainWhenReplaced(this.#state.segments, read, isCertain, started)
    this.#readings.add(reading)
    try {
      return await reading
    } finally {
      this.#readings.delete(reading)
    }
  }

  #letGo(): void {
    this.#state.isClosed = true
    this.#state.tail.clear()
    for (const segment of this.#state.segments.all) segment.discard()
  }

  #checkAppend(records: Buffer): void {
    this.#state.checkOnline()
    assert(this.#truncationsCount === 0, `nothing is appended to ${this.#state.name} while it is truncated`)
    if (this.canAppend(records.length)) return
    throw new KafkaError('REQUEST_TIMED_OUT', `${this.queuedBytes} bytes wait for the disk of ${this.#state.name}`)
  }

  async #changeEnd(change: () => Promise<void>): Promise<void> {
    this.#truncationsCount++
    try {
      await this.#structure.run(async () => {
        await this.#writer.whenIdle()
        await change()
        this.#writer.onSegmentsReplaced()
        this.#writer.wake()
        await this.#onTruncated()
      })
    } finally {
      this.#truncationsCount--
    }
  }

  #flushInBackground(): void {
    this.flush().catch((error) => {
      assert(this.isOffline, `a flush failed but the log is online: ${(error as Error).message}`)
    })
  }

  #onFailure(error: Error): void {
    for (const onFailure of this.#failureListeners) onFailure(error)
    this.#listener.onFailure?.(error)
  }
}
