/**
 * One partition of a Fetch: what the reader asks for, and, in a session, what it was told last. Built by the fetch handler
 * for a single request, or kept by a fetch session and updated by each of its requests.
 */
import { type Uuid, zeroUuid } from '../../base/uuid.ts'
import type { Partition } from '../replica/partition.ts'

export const unknownTold = -1

export class FetchTarget {
  /** Empty when asked for by id and the id is unknown. */
  topic: string
  /** Zero when asked for by name. */
  readonly topicId: Uuid
  /** From version 13 topics are named by their id; zero is then an id that no topic has. */
  readonly isById: boolean
  readonly index: number
  currentLeaderEpoch = -1
  fetchOffset = 0
  lastFetchedEpoch = -1
  /** Of a follower's log. */
  logStartOffset = -1
  /** That a follower knows of; infinite when it does not say. */
  highWatermark = Number.POSITIVE_INFINITY
  maxBytes = 0
  /** Kept between the requests of a session as long as it is not removed. */
  partition: Partition | undefined
  /** The partition's `changeCount` when it was read. */
  seenChangeCount = 0
  /** The reader may see it; else the error to answer. */
  isAuthorized = true
  toldHighWatermark = unknownTold
  toldLogStartOffset = unknownTold
  /** The session's order. */
  previous: FetchTarget | undefined
  next: FetchTarget | undefined

  private constructor(topic: string, topicId: Uuid, isById: boolean, index: number) {
    this.topic = topic
    this.topicId = topicId
    this.isById = isById
    this.index = index
  }

  static byName(topic: string, index: number): FetchTarget {
    return new FetchTarget(topic, zeroUuid, false, index)
  }

  /** `topic` is its name if the id is known. */
  static byId(topicId: Uuid, topic: string, index: number): FetchTarget {
    return new FetchTarget(topic, topicId, true, index)
  }

  /** Takes over what a request says of this partition. */
  update(asked: {
    readonly currentLeaderEpoch: number
    readonly fetchOffset: number
    readonly lastFetchedEpoch: number
    readonly logStartOffset: number
    readonly highWatermark: number
    readonly partitionMaxBytes: number
  }): void {
    // Anything negative means any epoch, in Fetch alone.
    this.currentLeaderEpoch = Math.max(asked.currentLeaderEpoch, -1)
    this.fetchOffset = asked.fetchOffset
    this.lastFetchedEpoch = asked.lastFetchedEpoch
    this.logStartOffset = asked.logStartOffset
    this.highWatermark = asked.highWatermark
    this.maxBytes = asked.partitionMaxBytes
  }
}
