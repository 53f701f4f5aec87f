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
      if (bytes === undefined) {
        // It was read and deleted, lay below a snapshot, or was cut away before anything of it was committed.
        if (!this.#openAgain(file)) return
        continue
      }
      if (!this.#readFile(bytes, endOffset, onBatch)) return
      if (this.#openNext() === undefined) return
    }
  }

  /** True when all of the file's whole batches were given. */
  #readFile(bytes: Buffer, endOffset: number, onBatch: OnBatch): boolean {
    while (this.#position + batchHeader.batchHeaderSize <= bytes.length) {
      const size = batchHeader.batchSizeInBytes(bytes, this.#position)
      if (size < batchHeader.batchHeaderSize || this.#position + size > bytes.length) return false
      const nextOffset = batchHeader.nextOffset(bytes, this.#position)
      if (nextOffset > endOffset) return false
      const isNew = nextOffset > this.nextOffset
      if (isNew) onBatch(bytes, this.#position)
      this.#position += size
      if (isNew) this.nextOffset = nextOffset
    }
    return true
  }

  #openNext(): string | undefined {
    const known = this.#file
    const starts = this.#segments()
    return this.#open(known === undefined ? starts[0] : starts.find(({ name }) => name > known))
  }

  /** The segment in which `nextOffset` lies, instead of `gone`. */
  #openAgain(gone: string): boolean {
    const starts = this.#segments()
    const segment = starts.findLast(({ offset }) => offset <= this.nextOffset) ?? starts[0]
    return segment?.name !== gone && this.#open(segment) !== undefined
  }

  #open(segment: { readonly name: string } | undefined): string | undefined {
    if (segment === undefined) return undefined
    this.#file = segment.name
    this.#position = 0
    return segment.name
  }

  #segments(): { readonly name: string; readonly offset: number }[] {
    return this.#disk
      .names(this.#directory)
      .flatMap((name) => {
        const parsed = parseOffsetFileName(name)
        return parsed?.suffix === '.log' ? [{ name, offset: parsed.offset }] : []
      })
      .sort((a, b) => a.offset - b.offset)
  }
}
