/**
 * What waits for the high watermark in one coordinator's shard: answers, and writes that want to know. Each is settled
 * exactly once: when its offset is committed, when it has waited too long, or when its records were lost.
 *
 * Invariant: end offsets ascend, and so do deadlines, because all wait equally long.
 */
import type { KafkaError } from '../../protocol/errors.ts'

export interface Settlement {
  /** Exclusive: committed when the high watermark is here. */
  readonly endOffset: number
  /** Monotonic milliseconds. */
  readonly deadlineMs: number
  /** Committed, or with `error` given up; the records may be in the log all the same. */
  onSettled(error: KafkaError | undefined): void
  /** The records from here on could not be written. */
  onUndone(error: KafkaError): void
}

export class SettlementQueue {
  #entries: Settlement[] = []
  /** Those before this index have waited too long. */
  #lateCount = 0

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  push(settlement: Settlement): void {
    this.#entries.push(settlement)
  }

  /** Those at or below `endOffset` that still wait. */
  takeReached(endOffset: number): Settlement[] {
    const entries = this.#entries
    let count = 0
    while (count < entries.length && entries[count]!.endOffset <= endOffset) count++
    if (count === 0) return []
    const reached = entries.splice(0, count).slice(this.#lateCount)
    this.#lateCount = Math.max(0, this.#lateCount - count)
    return reached
  }

  /** Those above `endOffset` that still wait: their records are not there any more. */
  takeAbove(endOffset: number): Settlement[] {
    const first = this.#entries.findIndex((entry) => entry.endOffset > endOffset)
    if (first < 0) return []
    const taken = this.#entries.splice(first).slice(Math.max(0, this.#lateCount - first))
    this.#lateCount = Math.min(this.#lateCount, first)
    return taken
  }

  /** Those whose deadline is over; they keep their place, so that nothing behind them overtakes. */
  takeLate(nowMs: number): Settlement[] {
    const start = this.#lateCount
    while (this.#lateCount < this.#entries.length && this.#entries[this.#lateCount]!.deadlineMs <= nowMs) {
      this.#lateCount++
    }
    return this.#entries.slice(start, this.#lateCount)
  }

  takeAll(): Settlement[] {
    const all = this.#entries.slice(this.#lateCount)
    this.#entries = []
    this.#lateCount = 0
    return all
  }

  /** Of the one that waits longest; undefined when none waits. */
  get nextDeadlineMs(): number | undefined {
    return this.#entries[this.#lateCount]?.deadlineMs
  }
}
