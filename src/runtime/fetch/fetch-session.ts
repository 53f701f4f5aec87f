/**
 * A fetch session (KIP-227): the partitions that a reader fetches again and again, so that its requests name only what
 * changed and the answers hold only what is new. Kept by fetch-session-cache.ts between the requests; the connection may
 * change, the id and a counter of requests (the epoch) prove that both sides mean the same.
 *
 * The partitions lie in an order of their own: who got records goes to the end, so that under a limit all get their turn.
 *
 * A round of a session costs what changed, not what the session has: it watches its partitions, and reads those alone that
 * are due: named by the request, with news, or with more to say than went into the last answer. A partition rests once
 * reading it gave nothing. Once a second all are due, for what nobody announces: retention moves the start of a log,
 * a right is withdrawn. A follower's are due with each request: that it fetches is itself a message.
 */
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { FetchWait } from '../replica/partition.ts'
import type { PartitionAnswer } from './fetch-reader.ts'
import { type FetchTarget, type TargetWatcher, unknownTold } from './fetch-target.ts'
import type { FetchTargets } from './fetch-targets.ts'

/** How long a partition may rest. */
const restMsMax = 1000

/** A request with this epoch starts a new session. */
export const initialEpoch = 0
/** A request with this epoch ends its session, and has none. */
export const finalEpoch = -1

/** The epoch of the request after the one of `epoch`: 0 and -1 mean something else. */
export function nextEpoch(epoch: number): number {
  return epoch === 0x7fffffff ? 1 : epoch + 1
}

export class FetchSession implements FetchTargets, TargetWatcher {
  readonly id: number
  /** Of a follower: consumers' sessions make room for it. */
  readonly isPrivileged: boolean
  /** Whether topics are named by id; it stays so for the session's life. */
  readonly usesTopicIds: boolean
  /** Monotonic milliseconds. */
  readonly createdMs: number
  lastUsedMs: number
  /** That the next request must have. */
  epoch = nextEpoch(initialEpoch)
  /** By topic id or name, then by partition index. */
  readonly #topics = new Map<Uuid | string, Map<number, FetchTarget>>()
  /** All, in the order of their ranks. */
  readonly #targets = new Set<FetchTarget>()
  readonly #due = new Set<FetchTarget>()
  readonly #waits = new Set<FetchWait>()
  #lastRank = 0
  /** When all were due. */
  #allDueMs: number
  #view = 0
  #isClosed = false

  constructor(options: {
    readonly id: number
    readonly isPrivileged: boolean
    readonly usesTopicIds: boolean
    readonly nowMs: number
  }) {
    this.id = options.id
    this.isPrivileged = options.isPrivileged
    this.usesTopicIds = options.usesTopicIds
    this.createdMs = options.nowMs
    this.lastUsedMs = options.nowMs
    this.#allDueMs = options.nowMs
  }

  /** Partitions. */
  get size(): number {
    return this.#targets.size
  }

  get(topic: Uuid | string, index: number): FetchTarget | undefined {
    return this.#topics.get(topic)?.get(index)
  }

  /** A new partition, at the end. */
  add(target: FetchTarget): void {
    const key = this.#keyOf(target)
    let topic = this.#topics.get(key)
    if (topic === undefined) {
      topic = new Map()
      this.#topics.set(key, topic)
    }
    assert(!topic.has(target.index), `partition ${target.index} of ${key} is in the session once`)
    topic.set(target.index, target)
    target.rank = ++this.#lastRank
    this.#targets.add(target)
    this.#due.add(target)
    target.watch(this)
  }

  remove(topic: Uuid | string, index: number): void {
    const targets = this.#topics.get(topic)
    const target = targets?.get(index)
    if (targets === undefined || target === undefined) return
    targets.delete(index)
    if (targets.size === 0) this.#topics.delete(topic)
    this.#targets.delete(target)
    this.#due.delete(target)
    target.unwatch()
  }

  /**
   * A request came, which names the partitions that it calls `touch` for. `view` stands for what else decides what it is
   * answered: with another one than before nothing is known.
   */
  beginRound(nowMs: number, view: number): void {
    if (!this.isPrivileged && view === this.#view && nowMs - this.#allDueMs < restMsMax) return
    this.#view = view
    this.#allDueMs = nowMs
    this.#becomeDue()
  }

  /** A request names `target`, which is read then. */
  touch(target: FetchTarget): void {
    this.#due.add(target)
  }

  /** The session is given up. Who still waits goes on as without one. */
  close(): void {
    this.#isClosed = true
    this.#becomeDue()
    if (this.#waits.size === 0) for (const target of this.#targets) target.unwatch()
  }

  toRead(): FetchTarget[] {
    if (this.#due.size === this.#targets.size) return [...this.#targets]
    return [...this.#due].sort((left, right) => left.rank - right.rank)
  }

  join(wait: FetchWait): void {
    if (this.#isClosed && this.#waits.size === 0) for (const target of this.#targets) target.watch(this)
    this.#waits.add(wait)
  }

  leave(wait: FetchWait): void {
    if (!this.#waits.delete(wait)) return
    if (this.#isClosed && this.#waits.size === 0) for (const target of this.#targets) target.unwatch()
  }

  onAdvance(target: FetchTarget, writtenBytes: number, replicatedBytes: number, stableBytes: number): void {
    this.#due.add(target)
    if (this.#waits.size === 0) return
    for (const wait of [...this.#waits]) wait.onAdvance(writtenBytes, replicatedBytes, stableBytes)
  }

  onChanged(target: FetchTarget): void {
    this.#due.add(target)
    for (const wait of [...this.#waits]) wait.onChanged()
  }

  rest(target: FetchTarget): void {
    if (!this.#isClosed) this.#due.delete(target)
  }

  /** `target` was told `answer`. */
  onAnswered(target: FetchTarget, answer: PartitionAnswer): void {
    const isError = answer.errorCode !== 0 || answer.divergingEpoch !== undefined
    target.toldHighWatermark = isError ? unknownTold : answer.highWatermark
    target.toldLogStartOffset = answer.logStartOffset
    const hasRecords = 'length' in answer.records ? answer.records.length > 0 : answer.records.sizeInBytes > 0
    if (!hasRecords || !this.#targets.delete(target)) return
    target.rank = ++this.#lastRank
    this.#targets.add(target)
  }

  #becomeDue(): void {
    for (const target of this.#targets) this.#due.add(target)
  }

  #keyOf(target: FetchTarget): Uuid | string {
    return this.usesTopicIds ? target.topicId : target.topic
  }
}
