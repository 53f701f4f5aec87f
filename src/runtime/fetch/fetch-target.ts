/**
 * One partition of a Fetch: what the reader asks for, and, in a session, what it was told last. Built by the fetch handler
 * for a single request, or kept by a fetch session and updated by each of its requests; the session is told the
 * partition's news then.
 */
import { type Uuid, zeroUuid } from '../../base/uuid.ts'
import type { FetchWait, Partition } from '../replica/partition.ts'

export const unknownTold = -1

/** A session, which watches its partitions for as long as it lives. */
export interface TargetWatcher {
  onAdvance(target: FetchTarget, writtenBytes: number, replicatedBytes: number, stableBytes: number): void
  onChanged(target: FetchTarget): void
  /** Nothing is to be said of `target` until there is news of it. */
  rest(target: FetchTarget): void
}

export class FetchTarget implements FetchWait {
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
  /** The partition's `changeCount` when it was read. */
  seenChangeCount = 0
  /** The reader may see it; else the error to answer. */
  isAuthorized = true
  toldHighWatermark = unknownTold
  toldLogStartOffset = unknownTold
  /** Its place in the session's order: the lower, the earlier it is read. */
  rank = 0
  #partition: Partition | undefined
  #watcher: TargetWatcher | undefined

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

  /** Kept between the requests of a session as long as it is not removed. */
  get partition(): Partition | undefined {
    return this.#partition
  }

  set partition(partition: Partition | undefined) {
    if (partition === this.#partition) return
    if (this.#watcher !== undefined) this.#partition?.fetchWaits.delete(this)
    this.#partition = partition
    if (this.#watcher !== undefined) partition?.fetchWaits.add(this)
  }

  /** From now on `watcher` is told of the partition's news. */
  watch(watcher: TargetWatcher): void {
    this.#watcher = watcher
    this.#partition?.fetchWaits.add(this)
  }

  unwatch(): void {
    this.#watcher = undefined
    this.#partition?.fetchWaits.delete(this)
  }

  onAdvance(writtenBytes: number, replicatedBytes: number, stableBytes: number): void {
    this.#watcher?.onAdvance(this, writtenBytes, replicatedBytes, stableBytes)
  }

  onChanged(): void {
    this.#watcher?.onChanged(this)
  }

  /** It was read, and nothing is to be said of it until there is news. */
  rest(): void {
    this.#watcher?.rest(this)
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
