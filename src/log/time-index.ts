/**
 * Largest timestamp so far to offset, of one segment: an entry says that no record up to that offset has a greater
 * timestamp. Kept in memory in the bytes of Kafka's `.timeindex` file; the segment decides when they are loaded and saved.
 *
 *  0                       8              12
 *  +-----------------------+--------------+   both ascend; the offset is that of the last record of
 *  | largest timestamp     | offset       |   the batch with that timestamp, relative to the base
 *  | int64                 | int32        |   offset
 *  +-----------------------+--------------+
 */
import { readLong } from '../protocol/record/batch-header.ts'
import { writeLongSaturated } from './saturated-long.ts'

const entrySize = 12

export interface TimestampOffset {
  readonly timestamp: number
  readonly offset: number
}

export class TimeIndex {
  readonly baseOffset: number
  #bytes: Buffer
  #size: number

  /** Takes over `bytes`, the content of an index file that `isSane`. */
  constructor(baseOffset: number, bytes: Buffer = Buffer.alloc(0)) {
    this.baseOffset = baseOffset
    this.#bytes = bytes
    this.#size = bytes.length
  }

  static isSane(bytes: Buffer): boolean {
    if (bytes.length % entrySize !== 0) return false
    for (let at = entrySize; at < bytes.length; at += entrySize) {
      if (readLong(bytes, at) < readLong(bytes, at - entrySize)) return false
      if (bytes.readInt32BE(at + 8) < bytes.readInt32BE(at - entrySize + 8)) return false
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

  /** True when no entry but the closing one would fit into `sizeMax` bytes. */
  isFull(sizeMax: number): boolean {
    return this.#size + 2 * entrySize > sizeMax
  }

  /** Adds an entry when `timestamp` is greater than the last one's. */
  maybeAppend(timestamp: number, offset: number): void {
    if (timestamp < 0 || (this.#size > 0 && timestamp <= readLong(this.#bytes, this.#size - entrySize))) return
    if (this.#size === this.#bytes.length) this.#grow()
    writeLongSaturated(this.#bytes, timestamp, this.#size)
    this.#bytes.writeInt32BE(offset - this.baseOffset, this.#size + 8)
    this.#size += entrySize
  }

  /** The offset of the last entry whose timestamp is not above `timestamp`: what is greater comes after it. The base offset without one. */
  lookup(timestamp: number): number {
    let low = 0
    let high = this.entriesCount
    while (low < high) {
      const middle = (low + high) >>> 1
      if (readLong(this.#bytes, middle * entrySize) <= timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? this.baseOffset : this.entry(low - 1).offset
  }

  get lastEntry(): TimestampOffset {
    return this.#size === 0 ? { timestamp: -1, offset: this.baseOffset } : this.entry(this.entriesCount - 1)
  }

  /** Drops the entries of `offset` and above. */
  truncateTo(offset: number): void {
    while (this.#size > 0 && this.#bytes.readInt32BE(this.#size - 4) >= offset - this.baseOffset)
      this.#size -= entrySize
  }

  entry(index: number): TimestampOffset {
    const at = index * entrySize
    return { timestamp: readLong(this.#bytes, at), offset: this.baseOffset + this.#bytes.readInt32BE(at + 8) }
  }

  #grow(): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, 32 * entrySize))
    this.#bytes.copy(grown, 0, 0, this.#size)
    this.#bytes = grown
  }
}
