/**
 * How far one follower has come, as its leader sees it: each fetch says that everything below its offset is in the
 * follower's log. Kept by leader-replicas.ts, lost with leadership; a new leader knows nothing of a follower until it
 * fetches.
 */

export const unknownOffset = -1

export class FollowerProgress {
  readonly brokerId: number
  /** Broker epoch of the last fetch; -1 before one, or when the follower does not say. */
  brokerEpoch = -1
  /** The follower has everything below; -1 before its first fetch. */
  logEndOffset = unknownOffset
  logStartOffset = unknownOffset
  /** When the follower last had all that the leader had at that moment, monotonic milliseconds. */
  lastCaughtUpMs: number
  /** It left the ISR, by whomever, and has not fetched since: what it had does not say that it follows. */
  #isSilentSinceLeaving = false
  #lastFetchMs = Number.NEGATIVE_INFINITY
  #leaderEndOffsetAtLastFetch = 0

  /** `lastCaughtUpMs`: the present for one in the ISR, which gets the whole lag time to report; else minus infinity. */
  constructor(brokerId: number, lastCaughtUpMs: number) {
    this.brokerId = brokerId
    this.lastCaughtUpMs = lastCaughtUpMs
  }

  /**
   * A fetch at the leader's end means caught up now. One at the end that the leader had at the fetch before means caught
   * up then: a follower under steady load is always a little behind.
   */
  onFetch(
    brokerEpoch: number,
    fetchOffset: number,
    logStartOffset: number,
    leaderEndOffset: number,
    nowMs: number,
  ): void {
    if (fetchOffset >= leaderEndOffset) this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, nowMs)
    else if (fetchOffset >= this.#leaderEndOffsetAtLastFetch) {
      this.lastCaughtUpMs = Math.max(this.lastCaughtUpMs, this.#lastFetchMs)
    }
    this.#isSilentSinceLeaving = false
    this.brokerEpoch = brokerEpoch
    this.logEndOffset = fetchOffset
    this.logStartOffset = logStartOffset
    this.#leaderEndOffsetAtLastFetch = leaderEndOffset
    this.#lastFetchMs = nowMs
  }

  onLeftInSyncReplicas(): void {
    this.#isSilentSinceLeaving = true
  }

  /** Whether it may (come to) join the ISR by what it fetched. */
  get isFollowing(): boolean {
    return !this.#isSilentSinceLeaving
  }

  /** Level with the leader, or was within the last `lagTimeMaxMs`. */
  isCaughtUp(leaderEndOffset: number, nowMs: number, lagTimeMaxMs: number): boolean {
    return this.logEndOffset === leaderEndOffset || nowMs - this.lastCaughtUpMs <= lagTimeMaxMs
  }
}
