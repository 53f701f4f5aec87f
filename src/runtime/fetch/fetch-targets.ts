/**
 * The partitions of a Fetch, as the one who waits for news of them sees them: a list that came with the request, or a
 * session (fetch-session.ts), which knows of which partitions there may be news.
 */
import type { FetchWait } from '../replica/partition.ts'
import type { FetchTarget } from './fetch-target.ts'

export interface FetchTargets {
  /** All partitions. */
  readonly size: number
  /** Those of which something may have to be said, in the order in which they are read. */
  toRead(): readonly FetchTarget[]
  /** `wait` is told of all news from now on. */
  join(wait: FetchWait): void
  leave(wait: FetchWait): void
}

/** Without a session nothing is known of any partition: all are read each time, and each is joined by itself. */
export class ListedTargets implements FetchTargets {
  readonly #targets: readonly FetchTarget[]

  constructor(targets: readonly FetchTarget[]) {
    this.#targets = targets
  }

  get size(): number {
    return this.#targets.length
  }

  toRead(): readonly FetchTarget[] {
    return this.#targets
  }

  join(wait: FetchWait): void {
    for (const { partition } of this.#targets) partition?.fetchWaits.add(wait)
  }

  leave(wait: FetchWait): void {
    for (const { partition } of this.#targets) partition?.fetchWaits.delete(wait)
  }
}
