/**
 * A partition as its leader sees it: the replicas, who of them is in sync, and the high watermark that follows from how
 * far they have come. Pure: runtime/partition.ts feeds it fetches, the end of the local log and the time, sends its
 * proposals to the controller as AlterPartition and tells it what became of them.
 *
 * The high watermark never goes back. While a change of the ISR is under way the larger of old and new counts (maximal
 * ISR), so that nothing is acknowledged that one of the two sets does not have.
 */
import { assert } from '../base/assert.ts'
import { FollowerProgress, unknownOffset } from './follower-progress.ts'

/** What the metadata says of a partition. */
export interface PartitionAssignment {
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

/** What the metadata says of a broker that follows. */
export interface BrokerEligibility {
  /** A later process than the one of `brokerEpoch` (-1: not told) is registered under the id, and alive. */
  isSuperseded(brokerId: number, brokerEpoch: number): boolean
  /** Neither fenced nor shutting down, and `brokerEpoch` (-1: any) is that of its registration. */
  isEligible(brokerId: number, brokerEpoch: number): boolean
}

export interface LeaderReplicasOptions {
  readonly brokerId: number
  readonly assignment: PartitionAssignment
  readonly logEndOffset: number
  readonly highWatermark: number
  /** The log's end when this leader's epoch began: who is below may still have to truncate. */
  readonly leaderEpochStartOffset: number
  readonly minInSyncReplicas: number
  /** replica.lag.time.max.ms */
  readonly lagTimeMaxMs: number
  readonly eligibility: BrokerEligibility
  readonly nowMs: number
}

/** A change of the ISR for the controller to decide on. */
export interface IsrProposal {
  readonly inSyncReplicas: readonly { readonly brokerId: number; readonly brokerEpoch: number }[]
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

/** What the controller made of a proposal. */
export interface InSyncReplicasDecision {
  readonly inSyncReplicas: readonly number[]
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export class LeaderReplicas {
  readonly #brokerId: number
  readonly #lagTimeMaxMs: number
  readonly #leaderEpochStartOffset: number
  readonly #eligibility: BrokerEligibility
  #assignment: PartitionAssignment
  #followers = new Map<number, FollowerProgress>()
  #logEndOffset: number
  #highWatermark: number
  #minInSyncReplicas: number
  #proposal: IsrProposal | undefined
  #maximalInSyncReplicas: readonly number[]

  constructor(options: LeaderReplicasOptions) {
    this.#brokerId = options.brokerId
    this.#lagTimeMaxMs = options.lagTimeMaxMs
    this.#leaderEpochStartOffset = options.leaderEpochStartOffset
    this.#eligibility = options.eligibility
    this.#logEndOffset = options.logEndOffset
    this.#highWatermark = options.highWatermark
    this.#minInSyncReplicas = options.minInSyncReplicas
    this.#assignment = options.assignment
    this.#maximalInSyncReplicas = options.assignment.inSyncReplicas
    this.#updateFollowers(options.nowMs)
    this.#advance(options.nowMs)
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  get assignment(): PartitionAssignment {
    return this.#assignment
  }

  /** Committed in-sync replicas and those that a proposal under way would add. */
  get maximalInSyncReplicas(): readonly number[] {
    return this.#maximalInSyncReplicas
  }

  get proposal(): IsrProposal | undefined {
    return this.#proposal
  }

  follower(brokerId: number): FollowerProgress | undefined {
    return this.#followers.get(brokerId)
  }

  /** No more replicas than there are can be asked for (KIP-966). */
  get effectiveMinInSyncReplicas(): number {
    return Math.min(this.#minInSyncReplicas, this.#assignment.replicas.length)
  }

  /** acks=all is refused, and the high watermark stands still. */
  get isUnderMinInSyncReplicas(): boolean {
    return this.#assignment.inSyncReplicas.length < this.effectiveMinInSyncReplicas
  }

  /**
   * The high watermark has not reached what earlier epochs left in the log: it may rise without an append, and consumers
   * that ask for the end are put off.
   */
  get isHighWatermarkLagging(): boolean {
    return this.#highWatermark < this.#leaderEpochStartOffset
  }

  /** What the metadata says now, of the same leader epoch. Ignores what is older. Returns whether the high watermark moved. */
  updateAssignment(assignment: PartitionAssignment, nowMs: number): boolean {
    assert(assignment.leaderEpoch === this.#assignment.leaderEpoch, 'a new leader epoch makes a new object')
    if (assignment.partitionEpoch < this.#assignment.partitionEpoch) return false
    for (const brokerId of this.#assignment.inSyncReplicas)
      if (!assignment.inSyncReplicas.includes(brokerId)) this.#followers.get(brokerId)?.onLeftInSyncReplicas()
    this.#assignment = assignment
    if (this.#proposal !== undefined && this.#proposal.partitionEpoch < assignment.partitionEpoch) {
      this.#proposal = undefined
    }
    this.#updateMaximal()
    this.#updateFollowers(nowMs)
    return this.#advance(nowMs)
  }

  /** What comes from this process of a broker counts no more: another one has its id. */
  isSuperseded(brokerId: number, brokerEpoch: number): boolean {
    return this.#eligibility.isSuperseded(brokerId, brokerEpoch)
  }

  /** Returns whether the high watermark moved. */
  updateMinInSyncReplicas(minInSyncReplicas: number, nowMs: number): boolean {
    this.#minInSyncReplicas = minInSyncReplicas
    return this.#advance(nowMs)
  }

  /** The local log ends at `logEndOffset` now. Returns whether the high watermark moved. */
  onLogEndOffset(logEndOffset: number, nowMs: number): boolean {
    this.#logEndOffset = logEndOffset
    return this.#advance(nowMs)
  }

  /** A follower has everything below `fetchOffset`. Returns whether the high watermark moved. */
  onFollowerFetch(
    brokerId: number,
    brokerEpoch: number,
    fetchOffset: number,
    logStartOffset: number,
    nowMs: number,
  ): boolean {
    const follower = this.#followers.get(brokerId)
    if (follower === undefined) return false
    follower.onFetch(brokerEpoch, fetchOffset, logStartOffset, this.#logEndOffset, nowMs)
    return this.#advance(nowMs)
  }

  /** The lowest log start among the leader's own and those of living followers; -1 while one of them has not told it. */
  lowWatermark(logStartOffset: number): number {
    let lowest = logStartOffset
    for (const follower of this.#followers.values()) {
      if (follower.logStartOffset < lowest && this.#eligibility.isEligible(follower.brokerId, -1)) {
        lowest = follower.logStartOffset
      }
    }
    return lowest
  }

  /**
   * Proposes to take `brokerId` into the ISR when it is eligible and has everything that is committed and at least the
   * start of this leader's epoch. Who left must have fetched since: the controller knew why, a lost disk maybe. One proposal is under way at a time.
   */
  maybeExpand(brokerId: number): IsrProposal | undefined {
    const follower = this.#followers.get(brokerId)
    if (follower === undefined || !follower.isFollowing || this.#proposal !== undefined) return undefined
    if (this.#assignment.inSyncReplicas.includes(brokerId)) return undefined
    if (follower.logEndOffset < this.#highWatermark || follower.logEndOffset < this.#leaderEpochStartOffset) {
      return undefined
    }
    if (!this.#eligibility.isEligible(brokerId, follower.brokerEpoch)) return undefined
    return this.#propose([...this.#assignment.inSyncReplicas, brokerId])
  }

  /** The metadata of a broker changed, which may hold the high watermark back no more. Returns whether it moved. */
  onEligibilityChange(nowMs: number): boolean {
    return this.#advance(nowMs)
  }

  /** Proposes to drop the followers from the ISR that were not caught up for longer than the lag time. Asked every half of it. */
  maybeShrink(nowMs: number): IsrProposal | undefined {
    if (this.#proposal !== undefined) return undefined
    const inSync = this.#assignment.inSyncReplicas.filter(
      (brokerId) =>
        brokerId === this.#brokerId ||
        this.#followers.get(brokerId)?.isCaughtUp(this.#logEndOffset, nowMs, this.#lagTimeMaxMs) === true,
    )
    return inSync.length === this.#assignment.inSyncReplicas.length ? undefined : this.#propose(inSync)
  }

  /** The controller took `proposal`. The metadata may have been faster. Returns whether the high watermark moved. */
  onDecided(proposal: IsrProposal, decision: InSyncReplicasDecision, nowMs: number): boolean {
    const { leaderEpoch, partitionEpoch, inSyncReplicas } = decision
    if (leaderEpoch !== this.#assignment.leaderEpoch || partitionEpoch < this.#assignment.partitionEpoch) return false
    if (this.#proposal === proposal) this.#proposal = undefined
    return this.updateAssignment({ ...this.#assignment, inSyncReplicas, partitionEpoch }, nowMs)
  }

  /** The controller did not take `proposal`, and never will. Returns whether the high watermark moved. */
  onProposalFailed(proposal: IsrProposal, nowMs: number): boolean {
    if (this.#proposal !== proposal) return false
    this.#proposal = undefined
    this.#updateMaximal()
    return this.#advance(nowMs)
  }

  #propose(inSyncReplicas: readonly number[]): IsrProposal {
    this.#proposal = {
      inSyncReplicas: inSyncReplicas.map((brokerId) => ({
        brokerId,
        brokerEpoch: this.#followers.get(brokerId)?.brokerEpoch ?? -1,
      })),
      leaderEpoch: this.#assignment.leaderEpoch,
      partitionEpoch: this.#assignment.partitionEpoch,
    }
    this.#updateMaximal()
    return this.#proposal
  }

  #updateMaximal(): void {
    const committed = this.#assignment.inSyncReplicas
    const added = this.#proposal?.inSyncReplicas.filter(({ brokerId }) => !committed.includes(brokerId)) ?? []
    this.#maximalInSyncReplicas = added.length === 0 ? committed : [...committed, ...added.map((one) => one.brokerId)]
  }

  /** Keeps what is known of the replicas that stay. */
  #updateFollowers(nowMs: number): void {
    const before = this.#followers
    this.#followers = new Map()
    for (const brokerId of this.#assignment.replicas) {
      if (brokerId === this.#brokerId) continue
      const isInSync = this.#assignment.inSyncReplicas.includes(brokerId)
      const known = before.get(brokerId)
      this.#followers.set(
        brokerId,
        known ?? new FollowerProgress(brokerId, isInSync ? nowMs : Number.NEGATIVE_INFINITY),
      )
    }
  }

  #advance(nowMs: number): boolean {
    if (this.isUnderMinInSyncReplicas) return false
    let offset = this.#logEndOffset
    for (const follower of this.#followers.values()) {
      if (follower.logEndOffset < offset && this.#holdsBack(follower, nowMs)) offset = follower.logEndOffset
    }
    if (offset === unknownOffset || offset <= this.#highWatermark) return false
    this.#highWatermark = offset
    return true
  }

  /**
   * The high watermark waits for the maximal ISR, and for those who are about to join: they are level with the leader by
   * time, and passing them by would keep them out for ever under load.
   */
  #holdsBack(follower: FollowerProgress, nowMs: number): boolean {
    if (this.#maximalInSyncReplicas.includes(follower.brokerId)) return true
    return (
      follower.isFollowing &&
      follower.isCaughtUp(this.#logEndOffset, nowMs, this.#lagTimeMaxMs) &&
      this.#eligibility.isEligible(follower.brokerId, follower.brokerEpoch)
    )
  }
}
