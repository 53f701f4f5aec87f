/**
 * The three indexes of one segment and their files. While a segment is written to they live in memory and reach the disk
 * when it is rolled, flushed or closed: what a crash takes, recovery rebuilds from the log, which it reads from the
 * recovery point anyway.
 */

import { fileSuffixes, joinPath, offsetFileName } from './file-names.ts'
import type { FileSystem } from './file-system.ts'
import { FileSystemError } from './file-system.ts'
import { OffsetIndex } from './offset-index.ts'
import { TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

export interface SegmentIndexes {
  readonly offset: OffsetIndex
  readonly time: TimeIndex
  readonly transactions: TransactionIndex
}

export function emptyIndexes(baseOffset: number): SegmentIndexes {
  return {
    offset: new OffsetIndex(baseOffset),
    time: new TimeIndex(baseOffset),
    transactions: new TransactionIndex(),
  }
}

/** Bytes of memory, about. */
export function indexesSize(indexes: SegmentIndexes): number {
  return indexes.offset.sizeInBytes + indexes.time.sizeInBytes + indexes.transactions.entries.length * 96 + 512
}

/**
 * Reads the index files of a segment whose log has `size` bytes. Undefined when one is missing or cannot be an index of
 * it: the segment must be scanned then. A missing transaction index is an empty one.
 */
export async function readIndexes(
  fileSystem: FileSystem,
  directory: string,
  segment: { readonly baseOffset: number; readonly size: number; readonly hasTransactionIndex: boolean },
): Promise<SegmentIndexes | undefined> {
  const { baseOffset, size, hasTransactionIndex } = segment
  const read = (suffix: string) => readIfThere(fileSystem, joinPath(directory, offsetFileName(baseOffset, suffix)))
  const offsetBytes = await read(fileSuffixes.offsetIndex)
  const timeBytes = await read(fileSuffixes.timeIndex)
  if (offsetBytes === undefined || timeBytes === undefined) return undefined
  if (!OffsetIndex.isSane(offsetBytes, size) || !TimeIndex.isSane(timeBytes)) return undefined
  const transactionBytes = hasTransactionIndex ? await read(fileSuffixes.transactionIndex) : undefined
  const transactions = TransactionIndex.decode(transactionBytes ?? Buffer.alloc(0))
  if (transactions === undefined) return undefined
  return {
    offset: new OffsetIndex(baseOffset, offsetBytes),
    time: new TimeIndex(baseOffset, timeBytes),
    transactions,
  }
}

/** How many bytes of each index are on disk; -1: unknown, the file is written anew. */
export interface SavedSizes {
  offset: number
  time: number
  transactions: number
}

export const nothingSaved = (): SavedSizes => ({ offset: -1, time: -1, transactions: -1 })

/** Writes what `saved` says is missing, and flushes each file that changed when `sync` is set. A transaction index without entries has no file. */
export async function saveIndexes(
  fileSystem: FileSystem,
  directory: string,
  indexes: SegmentIndexes,
  saved: SavedSizes,
  sync: boolean,
): Promise<void> {
  const { offset, time, transactions } = indexes
  const path = (suffix: string) => joinPath(directory, offsetFileName(offset.baseOffset, suffix))
  const save = (suffix: string, from: number, encode: (start: number) => Buffer) =>
    appendToFile(fileSystem, path(suffix), from, encode(Math.max(from, 0)), sync)
  saved.offset = await save(fileSuffixes.offsetIndex, saved.offset, (start) => offset.encoded(start))
  saved.time = await save(fileSuffixes.timeIndex, saved.time, (start) => time.encoded(start))
  if (transactions.entries.length > 0) {
    const suffix = fileSuffixes.transactionIndex
    saved.transactions = await save(suffix, saved.transactions, (start) => transactions.encode().subarray(start))
  } else if (saved.transactions !== 0) {
    await fileSystem.remove(path(fileSuffixes.transactionIndex))
    saved.transactions = 0
  }
}

/** Returns the size that the file has afterwards. */
async function appendToFile(
  fileSystem: FileSystem,
  path: string,
  from: number,
  bytes: Buffer,
  sync: boolean,
): Promise<number> {
  const start = Math.max(from, 0)
  if (from >= 0 && bytes.length === 0 && !sync) return start
  const end = start + bytes.length
  const content = Buffer.from(bytes)
  const handle = await fileSystem.open(path, { create: true })
  try {
    if (from < 0) await handle.truncate(0)
    if (content.length > 0) await handle.write([content], start)
    if (sync) await handle.sync()
  } finally {
    await handle.close()
  }
  return end
}

export async function readIfThere(fileSystem: FileSystem, path: string): Promise<Buffer | undefined> {
  try {
    return await fileSystem.readFile(path)
  } catch (error) {
    if (error instanceof FileSystemError && error.code === 'ENOENT') return undefined
    throw error
  }
}
