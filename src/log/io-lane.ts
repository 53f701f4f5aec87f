/**
 * A lane of one log directory's disk operations: at most `limit` are under way, the others wait in order. A disk that
 * hangs so holds up itself alone, not the threads that serve the other disks. Reads, writes and flushes of a directory
 * go through lanes of their own.
 */
import { assert } from '../base/assert.ts'

export class IoLane {
  readonly #limit: number
  #underWay = 0
  #waiting: (() => void)[] = []
  #waitingHead = 0

  constructor(limit: number) {
    assert(limit > 0, `a lane lets something through: ${limit}`)
    this.#limit = limit
  }

  /** Operations that wait for their turn. */
  get waitingCount(): number {
    return this.#waiting.length - this.#waitingHead
  }

  get underWayCount(): number {
    return this.#underWay
  }

  async run<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (this.#underWay >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#underWay++
    try {
      return await operation()
    } finally {
      this.#passOn()
    }
  }

  /** Hands the place to who waits longest, or frees it. */
  #passOn(): void {
    if (this.#waitingHead === this.#waiting.length) {
      this.#underWay--
      return
    }
    const next = this.#waiting[this.#waitingHead++]!
    if (this.#waitingHead === this.#waiting.length) {
      this.#waiting = []
      this.#waitingHead = 0
    }
    next()
  }
}

/** The lanes of one log directory. */
export interface IoLanes {
  readonly read: IoLane
  readonly write: IoLane
  readonly flush: IoLane
}

export function createIoLanes(limits: { read: number; write: number; flush: number }): IoLanes {
  return { read: new IoLane(limits.read), write: new IoLane(limits.write), flush: new IoLane(limits.flush) }
}

/** Where the operations of one directory do not compete with another's: tests and tools. */
export const unlimitedLanes = (): IoLanes => createIoLanes({ read: 64, write: 64, flush: 64 })
