/**
 * Reads of a log: records from memory or as file regions, offsets by timestamp, aborted transactions. The tail answers at
 * once, everything else through a promise. Readers see whole batches below the end that they were given, from one segment
 * at a time.
 */
import { KafkaError } from '../protocol/errors.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { type FileBatches, walkHeaders } from './file-batches.ts'
import type { FileHandle } from './file-system.ts'
import { rebuildIndexes } from './log-replay.ts'
import { DamagedIndexError, type LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import type { OffsetIndex } from './offset-index.ts'
import { emptyReadResult, FileRegion, ReadResult } from './records-slice.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export interface ReadOptions {
  /** Exclusive: high watermark, last stable offset or log end offset. */
  readonly upToOffset: number
  /** The first batch is returned whole though it is larger than the limit. */
  readonly minOneBatch: boolean
}

/** Throws OFFSET_OUT_OF_RANGE, or KAFKA_STORAGE_ERROR when the log is offline. A promise rejects with the same. */
export function readLog(
  state: LogState,
  startOffset: number,
  sizeMax: number,
  options: ReadOptions,
): ReadResult | Promise<ReadResult> {
  state.checkOnline()
  if (startOffset < state.logStartOffset || startOffset > state.logEndOffset) {
    throw new KafkaError(
      'OFFSET_OUT_OF_RANGE',
      `Offset ${startOffset} of ${state.name} is not within ${state.logStartOffset} and ${state.logEndOffset}`,
    )
  }
  const endOffset = Math.min(options.upToOffset, state.logEndOffset)
  if (startOffset >= endOffset || (sizeMax <= 0 && !options.minOneBatch)) return emptyReadResult
  const slices = state.tail.read(startOffset, endOffset, sizeMax, options.minOneBatch)
  if (slices === undefined) return readFromFiles(state, startOffset, endOffset, sizeMax, options.minOneBatch)
  let sizeInBytes = 0
  for (const slice of slices) sizeInBytes += slice.length
  return slices.length === 0 ? emptyReadResult : new ReadResult(slices, sizeInBytes)
}

async function readFromFiles(
  state: LogState,
  startOffset: number,
  endOffset: number,
  sizeMax: number,
  minOneBatch: boolean,
): Promise<ReadResult> {
  let segment = state.segments.at(Math.max(state.segments.floorIndex(startOffset), 0))
  while (segment !== undefined && segment.baseOffset < endOffset) {
    const current = segment
    const read = () => readRegion(state, current, startOffset, endOffset, sizeMax, minOneBatch)
    const region = await readSegment(state, current, read)
    if (region === 'nothing') return emptyReadResult
    if (region !== 'beyond') return new ReadResult([region], region.sizeInBytes)
    segment = state.segments.after(segment)
  }
  return emptyReadResult
}

/**
 * Reads with a segment's indexes and file. Damaged indexes are made anew; a segment that goes meanwhile means that its
 * reader came too late. Any other failure takes the log offline.
 */
export function readSegment<Result>(
  state: LogState,
  segment: LogSegment,
  read: () => Promise<Result>,
): Promise<Result> {
  return state.guard(async () => {
    try {
      try {
        return await read()
      } catch (error) {
        if (!(error instanceof DamagedIndexError) || segment.isDiscarded) throw error
        await rebuildIndexes(state, segment)
        return await read()
      }
    } catch (error) {
      if (!segment.isDiscarded) throw error
      throw new KafkaError('OFFSET_OUT_OF_RANGE', `Segment ${segment.baseOffset} of ${state.name} was deleted`)
    }
  })
}

/** `beyond`: the segment ends before `startOffset`. `nothing`: no batch may be returned. */
async function readRegion(
  state: LogState,
  segment: LogSegment,
  startOffset: number,
  endOffset: number,
  sizeMax: number,
  minOneBatch: boolean,
): Promise<FileRegion | 'beyond' | 'nothing'> {
  const { offset: offsets } = await segment.loadIndexes()
  const handle = await segment.file.pin()
  let isKept = false
  try {
    const first = await findBatch(state, handle, segment, offsets.lookup(startOffset), startOffset)
    if (first === undefined) return 'beyond'
    if (batch.lastOffset(first.bytes, first.at) >= endOffset) return 'nothing'
    if (first.size > sizeMax && !minOneBatch) return 'nothing'
    const start = first.position
    const limit = start + Math.max(sizeMax, first.size)
    const end = await findRegionEnd(state, handle, segment, offsets, start + first.size, limit, endOffset)
    isKept = true
    return new FileRegion(segment.file, start, end - start, state.environment.lanes.read, (error) => {
      // Unless the log itself has let go of these bytes, the disk has lost them.
      if (!state.isClosed && !segment.isDiscarded && segment.writtenSize >= end) state.fail(error)
    })
  } finally {
    if (!isKept) segment.file.unpin()
  }
}

/** The walk stands on the batch that holds `offset` or the first one after; undefined when the segment ends before. */
async function findBatch(
  state: LogState,
  handle: FileHandle,
  segment: LogSegment,
  position: number,
  offset: number,
): Promise<FileBatches | undefined> {
  const batches = walkHeaders(handle, state.environment.lanes.read, position, segment.writtenSize)
  for (;;) {
    const isThere = batches.next()
    if (!(typeof isThere === 'boolean' ? isThere : await isThere)) break
    if (batch.lastOffset(batches.bytes, batches.at) >= offset) return batches
  }
  if (batches.isTorn) throw new Error(`Segment ${segment.file.path} is damaged at position ${batches.position}`)
  return undefined
}

/** Where whole batches end that are below `endOffset` and do not pass position `limit`; at least `start`, the end of the first. */
async function findRegionEnd(
  state: LogState,
  handle: FileHandle,
  segment: LogSegment,
  offsets: OffsetIndex,
  start: number,
  limit: number,
  endOffset: number,
): Promise<number> {
  const segmentEndOffset = state.segments.after(segment)?.baseOffset ?? state.logEndOffset
  const isWhole = endOffset >= segmentEndOffset
  const size = segment.writtenSize
  if (isWhole && size <= limit) return size
  // An index entry marks the start of a batch: good enough when it is not far below the limit.
  const indexed = offsets.floorPosition(Math.min(limit, size - 1))
  if (isWhole && indexed > start && indexed - start >= (limit - start) / 2) return indexed
  const from = isWhole ? indexed : Math.min(indexed, offsets.lookup(endOffset))
  const batches = walkHeaders(handle, state.environment.lanes.read, Math.max(from, start), size)
  for (;;) {
    const isThere = batches.next()
    if (!(typeof isThere === 'boolean' ? isThere : await isThere)) return batches.position
    if (batches.position + batches.size > limit) return batches.position
    if (batch.lastOffset(batches.bytes, batches.at) >= endOffset) return batches.position
  }
}

/** The aborted transactions that touch `fetchOffset` up to `upperBoundOffset` (exclusive), in order of their markers. */
export async function readAbortedTransactions(
  state: LogState,
  fetchOffset: number,
  upperBoundOffset: number,
): Promise<AbortedTransaction[]> {
  const found: AbortedTransaction[] = []
  let segment = state.segments.at(Math.max(state.segments.floorIndex(fetchOffset), 0))
  while (segment !== undefined) {
    const current = segment
    const { transactions } = await readSegment(state, current, async () => current.loadIndexes())
    if (transactions.collect(fetchOffset, upperBoundOffset, found)) break
    segment = state.segments.after(segment)
  }
  return found
}
