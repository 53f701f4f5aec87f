/**
 * Cuts a log: a follower gives up what its leader does not have, or starts anew where the leader's log begins. The caller
 * makes sure that nothing is appended or queued meanwhile. The file is flushed after the cut, so that no crash brings
 * back what was given up.
 */
import { assert } from '../base/assert.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { walkHeaders } from './file-batches.ts'
import { saveEpochs } from './log-flush.ts'
import { rebuildProducers } from './log-replay.ts'
import { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import { deleteForGood } from './segment-files.ts'

/**
 * Drops the batch that holds `offset` and all after it. The next record gets `offset`, or the base offset of that batch
 * when `offset` lies inside it: a log has no gaps but those that compaction made, and recovery counts on it.
 */
export async function truncateLog(state: LogState, offset: number): Promise<void> {
  assert(offset >= 0, `an offset to truncate to: ${offset}`)
  assert(state.tail.queuedBytes === 0, 'a log is truncated when all of it is written')
  if (offset >= state.nextOffset) return dropEpochsFrom(state, offset)
  if (offset < state.segments.first.baseOffset) return truncateFully(state, offset, offset)
  state.truncationsCount++
  await state.guard(async () => {
    const index = state.segments.floorIndex(offset)
    const removed = state.segments.removeFrom(index + 1)
    const endOffset = await cutSegment(state, state.segments.active, offset)
    // Nothing that is left may be read: a gap between it and what comes next must not arise.
    const startOffset = Math.min(offset, state.logStartOffset)
    if (endOffset < startOffset) return startOver(state, removed, startOffset)
    state.tail.clear()
    await state.snapshots.removeAbove(endOffset)
    await deleteForGood(state, removed)
    await rebuildProducers(state, endOffset)
    moveEnd(state, endOffset)
    state.epochs.truncateFromEnd(endOffset)
    await saveEpochs(state)
  })
}

/** Epochs may have begun at the end of the log without a record: who led for a moment and follows again knows of them. */
function dropEpochsFrom(state: LogState, offset: number): Promise<void> {
  return state.guard(async () => {
    state.epochs.truncateFromEnd(offset)
    await saveEpochs(state)
  })
}

/** Drops everything; the log is empty and starts at `logStartOffset`, the next record gets `offset`. */
export function truncateFully(state: LogState, offset: number, logStartOffset: number): Promise<void> {
  state.truncationsCount++
  return state.guard(async () => {
    await startOver(state, [], offset)
    state.logStartOffset = logStartOffset
    state.setHighWatermark(state.highWatermark)
  })
}

/** Deletes all segments, and `removed`, which are out of the list already; the log is empty at `offset`. */
async function startOver(state: LogState, removed: readonly LogSegment[], offset: number): Promise<void> {
  state.tail.clear()
  await deleteForGood(state, [...state.segments.removeFrom(0), ...removed])
  const segment = LogSegment.create(state.environment, state.directory, offset)
  segment.becomeActive(state.config)
  state.segments.add(segment)
  await state.snapshots.removeAbove(-1)
  state.producers.reset(offset)
  state.logStartOffset = offset
  moveEnd(state, offset)
  state.epochs.clear()
  await saveEpochs(state)
}

/** Returns where the log ends then. */
async function cutSegment(state: LogState, segment: LogSegment, offset: number): Promise<number> {
  const { lanes } = state.environment
  const { offset: offsets } = await segment.loadIndexes()
  const handle = await segment.file.pin()
  let endOffset = offset
  const kept: { timestamp: number; offset: number }[] = []
  try {
    // From the last index entry that stays: the time index knows the largest timestamp up to there.
    const batches = walkHeaders(handle, lanes.read, offsets.lookup(offset - 1), segment.writtenSize)
    for (;;) {
      const isThere = batches.next()
      if (!(typeof isThere === 'boolean' ? isThere : await isThere)) break
      const { bytes, at } = batches
      const lastOffset = batch.lastOffset(bytes, at)
      if (lastOffset < offset) {
        kept.push({ timestamp: batch.maxTimestamp(bytes, at), offset: lastOffset })
        continue
      }
      endOffset = Math.min(offset, batch.baseOffset(bytes, at))
      break
    }
    segment.truncateTo(offset, batches.position)
    for (const { timestamp, offset: timestampOffset } of kept) segment.noteTimestamp(timestamp, timestampOffset)
    await lanes.flush.run(async () => {
      await handle.truncate(batches.position)
      await handle.sync()
    })
  } finally {
    segment.file.unpin()
  }
  segment.becomeActive(state.config)
  return endOffset
}

function moveEnd(state: LogState, offset: number): void {
  state.nextOffset = offset
  state.logEndOffset = offset
  if (state.damagedOffset !== undefined && state.damagedOffset >= offset) state.damagedOffset = undefined
  state.flushedOffset = Math.min(state.flushedOffset, offset)
  state.recoveryPoint = Math.min(state.recoveryPoint, offset)
  state.cleanerOffset = Math.min(state.cleanerOffset, offset)
  state.logStartOffset = Math.min(state.logStartOffset, offset)
  state.setHighWatermark(state.highWatermark)
}
