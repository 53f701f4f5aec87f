/**
 * The aborted transactions of one segment: those whose ABORT marker lies in it, in order of their markers. A
 * read_committed fetch tells its reader which of them touch what it got. Kept in the form of Kafka's `.txnindex` file.
 *
 *  0         2             10             18            26                   34
 *  +---------+-------------+--------------+-------------+--------------------+
 *  | version | producer id | first offset | last offset | last stable offset |
 *  | int16 0 | int64       | int64        | int64       | int64              |
 *  +---------+-------------+--------------+-------------+--------------------+
 *
 * The last offset is the marker's; the last stable offset is that right after it was written.
 */
import { readLong, writeLong } from '../protocol/record/batch-header.ts'

const entrySize = 34

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
  readonly lastOffset: number
  readonly lastStableOffset: number
}

export class TransactionIndex {
  #entries: AbortedTransaction[]

  constructor(entries: AbortedTransaction[] = []) {
    this.#entries = entries
  }

  /** Undefined when `bytes` are not those of an index. */
  static decode(bytes: Buffer): TransactionIndex | undefined {
    if (bytes.length % entrySize !== 0) return undefined
    const entries: AbortedTransaction[] = []
    for (let at = 0; at < bytes.length; at += entrySize) {
      if (bytes.readInt16BE(at) !== 0) return undefined
      const entry = {
        producerId: bytes.readBigInt64BE(at + 2),
        firstOffset: readLong(bytes, at + 10),
        lastOffset: readLong(bytes, at + 18),
        lastStableOffset: readLong(bytes, at + 26),
      }
      const previous = entries.at(-1)
      if (entry.lastOffset < entry.firstOffset) return undefined
      if (previous !== undefined && previous.lastOffset >= entry.lastOffset) return undefined
      entries.push(entry)
    }
    return new TransactionIndex(entries)
  }

  get entries(): readonly AbortedTransaction[] {
    return this.#entries
  }

  append(transaction: AbortedTransaction): void {
    this.#entries.push(transaction)
  }

  encode(): Buffer {
    const bytes = Buffer.alloc(this.#entries.length * entrySize)
    for (const [index, entry] of this.#entries.entries()) {
      const at = index * entrySize
      bytes.writeBigInt64BE(entry.producerId, at + 2)
      writeLong(bytes, entry.firstOffset, at + 10)
      writeLong(bytes, entry.lastOffset, at + 18)
      writeLong(bytes, entry.lastStableOffset, at + 26)
    }
    return bytes
  }

  /** Drops the transactions whose marker is at `offset` or above. */
  truncateTo(offset: number): void {
    const keep = this.#entries.findIndex((entry) => entry.lastOffset >= offset)
    if (keep >= 0) this.#entries.length = keep
  }

  /**
   * Adds to `found` those that touch offsets from `fetchOffset` to `upperBoundOffset` (exclusive). True when no later
   * segment can have another: the log was stable up to the bound when the last one was written.
   */
  collect(fetchOffset: number, upperBoundOffset: number, found: AbortedTransaction[]): boolean {
    for (const entry of this.#entries) {
      if (entry.lastOffset >= fetchOffset && entry.firstOffset < upperBoundOffset) found.push(entry)
      if (entry.lastStableOffset >= upperBoundOffset) return true
    }
    return false
  }
}
