/**
 * Whether a small append may be written at once, in the turn of the event loop, instead of by Node's pool of threads. The
 * way through the pool costs 20 to 30 microseconds of CPU and a turn; the write itself, a copy into the page cache, 2 to 6.
 *
 * What speaks against it: while the kernel makes the writer wait, nothing else goes on. It does so when a flush holds the
 * file or too many pages are dirty. So it is done only in a lone directory (with several, one disk must not hold up the
 * others; with one, nothing could be served anyway), never while a flush is under way, and not for a while after a
 * write that was slow. A disk that hangs outright can hold the loop in one write; Apache Kafka's request threads wait
 * in the same place.
 */

/** Bytes: beyond, the copy takes longer than the way through the pool. */
export const swiftSizeMax = 32 * 1024
const slowMs = 5
const pauseMs = 1000

export class SwiftWrites {
  #flushesCount = 0
  #pausedUntilMs = Number.NEGATIVE_INFINITY

  isAllowed(nowMs: number = performance.now()): boolean {
    return this.#flushesCount === 0 && nowMs >= this.#pausedUntilMs
  }

  /** Both in milliseconds of one clock. */
  onWritten(startedMs: number, endedMs: number): void {
    if (endedMs - startedMs >= slowMs) this.#pausedUntilMs = endedMs + pauseMs
  }

  onFlushStarted(): void {
    this.#flushesCount++
  }

  onFlushEnded(): void {
    this.#flushesCount--
  }
}
