/**
 * The batches of one partition in the order in which they are to be written: those at the front may be under way, several
 * at a time. When one comes back unwritten nothing more is sent until all that is under way is answered; then it goes on
 * from the front, so that the order stays. With idempotence the sequence numbers have no gap: those behind a batch that
 * was refused for good move up. The producer alone uses it.
 */
import { assert } from '../base/assert.ts'
import { baseSequence, incrementSequence } from '../protocol/record/batch-header.ts'
import type { PendingBatch, ProducerIdentity } from './pending-batch.ts'

const backoffMsFirst = 100
const backoffMsMax = 1000

export class Lane {
  readonly topic: string
  readonly partition: number
  readonly #batches: PendingBatch[] = []
  readonly #underWay = new Set<PendingBatch>()
  #nextSequence = 0
  /** The sequence from which batches are numbered anew; undefined when there is no gap. */
  #gapSequence: number | undefined
  /** Before its first batch a broker takes any sequence number of a producer: a gap would not be refused. */
  #isKnown = false
  #isHeld = false
  #needsTime = false
  #needsIdentity = false
  #failuresCount = 0
  /** Instead of the producer's, once its sequence numbers had come apart from the broker's. */
  #identity: ProducerIdentity | undefined

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get first(): PendingBatch | undefined {
    return this.#batches[0]
  }

  get last(): PendingBatch | undefined {
    return this.#batches.at(-1)
  }

  push(batch: PendingBatch): void {
    this.#batches.push(batch)
  }

  /** What would be sent next; undefined when there is nothing, or too much is under way. */
  next(underWayMax: number): PendingBatch | undefined {
    // What is under way stands at the front, unless the lane is held.
    return this.#isHeld || this.#underWay.size >= (this.#isKnown ? underWayMax : 1)
      ? undefined
      : this.#batches[this.#underWay.size]
  }

  /** The batch that `next` gave goes on its way. Without an identity it gets no sequence numbers. */
  send(batch: PendingBatch, producer: ProducerIdentity | undefined): void {
    const identity = producer === undefined ? undefined : (this.#identity ?? producer)
    assert(batch === this.#batches[this.#underWay.size], 'batches are sent in order')
    this.#underWay.add(batch)
    if (batch.isClosed) return
    if (identity === undefined) batch.close()
    else {
      batch.close({ ...identity, baseSequence: this.#nextSequence })
      this.#nextSequence = incrementSequence(this.#nextSequence, batch.recordsCount)
    }
  }

  /** Another batch stands before `batch` that may not be written yet. */
  isBehind(batch: PendingBatch): boolean {
    return this.#isHeld || this.#batches[0] !== batch
  }

  onWritten(batch: PendingBatch): void {
    this.#isKnown = true
    this.#failuresCount = 0
    this.#remove(batch)
  }

  /** It stays, and is sent again; `needsTime` when something must pass before. */
  onUnwritten(batch: PendingBatch, needsTime: boolean): void {
    this.#underWay.delete(batch)
    this.#isHeld = true
    this.#needsTime ||= needsTime
  }

  /** It will never be written; `parts` take its place. */
  onRefused(batch: PendingBatch, isIdempotent: boolean, parts: readonly PendingBatch[] = []): void {
    const index = this.#remove(batch)
    this.#batches.splice(index, 0, ...parts)
    this.#isHeld = true
    if (isIdempotent) this.#gapSequence ??= baseSequence(batch.bytes, 0)
  }

  /** Takes away what is not under way and `isLate`: it will never be sent again. */
  takeLate(isLate: (batch: PendingBatch) => boolean, isIdempotent: boolean): PendingBatch[] {
    const late = this.#batches.filter((batch) => !this.#underWay.has(batch) && isLate(batch))
    for (const batch of late)
      if (batch.isClosed) this.onRefused(batch, isIdempotent)
      else this.#remove(batch)
    return late
  }

  /** The broker's sequence numbers are not known any more: `restart` before `release`. */
  loseIdentity(): void {
    this.#isHeld = true
    this.#needsIdentity = true
  }

  get needsIdentity(): boolean {
    return this.#needsIdentity
  }

  /** Goes on as another producer, whose numbers begin at zero. */
  restart(identity: ProducerIdentity): void {
    assert(this.#underWay.size === 0, 'nothing is under way')
    this.#identity = identity
    this.#needsIdentity = false
    this.#gapSequence = undefined
    this.#isKnown = false
    let sequence = 0
    for (const batch of this.#batches) {
      if (!batch.isClosed) continue
      batch.identify(identity, sequence)
      sequence = incrementSequence(sequence, batch.recordsCount)
    }
    this.#nextSequence = sequence
  }

  /** How long to wait after so many failures, in milliseconds. */
  get backoffMs(): number {
    return Math.min(backoffMsFirst * 2 ** this.#failuresCount, backoffMsMax)
  }

  /** Held, and nothing is under way any more: `release` may be called. */
  get isQuiet(): boolean {
    return this.#isHeld && this.#underWay.size === 0
  }

  get needsTime(): boolean {
    return this.#needsTime
  }

  release(producer: ProducerIdentity | undefined): void {
    assert(this.#underWay.size === 0, 'nothing is under way')
    if (this.#needsTime) this.#failuresCount++
    this.#isHeld = false
    this.#needsTime = false
    const identity = producer === undefined ? undefined : (this.#identity ?? producer)
    const gapSequence = this.#gapSequence
    if (gapSequence === undefined || identity === undefined) return
    let sequence = gapSequence
    const closedCount = this.#batches.findLastIndex((batch) => batch.isClosed) + 1
    for (const batch of this.#batches.slice(0, closedCount)) {
      // What stands before the gap keeps its numbers: it may be written already.
      if (batch.isClosed && isBefore(baseSequence(batch.bytes, 0), gapSequence)) continue
      if (batch.isClosed) batch.renumber(sequence)
      else batch.close({ ...identity, baseSequence: sequence })
      sequence = incrementSequence(sequence, batch.recordsCount)
    }
    this.#nextSequence = sequence
    this.#gapSequence = undefined
  }

  #remove(batch: PendingBatch): number {
    this.#underWay.delete(batch)
    const index = this.#batches.indexOf(batch)
    assert(index >= 0, 'the batch is in its lane')
    this.#batches.splice(index, 1)
    return index
  }
}

/** Sequence numbers start again at zero after 2^31 - 1; batches of a lane are never that far apart. */
function isBefore(sequence: number, other: number): boolean {
  return ((sequence - other) & 0x7fffffff) > 0x3fffffff
}
