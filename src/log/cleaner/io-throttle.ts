/**
 * Keeps a cleaning below log.cleaner.io.max.bytes.per.second, reads and writes together: whoever went too fast waits until
 * the average is right again.
 */
import type { Clock } from '../../base/clock.ts'

/** Averages over longer would let a pause be followed by a burst. */
const windowMs = 300

export class IoThrottle {
  readonly #clock: Clock
  readonly #bytesPerSecondMax: number
  #windowStartMs: number
  #bytes = 0

  constructor(clock: Clock, bytesPerSecondMax: number) {
    this.#clock = clock
    this.#bytesPerSecondMax = bytesPerSecondMax
    this.#windowStartMs = clock.monotonic()
  }

  /** Counts `sizeInBytes`; a promise when the caller has to wait. */
  note(sizeInBytes: number): Promise<void> | undefined {
    this.#bytes += sizeInBytes
    const spentMs = this.#clock.monotonic() - this.#windowStartMs
    const dueMs = (this.#bytes / this.#bytesPerSecondMax) * 1000
    if (spentMs < windowMs && dueMs < windowMs) return undefined
    const waitMs = Math.min(Math.ceil(dueMs - spentMs), 0x7fff_ffff)
    if (waitMs <= 0) {
      this.#startWindow()
      return undefined
    }
    return new Promise((resolve) => {
      this.#clock.schedule(waitMs, () => {
        this.#startWindow()
        resolve()
      })
    })
  }

  #startWindow(): void {
    this.#windowStartMs = this.#clock.monotonic()
    this.#bytes = 0
  }
}
