/**
 * ListOffsets by time: the first record at or after a timestamp, and the record with the largest one. Time indexes lead to
 * the segment and near the batch; the batch itself is opened to find the record.
 */
import * as batch from '../protocol/record/batch-header.ts'
import { openRecords } from '../protocol/record/record.ts'
import { RecordCursor } from '../protocol/record/record-cursor.ts'
import { FileBatches, walkHeaders } from './file-batches.ts'
import { readSegment } from './log-reader.ts'
import type { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'

export interface TimestampAndOffset {
  readonly offset: number
  readonly timestamp: bigint
  /** Epoch of the leader that appended it, -1 when the batch has none. */
  readonly leaderEpoch: number
}

/** The first record, at or above the log start offset, that is not older than `timestamp` (milliseconds); undefined without one. */
export async function findOffsetByTimestamp(
  state: LogState,
  timestamp: number,
): Promise<TimestampAndOffset | undefined> {
  let segment = state.segments.at(Math.max(state.segments.floorIndex(state.logStartOffset), 0))
  while (segment !== undefined) {
    const current = segment
    const found = await readSegment(state, current, () =>
      findInSegment(state, current, timestamp, state.logStartOffset),
    )
    if (found !== undefined) return found
    segment = state.segments.after(segment)
  }
  return undefined
}

/** The first record, at or above the log start offset, with the largest timestamp; undefined for an empty log. */
export async function findMaxTimestamp(state: LogState): Promise<TimestampAndOffset | undefined> {
  let latest: { readonly segment: LogSegment; readonly timestamp: number } | undefined
  for (const segment of [...state.segments.all]) {
    const timestamp = await readSegment(state, segment, () => visibleMaxTimestamp(state, segment))
    if (timestamp >= 0 && timestamp > (latest?.timestamp ?? -1)) latest = { segment, timestamp }
  }
  if (latest === undefined) return undefined
  const { segment, timestamp } = latest
  return readSegment(state, segment, () => findInSegment(state, segment, timestamp, state.logStartOffset))
}

/** The largest timestamp of the batches that reach to the log start offset or beyond; -1 without one. */
async function visibleMaxTimestamp(state: LogState, segment: LogSegment): Promise<number> {
  if (segment.baseOffset >= state.logStartOffset) return segment.loadMaxTimestamp()
  const { offset: offsets } = await segment.loadIndexes()
  const handle = await segment.file.pin()
  try {
    const start = offsets.lookup(state.logStartOffset)
    const batches = walkHeaders(handle, state.environment.lanes.read, start, segment.writtenSize)
    let largest = -1
    for (;;) {
      const isThere = batches.next()
      if (!(typeof isThere === 'boolean' ? isThere : await isThere)) return largest
      if (batch.lastOffset(batches.bytes, batches.at) < state.logStartOffset) continue
      largest = Math.max(largest, batch.maxTimestamp(batches.bytes, batches.at))
    }
  } finally {
    segment.file.unpin()
  }
}

async function findInSegment(
  state: LogState,
  segment: LogSegment,
  timestamp: number,
  startOffset: number,
): Promise<TimestampAndOffset | undefined> {
  if ((await segment.loadMaxTimestamp()) < timestamp || segment.writtenSize === 0) return undefined
  const { offset: offsets, time } = await segment.loadIndexes()
  // An entry says that up to its offset nothing is later: only what comes before an equal timestamp may be skipped.
  const start = offsets.lookup(Math.max(time.lookup(timestamp - 1), startOffset))
  const handle = await segment.file.pin()
  try {
    const batches = new FileBatches(handle, state.environment.lanes.read, {
      start,
      end: segment.writtenSize,
      windowSize: 64 * 1024,
      whole: true,
    })
    for (;;) {
      const isThere = batches.next()
      if (!(typeof isThere === 'boolean' ? isThere : await isThere)) return undefined
      const { bytes, at } = batches
      if (batch.maxTimestamp(bytes, at) < timestamp || batch.lastOffset(bytes, at) < startOffset) continue
      const found = findInBatch(state, bytes, at, timestamp, startOffset)
      if (found !== undefined) return found
    }
  } finally {
    segment.file.unpin()
  }
}

function findInBatch(
  state: LogState,
  bytes: Buffer,
  at: number,
  timestamp: number,
  startOffset: number,
): TimestampAndOffset | undefined {
  const cursor = new RecordCursor()
  openRecords(cursor, bytes, at, state.environment.codecs)
  const baseOffset = batch.baseOffset(bytes, at)
  const leaderEpoch = batch.leaderEpoch(bytes, at)
  const isLogAppendTime = batch.timestampType(bytes, at) === batch.timestampTypes.LOG_APPEND_TIME
  const baseTimestamp = batch.baseTimestamp(bytes, at)
  for (let left = batch.recordsCount(bytes, at); left > 0; left--) {
    cursor.next()
    const offset = baseOffset + cursor.offsetDelta
    if (offset < startOffset) continue
    if (isLogAppendTime) return { offset, timestamp: batch.maxTimestampExact(bytes, at), leaderEpoch }
    if (baseTimestamp + cursor.timestampDelta < timestamp) continue
    const exact = BigInt.asIntN(64, batch.baseTimestampExact(bytes, at) + cursor.timestampDeltaExact())
    return { offset, timestamp: exact, leaderEpoch }
  }
  return undefined
}
