/**
 * The last offset of each key in the dirty part of a log: 24 bytes an entry, whatever the key's size, in open addressing
 * within a bounded buffer (log.cleaner.dedupe.buffer.size, filled up to its load factor). The buffer starts small and
 * doubles, so that a small topic costs little. What does not fit is left to the next cleaning: `endOffset` says how far
 * the map knows the log.
 */
import { assert } from '../../base/assert.ts'
import type { Random } from '../../base/random.ts'
import { KeyHash } from './key-hash.ts'

export const entrySize = 24
const capacityStart = 4096
/** While it may still grow it stays emptier than the load factor: look-ups are short. */
const growingLoad = 0.6

export interface OffsetMapOptions {
  /** Bytes that its entries may take. */
  readonly sizeMax: number
  /** Share of the entries that may be used, above 0, at most 1. */
  readonly loadFactor: number
  readonly random: Random
}

export class OffsetMap {
  /** The offset after the last record that the map knows. */
  endOffset: number
  readonly #capacityMax: number
  readonly #loadFactor: number
  readonly #hash: KeyHash
  #hashes: Int32Array
  /** -1: free. */
  #offsets: Float64Array
  #capacity: number
  #count = 0

  constructor(startOffset: number, options: OffsetMapOptions) {
    this.endOffset = startOffset
    this.#capacityMax = Math.max(2, Math.floor(options.sizeMax / entrySize))
    this.#loadFactor = Math.min(options.loadFactor, 1)
    this.#hash = new KeyHash(options.random)
    this.#capacity = Math.min(capacityStart, this.#capacityMax)
    this.#hashes = new Int32Array(this.#capacity * 4)
    this.#offsets = new Float64Array(this.#capacity).fill(-1)
  }

  get count(): number {
    return this.#count
  }

  /** True when the buffer is used up to its load factor. */
  get isFull(): boolean {
    return this.#count >= Math.floor(this.#capacityMax * this.#loadFactor)
  }

  get sizeInBytes(): number {
    return this.#capacity * entrySize
  }

  /** Notes that the key of `size` bytes at `start` has a record at `offset`, above all before. Grows beyond its limit when it must. */
  put(bytes: Buffer, start: number, size: number, offset: number): void {
    assert(offset >= 0, `an offset is not negative: ${offset}`)
    this.#makeRoom()
    this.#hash.hash(bytes, start, size)
    const { first, second, third, fourth } = this.#hash
    const index = this.#find(first, second, third, fourth)
    if (this.#offsets[index]! < 0) {
      this.#count++
      this.#set(index, first, second, third, fourth)
    }
    this.#offsets[index] = offset
  }

  /** The last offset of a key; -1 when it has none in the dirty part. */
  get(bytes: Buffer, start: number, size: number): number {
    this.#hash.hash(bytes, start, size)
    const { first, second, third, fourth } = this.#hash
    return this.#offsets[this.#find(first, second, third, fourth)]!
  }

  /** Index of the entry with that hash, or of the free one where it belongs. There always is a free one. */
  #find(first: number, second: number, third: number, fourth: number): number {
    const hashes = this.#hashes
    const offsets = this.#offsets
    const capacity = this.#capacity
    let index = (first >>> 0) % capacity
    while (offsets[index]! >= 0) {
      const at = index * 4
      if (hashes[at] === first && hashes[at + 1] === second && hashes[at + 2] === third && hashes[at + 3] === fourth) {
        return index
      }
      index = index + 1 === capacity ? 0 : index + 1
    }
    return index
  }

  #set(index: number, first: number, second: number, third: number, fourth: number): void {
    const at = index * 4
    this.#hashes[at] = first
    this.#hashes[at + 1] = second
    this.#hashes[at + 2] = third
    this.#hashes[at + 3] = fourth
  }

  #makeRoom(): void {
    if (this.#capacity < this.#capacityMax) {
      if (this.#count >= this.#capacity * growingLoad) this.#grow(Math.min(this.#capacity * 2, this.#capacityMax))
    } else if (this.#count + 1 >= this.#capacity) {
      // A single batch with more keys than fit: it has to be taken as a whole, or cleaning would never get past it.
      this.#grow(this.#capacity * 2)
    }
  }

  #grow(capacity: number): void {
    const [hashes, offsets] = [this.#hashes, this.#offsets]
    this.#capacity = capacity
    this.#hashes = new Int32Array(capacity * 4)
    this.#offsets = new Float64Array(capacity).fill(-1)
    for (let old = 0; old < offsets.length; old++) {
      if (offsets[old]! < 0) continue
      const at = old * 4
      const [first, second, third, fourth] = [hashes[at]!, hashes[at + 1]!, hashes[at + 2]!, hashes[at + 3]!]
      const index = this.#find(first, second, third, fourth)
      this.#set(index, first, second, third, fourth)
      this.#offsets[index] = offsets[old]!
    }
  }
}
