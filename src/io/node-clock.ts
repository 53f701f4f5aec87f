/**
 * The real clock. All timers of the process live in one heap behind a single timeout of Node, so that setting or
 * cancelling one costs no system timer; what is put off to the end of a turn runs in one batch after the sockets that
 * were ready have been read.
 */
import type { Clock, Timer } from '../base/clock.ts'
import { TimerHeap } from '../base/timer-heap.ts'

const delayMsMax = 2 ** 31 - 1

export class NodeClock implements Clock {
  #heap = new TimerHeap()
  #isClosed = false
  #timeout: NodeJS.Timeout | undefined
  #timeoutDueMs = Number.POSITIVE_INFINITY
  #turn: (() => void)[] = []

  now(): number {
    return Date.now()
  }

  monotonic(): number {
    return performance.now()
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const dueMs = performance.now() + Math.min(Math.max(0, delayMs), delayMsMax)
    const timer = this.#heap.add(dueMs, callback)
    if (this.#isClosed) return timer
    if (dueMs < this.#timeoutDueMs) this.#arm(dueMs)
    return timer
  }

  endOfTurn(callback: () => void): void {
    if (this.#turn.length === 0) setImmediate(this.#runTurn)
    this.#turn.push(callback)
  }

  /** Nothing that is scheduled runs any more, and nothing keeps the process: for a node that has stopped. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timeout)
    this.#timeoutDueMs = Number.POSITIVE_INFINITY
    this.#heap = new TimerHeap()
  }

  #arm(dueMs: number): void {
    clearTimeout(this.#timeout)
    this.#timeoutDueMs = dueMs
    this.#timeout = setTimeout(this.#onTimeout, Math.min(delayMsMax, Math.max(0, Math.ceil(dueMs - performance.now()))))
  }

  readonly #onTimeout = (): void => {
    this.#timeout = undefined
    this.#timeoutDueMs = Number.POSITIVE_INFINITY
    try {
      this.#heap.runDue(performance.now())
    } finally {
      const nextDueMs = this.#heap.nextDueMs()
      const isDueLater = nextDueMs !== undefined && nextDueMs < this.#timeoutDueMs
      if (isDueLater && !this.#isClosed) this.#arm(nextDueMs)
    }
  }

  readonly #runTurn = (): void => {
    const callbacks = this.#turn
    this.#turn = []
    for (const callback of callbacks) callback()
  }
}
