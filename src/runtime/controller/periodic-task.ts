/**
 * Something that is done again and again while its owner wants it: the controller's elections from time to time. The next
 * time is counted from the end of the last.
 */
import type { Clock, Timer } from '../../base/clock.ts'

export class PeriodicTask {
  readonly #clock: Clock
  readonly #intervalMs: () => number
  readonly #run: () => void
  #timer: Timer | undefined

  /** `intervalMs` is asked before each wait. */
  constructor(clock: Clock, intervalMs: () => number, run: () => void) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#run = run
  }

  start(): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.schedule(Math.min(this.#intervalMs(), 0x7fff_ffff), () => {
      this.#run()
      if (this.#timer !== undefined) this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
