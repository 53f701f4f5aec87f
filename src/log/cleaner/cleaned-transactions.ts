/**
 * Which transactional batches a cleaning may drop: those of aborted transactions, and markers of transactions of which no
 * data is left. It is shown every batch in order of offsets, once per pass. A marker whose data goes in this pass stays
 * for the next one: a reader that has the data must find the marker.
 */
import { KafkaError } from '../../protocol/errors.ts'
import * as batch from '../../protocol/record/batch-header.ts'
import { controlRecordTypes, decodeControlKey } from '../../protocol/record/control-record.ts'
import { RecordCursor } from '../../protocol/record/record-cursor.ts'
import type { AbortedTransaction } from '../transaction-index.ts'

interface AbortedData {
  readonly transaction: AbortedTransaction
  isDataSeen: boolean
}

export class CleanedTransactions {
  /** By first offset. */
  readonly #aborted: readonly AbortedTransaction[]
  readonly #onMarkerKept: (transaction: AbortedTransaction) => void
  readonly #ongoingAborted = new Map<bigint, AbortedData>()
  readonly #ongoingCommitted = new Set<bigint>()
  readonly #cursor = new RecordCursor()
  #nextIndex = 0

  /** `onMarkerKept` gets the aborted transactions whose markers are still needed, in order of their markers. */
  constructor(
    aborted: readonly AbortedTransaction[],
    onMarkerKept: (transaction: AbortedTransaction) => void = () => {},
  ) {
    this.#aborted = [...aborted].sort((left, right) => left.firstOffset - right.firstOffset)
    this.#onMarkerKept = onMarkerKept
  }

  /** Takes note of the batch; true when nothing of it is needed by a reader. */
  isDiscardable(bytes: Buffer, at: number): boolean {
    this.#begin(batch.lastOffset(bytes, at))
    if (batch.isControl(bytes, at)) return this.#endTransaction(bytes, at)
    if (!batch.isTransactional(bytes, at)) return false
    const producerId = batch.producerId(bytes, at)
    const data = this.#ongoingAborted.get(producerId)
    if (data === undefined) {
      this.#ongoingCommitted.add(producerId)
      return false
    }
    data.isDataSeen = true
    return true
  }

  /** Aborted transactions that began at `offset` or before are under way. */
  #begin(offset: number): void {
    for (; this.#nextIndex < this.#aborted.length; this.#nextIndex++) {
      const transaction = this.#aborted[this.#nextIndex]!
      if (transaction.firstOffset > offset) return
      const { producerId } = transaction
      if (!this.#ongoingAborted.has(producerId)) {
        this.#ongoingAborted.set(producerId, { transaction, isDataSeen: false })
      }
    }
  }

  #endTransaction(bytes: Buffer, at: number): boolean {
    // A marker that was emptied and kept for its producer's epoch.
    if (batch.recordsCount(bytes, at) === 0) return true
    const producerId = batch.producerId(bytes, at)
    const type = this.#markerType(bytes, at)
    if (type === controlRecordTypes.ABORT) {
      const data = this.#ongoingAborted.get(producerId)
      this.#ongoingAborted.delete(producerId)
      if (data === undefined || !data.isDataSeen) return true
      this.#onMarkerKept(data.transaction)
      return false
    }
    if (type === controlRecordTypes.COMMIT) return !this.#ongoingCommitted.delete(producerId)
    return false
  }

  #markerType(bytes: Buffer, at: number): number {
    const cursor = this.#cursor
    if (batch.compressionType(bytes, at) !== 0) throw new KafkaError('CORRUPT_MESSAGE', 'A control batch is compressed')
    cursor.reset(bytes, at + batch.batchHeaderSize, at + batch.batchSizeInBytes(bytes, at))
    cursor.next()
    return decodeControlKey(bytes.subarray(cursor.keyPosition, cursor.keyPosition + Math.max(cursor.keySize, 0)))
  }
}
