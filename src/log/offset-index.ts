/**
 * Offset to file position of one segment, sparse: one entry about every `index.interval.bytes`. Kept in memory in the
 * bytes of Kafka's `.index` file; the segment decides when they are loaded and saved.
 *
 *  0                4              8
 *  +----------------+--------------+   entries ascend in both; the offset is that of the LAST
 *  | last offset    | position of  |   record of the batch, relative to the segment's base offset
 *  | - base offset  | that batch   |
 *  +----------------+--------------+
 */
import { assert } from '../base/assert.ts'

const entrySize = 8
const relativeOffsetMax = 0x7fffffff

export class OffsetIndex {
  readonly baseOffset: number
  #bytes: Buffer
  #size: number

  /** Takes over `bytes`, the content of an index file that `isSane`. */
  constructor(baseOffset: number, bytes: Buffer = Buffer.alloc(0)) {
    this.baseOffset = baseOffset
    this.#bytes = bytes
    this.#size = bytes.length
  }

  /** Entries ascend and point into a log file of `logSize` bytes; a file that was preallocated and never trimmed does not. */
  static isSane(bytes: Buffer, logSize: number): boolean {
    if (bytes.length % entrySize !== 0) return false
    let offset = -1
    let position = -1
    for (let at = 0; at < bytes.length; at += entrySize) {
      const nextOffset = bytes.readInt32BE(at)
      const nextPosition = bytes.readInt32BE(at + 4)
      if (nextOffset <= offset || nextPosition <= position || nextPosition >= logSize) return false
      offset = nextOffset
      position = nextPosition
    }
    return true
  }

  get entriesCount(): number {
    return this.#size / entrySize
  }

  get sizeInBytes(): number {
    return this.#size
  }

  /** The bytes of the file from `start` on; valid until the next append. */
  encoded(start = 0): Buffer {
    return this.#bytes.subarray(start, this.#size)
  }

  /** True when another entry would make the file larger than `sizeMax` bytes. */
  isFull(sizeMax: number): boolean {
    return this.#size + entrySize > sizeMax
  }

  canHold(offset: number): boolean {
    const relative = offset - this.baseOffset
    return relative >= 0 && relative <= relativeOffsetMax
  }

  /** Both ascend; an offset that is not above the last entry's is left out, as it is by Kafka for gaps made by compaction. */
  append(lastOffset: number, position: number): void {
    assert(this.canHold(lastOffset), `offset ${lastOffset} does not fit a segment at ${this.baseOffset}`)
    if (this.#size > 0 && this.#bytes.readInt32BE(this.#size - entrySize) >= lastOffset - this.baseOffset) return
    if (this.#size === this.#bytes.length) this.#grow()
    this.#bytes.writeInt32BE(lastOffset - this.baseOffset, this.#size)
    this.#bytes.writeInt32BE(position, this.#size + 4)
    this.#size += entrySize
  }

  /** Position of a batch at or before the one that has `offset`: that of the last entry not above it, 0 without one. */
  lookup(offset: number): number {
    const index = this.#floor(offset - this.baseOffset, 0)
    return index < 0 ? 0 : this.#bytes.readInt32BE(index * entrySize + 4)
  }

  /** The largest position of an entry that is not above `position`; 0 without one. A batch starts there. */
  floorPosition(position: number): number {
    const index = this.#floor(position, 4)
    return index < 0 ? 0 : this.#bytes.readInt32BE(index * entrySize + 4)
  }

  /** Drops the entries of `offset` and above. */
  truncateTo(offset: number): void {
    this.#size = (this.#floor(offset - this.baseOffset - 1, 0) + 1) * entrySize
  }

  /** Drops the entries that point to `logSize` and beyond. */
  truncateToSize(logSize: number): void {
    this.#size = (this.#floor(logSize - 1, 4) + 1) * entrySize
  }

  entry(index: number): { readonly offset: number; readonly position: number } {
    const at = index * entrySize
    return { offset: this.baseOffset + this.#bytes.readInt32BE(at), position: this.#bytes.readInt32BE(at + 4) }
  }

  /** Index of the last entry whose field at `fieldOffset` is not above `value`; -1 without one. */
  #floor(value: number, fieldOffset: number): number {
    let low = 0
    let high = this.entriesCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bytes.readInt32BE(middle * entrySize + fieldOffset) <= value) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #grow(): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, 64 * entrySize))
    this.#bytes.copy(grown, 0, 0, this.#size)
    this.#bytes = grown
  }
}
