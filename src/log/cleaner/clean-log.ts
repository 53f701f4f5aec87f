/**
 * One cleaning of one log, start to end: reads the dirty part for the last offset of each key, then writes every segment
 * from the first one on anew, without what is replaced, and has each put in place as soon as it is finished. Runs in a
 * worker thread, or in the caller's own in tests; all that it touches comes with the environment.
 *
 * Crash-safe at any point: what it writes has the suffix `.cleaned` until it is whole and flushed. When it ends early,
 * segments that are in place stay: each alone is a valid part of the log.
 */
import * as batch from '../../protocol/record/batch-header.ts'
import { openRecords } from '../../protocol/record/record.ts'
import { RecordCursor } from '../../protocol/record/record-cursor.ts'
import { FileBatches } from '../file-batches.ts'
import { fileSuffixes, joinPath, offsetFileName } from '../file-names.ts'
import { IoLane } from '../io-lane.ts'
import { BatchFilter } from './batch-filter.ts'
import { CleanedSegmentWriter } from './cleaned-segment-writer.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import {
  CleaningAbortedError,
  type CleaningEnvironment,
  type CleaningOutcome,
  type CleaningTask,
  type SourceSegment,
} from './cleaning-task.ts'
import { IoThrottle } from './io-throttle.ts'
import { OffsetMap } from './offset-map.ts'
import { groupSegments, type MeasuredSegment } from './segment-groups.ts'

/** The append check allowed no more. */
const decompressedSizeMax = 1024 * 1024 * 1024

/** Rejects with CleaningAbortedError, with FileSystemError when the disk fails, with another error when the log cannot be cleaned. */
export async function cleanLog(task: CleaningTask, environment: CleaningEnvironment): Promise<CleaningOutcome> {
  return new LogCleaning(task, environment).run()
}

class LogCleaning {
  readonly #task: CleaningTask
  readonly #environment: CleaningEnvironment
  readonly #throttle: IoThrottle
  readonly #lane = new IoLane(1)
  readonly #map: OffsetMap
  #bytesRead = 0
  #bytesWritten = 0

  constructor(task: CleaningTask, environment: CleaningEnvironment) {
    this.#task = task
    this.#environment = environment
    this.#throttle = new IoThrottle(environment.clock, task.settings.ioBytesPerSecondMax)
    this.#map = new OffsetMap(task.firstDirtyOffset, {
      sizeMax: task.settings.dedupeBufferBytes,
      loadFactor: task.settings.dedupeBufferLoadFactor,
      random: environment.random,
    })
  }

  async run(): Promise<CleaningOutcome> {
    const task = this.#task
    await this.#buildMap()
    let writer: CleanedSegmentWriter | undefined
    const transactions = new CleanedTransactions(task.abortedTransactions, (kept) => writer?.onAborted(kept))
    const filter = new BatchFilter({
      map: this.#map,
      transactions,
      lastProducerRecords: task.lastProducerRecords,
      upperBoundOffset: task.firstUncleanableOffset,
      deleteRetentionMs: task.deleteRetentionMs,
      nowMs: task.nowMs,
      codecs: this.#environment.codecs,
    })
    const segments = await this.#measure(task.segments.filter(({ baseOffset }) => baseOffset < this.#map.endOffset))
    for (const group of groupSegments(segments, task.firstUncleanableOffset, task)) {
      await this.#cleanGroup(group, filter, (created) => {
        writer = created
      })
    }
    const { recordsRead, recordsWritten, invalidRecordsCount } = filter
    return {
      endOffset: this.#map.endOffset,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      recordsRead,
      recordsWritten,
      invalidRecordsCount,
      keysCount: this.#map.count,
    }
  }

  async #measure(segments: readonly SourceSegment[]): Promise<MeasuredSegment[]> {
    const { fileSystem } = this.#environment
    const { directory } = this.#task
    const measured: MeasuredSegment[] = []
    for (const segment of segments) {
      const sizeOf = async (suffix: string): Promise<number> =>
        (await fileSystem.size(joinPath(directory, offsetFileName(segment.baseOffset, suffix)))) ?? 0
      measured.push({
        ...segment,
        offsetIndexSize: await sizeOf(fileSuffixes.offsetIndex),
        timeIndexSize: await sizeOf(fileSuffixes.timeIndex),
      })
    }
    return measured
  }

  /** Enters keys until the map is full; a batch goes in as a whole or not at all, as far as it is to be relied on. */
  async #buildMap(): Promise<void> {
    const { segments, firstDirtyOffset, firstUncleanableOffset, abortedTransactions } = this.#task
    const transactions = new CleanedTransactions(
      abortedTransactions.filter(({ lastOffset }) => lastOffset >= firstDirtyOffset),
    )
    const map = this.#map
    const cursor = new RecordCursor()
    for (const [index, segment] of segments.entries()) {
      const nextBaseOffset = segments[index + 1]?.baseOffset ?? firstUncleanableOffset
      if (nextBaseOffset <= firstDirtyOffset) continue
      const isWhole = await this.#forEachBatch(segment, (bytes, at) => {
        if (batch.lastOffset(bytes, at) < firstDirtyOffset) return true
        const isData = !transactions.isDiscardable(bytes, at) && !batch.isControl(bytes, at)
        if (isData && this.#enterKeys(bytes, at, cursor)) return false
        map.endOffset = batch.nextOffset(bytes, at)
        return true
      })
      if (!isWhole) return
      // Compaction may have taken the end of the segment.
      map.endOffset = Math.max(map.endOffset, nextBaseOffset)
    }
  }

  /** True when the map is full: what was entered of the batch does no harm, because its records lie above the map's end. */
  #enterKeys(bytes: Buffer, at: number, cursor: RecordCursor): boolean {
    const { firstDirtyOffset } = this.#task
    const map = this.#map
    const baseOffset = batch.baseOffset(bytes, at)
    const mustTake = map.endOffset === firstDirtyOffset
    openRecords(cursor, bytes, at, this.#environment.codecs, decompressedSizeMax)
    for (let left = batch.recordsCount(bytes, at); left > 0; left--) {
      cursor.next()
      const offset = baseOffset + cursor.offsetDelta
      if (cursor.keySize < 0 || offset < firstDirtyOffset) continue
      if (map.isFull && !mustTake) return true
      map.put(cursor.bytes, cursor.keyPosition, cursor.keySize, offset)
    }
    return false
  }

  async #cleanGroup(
    sources: readonly SourceSegment[],
    filter: BatchFilter,
    onCreated: (writer: CleanedSegmentWriter) => void,
  ): Promise<void> {
    const { directory, indexIntervalBytes } = this.#task
    const { baseOffset } = sources[0]!
    const { fileSystem, replaceSegments } = this.#environment
    const writer = await CleanedSegmentWriter.create(fileSystem, { directory, baseOffset, indexIntervalBytes })
    onCreated(writer)
    try {
      for (const source of sources) {
        await this.#forEachBatch(source, (bytes, at) => {
          const kept = filter.filter(bytes, at)
          return kept === undefined || this.#write(writer, kept)
        })
      }
      await writer.finish()
      const { size, hasTransactions } = writer
      await replaceSegments({
        baseOffset,
        size,
        sources: sources.map((source) => ({ baseOffset: source.baseOffset, size: source.size })),
        hasTransactionIndex: hasTransactions,
      })
    } catch (error) {
      // The disk may be what failed; the next start removes what is left then.
      await writer.abandon().catch(() => undefined)
      throw error
    }
  }

  /** A promise when the disk or the throttle has to be waited for. */
  #write(writer: CleanedSegmentWriter, bytes: Buffer): true | Promise<true> {
    this.#bytesWritten += bytes.length
    const writing = writer.append(bytes)
    const waiting = this.#throttle.note(bytes.length)
    return writing === undefined && waiting === undefined ? true : Promise.all([writing, waiting]).then(() => true)
  }

  /** Visits until `visit` gives false; returns whether it came to the end. */
  async #forEachBatch(
    segment: SourceSegment,
    visit: (bytes: Buffer, at: number) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    const { fileSystem, isAborted } = this.#environment
    const { directory, settings, name } = this.#task
    const path = joinPath(directory, offsetFileName(segment.baseOffset, fileSuffixes.log))
    const handle = await fileSystem.open(path, { readOnly: true })
    try {
      const windowSize = Math.max(settings.ioBufferBytes, 4096)
      const batches = new FileBatches(handle, this.#lane, { start: 0, end: segment.size, windowSize, whole: true })
      for (;;) {
        const isThere = batches.next()
        if (!(typeof isThere === 'boolean' ? isThere : await isThere)) break
        if (batches.at === 0) {
          // A window was read.
          if (isAborted()) throw new CleaningAbortedError(`The cleaning of ${name} was aborted`)
          const waiting = this.#throttle.note(batches.bytes.length)
          if (waiting !== undefined) await waiting
        }
        this.#bytesRead += batches.size
        const goesOn = visit(batches.bytes, batches.at)
        if (!(typeof goesOn === 'boolean' ? goesOn : await goesOn)) return false
      }
      if (batches.isTorn) throw new Error(`${path} is damaged at position ${batches.position}`)
      return true
    } finally {
      await handle.close()
    }
  }
}
