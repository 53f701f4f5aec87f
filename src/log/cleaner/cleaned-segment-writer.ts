/**
 * Writes one cleaned segment: `<offset>.log.cleaned` and its indexes, flushed when it is finished. What a crash leaves of
 * them is removed at the next start.
 */
import * as batch from '../../protocol/record/batch-header.ts'
import { fileSuffixes, joinPath, offsetFileName } from '../file-names.ts'
import type { FileHandle } from '../file-system.ts'
import { emptyIndexes, type SegmentIndexes } from '../segment-indexes.ts'
import type { AbortedTransaction } from '../transaction-index.ts'
import type { CleaningFiles } from './cleaning-task.ts'

/** Every file that a segment may have, in the order in which they take their places: the log last. */
export const segmentFileSuffixes = [
  fileSuffixes.transactionIndex,
  fileSuffixes.timeIndex,
  fileSuffixes.offsetIndex,
  fileSuffixes.log,
] as const

const bufferSizeMin = 1024 * 1024

export class CleanedSegmentWriter {
  readonly baseOffset: number
  readonly #fileSystem: CleaningFiles
  readonly #directory: string
  readonly #indexIntervalBytes: number
  readonly #indexes: SegmentIndexes
  readonly #handle: FileHandle
  #buffer = Buffer.allocUnsafeSlow(bufferSizeMin)
  #bufferedSize = 0
  #writtenSize = 0
  #bytesSinceIndexEntry = 0
  #maxTimestamp = -1
  #maxTimestampOffset: number

  private constructor(
    fileSystem: CleaningFiles,
    options: { readonly directory: string; readonly baseOffset: number; readonly indexIntervalBytes: number },
    handle: FileHandle,
  ) {
    this.#fileSystem = fileSystem
    this.#directory = options.directory
    this.baseOffset = options.baseOffset
    this.#indexIntervalBytes = options.indexIntervalBytes
    this.#indexes = emptyIndexes(options.baseOffset)
    this.#maxTimestampOffset = options.baseOffset
    this.#handle = handle
  }

  static async create(
    fileSystem: CleaningFiles,
    options: { readonly directory: string; readonly baseOffset: number; readonly indexIntervalBytes: number },
  ): Promise<CleanedSegmentWriter> {
    const { directory, baseOffset } = options
    await removeCleanedFiles(fileSystem, directory, baseOffset)
    const handle = await fileSystem.open(cleanedPath(directory, baseOffset, fileSuffixes.log), { create: true })
    return new CleanedSegmentWriter(fileSystem, options, handle)
  }

  get size(): number {
    return this.#writtenSize + this.#bufferedSize
  }

  get hasTransactions(): boolean {
    return this.#indexes.transactions.entries.length > 0
  }

  /** Takes a copy of a whole batch; a promise when the disk must be written first. */
  append(bytes: Buffer): Promise<void> | undefined {
    const lastOffset = batch.lastOffset(bytes, 0)
    const maxTimestamp = batch.maxTimestamp(bytes, 0)
    if (maxTimestamp > this.#maxTimestamp) {
      this.#maxTimestamp = maxTimestamp
      this.#maxTimestampOffset = lastOffset
    }
    if (this.#bytesSinceIndexEntry > this.#indexIntervalBytes) {
      this.#indexes.offset.append(lastOffset, this.size)
      this.#indexes.time.maybeAppend(this.#maxTimestamp, this.#maxTimestampOffset)
      this.#bytesSinceIndexEntry = 0
    }
    this.#bytesSinceIndexEntry += bytes.length
    if (this.#bufferedSize + bytes.length <= this.#buffer.length) {
      this.#bufferedSize += bytes.copy(this.#buffer, this.#bufferedSize)
      return undefined
    }
    return this.#appendAfterWrite(bytes)
  }

  onAborted(transaction: AbortedTransaction): void {
    this.#indexes.transactions.append(transaction)
  }

  /** Writes and flushes all files; nothing is appended any more. */
  async finish(): Promise<void> {
    await this.#write()
    await this.#handle.sync()
    await this.#handle.close()
    const { offset, time, transactions } = this.#indexes
    time.maybeAppend(this.#maxTimestamp, this.#maxTimestampOffset)
    await this.#saveIndex(fileSuffixes.offsetIndex, offset.encoded())
    await this.#saveIndex(fileSuffixes.timeIndex, time.encoded())
    if (this.hasTransactions) await this.#saveIndex(fileSuffixes.transactionIndex, transactions.encode())
  }

  /** Gives up: removes what was written. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
    await removeCleanedFiles(this.#fileSystem, this.#directory, this.baseOffset)
  }

  async #appendAfterWrite(bytes: Buffer): Promise<void> {
    await this.#write()
    if (bytes.length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes.length)
    this.#bufferedSize = bytes.copy(this.#buffer)
  }

  async #write(): Promise<void> {
    if (this.#bufferedSize === 0) return
    await this.#handle.write([this.#buffer.subarray(0, this.#bufferedSize)], this.#writtenSize)
    this.#writtenSize += this.#bufferedSize
    this.#bufferedSize = 0
  }

  async #saveIndex(suffix: string, content: Buffer): Promise<void> {
    const path = cleanedPath(this.#directory, this.baseOffset, suffix)
    const handle = await this.#fileSystem.open(path, { create: true })
    try {
      if (content.length > 0) await handle.write([content], 0)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}

/** Removes the files of a cleaned segment that was not put in place. */
export async function removeCleanedFiles(
  fileSystem: CleaningFiles,
  directory: string,
  baseOffset: number,
): Promise<void> {
  for (const suffix of segmentFileSuffixes) await fileSystem.remove(cleanedPath(directory, baseOffset, suffix))
}

function cleanedPath(directory: string, baseOffset: number, suffix: string): string {
  return joinPath(directory, offsetFileName(baseOffset, suffix + fileSuffixes.cleaned))
}
