/**
 * What a partition remembers of one producer id: its epoch, its last five batches, the transaction it has open. Changed
 * by producer-state.ts, and by producer-recall.ts, which reads again what a snapshot does not tell. The batches are always
 * the newest ones of the epoch, without a gap.
 */

import { assert } from '../base/assert.ts'

/** Kafka answers a repeated batch from memory if it is one of the last five: a producer has at most five requests under way. */
export const batchesRetained = 5

/** Fields of one remembered batch, in a flat array. */
const fieldsCount = 4
const [lastSequenceField, lastOffsetField, offsetDeltaField, timestampField] = [0, 1, 2, 3] as const

export interface RememberedBatch {
  readonly firstOffset: number
  readonly lastOffset: number
  /** Its largest timestamp, or the time of its append. */
  readonly timestamp: number
}

/** A batch as it is read again from the log. */
export interface OlderBatch {
  readonly lastSequence: number
  readonly lastOffset: number
  readonly offsetDelta: number
  readonly timestamp: number
}

export class ProducerEntry {
  readonly producerId: bigint
  /** -1 until a batch of it was seen. */
  producerEpoch = -1
  coordinatorEpoch = -1
  lastTimestamp = -1
  /** First offset of the transaction it has open, -1 without one. */
  transactionFirstOffset = -1
  /** Batches of this epoch that are not remembered may be in the log below this offset; -1: there are none worth a look. */
  forgottenEndOffset = -1
  readonly #batches = new Float64Array(batchesRetained * fieldsCount)
  #batchesCount = 0
  #nextIndex = 0

  constructor(producerId: bigint) {
    this.producerId = producerId
  }

  get hasBatches(): boolean {
    return this.#batchesCount > 0
  }

  /** -1 when no batch is remembered. */
  get lastSequence(): number {
    return this.#last(lastSequenceField, -1)
  }

  /** -1 when no batch is remembered. */
  get lastOffset(): number {
    return this.#last(lastOffsetField, -1)
  }

  /** Of the newest remembered batch that ends below `offset`; -1 without one. */
  lastOffsetBelow(offset: number): number {
    let newest = -1
    for (let index = 0; index < this.#batchesCount; index++) {
      const lastOffset = this.#batches[index * fieldsCount + lastOffsetField]!
      if (lastOffset < offset && lastOffset > newest) newest = lastOffset
    }
    return newest
  }

  get lastOffsetDelta(): number {
    return this.#last(offsetDeltaField, 0)
  }

  /** A new epoch forgets the batches of the one before. */
  setEpoch(producerEpoch: number): void {
    if (this.producerEpoch === producerEpoch) return
    this.producerEpoch = producerEpoch
    this.#batchesCount = 0
    this.forgottenEndOffset = -1
  }

  addBatch(lastSequence: number, lastOffset: number, offsetDelta: number, timestamp: number): void {
    const at = this.#nextIndex * fieldsCount
    this.#batches[at + lastSequenceField] = lastSequence
    this.#batches[at + lastOffsetField] = lastOffset
    this.#batches[at + offsetDeltaField] = offsetDelta
    this.#batches[at + timestampField] = timestamp
    this.#nextIndex = (this.#nextIndex + 1) % batchesRetained
    if (this.#batchesCount < batchesRetained) this.#batchesCount++
    this.lastTimestamp = timestamp
  }

  /** Only its newest batch is known, as a snapshot tells it: those before it are forgotten. */
  forgetOlder(): void {
    this.forgottenEndOffset = this.hasBatches ? this.lastOffset - this.lastOffsetDelta : -1
  }

  /** How many batches more, all older, may be remembered again. */
  get missingCount(): number {
    return this.forgottenEndOffset < 0 ? 0 : batchesRetained - this.#batchesCount
  }

  /** Whether a batch that begins with `sequence` would come before the newest one. */
  isBeforeLast(sequence: number): boolean {
    const distance = (this.lastSequence - sequence) & 0x7fff_ffff
    return this.hasBatches && distance < 0x4000_0000
  }

  /** Remembers batches again that come before those that it knows; newest first, at most `missingCount`. */
  recall(older: readonly OlderBatch[]): void {
    const known = this.#batches.slice()
    const [count, start] = [this.#batchesCount, this.#nextIndex - this.#batchesCount + batchesRetained]
    assert(older.length <= batchesRetained - count, `producer ${this.producerId} remembers ${batchesRetained} batches`)
    const lastTimestamp = this.lastTimestamp
    this.#batchesCount = 0
    this.#nextIndex = 0
    for (const { lastSequence, lastOffset, offsetDelta, timestamp } of [...older].reverse()) {
      this.addBatch(lastSequence, lastOffset, offsetDelta, timestamp)
    }
    for (let index = 0; index < count; index++) {
      const at = ((start + index) % batchesRetained) * fieldsCount
      const [lastSequence, lastOffset, offsetDelta, timestamp] = known.subarray(at, at + fieldsCount)
      this.addBatch(lastSequence!, lastOffset!, offsetDelta!, timestamp!)
    }
    this.lastTimestamp = lastTimestamp
  }

  /** The remembered batch with exactly these sequences. */
  findBatch(baseSequence: number, lastSequence: number): RememberedBatch | undefined {
    for (let back = this.#batchesCount; back > 0; back--) {
      const at = ((this.#nextIndex - back + batchesRetained) % batchesRetained) * fieldsCount
      const delta = this.#batches[at + offsetDeltaField]!
      if (this.#batches[at + lastSequenceField] !== lastSequence) continue
      if (firstSequence(lastSequence, delta) !== baseSequence) continue
      const lastOffset = this.#batches[at + lastOffsetField]!
      return { firstOffset: lastOffset - delta, lastOffset, timestamp: this.#batches[at + timestampField]! }
    }
    return undefined
  }

  #last(field: number, none: number): number {
    if (this.#batchesCount === 0) return none
    const index = (this.#nextIndex - 1 + batchesRetained) % batchesRetained
    return this.#batches[index * fieldsCount + field]!
  }
}

/** Sequences wrap from 2^31-1 to 0. */
function firstSequence(lastSequence: number, delta: number): number {
  const sequence = lastSequence - delta
  return sequence < 0 ? sequence + 0x8000_0000 : sequence
}
