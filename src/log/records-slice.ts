/**
 * What a read of a log gives: whole batches as a few slices, each either bytes in memory or a region of a segment's file
 * that the connection reads piece by piece while its socket drains. A region keeps its file open, whatever retention does
 * to it meanwhile, and bytes in memory hold their frame; so every result is released exactly once, sent or not.
 */
import { assert } from '../base/assert.ts'
import { frameMemory } from '../base/frame-memory.ts'
import type { RecordsRegion } from '../protocol/records-region.ts'
import { FileSystemError } from './file-system.ts'
import type { IoLane } from './io-lane.ts'
import type { PooledFile } from './open-files.ts'

export type RecordsSlice = Buffer | FileRegion

export class FileRegion implements RecordsRegion {
  readonly sizeInBytes: number
  readonly #file: PooledFile
  readonly #position: number
  readonly #lane: IoLane
  readonly #onFailure: (error: Error) => void
  #isReleased = false

  /** Takes over one pin of `file`. `onFailure` is told when it cannot be read as far as it should go. */
  constructor(
    file: PooledFile,
    position: number,
    sizeInBytes: number,
    lane: IoLane,
    onFailure: (error: Error) => void,
  ) {
    this.#file = file
    this.#position = position
    this.sizeInBytes = sizeInBytes
    this.#lane = lane
    this.#onFailure = onFailure
  }

  /** Fills `buffer` from `offset` bytes into the region; returns the bytes read, fewer only at its end. Rejects with FileSystemError. */
  async read(buffer: Buffer, offset: number): Promise<number> {
    assert(!this.#isReleased, 'a released region is not read')
    const length = Math.min(buffer.length, this.sizeInBytes - offset)
    const target = length === buffer.length ? buffer : buffer.subarray(0, length)
    try {
      await this.#fill(target, this.#position + offset)
      return length
    } catch (error) {
      this.#onFailure(error as Error)
      throw error
    }
  }

  async #fill(target: Buffer, position: number): Promise<void> {
    const handle = await this.#file.pin()
    try {
      const count = await this.#lane.run(() => handle.read(target, position))
      if (count === target.length) return
      throw new FileSystemError('EIO', handle.path, `EIO: ${handle.path} ends at ${position + count}, too early`)
    } finally {
      this.#file.unpin()
    }
  }

  /** Lets the file go. */
  release(): void {
    assert(!this.#isReleased, 'a region is released once')
    this.#isReleased = true
    this.#file.unpin()
  }
}

export class ReadResult {
  readonly slices: readonly RecordsSlice[]
  readonly sizeInBytes: number

  constructor(slices: readonly RecordsSlice[], sizeInBytes: number) {
    this.slices = slices
    this.sizeInBytes = sizeInBytes
    for (const slice of slices) if (slice instanceof Buffer) frameMemory.hold(slice)
  }

  release(): void {
    for (const slice of this.slices) {
      if (slice instanceof FileRegion) slice.release()
      else frameMemory.release(slice)
    }
  }

  /** All of it in one buffer; releases the result. For internal topics and the raft log. */
  async readAll(): Promise<Buffer> {
    try {
      const bytes = Buffer.allocUnsafe(this.sizeInBytes)
      let at = 0
      for (const slice of this.slices) {
        if (slice instanceof FileRegion) at += await slice.read(bytes.subarray(at, at + slice.sizeInBytes), 0)
        else at += slice.copy(bytes, at)
      }
      return bytes.subarray(0, at)
    } finally {
      this.release()
    }
  }
}

export const emptyReadResult = new ReadResult([], 0)
