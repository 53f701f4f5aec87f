/**
 * The real clock. All timers of the process live in one heap behind a single timeout of Node, so that setting or
 * cancelling one costs no system timer; what is put off to the end of a turn runs in one batch after the sockets that
 * were ready have been read.
 */
import type { Clock, Timer } from '../base/clock.ts'
import { TimerHeap } from '../base/timer-heap.ts'

const delayMsMax = 2 ** 31 - 1

export class NodeClock implements Clock {
  readonly #heap = new TimerHeap()
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
    if (dueMs < this.#timeoutDueMs) this.#arm(dueMs)
    return timer
  }

  endOfTurn(callback: () => void): void {
    if (this.#turn.length === 0) setImmediate(this.#runTurn)
    this.#turn.push(callback)
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
      if (nextDueMs !== undefined && nextDueMs < this.#timeoutDueMs) this.#arm(nextDueMs)
    }
  }

  readonly #runTurn = (): void => {
    const callbacks = this.#turn
    this.#turn = []
    for (const callback of callbacks) callback()
  }
}
