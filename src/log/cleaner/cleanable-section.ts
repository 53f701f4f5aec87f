/**
 * How much of a log is dirty, and how much of that may be cleaned now: nothing of the active segment, nothing that is not
 * stable or not flushed, nothing younger than min.compaction.lag.ms; and the task for the cleaning.
 */
import * as batch from '../../protocol/record/batch-header.ts'
import { walkHeaders } from '../file-batches.ts'
import { readAbortedTransactions } from '../log-reader.ts'
import type { LogSegment } from '../log-segment.ts'
import type { LogState } from '../log-state.ts'
import {
  CleaningAbortedError,
  type CleaningSettings,
  type CleaningTask,
  type LastProducerRecord,
} from './cleaning-task.ts'

export interface CleanableSection {
  readonly firstDirtyOffset: number
  /** Base offset of a segment, or the dirty offset itself when nothing can be cleaned. */
  readonly firstUncleanableOffset: number
  readonly cleanableBytes: number
  /** Share of the cleanable bytes in all up to their end. */
  readonly dirtyRatio: number
  /** Something has waited longer than max.compaction.lag.ms: the ratio does not matter. */
  readonly isOverdue: boolean
}

/** The section from the cleaner's checkpoint on. */
export async function findCleanableSection(state: LogState, nowMs: number): Promise<CleanableSection> {
  const { segments } = state
  const firstDirtyOffset = firstDirty(state)
  const bound = Math.min(
    state.lastStableOffset,
    state.recoveryPoint,
    await firstTooYoung(state, firstDirtyOffset, nowMs),
  )
  const boundIndex = Math.min(Math.max(segments.floorIndex(bound), 0), firstUnfinishedIndex(state))
  const firstUncleanableOffset = segments.at(boundIndex)!.baseOffset
  const dirtyIndex = Math.max(segments.floorIndex(firstDirtyOffset), 0)
  let [cleanBytes, cleanableBytes] = [0, 0]
  for (const [index, segment] of segments.all.entries()) {
    if (segment.baseOffset < firstDirtyOffset) cleanBytes += segment.size
    if (index >= dirtyIndex && index < boundIndex) cleanableBytes += segment.size
  }
  const totalBytes = cleanBytes + cleanableBytes
  return {
    firstDirtyOffset,
    firstUncleanableOffset: Math.max(firstUncleanableOffset, firstDirtyOffset),
    cleanableBytes,
    dirtyRatio: totalBytes === 0 ? 0 : cleanableBytes / totalBytes,
    isOverdue: cleanableBytes > 0 && (await isOverdue(state, dirtyIndex, boundIndex, nowMs)),
  }
}

/** Rejects with CleaningAbortedError when the log has changed since the section was found. */
export async function planCleaning(
  state: LogState,
  section: CleanableSection,
  nowMs: number,
  settings: CleaningSettings,
): Promise<CleaningTask> {
  const { firstDirtyOffset, firstUncleanableOffset } = section
  const { config, segments } = state
  const end = segments.floorIndex(firstUncleanableOffset)
  const isUnchanged = segments.at(end)?.baseOffset === firstUncleanableOffset && end <= firstUnfinishedIndex(state)
  if (!isUnchanged) throw new CleaningAbortedError(`The segments of ${state.name} have changed`)
  const sources = segments.all.slice(0, end).map(({ baseOffset, writtenSize }) => ({ baseOffset, size: writtenSize }))
  const startOffset = sources[0]?.baseOffset ?? firstDirtyOffset
  const lastProducerRecords = new Map<bigint, LastProducerRecord>()
  // What a loss of power may still take, or a new leader not have, is not what tells of a producer then.
  const certainOffset = Math.min(state.recoveryPoint, state.highWatermark)
  for (const entry of state.producers.producers) {
    const certain = entry.lastOffsetBelow(certainOffset)
    const lastDataOffset = certain < 0 ? entry.lastOffset : certain
    lastProducerRecords.set(entry.producerId, { producerEpoch: entry.producerEpoch, lastDataOffset })
  }
  return {
    name: state.name,
    directory: state.directory,
    truncationsCount: state.truncationsCount,
    segments: sources,
    firstDirtyOffset,
    firstUncleanableOffset,
    abortedTransactions: await readAbortedTransactions(state, startOffset, firstUncleanableOffset),
    lastProducerRecords,
    segmentBytes: config.segmentBytes,
    segmentIndexBytes: config.segmentIndexBytes,
    indexIntervalBytes: config.indexIntervalBytes,
    deleteRetentionMs: config.deleteRetentionMs,
    nowMs,
    settings,
  }
}

/** The checkpoint, unless the log does not reach so far, or does not go back so far, any more. */
function firstDirty(state: LogState): number {
  const { cleanerOffset, logStartOffset, logEndOffset } = state
  return cleanerOffset < logStartOffset || cleanerOffset > logEndOffset ? logStartOffset : cleanerOffset
}

/** Index of the first segment that is appended to, or whose last bytes or indexes the writer has not saved. */
function firstUnfinishedIndex(state: LogState): number {
  const index = state.segments.all.findIndex((segment) => segment.isActive || segment.writtenSize < segment.size)
  return index < 0 ? state.segments.count - 1 : Math.min(index, state.segments.count - 1)
}

/** Base offset of the first dirty segment with a record younger than min.compaction.lag.ms; infinite without one. */
async function firstTooYoung(state: LogState, firstDirtyOffset: number, nowMs: number): Promise<number> {
  const { minCompactionLagMs } = state.config
  if (minCompactionLagMs <= 0) return Number.POSITIVE_INFINITY
  for (const segment of state.segments.all.slice(Math.max(state.segments.floorIndex(firstDirtyOffset), 0), -1)) {
    if ((await youngestMs(segment)) > nowMs - minCompactionLagMs) return segment.baseOffset
  }
  return Number.POSITIVE_INFINITY
}

async function youngestMs(segment: LogSegment): Promise<number> {
  const largest = await segment.loadMaxTimestamp()
  return largest >= 0 ? largest : segment.loadModifiedMs()
}

async function isOverdue(state: LogState, fromIndex: number, toIndex: number, nowMs: number): Promise<boolean> {
  const { maxCompactionLagMs } = state.config
  if (maxCompactionLagMs >= nowMs) return false
  for (const segment of state.segments.all.slice(fromIndex, toIndex)) {
    segment.firstTimestamp ??= await readFirstTimestamp(state, segment)
    const first = segment.firstTimestamp
    if (first > 0 && first < nowMs - maxCompactionLagMs) return true
  }
  return false
}

async function readFirstTimestamp(state: LogState, segment: LogSegment): Promise<number> {
  const handle = await segment.file.pin()
  try {
    const batches = walkHeaders(handle, state.environment.lanes.read, 0, segment.writtenSize)
    return (await batches.next()) ? batch.maxTimestamp(batches.bytes, batches.at) : -1
  } finally {
    segment.file.unpin()
  }
}
