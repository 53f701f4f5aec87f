// What must hold of src/replication/leader-replicas.ts whatever happens, between followers that fetch, restart and lose
// records, a controller that decides, and answers and metadata that come late, in any order of the two, or never.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type IsrProposal, LeaderReplicas, type PartitionAssignment } from '../../src/replication/leader-replicas.ts'

const lagTimeMaxMs = 100
const replicaIds = [1, 2, 3, 4]
const followerIds = [2, 3, 4]

interface Follower {
  logEndOffset: number
  brokerEpoch: number
}

/** The truth, of which the leader knows a part, later. */
class Model {
  readonly followers = new Map<number, Follower>(
    followerIds.map((id) => [id, { logEndOffset: 0, brokerEpoch: id * 100 }]),
  )
  /** What the controller has committed, and what of it the leader knows. */
  committed: PartitionAssignment
  readonly metadata: { readonly assignment: PartitionAssignment; readonly epochs: ReadonlyMap<number, number> }[] = []
  readonly answers: { readonly proposal: IsrProposal; readonly decided: PartitionAssignment | undefined }[] = []
  knownEpochs: ReadonlyMap<number, number>
  readonly leader: LeaderReplicas
  logEndOffset = 0
  nowMs = 0
  highWatermark = 0

  constructor(isr: readonly number[], minInSyncReplicas: number) {
    this.committed = { replicas: replicaIds, inSyncReplicas: isr, leaderEpoch: 3, partitionEpoch: 0 }
    this.knownEpochs = this.epochs()
    this.leader = new LeaderReplicas({
      brokerId: 1,
      assignment: this.committed,
      logEndOffset: 0,
      highWatermark: 0,
      leaderEpochStartOffset: 0,
      minInSyncReplicas,
      lagTimeMaxMs,
      eligibility: {
        isEligible: (id, epoch) => epoch === -1 || this.knownEpochs.get(id) === epoch,
        isSuperseded: (id, epoch) => epoch !== -1 && this.knownEpochs.get(id)! > epoch,
      },
      nowMs: 0,
    })
  }

  epochs(): ReadonlyMap<number, number> {
    return new Map([...this.followers].map(([id, { brokerEpoch }]) => [id, brokerEpoch]))
  }

  append(count: number): void {
    this.logEndOffset += count
    this.leader.onLogEndOffset(this.logEndOffset, this.nowMs)
  }

  /** It gets `count` records at most, says so with its next fetch, and is proposed if it may be. */
  fetch(id: number, count: number, isHeard: boolean): void {
    const follower = this.followers.get(id)!
    follower.logEndOffset = Math.min(this.logEndOffset, follower.logEndOffset + count)
    if (isHeard) this.onFetch(id, follower.brokerEpoch, follower.logEndOffset)
  }

  onFetch(id: number, brokerEpoch: number, logEndOffset: number): void {
    if (this.leader.isSuperseded(id, brokerEpoch)) return
    this.leader.onFollowerFetch(id, brokerEpoch, logEndOffset, 0, this.nowMs)
    this.ask(this.leader.maybeExpand(id))
  }

  /** The process comes back with less; the controller takes it out of the ISR as it registers. */
  restart(id: number, lostCount: number): void {
    const follower = this.followers.get(id)!
    follower.logEndOffset = Math.max(0, follower.logEndOffset - lostCount)
    follower.brokerEpoch++
    this.commit(this.committed.inSyncReplicas.filter((other) => other !== id))
  }

  shrink(): void {
    this.ask(this.leader.maybeShrink(this.nowMs))
  }

  /** The controller decides at once; what it says comes later. */
  ask(proposal: IsrProposal | undefined): void {
    if (proposal === undefined) return
    const { inSyncReplicas, partitionEpoch } = proposal
    const isStale = inSyncReplicas.some(
      ({ brokerId, brokerEpoch }) =>
        brokerId !== 1 && brokerEpoch !== -1 && this.followers.get(brokerId)!.brokerEpoch !== brokerEpoch,
    )
    if (partitionEpoch === this.committed.partitionEpoch && !isStale) {
      this.commit(inSyncReplicas.map(({ brokerId }) => brokerId))
      this.answers.push({ proposal, decided: this.committed })
    } else if (partitionEpoch === this.committed.partitionEpoch) this.answers.push({ proposal, decided: undefined })
  }

  commit(inSyncReplicas: readonly number[]): void {
    const { partitionEpoch } = this.committed
    this.committed = { ...this.committed, inSyncReplicas, partitionEpoch: partitionEpoch + 1 }
    this.metadata.push({ assignment: this.committed, epochs: this.epochs() })
  }

  hearAnswer(isLost: boolean): void {
    const answer = this.answers.shift()
    if (answer === undefined || isLost) return
    if (answer.decided === undefined) this.leader.onProposalFailed(answer.proposal, this.nowMs)
    else this.leader.onDecided(answer.proposal, answer.decided, this.nowMs)
  }

  hearMetadata(): void {
    const next = this.metadata.shift()
    if (next === undefined) return
    this.knownEpochs = next.epochs
    this.leader.updateAssignment(next.assignment, this.nowMs)
  }

  check(): void {
    const { highWatermark, maximalInSyncReplicas } = this.leader
    ensure(highWatermark >= this.highWatermark, 'the high watermark goes back')
    const hasMoved = highWatermark > this.highWatermark
    this.highWatermark = highWatermark
    ensure(highWatermark <= this.logEndOffset, 'the high watermark is beyond the end')
    for (const id of this.committed.inSyncReplicas) {
      const hasAll = id === 1 || this.followers.get(id)!.logEndOffset >= highWatermark
      ensure(hasAll, `${id} may be elected and lacks what was acknowledged`)
    }
    const isMaximal = this.leader.assignment.inSyncReplicas.every((id) => maximalInSyncReplicas.includes(id))
    ensure(isMaximal, 'the maximal ISR is smaller than the ISR')
    if (!hasMoved) return
    ensure(!this.leader.isUnderMinInSyncReplicas, 'the high watermark moves below min.insync.replicas')
    for (const id of maximalInSyncReplicas) {
      const hasTold = id === 1 || this.leader.follower(id)!.logEndOffset >= highWatermark
      ensure(hasTold, `the high watermark does not wait for ${id}`)
    }
  }
}

/** Cheaper than expect: it is asked a million times. */
function ensure(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Error(otherwise)
}

const followerId = fc.constantFrom(...followerIds)
const count = fc.integer({ min: 0, max: 5 })
const step: fc.Arbitrary<(model: Model) => void> = fc.oneof(
  { weight: 4, arbitrary: count.map((records) => (model: Model) => model.append(records)) },
  {
    weight: 8,
    arbitrary: fc.tuple(followerId, count, fc.boolean()).map((args) => (model: Model) => model.fetch(...args)),
  },
  { weight: 1, arbitrary: fc.tuple(followerId, count).map((args) => (model: Model) => model.restart(...args)) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 2 * lagTimeMaxMs }).map((ms) => (model: Model) => {
      model.nowMs += ms
    }),
  },
  { weight: 2, arbitrary: fc.constant((model: Model) => model.shrink()) },
  { weight: 4, arbitrary: fc.boolean().map((isLost) => (model: Model) => model.hearAnswer(isLost)) },
  { weight: 4, arbitrary: fc.constant((model: Model) => model.hearMetadata()) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 3 })
      .map((minimum) => (model: Model) => void model.leader.updateMinInSyncReplicas(minimum, model.nowMs)),
  },
)

test('every replica that may be elected has what is below the high watermark, which never goes back', () => {
  const isr = fc.subarray(followerIds).map((ids) => [1, ...ids])
  fc.assert(
    fc.property(
      isr,
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 60, size: 'max' }),
      (ids, minimum, steps) => {
        const model = new Model(ids, minimum)
        for (const run of steps) {
          run(model)
          model.check()
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('when all is told and all have fetched, the high watermark is at the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const model = new Model([1, 2, 3, 4], 1)
      for (const run of steps) run(model)
      for (let round = 0; round < 10; round++) {
        while (model.answers.length > 0) model.hearAnswer(false)
        while (model.metadata.length > 0) model.hearMetadata()
        for (const id of followerIds) model.fetch(id, 1_000, true)
      }
      model.leader.updateMinInSyncReplicas(1, model.nowMs)
      expect(model.leader.highWatermark).toBe(model.logEndOffset)
      expect([...model.leader.assignment.inSyncReplicas].sort()).toEqual(replicaIds)
    }),
    { numRuns: 300 },
  )
})
