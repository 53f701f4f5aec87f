/**
 * Reads a replica's log as it lies on its simulated disk, from its first segment on, up to what it says is committed. It
 * looks behind the log's back: the bytes are what a crash would leave in the page cache.
 */
import { parseOffsetFileName } from '../../src/log/file-names.ts'
import * as batchHeader from '../../src/protocol/record/batch-header.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

export type OnBatch = (bytes: Buffer, position: number) => void

export class LogTailReader {
  readonly #disk: SimulatedDisk
  readonly #directory: string
  #file: string | undefined
  #position = 0
  /** The offset after the last batch that was read; -1 before the first. */
  nextOffset = -1

  constructor(disk: SimulatedDisk, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  /** Gives every batch that ends at or below `endOffset` and was not given before. */
  readTo(endOffset: number, onBatch: OnBatch): void {
    while (this.nextOffset < endOffset) {
      const file = this.#file ?? this.#openNext()
      if (file === undefined) return
      const bytes = this.#disk.peek(`${this.#directory}/${file}`)
      // One that is gone was read, or lies below a snapshot.
      const isAtEnd = bytes === undefined || this.#readFile(bytes, endOffset, onBatch)
      if (!isAtEnd) return
      const next = this.#openNext()
      if (next === undefined) return
    }
  }

  /** True when all of the file's whole batches were given. */
  #readFile(bytes: Buffer, endOffset: number, onBatch: OnBatch): boolean {
    while (this.#position + batchHeader.batchHeaderSize <= bytes.length) {
      const size = batchHeader.batchSizeInBytes(bytes, this.#position)
      if (size < batchHeader.batchHeaderSize || this.#position + size > bytes.length) return false
      const nextOffset = batchHeader.nextOffset(bytes, this.#position)
      if (nextOffset > endOffset) return false
      onBatch(bytes, this.#position)
      this.#position += size
      this.nextOffset = nextOffset
    }
    return true
  }

  #openNext(): string | undefined {
    const starts = this.#disk
      .names(this.#directory)
      .map((name) => ({ name, parsed: parseOffsetFileName(name) }))
      .filter(({ parsed }) => parsed?.suffix === '.log')
      .sort((a, b) => a.parsed!.offset - b.parsed!.offset)
    const known = this.#file
    const next = known === undefined ? starts[0] : starts.find(({ name }) => name > known)
    if (next === undefined) return undefined
    this.#file = next.name
    this.#position = 0
    return next.name
  }
}
