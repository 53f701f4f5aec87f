/**
 * The bytes that all clients together may have in the broker's memory: frames being received or handled, and answers
 * that slow clients have not taken. One budget for the process, so that no number of connections can cost more. Like
 * Kafka's memory pool it may be overdrawn by one frame: who asks while anything is left gets all of it.
 *
 * A connection that finds it empty stops reading and waits, in order of arrival.
 */
import { assert } from '../base/assert.ts'

export interface BudgetWaiter {
  /** Something is left again. */
  onBudget(): void
}

export class InFlightBudget {
  readonly #sizeMax: number
  #takenBytes = 0
  #isWaking = false
  readonly #waiters = new Set<BudgetWaiter>()

  constructor(sizeMax: number) {
    assert(sizeMax > 0, `a budget of ${sizeMax} bytes`)
    this.#sizeMax = sizeMax
  }

  get takenBytes(): number {
    return this.#takenBytes
  }

  get isExhausted(): boolean {
    return this.#takenBytes >= this.#sizeMax
  }

  get waiterCount(): number {
    return this.#waiters.size
  }

  /** Takes without asking: for what is in memory already. */
  take(sizeInBytes: number): void {
    this.#takenBytes += sizeInBytes
  }

  /** Takes if anything is left. */
  tryTake(sizeInBytes: number): boolean {
    if (this.isExhausted) return false
    this.#takenBytes += sizeInBytes
    return true
  }

  give(sizeInBytes: number): void {
    this.#takenBytes -= sizeInBytes
    assert(this.#takenBytes >= 0, 'no more is given back than was taken')
    // Who is woken may give back at once: the loop already under way wakes the next, so the stack stays flat.
    if (this.#isWaking) return
    this.#isWaking = true
    for (const waiter of this.#waiters) {
      if (this.isExhausted) break
      this.#waiters.delete(waiter)
      waiter.onBudget()
    }
    this.#isWaking = false
  }

  wait(waiter: BudgetWaiter): void {
    this.#waiters.add(waiter)
  }

  stopWaiting(waiter: BudgetWaiter): void {
    this.#waiters.delete(waiter)
  }
}
