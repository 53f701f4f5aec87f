/**
 * One segment of a log: the file with its batches and the indexes over it. It knows sizes and timestamps as of the last
 * append, which run ahead of the file (`size`) until the writer has caught up (`writtenSize`). Used by the other parts of
 * this room only; segments of a log follow one another without overlap, and only the last one is appended to.
 */
import { assert } from '../base/assert.ts'
import type { LogConfig } from '../config/log-config.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { fileSuffixes, joinPath, offsetFileName } from './file-names.ts'
import type { LogEnvironment } from './log-environment.ts'
import type { PooledFile } from './open-files.ts'
import {
  emptyIndexes,
  indexesSize,
  nothingSaved,
  readIndexes,
  type SavedSizes,
  type SegmentIndexes,
  saveIndexes,
} from './segment-indexes.ts'

/** The index files of a segment are not there or not usable: they must be made anew from the log. */
export class DamagedIndexError extends Error {
  override name = 'DamagedIndexError'
}

export class LogSegment {
  readonly baseOffset: number
  readonly file: PooledFile
  /** Bytes of all appended batches. */
  size: number
  /** Bytes that are in the file. */
  writtenSize: number
  /** When it was rolled or loaded, milliseconds since 1970. */
  readonly createdMs: number
  /** Largest timestamp of the first batch; -1 when that has none, undefined while unknown. */
  firstTimestamp: number | undefined
  /** Largest timestamp so far, with the last offset of its batch; undefined while the time index was not read. */
  maxTimestamp: number | undefined
  maxTimestampOffset: number
  /** What must be written with the file's creation: the producers' state at the base offset. */
  pendingSnapshot: Buffer | undefined
  /** True until the writer made the file. */
  isFileMissing = false
  /** False when there is no `.txnindex` file for certain. */
  hasTransactionIndex = true
  /** False when there are no files of its other indexes for certain. */
  hasIndexFiles = true
  /** True once its files are going, for retention or truncation. */
  isDiscarded = false
  /** False until the directory was flushed after the file's creation. */
  isEntryDurable: boolean
  readonly #environment: LogEnvironment
  #directory: string
  #rollJitterMs: number
  #indexes: SegmentIndexes | undefined
  #isActive = false
  #saved: SavedSizes = { offset: 0, time: 0, transactions: 0 }
  #bytesSinceIndexEntry = 0
  #saving: Promise<unknown> = Promise.resolve()

  private constructor(environment: LogEnvironment, directory: string, baseOffset: number, size: number) {
    this.#environment = environment
    this.#directory = directory
    this.baseOffset = baseOffset
    this.file = environment.files.file(joinPath(directory, offsetFileName(baseOffset, fileSuffixes.log)))
    this.size = size
    this.writtenSize = size
    this.createdMs = environment.clock.now()
    this.maxTimestampOffset = baseOffset
    this.isEntryDurable = true
    this.#rollJitterMs = 0
  }

  /** A segment with nothing in it, whose file the writer creates. */
  static create(environment: LogEnvironment, directory: string, baseOffset: number): LogSegment {
    const segment = new LogSegment(environment, directory, baseOffset, 0)
    segment.maxTimestamp = -1
    segment.isEntryDurable = false
    segment.isFileMissing = true
    segment.hasIndexFiles = false
    segment.#indexes = emptyIndexes(baseOffset)
    segment.#saved = nothingSaved()
    return segment
  }

  /** A segment whose file has `size` bytes; its indexes are read when needed. */
  static load(environment: LogEnvironment, directory: string, baseOffset: number, size: number): LogSegment {
    return new LogSegment(environment, directory, baseOffset, size)
  }

  /** True while it is appended to, and until its indexes are saved after that. */
  get isActive(): boolean {
    return this.#isActive
  }

  get directory(): string {
    return this.#directory
  }

  /** From now on it is appended to: its indexes stay in memory. */
  becomeActive(config: LogConfig): void {
    assert(this.#indexes !== undefined, `segment ${this.baseOffset} has its indexes before it is appended to`)
    this.#isActive = true
    this.#environment.indexCache.forget(this)
    const jitterMs = Math.min(config.segmentJitterMs, segmentMsOf(config))
    this.#rollJitterMs = jitterMs > 0 ? Math.floor(this.#environment.random.next() * jitterMs) : 0
  }

  /** It is appended to no more; the time index ends with the largest timestamp. */
  becomeInactive(): void {
    this.closeTimeIndex()
    this.#isActive = false
    if (this.#indexes !== undefined) this.#environment.indexCache.touch(this, indexesSize(this.#indexes))
  }

  /** Adds the largest timestamp to the time index, as a segment that is closed has it. */
  closeTimeIndex(): void {
    if (this.maxTimestamp !== undefined) this.#indexes?.time.maybeAppend(this.maxTimestamp, this.maxTimestampOffset)
  }

  /** Takes note of a batch that goes to the end of this segment; its offsets are stamped. */
  onAppended(bytes: Buffer, position: number, size: number, indexIntervalBytes: number): void {
    const lastOffset = batch.lastOffset(bytes, position)
    const maxTimestamp = batch.maxTimestamp(bytes, position)
    if (this.size === 0) this.firstTimestamp = maxTimestamp
    this.noteTimestamp(maxTimestamp, lastOffset)
    if (this.#bytesSinceIndexEntry > indexIntervalBytes) {
      this.#indexes!.offset.append(lastOffset, this.size)
      this.#indexes!.time.maybeAppend(this.maxTimestamp!, this.maxTimestampOffset)
      this.#bytesSinceIndexEntry = 0
    }
    this.#bytesSinceIndexEntry += size
    this.size += size
  }

  /** A batch that ends at `lastOffset` is in the segment. */
  noteTimestamp(maxTimestamp: number, lastOffset: number): void {
    if (maxTimestamp <= this.maxTimestamp!) return
    this.maxTimestamp = maxTimestamp
    this.maxTimestampOffset = lastOffset
  }

  /** True when a batch or batches of `size` bytes up to `lastOffset`, none newer than `maxTimestamp`, must go to a new segment. */
  shouldRoll(config: LogConfig, size: number, lastOffset: number, maxTimestamp: number, nowMs: number): boolean {
    if (this.size > config.segmentBytes - size) return true
    const { offset, time } = this.#indexes!
    if (!offset.canHold(lastOffset)) return true
    if (offset.isFull(config.segmentIndexBytes) || time.isFull(config.segmentIndexBytes)) return true
    if (this.size === 0) return false
    const first = this.firstTimestamp
    const waitedMs = first !== undefined && first >= 0 ? maxTimestamp - first : nowMs - this.createdMs
    return waitedMs > segmentMsOf(config) - this.#rollJitterMs
  }

  /** The indexes, read from their files when they are not in memory. Rejects with FileSystemError when they cannot be read or are damaged. */
  loadIndexes(): SegmentIndexes | Promise<SegmentIndexes> {
    const indexes = this.#indexes
    if (indexes === undefined) return this.#readIndexes()
    if (!this.#isActive) this.#environment.indexCache.touch(this, indexesSize(indexes))
    return indexes
  }

  /** The largest timestamp, from the time index when it is not known yet; -1 without one. Rejects as `loadIndexes`. */
  async loadMaxTimestamp(): Promise<number> {
    if (this.maxTimestamp === undefined) await this.loadIndexes()
    return this.maxTimestamp!
  }

  /** When it was last written to, as far as clocks of ours tell; milliseconds since 1970. */
  async loadModifiedMs(): Promise<number> {
    const { lanes, fileSystem } = this.#environment
    return (await lanes.read.run(() => fileSystem.modifiedMs(this.file.path))) ?? this.createdMs
  }

  /** The indexes of a segment that has them in memory for certain. */
  get indexes(): SegmentIndexes {
    assert(this.#indexes !== undefined, `the indexes of segment ${this.baseOffset} are in memory`)
    return this.#indexes
  }

  /** True when the index files were there and sane: they are in memory then. */
  async tryLoadIndexes(): Promise<boolean> {
    const { fileSystem } = this.#environment
    const { baseOffset, size, hasTransactionIndex } = this
    const indexes = await readIndexes(fileSystem, this.#directory, { baseOffset, size, hasTransactionIndex })
    if (indexes === undefined) return false
    this.#indexes = indexes
    this.#saved = {
      offset: indexes.offset.sizeInBytes,
      time: indexes.time.sizeInBytes,
      transactions: indexes.transactions.entries.length * 34,
    }
    const { timestamp, offset } = indexes.time.lastEntry
    this.maxTimestamp = timestamp
    this.maxTimestampOffset = offset
    if (!this.#isActive) this.#environment.indexCache.touch(this, indexesSize(indexes))
    return true
  }

  /** Recovery starts over: nothing is in the segment, the files on disk say nothing. */
  resetIndexes(): void {
    this.#environment.indexCache.forget(this)
    this.#indexes = emptyIndexes(this.baseOffset)
    this.#saved = nothingSaved()
    this.size = 0
    this.maxTimestamp = -1
    this.maxTimestampOffset = this.baseOffset
    this.firstTimestamp = undefined
    this.#bytesSinceIndexEntry = 0
  }

  /** Nothing is in the segment; `areFilesEmpty` when its index files are there and empty too. */
  becomeEmpty(areFilesEmpty: boolean): void {
    this.resetIndexes()
    if (areFilesEmpty) this.#saved = { offset: 0, time: 0, transactions: this.hasTransactionIndex ? -1 : 0 }
  }

  /** Takes over indexes that were made anew from the file. */
  adoptIndexes(rebuilt: LogSegment): void {
    this.#indexes = rebuilt.indexes
    this.#saved = nothingSaved()
    this.maxTimestamp = rebuilt.maxTimestamp
    this.maxTimestampOffset = rebuilt.maxTimestampOffset
    if (!this.#isActive) this.#environment.indexCache.touch(this, indexesSize(this.#indexes))
  }

  /** Made by compaction: has its indexes and its file, at `path` until `onSwapped`, open. */
  async becomeSwapped(indexes: SegmentIndexes, path: string): Promise<void> {
    const { timestamp, offset } = indexes.time.lastEntry
    this.#indexes = indexes
    this.#isActive = true
    this.#saved = {
      offset: indexes.offset.sizeInBytes,
      time: indexes.time.sizeInBytes,
      transactions: indexes.transactions.entries.length * 34,
    }
    this.maxTimestamp = timestamp
    this.maxTimestampOffset = offset
    this.hasTransactionIndex = indexes.transactions.entries.length > 0
    this.file.onRenamed(path)
    await this.file.pin()
  }

  /** Its files have their names. */
  onSwapped(): void {
    this.file.onRenamed(joinPath(this.#directory, offsetFileName(this.baseOffset, fileSuffixes.log)))
    this.file.unpin()
    this.becomeInactive()
  }

  /** Cuts the segment at `size` bytes, where the batch with `offset` began. The file is cut by the caller. */
  truncateTo(offset: number, size: number): void {
    const { offset: offsets, time, transactions } = this.indexes
    offsets.truncateTo(offset)
    offsets.truncateToSize(size)
    time.truncateTo(offset)
    transactions.truncateTo(offset)
    this.#saved = nothingSaved()
    const { timestamp, offset: timestampOffset } = time.lastEntry
    this.maxTimestamp = timestamp
    this.maxTimestampOffset = timestampOffset
    this.size = size
    this.writtenSize = size
    this.#bytesSinceIndexEntry = 0
    if (size === 0) this.firstTimestamp = undefined
  }

  /**
   * Writes the indexes to their files, flushed when `sync` is set. One at a time: the writer and a flush may both be at it
   * when a segment is finished, and what one has flushed the other must not write anew.
   */
  saveIndexes(sync: boolean): Promise<void> {
    const save = (): Promise<void> => this.#saveIndexes(sync)
    const saving = this.#saving.then(save, save)
    this.#saving = saving
    return saving
  }

  async #saveIndexes(sync: boolean): Promise<void> {
    if (this.#indexes === undefined) {
      if (!sync) return
      await this.loadIndexes()
    }
    await saveIndexes(this.#environment.fileSystem, this.#directory, this.indexes, this.#saved, sync)
    this.hasTransactionIndex = this.#saved.transactions > 0
    this.hasIndexFiles = true
  }

  onDirectoryRenamed(directory: string): void {
    this.#directory = directory
    this.file.onRenamed(joinPath(directory, offsetFileName(this.baseOffset, fileSuffixes.log)))
  }

  /** Called by the index cache. */
  dropIndexes(): void {
    this.#indexes = undefined
  }

  /** Its files are going: nothing is loaded from them again. */
  discard(): void {
    this.isDiscarded = true
    this.#environment.indexCache.forget(this)
    this.file.discard()
  }

  async #readIndexes(): Promise<SegmentIndexes> {
    const { lanes } = this.#environment
    const isLoaded = await lanes.read.run(() => this.tryLoadIndexes())
    // What was read may be of a segment that took its place.
    if (this.isDiscarded || !isLoaded)
      throw new DamagedIndexError(`The indexes of segment ${this.baseOffset} in ${this.#directory} are damaged`)
    return this.indexes
  }
}

/** What is not rolled cannot be compacted: max.compaction.lag.ms bounds segment.ms. */
function segmentMsOf({ isCompact, segmentMs, maxCompactionLagMs }: LogConfig): number {
  return isCompact && maxCompactionLagMs > 0 ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs
}
