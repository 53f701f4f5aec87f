/**
 * Walks the batches in a segment's file through a window of memory, by headers alone or with each batch as a whole. Used
 * by look-ups (from an index entry on), truncation, recovery and the dump. It stops at what cannot be a batch: that is the
 * end of the valid log.
 */
import * as batch from '../protocol/record/batch-header.ts'
import type { FileHandle } from './file-system.ts'
import type { IoLane } from './io-lane.ts'

/** No request is as large as this, so no batch is; a length above it is damage. */
const batchSizeMax = 512 * 1024 * 1024

export interface FileBatchesOptions {
  readonly start: number
  /** Where the file ends, or the part of it that counts. */
  readonly end: number
  /** Bytes read at once; a larger batch is read whole when `whole` is set. */
  readonly windowSize: number
  /** True when all of a batch is needed, not just its header. */
  readonly whole: boolean
}

export class FileBatches {
  readonly #handle: FileHandle
  readonly #lane: IoLane
  readonly #end: number
  readonly #windowSize: number
  readonly #whole: boolean
  #window: Buffer = Buffer.alloc(0)
  /** File position of the window's first byte. */
  #windowPosition = 0
  #position: number
  #size = 0
  #isTorn = false
  #readBytes = 0

  constructor(handle: FileHandle, lane: IoLane, options: FileBatchesOptions) {
    this.#handle = handle
    this.#lane = lane
    this.#position = options.start
    this.#end = options.end
    this.#windowSize = options.windowSize
    this.#whole = options.whole
  }

  /** File position of the batch at hand; after the last one, where the valid bytes end. */
  get position(): number {
    return this.#position
  }

  /** Bytes of the batch at hand. */
  get size(): number {
    return this.#size
  }

  /** The bytes in which the batch at hand starts at `at`; valid until the next step. */
  get bytes(): Buffer {
    return this.#window
  }

  get at(): number {
    return this.#position - this.#windowPosition
  }

  /** True when the walk ended before `end`, at bytes that are not a whole batch. */
  get isTorn(): boolean {
    return this.#isTorn
  }

  /** Bytes that were read from the file so far. */
  get readBytes(): number {
    return this.#readBytes
  }

  /** Steps to the next batch; false at the end. A promise only when the disk must be read. */
  next(): boolean | Promise<boolean> {
    this.#position += this.#size
    this.#size = 0
    if (this.#position === this.#end) return false
    if (this.#end - this.#position < batch.batchHeaderSize) return this.#stop()
    if (!this.#isInWindow(batch.batchHeaderSize)) return this.#readHeader()
    return this.#onHeader()
  }

  #onHeader(): boolean | Promise<boolean> {
    const size = batch.batchSizeInBytes(this.#window, this.at)
    const isPossible = size >= batch.batchHeaderSize && size <= batchSizeMax && size <= this.#end - this.#position
    if (!isPossible || batch.magic(this.#window, this.at) !== batch.currentMagic) return this.#stop()
    if (this.#whole && !this.#isInWindow(size)) return this.#readWhole(size)
    this.#size = size
    return true
  }

  async #readHeader(): Promise<boolean> {
    if (!(await this.#fill(this.#windowSize, batch.batchHeaderSize))) return this.#stop()
    return this.#onHeader()
  }

  async #readWhole(size: number): Promise<boolean> {
    if (!(await this.#fill(Math.max(this.#windowSize, size), size))) return this.#stop()
    this.#size = size
    return true
  }

  /** Reads a window that starts at the position; false when fewer than `sizeMin` bytes were there. */
  async #fill(windowSize: number, sizeMin: number): Promise<boolean> {
    const size = Math.min(windowSize, this.#end - this.#position)
    const window = this.#window.length === size ? this.#window : Buffer.allocUnsafeSlow(size)
    const count = await this.#lane.run(() => this.#handle.read(window, this.#position))
    this.#window = count === size ? window : window.subarray(0, count)
    this.#windowPosition = this.#position
    this.#readBytes += count
    return count >= sizeMin
  }

  #isInWindow(size: number): boolean {
    const at = this.at
    return at >= 0 && at + size <= this.#window.length
  }

  #stop(): boolean {
    this.#isTorn = true
    return false
  }
}

/** A window for look-ups: about what lies between two index entries. */
const lookupWindowSize = 8 * 1024

/** Walks headers only, to find a place near `start`. */
export function walkHeaders(handle: FileHandle, lane: IoLane, start: number, end: number): FileBatches {
  return new FileBatches(handle, lane, { start, end, windowSize: lookupWindowSize, whole: false })
}
