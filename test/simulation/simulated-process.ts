/**
 * One life of a program on a simulated host: the owner of all timers and of everything that is under way for it. When it
 * is killed none of its callbacks run any more and what it waits for never comes; while it is paused (SIGSTOP) all of that
 * is held back. Its clock runs at a rate of its own, and its wall clock is off by some time.
 */
import type { Clock, Timer } from '../../src/base/clock.ts'
import type { World } from './world.ts'

export interface ClockFaults {
  /** How far the wall clock is ahead, in milliseconds. */
  readonly skewMs: number
  /** Seconds of this clock per second: 1 is right. */
  readonly rate: number
}

class ProcessTimer implements Timer {
  callback: (() => void) | undefined
  timer: Timer | undefined

  constructor(callback: () => void) {
    this.callback = callback
  }

  cancel(): void {
    this.callback = undefined
    this.timer?.cancel()
  }
}

export const startOfTimeMs = 1_700_000_000_000

export class SimulatedProcess {
  readonly name: string
  readonly world: World
  readonly clock: Clock & { close(): void }
  /** Called when it is killed: what the kernel does with what it leaves. */
  readonly onKilled: (() => void)[] = []
  /** Called after each of its callbacks. */
  onRan: () => void = () => {}
  #isAlive = true
  #isPaused = false
  #held: ProcessTimer[] = []

  constructor(world: World, name: string, faults: ClockFaults = { skewMs: 0, rate: 1 }) {
    this.world = world
    this.name = name
    this.clock = new ProcessClock(this, faults)
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** In true milliseconds. */
  schedule(delayMs: number, callback: () => void): Timer {
    const timer = new ProcessTimer(callback)
    timer.timer = this.world.at(delayMs, () => this.#run(timer))
    return timer
  }

  kill(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    this.#held = []
    for (const callback of this.onKilled.splice(0)) callback()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    for (const timer of this.#held.splice(0)) timer.timer = this.world.at(0, () => this.#run(timer))
  }

  #run(timer: ProcessTimer): void {
    const { callback } = timer
    if (callback === undefined || !this.#isAlive) return
    if (this.#isPaused) {
      this.#held.push(timer)
      return
    }
    timer.callback = undefined
    try {
      callback()
    } catch (error) {
      this.world.violate(new Error(`${this.name} threw: ${(error as Error).stack}`))
    }
    this.onRan()
  }
}

class ProcessClock implements Clock {
  readonly #process: SimulatedProcess
  readonly #faults: ClockFaults
  #turn: (() => void)[] = []
  #isClosed = false

  constructor(process: SimulatedProcess, faults: ClockFaults) {
    this.#process = process
    this.#faults = faults
  }

  now(): number {
    return startOfTimeMs + Math.floor(this.#faults.skewMs + this.monotonic())
  }

  monotonic(): number {
    return this.#process.world.nowMs * this.#faults.rate
  }

  schedule(delayMs: number, callback: () => void): Timer {
    if (this.#isClosed) return { cancel: () => {} }
    // A little late, as real timers are, and never too early for who looks at the clock.
    return this.#process.schedule(Math.max(0, delayMs) / this.#faults.rate + 0.001, () => {
      if (!this.#isClosed) callback()
    })
  }

  endOfTurn(callback: () => void): void {
    this.#turn.push(callback)
    if (this.#turn.length === 1) this.#process.schedule(0, () => this.#runTurn())
  }

  close(): void {
    this.#isClosed = true
  }

  #runTurn(): void {
    const callbacks = this.#turn
    this.#turn = []
    for (const callback of callbacks) callback()
  }
}
