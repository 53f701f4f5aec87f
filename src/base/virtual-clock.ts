/**
 * The simulated twin of io/node-clock.ts: time stands still until `advance` moves it, and callbacks run in order of
 * their time, then of their scheduling. Used by tests and simulations.
 */
import { assert } from './assert.ts'
import type { Clock, Timer } from './clock.ts'
import { TimerHeap } from './timer-heap.ts'

export class VirtualClock implements Clock {
  #nowMs = 0
  readonly #startMs: number
  readonly #heap = new TimerHeap()
  #turn: (() => void)[] = []

  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + Math.floor(this.#nowMs)
  }

  monotonic(): number {
    return this.#nowMs
  }

  schedule(delayMs: number, callback: () => void): Timer {
    return this.#heap.add(this.#nowMs + Math.max(0, delayMs), callback)
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback)
  }

  /** Runs what was put off to the end of this turn; what those put off runs too. */
  runTurn(): void {
    while (this.#turn.length > 0) {
      const callbacks = this.#turn
      this.#turn = []
      for (const callback of callbacks) callback()
    }
  }

  /** When the next timer is due, in monotonic milliseconds; undefined when none is set. */
  nextTimerMs(): number | undefined {
    return this.#heap.nextDueMs()
  }

  /** Moves time by `ms`, running every timer that falls due on the way, each at its own time. */
  advance(ms: number): void {
    assert(ms >= 0, `time goes forward: ${ms}`)
    const untilMs = this.#nowMs + ms
    this.runTurn()
    for (let dueMs = this.#heap.nextDueMs(); dueMs !== undefined && dueMs <= untilMs; dueMs = this.#heap.nextDueMs()) {
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      this.#heap.runDue(this.#nowMs)
      this.runTurn()
    }
    this.#nowMs = untilMs
  }

  /** Like `advance`, but lets promises settle between timers: for code that awaits. */
  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.#settle()
    for (let dueMs = this.#heap.nextDueMs(); dueMs !== undefined && dueMs <= untilMs; dueMs = this.#heap.nextDueMs()) {
      this.#nowMs = Math.max(this.#nowMs, dueMs)
      this.#heap.runDue(this.#nowMs)
      await this.#settle()
    }
    this.#nowMs = untilMs
  }

  async #settle(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      await Promise.resolve()
      this.runTurn()
    }
  }
}
