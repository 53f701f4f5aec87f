/**
 * Opens the directory of a log: puts interrupted renames right, finds the segments and where the log ends. After a clean
 * stop it trusts the files and reads next to nothing; otherwise it scans from the segment of the recovery point, cuts at
 * the first bad batch, and rebuilds indexes, producer state and leader epochs from what is left (see docs of Apache Kafka:
 * "log recovery").
 */

import * as batch from '../protocol/record/batch-header.ts'
import { decodeEpochCheckpoint } from './checkpoint-text.ts'
import { walkHeaders } from './file-batches.ts'
import { epochCheckpointName, fileSuffixes, joinPath, offsetFileName, parseOffsetFileName } from './file-names.ts'
import { type FileSystem, FileSystemError } from './file-system.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { LogEnvironment } from './log-environment.ts'
import { readEndOffset, rebuildProducers, recoverSegment } from './log-replay.ts'
import { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import { deleteForGood } from './segment-files.ts'
import { readIfThere } from './segment-indexes.ts'

/** Every segment has these two once it was rolled or closed. */
const indexSuffixes = [fileSuffixes.offsetIndex, fileSuffixes.timeIndex] as const

const segmentSuffixes: readonly string[] = [fileSuffixes.log, ...indexSuffixes, fileSuffixes.transactionIndex]

/** What stands in a log's directory, by offset. */
export interface LogFiles {
  readonly names: ReadonlySet<string>
  /** Base offsets of `.log` files, ascending. */
  readonly baseOffsets: readonly number[]
  readonly snapshotOffsets: readonly number[]
  /** The directory was made just now. */
  readonly isNew: boolean
}

export interface LoadOptions {
  readonly hadCleanShutdown: boolean
  /** From the checkpoint; 0 when there is none. */
  readonly recoveryPoint: number
  /** From the checkpoint; 0 when there is none. */
  readonly logStartOffset: number
}

/** Lists the directory, after making it or removing what an interrupted deletion or compaction left. */
export async function prepareLogFiles(environment: LogEnvironment, directory: string): Promise<LogFiles> {
  const names = await listOrMake(environment.fileSystem, directory)
  if (names === undefined) return { ...sortFiles(new Set()), isNew: true }
  const isLeftOver = await removeLeftOvers(environment, directory, names)
  if (!isLeftOver) return sortFiles(names)
  const left = (await environment.fileSystem.list(directory)).map((entry) => entry.name)
  await completeSwaps(environment, directory, left)
  return sortFiles(new Set((await environment.fileSystem.list(directory)).map((entry) => entry.name)))
}

/** Undefined when there was no directory. */
async function listOrMake(fileSystem: FileSystem, directory: string): Promise<Set<string> | undefined> {
  try {
    return new Set((await fileSystem.list(directory)).map((entry) => entry.name))
  } catch (error) {
    if (!(error instanceof FileSystemError && error.code === 'ENOENT')) throw error
    await fileSystem.makeDirectory(directory)
    return undefined
  }
}

/** True when there was something that a swap or a deletion left. */
async function removeLeftOvers(
  environment: LogEnvironment,
  directory: string,
  names: ReadonlySet<string>,
): Promise<boolean> {
  const { fileSystem } = environment
  const withSuffix = (suffix: string): string[] =>
    [...names].filter((name) => parseOffsetFileName(name)?.suffix.endsWith(suffix))
  const [deleted, cleaned] = [withSuffix(fileSuffixes.deleted), withSuffix(fileSuffixes.cleaned)]
  const swaps = withSuffix(fileSuffixes.swap)
  const cleanedMin = Math.min(...cleaned.map((name) => parseOffsetFileName(name)!.offset))
  const incomplete = swaps.filter((name) => parseOffsetFileName(name)!.offset >= cleanedMin)
  // Before the `.cleaned` files, which tell that they are incomplete.
  for (const name of incomplete) await fileSystem.remove(joinPath(directory, name))
  if (incomplete.length > 0) await fileSystem.syncDirectory(directory)
  for (const name of [...cleaned, ...deleted]) await fileSystem.remove(joinPath(directory, name))
  return deleted.length + cleaned.length + swaps.length > 0
}

function sortFiles(names: Set<string>): LogFiles {
  const baseOffsets: number[] = []
  const snapshotOffsets: number[] = []
  for (const name of names) {
    const parsed = parseOffsetFileName(name)
    if (parsed?.suffix === fileSuffixes.log) baseOffsets.push(parsed.offset)
    else if (parsed?.suffix === fileSuffixes.snapshot) snapshotOffsets.push(parsed.offset)
  }
  baseOffsets.sort((left, right) => left - right)
  return { names, baseOffsets, snapshotOffsets, isNew: false }
}

/**
 * Compaction writes `.cleaned`, renames it to `.swap` when it is complete, removes what it replaces, and renames it to its
 * name. A `.swap` that is not above a `.cleaned` is complete: finishes the job.
 */
async function completeSwaps(environment: LogEnvironment, directory: string, names: Iterable<string>): Promise<void> {
  const { fileSystem } = environment
  const files = [...names].flatMap((name) => {
    const parts = parseOffsetFileName(name)
    return parts === undefined ? [] : [{ name, ...parts }]
  })
  let [replacedMin, replacedEnd] = [Number.POSITIVE_INFINITY, -1]
  for (const { name, offset, suffix } of files) {
    if (suffix !== fileSuffixes.log + fileSuffixes.swap) continue
    const path = joinPath(directory, name)
    replacedMin = Math.min(replacedMin, offset)
    replacedEnd = Math.max(replacedEnd, offset + 1, await readNextOffset(environment, path, offset))
  }
  for (const { name, offset, suffix } of files) {
    const isReplaced = offset >= replacedMin && offset < replacedEnd && segmentSuffixes.includes(suffix)
    if (isReplaced) await fileSystem.remove(joinPath(directory, name))
  }
  for (const { name, suffix } of files) {
    if (!suffix.endsWith(fileSuffixes.swap)) continue
    await fileSystem.rename(joinPath(directory, name), joinPath(directory, name.slice(0, -fileSuffixes.swap.length)))
  }
  await fileSystem.syncDirectory(directory)
}

async function readNextOffset(
  { fileSystem, lanes }: LogEnvironment,
  path: string,
  baseOffset: number,
): Promise<number> {
  const handle = await fileSystem.open(path, { readOnly: true })
  try {
    const batches = walkHeaders(handle, lanes.read, 0, await handle.size())
    let nextOffset = baseOffset
    while (await batches.next()) nextOffset = batch.nextOffset(batches.bytes, batches.at)
    return nextOffset
  } finally {
    await handle.close()
  }
}

/** Fills `state` from the files of its directory. Rejects with FileSystemError when the disk fails. */
export async function loadLog(state: LogState, files: LogFiles, options: LoadOptions): Promise<void> {
  const { fileSystem } = state.environment
  for (const baseOffset of files.baseOffsets) {
    const size = await fileSystem.size(joinPath(state.directory, offsetFileName(baseOffset, fileSuffixes.log)))
    const segment = LogSegment.load(state.environment, state.directory, baseOffset, size ?? 0)
    // A clean stop flushed what has content, and with it the way to it.
    segment.isEntryDurable = options.hadCleanShutdown && segment.size > 0
    segment.hasIndexFiles = indexSuffixes.some((suffix) => files.names.has(offsetFileName(baseOffset, suffix)))
    segment.hasTransactionIndex = files.names.has(offsetFileName(baseOffset, fileSuffixes.transactionIndex))
    state.segments.add(segment)
  }
  state.isDirectoryDurable = state.segments.all.some((segment) => segment.isEntryDurable)
  await removeOrphans(state, files)
  const areEpochsKnown = await loadEpochs(state, files)
  state.logStartOffset = Math.max(options.logStartOffset, state.segments.all[0]?.baseOffset ?? 0)
  if (state.segments.count > 0) {
    // Most partitions of a large broker may be empty: nothing can be damaged or missing in those.
    const scanFrom = state.isEmpty ? undefined : areEpochsKnown ? firstUnsound(state, files, options) : 0
    const isTrusted = scanFrom === undefined && (await trustActive(state, options.hadCleanShutdown))
    if (!isTrusted) await recover(state, scanFrom ?? state.segments.active.baseOffset, durableOffset(options))
  }
  await settle(state, options)
}

/** Where the scan must start: at the segment with the last record below the recovery point, or at an earlier one whose indexes are missing. Undefined after a clean stop. */
function firstUnsound(state: LogState, files: LogFiles, options: LoadOptions): number | undefined {
  const floorIndex = Math.max(state.segments.floorIndex(options.recoveryPoint - 1), 0)
  for (const [index, segment] of state.segments.all.entries()) {
    if (!options.hadCleanShutdown && index >= floorIndex) return segment.baseOffset
    const hasIndexes = indexSuffixes.every((suffix) => files.names.has(offsetFileName(segment.baseOffset, suffix)))
    if (!hasIndexes) return segment.baseOffset
  }
  return undefined
}

/** Takes the active segment as the clean stop left it; false when it does not look like that. */
async function trustActive(state: LogState, hadCleanShutdown: boolean): Promise<boolean> {
  const { active } = state.segments
  if (active.size === 0) active.becomeEmpty(hadCleanShutdown && active.hasIndexFiles)
  else if (!(await active.tryLoadIndexes())) return false
  const endOffset = active.size === 0 ? active.baseOffset : await readEndOffset(state, active)
  if (endOffset === undefined) return false
  state.nextOffset = endOffset
  await rebuildProducers(state, endOffset)
  return true
}

/** What lies below was flushed: a crash took none of it. */
function durableOffset({ hadCleanShutdown, recoveryPoint }: LoadOptions): number {
  return hadCleanShutdown ? Number.POSITIVE_INFINITY : recoveryPoint
}

async function recover(state: LogState, fromOffset: number, durableBelow: number): Promise<void> {
  const startedMs = state.environment.clock.monotonic()
  const firstIndex = Math.max(state.segments.floorIndex(fromOffset), 0)
  const startOffset = state.segments.at(firstIndex)!.baseOffset
  // What the checkpoint says of the part that is read again may be of records that a loss of power took.
  state.epochs.truncateFromEnd(startOffset)
  await rebuildProducers(state, startOffset)
  for (let index = firstIndex; index < state.segments.count; index++) {
    const segment = state.segments.at(index)!
    const sizeBefore = segment.writtenSize
    const isWhole = await recoverSegment(state, segment)
    // Damage to what was flushed is no crash's doing: as Kafka does, what comes after such a segment stays.
    const isDurable = (state.segments.at(index + 1)?.baseOffset ?? Number.POSITIVE_INFINITY) <= durableBelow
    if (isWhole && (isDurable || !isFollowedByGap(state, index))) continue
    const removed = isDurable ? [] : state.segments.removeFrom(index + 1)
    if (isDurable && state.segments.at(index + 1) !== undefined) {
      state.damagedOffset ??= Math.max(state.producers.endOffset, segment.baseOffset)
    }
    state.environment.logger.warn('a log is cut at its first invalid batch', {
      log: state.name,
      segment: segment.baseOffset,
      position: segment.size,
      bytesCut: sizeBefore - segment.size,
      segmentsDeleted: removed.length,
    })
    await deleteForGood(state, removed)
  }
  for (const segment of state.segments.all.slice(firstIndex, -1)) {
    segment.becomeInactive()
    await segment.saveIndexes(false)
  }
  state.nextOffset = Math.max(state.producers.endOffset, state.segments.active.baseOffset)
  state.environment.logger.info('a log was recovered', {
    log: state.name,
    from: fromOffset,
    logEndOffset: state.nextOffset,
    durationMs: Math.round(state.environment.clock.monotonic() - startedMs),
  })
}

/**
 * A loss of power may take the end of one segment and leave the next. Only compaction makes gaps, so elsewhere one means
 * that records are missing, and what follows must go too. Compaction keeps the last batch before the active segment: a
 * gap with nothing after it is not its doing either.
 */
function isFollowedByGap(state: LogState, index: number): boolean {
  const next = state.segments.at(index + 1)
  if (next === undefined) return false
  if (state.config.isCompact && state.segments.all.slice(index + 1).some(({ size }) => size > 0)) return false
  return next.baseOffset !== Math.max(state.producers.endOffset, state.segments.at(index)!.baseOffset)
}

/** The end is known: brings everything else in line with it. */
async function settle(state: LogState, options: LoadOptions): Promise<void> {
  if (state.segments.count > 0 && state.nextOffset < state.logStartOffset) {
    state.environment.logger.warn('a log ends before its start offset and is emptied', { log: state.name })
    await deleteForGood(state, state.segments.removeFrom(0))
    state.epochs.clear()
  }
  if (state.segments.count === 0) {
    await state.snapshots.removeAbove(-1)
    state.nextOffset = state.logStartOffset
    state.producers.reset(state.nextOffset)
    state.segments.add(LogSegment.create(state.environment, state.directory, state.nextOffset))
  }
  state.segments.active.becomeActive(state.config)
  state.logEndOffset = state.nextOffset
  state.recoveryPoint = options.hadCleanShutdown ? state.nextOffset : Math.min(options.recoveryPoint, state.nextOffset)
  state.flushedOffset = state.recoveryPoint
  state.epochs.truncateFromEnd(state.nextOffset)
  state.epochs.truncateFromStart(state.logStartOffset)
  await state.snapshots.removeAbove(state.nextOffset)
  await state.snapshots.removeStray(new Set(state.segments.all.map((segment) => segment.baseOffset)))
  state.setHighWatermark(state.logStartOffset)
}

/** False when the checkpoint is not what it should be: then all of the log has to be read for its epochs. */
async function loadEpochs(state: LogState, files: LogFiles): Promise<boolean> {
  if (!files.names.has(epochCheckpointName)) return false
  const path = joinPath(state.directory, epochCheckpointName)
  const bytes = await readIfThere(state.environment.fileSystem, path)
  const entries = bytes === undefined ? undefined : decodeEpochCheckpoint(bytes.toString())
  state.epochs = new LeaderEpochs(entries ?? [])
  state.hasEpochFile = true
  return entries !== undefined
}

/** Index files without a `.log`. */
async function removeOrphans(state: LogState, files: LogFiles): Promise<void> {
  const { fileSystem } = state.environment
  for (const name of files.names) {
    const parsed = parseOffsetFileName(name)
    if (parsed === undefined || files.names.has(offsetFileName(parsed.offset, fileSuffixes.log))) continue
    const { suffix } = parsed
    const isIndex =
      suffix === fileSuffixes.offsetIndex ||
      suffix === fileSuffixes.timeIndex ||
      suffix === fileSuffixes.transactionIndex
    if (isIndex) await fileSystem.remove(joinPath(state.directory, name))
  }
}
