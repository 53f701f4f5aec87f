/**
 * Who waits for an offset of one partition, in the order of their appends: written (acks=1) or replicated (acks=all).
 * Owned by partition.ts, filled by delayed-produce.ts. Nobody is searched for: those who gave up in between are dropped
 * when they come to the front.
 */
import type { ErrorCode } from '../../protocol/errors.ts'

export interface OffsetWait {
  /** Exclusive: reached when this many records of the log are written, or replicated. */
  readonly endOffset: number
  /** Answered already, by a timeout. */
  readonly isSettled: boolean
  onReached(): void
  onFailed(error: ErrorCode): void
}

export class OffsetWaitQueue {
  /** Those before `#head` are told and let go: they hold whole requests. */
  #waits: (OffsetWait | undefined)[] = []
  #head = 0

  /** Those in the queue, answered ones that are not dropped yet among them. */
  get count(): number {
    return this.#waits.length - this.#head
  }

  push(wait: OffsetWait): void {
    this.#waits.push(wait)
  }

  /** Tells those whose offset is reached. They may push others meanwhile. */
  reach(endOffset: number): void {
    while (this.#head < this.#waits.length) {
      const first = this.#waits[this.#head]!
      if (!first.isSettled && first.endOffset > endOffset) break
      this.#waits[this.#head++] = undefined
      if (!first.isSettled) first.onReached()
    }
    if (this.#head === this.#waits.length) {
      if (this.#head === 0) return
      this.#waits.length = 0
      this.#head = 0
    } else if (this.#head > 64 && this.#head * 2 > this.#waits.length) {
      this.#waits = this.#waits.slice(this.#head)
      this.#head = 0
    }
  }

  /** The partition cannot keep its promise any more. */
  failAll(error: ErrorCode): void {
    const waits = this.#waits
    const head = this.#head
    this.#waits = []
    this.#head = 0
    for (let index = head; index < waits.length; index++) {
      const wait = waits[index]!
      if (!wait.isSettled) wait.onFailed(error)
    }
  }
}
