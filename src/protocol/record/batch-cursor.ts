/**
 * Walks the batches that lie one after another in a buffer: the records of a Produce or Fetch, a piece of a log file.
 * Readers step through it and read each header at `position` with the functions of batch-header.ts, so that no object is
 * made per batch. It promises that a batch it stands on lies wholly inside the buffer, has room for a header and magic 2.
 */
import { KafkaError } from '../errors.ts'
import {
  batchHeaderSize,
  batchOverheadSize,
  batchSizeInBytes,
  currentMagic,
  magic,
  magicPosition,
} from './batch-header.ts'

export class BatchCursor {
  readonly bytes: Buffer
  readonly #end: number
  #position: number
  #nextPosition: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.#position = start
    this.#nextPosition = start
    this.#end = end
  }

  /** Where the batch starts that the last `next()` found. */
  get position(): number {
    return this.#position
  }

  /** Size of that batch, header included. */
  get size(): number {
    return this.#nextPosition - this.#position
  }

  /** Where the next batch would start: everything before it is whole batches. */
  get nextPosition(): number {
    return this.#nextPosition
  }

  /**
   * Moves to the next batch. False at the end, and at a batch that is cut off: a fetch may end in one, and a log after
   * a crash; `nextPosition` then says how far whole batches go. Throws CORRUPT_MESSAGE when the length cannot be right or the magic is not 2.
   */
  next(): boolean {
    const start = this.#nextPosition
    if (this.#end - start < batchOverheadSize) return false
    const size = batchSizeInBytes(this.bytes, start)
    if (size < batchHeaderSize) {
      throw new KafkaError(
        'CORRUPT_MESSAGE',
        `Batch size ${size} at ${start} is less than the size of a header (${batchHeaderSize})`,
      )
    }
    if (this.#end - start > magicPosition && magic(this.bytes, start) !== currentMagic) {
      throw new KafkaError('CORRUPT_MESSAGE', `Batch at ${start} has magic ${magic(this.bytes, start)}`)
    }
    if (size > this.#end - start) return false
    this.#position = start
    this.#nextPosition = start + size
    return true
  }
}

/** Calls `visit` for each whole batch in `bytes`; returns where the whole batches end. Throws as `BatchCursor.next`. */
export function forEachBatch(bytes: Buffer, visit: (bytes: Buffer, position: number, size: number) => void): number {
  const cursor = new BatchCursor(bytes)
  while (cursor.next()) visit(bytes, cursor.position, cursor.size)
  return cursor.nextPosition
}
