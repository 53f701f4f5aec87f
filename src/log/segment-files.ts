/**
 * Takes the files of segments away, as Kafka does: renamed to `.deleted` at once, removed a while later, so that an
 * operator who sees it happen can still stop it. What a crash leaves of them is removed at the next start.
 */
import { fileSuffixes, joinPath, offsetFileName } from './file-names.ts'
import type { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'

const segmentSuffixes = [
  fileSuffixes.log,
  fileSuffixes.offsetIndex,
  fileSuffixes.timeIndex,
  fileSuffixes.transactionIndex,
] as const

/** The segments must be out of the log's list already. */
export async function deleteSegmentFiles(state: LogState, segments: readonly LogSegment[]): Promise<void> {
  const { fileSystem, lanes, clock } = state.environment
  for (const segment of segments) segment.discard()
  const paths: string[] = []
  await lanes.write.run(async () => {
    for (const segment of segments) {
      for (const suffix of segmentSuffixes) {
        const path = joinPath(state.directory, offsetFileName(segment.baseOffset, suffix))
        if ((await fileSystem.size(path)) === undefined) continue
        await fileSystem.rename(path, path + fileSuffixes.deleted)
        paths.push(offsetFileName(segment.baseOffset, suffix) + fileSuffixes.deleted)
      }
    }
  })
  clock.schedule(Math.min(state.config.fileDeleteDelayMs, 0x7fff_ffff), () => {
    void removeFiles(state, paths)
  })
}

/** Of a log's end: segments that came back after a loss of power would follow on what is written in their place. */
export async function deleteForGood(state: LogState, segments: readonly LogSegment[]): Promise<void> {
  if (segments.length === 0) return
  const { fileSystem, lanes } = state.environment
  await deleteSegmentFiles(state, segments)
  await lanes.flush.run(() => fileSystem.syncDirectory(state.directory))
}

async function removeFiles(state: LogState, names: readonly string[]): Promise<void> {
  const { fileSystem, lanes, logger } = state.environment
  try {
    for (const name of names) await lanes.write.run(() => fileSystem.remove(joinPath(state.directory, name)))
  } catch (error) {
    logger.warn('files of deleted segments could not be removed', {
      log: state.name,
      error: (error as Error).message,
    })
  }
}
