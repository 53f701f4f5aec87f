/**
 * One partition as a fetcher follows its leader: for one leader epoch, from `follow` to `unfollow`. It says whether the
 * partition can be fetched, from where, and takes in what the leader answers. What is known of the log is always read off
 * the log itself, so that a cut, or a log that took its place (replica-mover.ts), needs no word.
 */
import type { Timer } from '../../base/clock.ts'
import type { PartitionData } from '../../protocol/api/01-fetch.ts'
import type { FetchPosition } from '../../replication/follower-session.ts'
import type { Partition } from './partition.ts'

/**
 * writing: what was fetched goes to the disk. changing: the log is cut, or the leader is asked for its ends. resting:
 * until a timer ends it. fenced: until the metadata has a new leader epoch. ended: not followed here any more.
 */
export type FollowingPhase = 'ready' | 'writing' | 'changing' | 'resting' | 'fenced' | 'ended'

const sizeFactorMax = 4

export class Following {
  readonly partition: Partition
  readonly leaderEpoch: number
  phase: FollowingPhase = 'ready'
  /** Of the fetch under way, -1 before one: an answer to another one does not count. */
  requestedOffset = -1
  /** In a row. */
  failuresCount = 0
  /** What the leader has and this log has not is unknown, or more than nothing: throttles count. */
  isBehind = true
  isThrottled = false
  /** How many times replica.fetch.max.bytes is asked for: a replica far behind needs fewer, larger answers. */
  #sizeFactor = 1
  timer: Timer | undefined

  constructor(partition: Partition) {
    this.partition = partition
    this.leaderEpoch = partition.leaderEpoch
  }

  /** The partition follows in the epoch for which this was made. */
  get isCurrent(): boolean {
    const { partition } = this
    return this.phase !== 'ended' && partition.state === 'follower' && partition.leaderEpoch === this.leaderEpoch
  }

  /** Where to fetch; undefined while it cannot be fetched. */
  position(partitionMaxBytes: number): FetchPosition | undefined {
    const { log, isChangingEnd } = this.partition
    if (this.phase !== 'ready' || log === undefined || isChangingEnd || log.nextOffset !== log.logEndOffset) {
      return undefined
    }
    return {
      currentLeaderEpoch: this.leaderEpoch,
      fetchOffset: log.logEndOffset,
      lastFetchedEpoch: log.latestEpoch,
      logStartOffset: log.logStartOffset,
      partitionMaxBytes: Math.min(partitionMaxBytes * this.#sizeFactor, 0x7fffffff),
    }
  }

  /** So many bytes were answered, and the leader has more, or not. */
  onRecords(sizeInBytes: number, isBehind: boolean, partitionMaxBytes: number): void {
    this.isBehind = isBehind
    const isFull = sizeInBytes * 2 > partitionMaxBytes * this.#sizeFactor
    if (!isBehind) this.#sizeFactor = 1
    else if (isFull) this.#sizeFactor = Math.min(this.#sizeFactor * 2, sizeFactorMax)
  }

  /** Whether `answer` is to the last request, and nothing has changed since. */
  isAnsweredBy(answer: PartitionData): boolean {
    const { log } = this.partition
    if (this.phase !== 'ready' || !this.isCurrent || this.requestedOffset < 0) return false
    return answer.errorCode !== 0 || (log !== undefined && log.nextOffset === this.requestedOffset)
  }

  end(): void {
    this.phase = 'ended'
    this.timer?.cancel()
  }
}
