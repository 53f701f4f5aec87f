/**
 * Which segments of a log are due: too old, too much, or below the log start offset (DeleteRecords). Always from the front,
 * never at or above the high watermark.
 */
import { readSegment } from './log-reader.ts'
import type { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import { deleteSegmentFiles } from './segment-files.ts'

/**
 * Deletes what is due; returns the number of segments. `roll` starts a new segment, for when all of the log is due. The
 * caller keeps truncation, flush and close out meanwhile.
 */
export async function deleteOldSegments(state: LogState, nowMs: number, roll: () => void): Promise<number> {
  return state.guard(async () => {
    let count = await deleteWhile(state, roll, (_segment, next) => {
      return next !== undefined && next.baseOffset <= state.logStartOffset
    })
    if (!state.config.isDelete) return count
    const { retentionMs, retentionBytes } = state.config
    if (retentionMs >= 0) {
      count += await deleteWhile(state, roll, async (segment) => {
        return nowMs - (await trustedTimestamp(state, segment, nowMs)) > retentionMs
      })
    }
    if (retentionBytes >= 0) {
      let excess = state.segments.sizeInBytes - retentionBytes
      count += await deleteWhile(state, roll, (segment) => {
        if (excess - segment.size < 0) return false
        excess -= segment.size
        return true
      })
    }
    return count
  })
}

/**
 * The age of a segment for retention. A producer can claim any time: a timestamp further ahead than the topic allows
 * would keep the segment for ever, so that the time of the last write counts in its place, as it does without timestamps.
 */
async function trustedTimestamp(state: LogState, segment: LogSegment, nowMs: number): Promise<number> {
  return readSegment(state, segment, async () => {
    const largest = await segment.loadMaxTimestamp()
    const isTrusted = largest >= 0 && largest <= nowMs + state.config.messageTimestampAfterMaxMs
    return isTrusted ? largest : segment.loadModifiedMs()
  })
}

async function deleteWhile(
  state: LogState,
  roll: () => void,
  isDue: (segment: LogSegment, next: LogSegment | undefined) => boolean | Promise<boolean>,
): Promise<number> {
  const { segments } = state
  let count = 0
  for (; count < segments.count; count++) {
    const segment = segments.at(count)!
    const next = segments.at(count + 1)
    const endOffset = next?.baseOffset ?? state.logEndOffset
    if (endOffset > state.highWatermark || segment.writtenSize < segment.size) break
    if (next === undefined && segment.size === 0) break
    if (!(await isDue(segment, next))) break
  }
  if (count === 0) return 0
  if (count === segments.count) roll()
  const removed = segments.removeFirst(count)
  const startOffset = segments.first.baseOffset
  if (startOffset > state.logStartOffset) state.setLogStartOffset(startOffset)
  await deleteSegmentFiles(state, removed)
  await state.snapshots.removeBelow(startOffset)
  return count
}
