/**
 * A fetch session (KIP-227): the partitions that a reader fetches again and again, so that its requests name only what
 * changed and the answers hold only what is new. Kept by fetch-session-cache.ts between the requests; the connection may
 * change, the id and a counter of requests (the epoch) prove that both sides mean the same.
 *
 * The partitions lie in an order of their own: who got records goes to the end, so that under a limit all get their turn.
 */
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { PartitionAnswer } from './fetch-reader.ts'
import { type FetchTarget, unknownTold } from './fetch-target.ts'

/** A request with this epoch starts a new session. */
export const initialEpoch = 0
/** A request with this epoch ends its session, and has none. */
export const finalEpoch = -1

/** The epoch of the request after the one of `epoch`: 0 and -1 mean something else. */
export function nextEpoch(epoch: number): number {
  return epoch === 0x7fffffff ? 1 : epoch + 1
}

export class FetchSession {
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
  #first: FetchTarget | undefined
  #last: FetchTarget | undefined
  #size = 0

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
  }

  /** Partitions. */
  get size(): number {
    return this.#size
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
    this.#size++
    this.#link(target)
  }

  remove(topic: Uuid | string, index: number): void {
    const targets = this.#topics.get(topic)
    const target = targets?.get(index)
    if (targets === undefined || target === undefined) return
    targets.delete(index)
    if (targets.size === 0) this.#topics.delete(topic)
    this.#size--
    this.#unlink(target)
  }

  /** All partitions, in the order in which they are read next. */
  targets(): FetchTarget[] {
    const targets: FetchTarget[] = []
    for (let target = this.#first; target !== undefined; target = target.next) targets.push(target)
    return targets
  }

  /** `target` was told `answer`. */
  onAnswered(target: FetchTarget, answer: PartitionAnswer): void {
    const isError = answer.errorCode !== 0 || answer.divergingEpoch !== undefined
    target.toldHighWatermark = isError ? unknownTold : answer.highWatermark
    target.toldLogStartOffset = answer.logStartOffset
    const hasRecords = 'length' in answer.records ? answer.records.length > 0 : answer.records.sizeInBytes > 0
    if (!hasRecords || target === this.#last || this.get(this.#keyOf(target), target.index) !== target) return
    this.#unlink(target)
    this.#link(target)
  }

  #keyOf(target: FetchTarget): Uuid | string {
    return this.usesTopicIds ? target.topicId : target.topic
  }

  #link(target: FetchTarget): void {
    target.previous = this.#last
    target.next = undefined
    if (this.#last === undefined) this.#first = target
    else this.#last.next = target
    this.#last = target
  }

  #unlink(target: FetchTarget): void {
    if (target.previous === undefined) this.#first = target.next
    else target.previous.next = target.next
    if (target.next === undefined) this.#last = target.previous
    else target.next.previous = target.previous
    target.previous = undefined
    target.next = undefined
  }
}
