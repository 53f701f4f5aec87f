/**
 * The real clock, which a test may put forward: what is due on the way runs in its order, each timer at its own time, as
 * if that time had passed. The clocks of clients do not move with it.
 */
import type { Clock, Timer } from '../base/clock.ts'
import { TimerHeap } from '../base/timer-heap.ts'
import { NodeClock } from './node-clock.ts'

/** Turns of the event loop between two timers, for what the first one began: answers, files, other timers. */
const settlingTurns = 4

export class SkippingClock implements Clock {
  readonly #real = new NodeClock()
  #heap = new TimerHeap()
  #skippedMs = 0
  #isClosed = false
  #alarm: Timer | undefined
  #alarmDueMs = Number.POSITIVE_INFINITY
  #advancing: Promise<void> = Promise.resolve()

  now(): number {
    return this.#real.now() + Math.floor(this.#skippedMs)
  }

  monotonic(): number {
    return this.#real.monotonic() + this.#skippedMs
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const dueMs = this.monotonic() + Math.max(0, delayMs)
    const timer = this.#heap.add(dueMs, callback)
    if (dueMs < this.#alarmDueMs) this.#arm()
    return timer
  }

  endOfTurn(callback: () => void): void {
    this.#real.endOfTurn(callback)
  }

  close(): void {
    this.#isClosed = true
    this.#heap = new TimerHeap()
    this.#real.close()
  }

  /** Puts time forward by `ms`; resolves when all that fell due has run. One call follows the other. */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0)) return Promise.reject(new RangeError(`time goes forward: ${ms}`))
    this.#advancing = this.#advancing.then(() => this.#skip(ms))
    return this.#advancing
  }

  async #skip(ms: number): Promise<void> {
    const untilMs = this.monotonic() + ms
    for (;;) {
      await this.#settle()
      const dueMs = this.#heap.nextDueMs()
      if (this.#isClosed || dueMs === undefined || dueMs > untilMs) break
      this.#skipTo(dueMs)
      this.#heap.runDue(this.monotonic())
    }
    this.#skipTo(untilMs)
    this.#arm()
    await this.#settle()
  }

  #skipTo(ms: number): void {
    this.#skippedMs += Math.max(0, ms - this.monotonic())
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < settlingTurns; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  #arm(): void {
    this.#alarm?.cancel()
    this.#alarmDueMs = Number.POSITIVE_INFINITY
    const dueMs = this.#heap.nextDueMs()
    if (this.#isClosed || dueMs === undefined) return
    this.#alarmDueMs = dueMs
    this.#alarm = this.#real.schedule(dueMs - this.monotonic(), () => {
      this.#alarmDueMs = Number.POSITIVE_INFINITY
      try {
        this.#heap.runDue(this.monotonic())
      } finally {
        if (this.#alarmDueMs === Number.POSITIVE_INFINITY) this.#arm()
      }
    })
  }
}
