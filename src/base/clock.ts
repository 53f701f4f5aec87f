/**
 * Time as a parameter. The real one is io/node-clock.ts, the simulated one base/virtual-clock.ts; nothing else in the
 * house asks what time it is or sets a timer.
 */
export interface Timer {
  /** Cancelling twice, or after the callback ran, does nothing. */
  cancel(): void
}

export interface Clock {
  /** Wall clock, integer milliseconds since 1970. May jump; use it only for what is stored or shown. */
  now(): number
  /** Monotonic milliseconds from an arbitrary start, fractional. Use it for every timeout and duration. */
  monotonic(): number
  /** Runs `callback` once, `delayMs` (0 to 2^31-1) from now, never within this call. */
  schedule(delayMs: number, callback: () => void): Timer
  /** Runs `callback` at the end of this turn of the event loop: after the input at hand, before waiting for more. */
  endOfTurn(callback: () => void): void
}
