/**
 * One virtual time for everything that a simulation is made of: nodes, disks, links, clients. Whatever happens is an
 * event of this queue, owned by nobody else's clock; after each one all promises settle before the next begins, so that a
 * run is a function of its seed. The trace is a running hash of the events: two runs of a seed must end with the same.
 */
import { assert } from '../../src/base/assert.ts'
import type { Timer } from '../../src/base/clock.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { TimerHeap } from '../../src/base/timer-heap.ts'

/** What was told last, for the story of a failing seed. */
const storyLinesMax = 4000
/** Events of one virtual millisecond that are taken for an endless loop. */
const eventsPerMsMax = 20_000

export interface StoryLine {
  readonly timeMs: number
  readonly who: string
  readonly what: string
}

export class World {
  readonly seed: number
  readonly random: SeededRandom
  readonly story: StoryLine[] = []
  /** Called after each event, when all promises have settled. */
  afterEvent: () => void = () => {}
  eventsCount = 0
  #nowMs = 0
  #traceHash = 0x811c9dc5
  #violation: Error | undefined
  readonly #heap = new TimerHeap()

  constructor(seed: number) {
    this.seed = seed
    this.random = new SeededRandom(seed * 2654435761)
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get traceHash(): string {
    return (this.#traceHash >>> 0).toString(16).padStart(8, '0')
  }

  /** A generator of its own, so that what one part draws does not change what another one does. */
  fork(name: string): SeededRandom {
    let seed = this.seed | 0
    for (let index = 0; index < name.length; index++) seed = Math.imul(seed ^ name.charCodeAt(index), 0x01000193)
    return new SeededRandom(seed ^ (seed >>> 13))
  }

  /** Runs `callback` once, `delayMs` from now; events of one time run in the order in which they were set. */
  at(delayMs: number, callback: () => void): Timer {
    return this.#heap.add(this.#nowMs + Math.max(0, delayMs), callback)
  }

  /** Makes `value` part of what two runs of a seed must have in common. */
  trace(value: number): void {
    this.#traceHash = Math.imul(this.#traceHash ^ (value | 0), 0x01000193)
  }

  tell(who: string, what: string): void {
    this.story.push({ timeMs: this.#nowMs, who, what })
    if (this.story.length > storyLinesMax) this.story.splice(0, storyLinesMax / 2)
  }

  /** Ends the run: what must hold does not. The first one counts. */
  violate(error: Error): void {
    this.#violation ??= error
  }

  /** Runs events until `untilMs`, or `isDone`; resolves with whether it was done. Rejects with a violation. */
  run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let lastMs = -1
      let sameMs = 0
      const step = (): void => {
        try {
          this.afterEvent()
          if (this.#violation !== undefined) throw this.#violation
          if (isDone()) {
            resolve(true)
            return
          }
          const dueMs = this.#heap.nextDueMs()
          if (dueMs === undefined || dueMs > untilMs) {
            this.#nowMs = Math.max(this.#nowMs, untilMs)
            resolve(false)
            return
          }
          this.#nowMs = Math.max(this.#nowMs, dueMs)
          sameMs = Math.floor(this.#nowMs) === lastMs ? sameMs + 1 : 0
          lastMs = Math.floor(this.#nowMs)
          assert(sameMs < eventsPerMsMax, `time does not go on at ${lastMs} ms`)
          this.eventsCount++
          this.trace(this.#nowMs * 1000)
          this.#heap.runDue(this.#nowMs)
          setImmediate(step)
        } catch (error) {
          reject(error)
        }
      }
      step()
    })
  }
}
