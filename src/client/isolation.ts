/**
 * Leaves out the batches of aborted transactions, as read_committed asks: the broker names the producers whose
 * transactions were aborted in what it answers, and where these began; a marker ends each.
 */
import type { AbortedTransaction } from '../protocol/api/01-fetch.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { controlRecordTypes, decodeControlKey } from '../protocol/record/control-record.ts'
import { decodeRecords } from '../protocol/record/record.ts'

export class AbortedBatches {
  readonly #queue: AbortedTransaction[]
  readonly #producers = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#queue = aborted.toSorted((left, right) => left.firstOffset - right.firstOffset)
  }

  /** Whether the batch at `position` belongs to an aborted transaction. Ask for each batch, in their order. */
  includes(bytes: Buffer, position: number): boolean {
    const lastOffset = batch.lastOffset(bytes, position)
    while (this.#queue.length > 0 && this.#queue[0]!.firstOffset <= lastOffset)
      this.#producers.add(this.#queue.shift()!.producerId)
    const producerId = batch.producerId(bytes, position)
    if (!batch.isControl(bytes, position))
      return batch.isTransactional(bytes, position) && this.#producers.has(producerId)
    const [record] = decodeRecords(bytes, position)
    if (record !== undefined && decodeControlKey(record.key) === controlRecordTypes.ABORT)
      this.#producers.delete(producerId)
    return false
  }
}
