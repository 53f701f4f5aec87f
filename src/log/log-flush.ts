/**
 * Flushes of a log beyond those that each write asks for: data, indexes of finished segments, leader epochs, directory,
 * in this order, and only then the recovery point moves. The active segment's indexes may stay behind, because recovery
 * always reads the segment that holds the last record below the recovery point from its start.
 */
import { encodeEpochCheckpoint } from './checkpoint-text.ts'
import { epochCheckpointName, joinPath } from './file-names.ts'
import type { LogState } from './log-state.ts'
import { flushSegmentData } from './log-writer.ts'

/** Flushes all that is written now; returns the new recovery point. Rejects with KAFKA_STORAGE_ERROR and takes the log offline. */
export function flushLog(state: LogState): Promise<number> {
  return state.guard(async () => {
    const target = state.logEndOffset
    await saveEpochs(state)
    if (target <= state.recoveryPoint) return state.recoveryPoint
    const { fileSystem, lanes } = state.environment
    const firstIndex = Math.max(state.segments.floorIndex(state.recoveryPoint - 1), 0)
    const segments = state.segments.all.slice(firstIndex)
    for (const segment of segments) {
      if (segment.baseOffset > target || segment.isFileMissing || segment.isDiscarded) continue
      await flushSegmentData(state, segment)
      if (segment === state.segments.active || segment.writtenSize < segment.size) continue
      await lanes.flush.run(() => segment.saveIndexes(true))
    }
    if (segments.length > 1) await lanes.flush.run(() => fileSystem.syncDirectory(state.directory))
    state.flushedOffset = Math.max(state.flushedOffset, target)
    state.recoveryPoint = Math.max(state.recoveryPoint, target)
    state.lastFlushMs = state.environment.clock.now()
    return state.recoveryPoint
  })
}

/** True when the leader epoch checkpoint must be written. An empty log needs none: its leader's epoch begins with a record. */
export function areEpochsUnsaved(state: LogState): boolean {
  return state.epochs.isDirty && (state.hasEpochFile || !state.isEmpty)
}

/** Writes the leader epoch checkpoint when it changed. */
export async function saveEpochs(state: LogState): Promise<void> {
  if (!areEpochsUnsaved(state)) return
  const { fileSystem, lanes } = state.environment
  state.epochs.isDirty = false
  state.hasEpochFile = true
  const text = encodeEpochCheckpoint(state.epochs.entries)
  await lanes.flush.run(() => fileSystem.replaceFile(joinPath(state.directory, epochCheckpointName), text))
}

/** Makes a clean stop: everything on disk, indexes trimmed and complete, the producers' state as of the end. */
export function flushForClose(state: LogState): Promise<void> {
  return state.guard(async () => {
    await flushLog(state)
    const { lanes } = state.environment
    const { active } = state.segments
    active.closeTimeIndex()
    const isUsed = active.size > 0
    if (isUsed || active.hasIndexFiles) await lanes.flush.run(() => active.saveIndexes(isUsed))
    if (state.isEmpty && state.producers.producersCount === 0) return
    if (state.snapshots.offsets.includes(state.nextOffset)) return
    const snapshot = state.producers.encodeSnapshot()
    await lanes.flush.run(() => state.snapshots.write(state.nextOffset, snapshot, true))
  })
}
