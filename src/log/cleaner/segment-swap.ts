/**
 * Puts a cleaned segment in the place of those it was made of. The caller keeps truncation, deletion, flush and close out
 * meanwhile. Appends go on, and so do reads: a reader that has an old file open keeps it, any other finds either the old
 * segments or the new one.
 *
 *   n.log.cleaned  >  n.log.swap  >  old files to *.deleted  >  n.log  >  old files removed
 *
 * A crash before all files are `.swap` leaves the old segments; one after it finds a whole `n.log.swap`, and the next start
 * goes on from there (log-loader.ts). The directory is flushed at each `>`, so that no loss of power mixes two steps.
 */
import { fileSuffixes, joinPath, offsetFileName } from '../file-names.ts'
import { LogSegment } from '../log-segment.ts'
import type { LogState } from '../log-state.ts'
import { OffsetIndex } from '../offset-index.ts'
import { readIfThere, type SegmentIndexes } from '../segment-indexes.ts'
import { TimeIndex } from '../time-index.ts'
import { TransactionIndex } from '../transaction-index.ts'
import { segmentFileSuffixes } from './cleaned-segment-writer.ts'
import { type CleanedSegment, CleaningAbortedError, type SourceSegment } from './cleaning-task.ts'

/**
 * Rejects with CleaningAbortedError, before anything is changed, when `sources` are not what the log has there now.
 * `truncationsCount` is of the log when the cleaning began.
 */
export async function swapSegments(state: LogState, cleaned: CleanedSegment, truncationsCount: number): Promise<void> {
  if (state.failure !== undefined || state.isClosed) throw new CleaningAbortedError(`${state.name} is closed`)
  if (state.truncationsCount !== truncationsCount) throw new CleaningAbortedError(`${state.name} was truncated`)
  const index = indexOfSources(state, cleaned.sources)
  if (index < 0) throw new CleaningAbortedError(`The segments of ${state.name} have changed`)
  await state.guard(async () => {
    // A snapshot within the cleaned part may know transactions as open whose markers are not there any more.
    await state.snapshots.removeAt(cleaned.sources.map(({ baseOffset }) => baseOffset))
    await becomeSwap(state, cleaned)
    const segment = await openSwap(state, cleaned)
    const replaced = state.segments.replace(index, cleaned.sources.length, segment)
    state.tail.dropBelow(state.segments.at(index + 1)!.baseOffset)
    for (const old of replaced) old.discard()
    const names = await putAsideOld(state, replaced)
    await takeNames(state, cleaned)
    segment.onSwapped()
    await removeOld(state, names)
  })
}

/** Where the sources lie in the log's list, one after another and as they were; -1 when they do not. */
export function indexOfSources(state: LogState, sources: readonly SourceSegment[]): number {
  const { segments } = state
  const first = segments.floorIndex(sources[0]!.baseOffset)
  const areThere = sources.every(({ baseOffset, size }, index) => {
    const segment = segments.at(first + index)
    return segment?.baseOffset === baseOffset && segment.writtenSize === size && !segment.isActive
  })
  return areThere ? first : -1
}

async function becomeSwap(state: LogState, cleaned: CleanedSegment): Promise<void> {
  const { fileSystem, lanes } = state.environment
  await lanes.write.run(async () => {
    for (const suffix of suffixesOf(cleaned)) {
      const path = pathOf(state, cleaned.baseOffset, suffix)
      await fileSystem.rename(path + fileSuffixes.cleaned, path + fileSuffixes.swap)
    }
  })
  await lanes.flush.run(() => fileSystem.syncDirectory(state.directory))
}

/** The new segment with its indexes in memory and its file open: it can be read under whatever name it has. */
async function openSwap(state: LogState, cleaned: CleanedSegment): Promise<LogSegment> {
  const { environment, directory } = state
  const { baseOffset, size, hasTransactionIndex } = cleaned
  const read = async (suffix: string): Promise<Buffer> => {
    const path = pathOf(state, baseOffset, suffix) + fileSuffixes.swap
    return (await environment.lanes.read.run(() => readIfThere(environment.fileSystem, path))) ?? Buffer.alloc(0)
  }
  const indexes: SegmentIndexes = {
    offset: new OffsetIndex(baseOffset, await read(fileSuffixes.offsetIndex)),
    time: new TimeIndex(baseOffset, await read(fileSuffixes.timeIndex)),
    transactions: TransactionIndex.decode(
      hasTransactionIndex ? await read(fileSuffixes.transactionIndex) : Buffer.alloc(0),
    )!,
  }
  const segment = LogSegment.load(environment, directory, baseOffset, size)
  await segment.becomeSwapped(indexes, pathOf(state, baseOffset, fileSuffixes.log) + fileSuffixes.swap)
  return segment
}

/** Returns the paths that the old files have now. */
async function putAsideOld(state: LogState, replaced: readonly LogSegment[]): Promise<string[]> {
  const { fileSystem, lanes } = state.environment
  const names: string[] = []
  await lanes.write.run(async () => {
    for (const { baseOffset } of replaced) {
      for (const suffix of segmentFileSuffixes) {
        const path = pathOf(state, baseOffset, suffix)
        if ((await fileSystem.size(path)) === undefined) continue
        await fileSystem.rename(path, path + fileSuffixes.deleted)
        names.push(path + fileSuffixes.deleted)
      }
    }
  })
  await lanes.flush.run(() => fileSystem.syncDirectory(state.directory))
  return names
}

/** The log first: until then the next start takes the old files in its range for left over. */
async function takeNames(state: LogState, cleaned: CleanedSegment): Promise<void> {
  const { fileSystem, lanes } = state.environment
  await lanes.write.run(async () => {
    for (const suffix of suffixesOf(cleaned).reverse()) {
      const path = pathOf(state, cleaned.baseOffset, suffix)
      await fileSystem.rename(path + fileSuffixes.swap, path)
    }
  })
  await lanes.flush.run(() => fileSystem.syncDirectory(state.directory))
}

/** At once: whoever reads an old file has it open, and nothing in it is lost. So the disk need not hold the dirty log twice. */
async function removeOld(state: LogState, paths: readonly string[]): Promise<void> {
  const { fileSystem, lanes } = state.environment
  for (const path of paths) await lanes.write.run(() => fileSystem.remove(path))
}

function suffixesOf(cleaned: CleanedSegment): string[] {
  return segmentFileSuffixes.filter((suffix) => cleaned.hasTransactionIndex || suffix !== fileSuffixes.transactionIndex)
}

function pathOf(state: LogState, baseOffset: number, suffix: string): string {
  return joinPath(state.directory, offsetFileName(baseOffset, suffix))
}
