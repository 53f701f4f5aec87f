/**
 * A follower's side of a fetch session (KIP-227): it knows what it wants to fetch, and makes of it requests that name only
 * what changed since the last one. One per fetcher; the fetcher sends one request at a time.
 *
 * Whatever goes wrong ends in `reset`: the next request names everything and asks for a new session.
 */
import type { Uuid } from '../base/uuid.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'

/** What a follower says of one partition; see FetchPartition of the Fetch API. */
export interface FetchPosition {
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly logStartOffset: number
  readonly partitionMaxBytes: number
}

export interface FetchSessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: { readonly topicId: Uuid; readonly partitions: ({ partition: number } & FetchPosition)[] }[]
  readonly forgottenTopicsData: { readonly topicId: Uuid; readonly partitions: number[] }[]
}

interface Wanted {
  readonly topicId: Uuid
  readonly index: number
  position: FetchPosition
}

const initialEpoch = 0
const epochMax = 0x7fffffff

export class FollowerFetchSession {
  readonly #wanted = new Map<Uuid, Map<number, Wanted>>()
  /** Not told to the leader as they are. */
  readonly #changed = new Set<Wanted>()
  /** In the leader's session, and not wanted any more. */
  readonly #forgotten = new Map<Uuid, Set<number>>()
  #size = 0
  #id = 0
  #epoch = initialEpoch

  /** Partitions that are wanted. */
  get size(): number {
    return this.#size
  }

  /** 0 without one. */
  get id(): number {
    return this.#id
  }

  /** Wants the partition, from that position on. */
  set(topicId: Uuid, index: number, position: FetchPosition): void {
    let topic = this.#wanted.get(topicId)
    if (topic === undefined) {
      topic = new Map()
      this.#wanted.set(topicId, topic)
    }
    const wanted = topic.get(index)
    if (wanted === undefined) {
      const added = { topicId, index, position }
      topic.set(index, added)
      this.#changed.add(added)
      this.#size++
      // It is in the leader's session still: what it asks for is told anew.
      this.#forgotten.get(topicId)?.delete(index)
      return
    }
    if (isSame(wanted.position, position)) return
    wanted.position = position
    this.#changed.add(wanted)
  }

  remove(topicId: Uuid, index: number): void {
    const topic = this.#wanted.get(topicId)
    const wanted = topic?.get(index)
    if (topic === undefined || wanted === undefined) return
    topic.delete(index)
    if (topic.size === 0) this.#wanted.delete(topicId)
    this.#changed.delete(wanted)
    this.#size--
    let forgotten = this.#forgotten.get(topicId)
    if (forgotten === undefined) {
      forgotten = new Set()
      this.#forgotten.set(topicId, forgotten)
    }
    forgotten.add(index)
  }

  /** The next request; what it says counts as told. */
  next(): FetchSessionRequest {
    const isFull = this.#epoch === initialEpoch
    const topics = isFull ? [...this.#wanted.values()].map((topic) => [...topic.values()]) : groupByTopic(this.#changed)
    const request: FetchSessionRequest = {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: [...topics].map((wanted) => ({
        topicId: wanted[0]!.topicId,
        partitions: wanted.map(({ index, position }) => ({ partition: index, ...position })),
      })),
      forgottenTopicsData: isFull ? [] : this.#takeForgotten(),
    }
    this.#changed.clear()
    this.#forgotten.clear()
    return request
  }

  /** The leader answered the request as a whole. Returns whether the partitions' answers count. */
  onAnswer(error: ErrorCode, sessionId: number): boolean {
    if (error === errorCodes.FETCH_SESSION_ID_NOT_FOUND) this.#id = 0
    const isOther = this.#epoch !== initialEpoch && sessionId !== 0 && sessionId !== this.#id
    if (error !== 0 || isOther) {
      this.reset()
      return false
    }
    // The leader keeps no session for us: every request names everything.
    if (sessionId === 0) this.#end()
    else {
      this.#id = sessionId
      this.#epoch = this.#epoch === epochMax ? 1 : this.#epoch + 1
    }
    return true
  }

  /** An answer is lost, or will not come. The leader is asked to drop what it keeps. */
  reset(): void {
    this.#epoch = initialEpoch
    this.#changed.clear()
    this.#forgotten.clear()
  }

  #end(): void {
    this.#id = 0
    this.reset()
  }

  #takeForgotten(): { topicId: Uuid; partitions: number[] }[] {
    const topics: { topicId: Uuid; partitions: number[] }[] = []
    for (const [topicId, indexes] of this.#forgotten) {
      if (indexes.size > 0) topics.push({ topicId, partitions: [...indexes] })
    }
    return topics
  }
}

function groupByTopic(changed: Iterable<Wanted>): Iterable<Wanted[]> {
  const topics = new Map<Uuid, Wanted[]>()
  for (const wanted of changed) {
    const topic = topics.get(wanted.topicId)
    if (topic === undefined) topics.set(wanted.topicId, [wanted])
    else topic.push(wanted)
  }
  return topics.values()
}

function isSame(left: FetchPosition, right: FetchPosition): boolean {
  return (
    left.fetchOffset === right.fetchOffset &&
    left.lastFetchedEpoch === right.lastFetchedEpoch &&
    left.logStartOffset === right.logStartOffset &&
    left.currentLeaderEpoch === right.currentLeaderEpoch &&
    left.partitionMaxBytes === right.partitionMaxBytes
  )
}
