/**
 * What Raft promises, checked on all replicas of a simulation after every event: one leader per epoch; epochs, votes and
 * high watermarks never go back; what was committed once is never anything else; a leader has all of it; and what a leader
 * calls committed is on the disks of a majority.
 */
import { assert } from '../../src/base/assert.ts'
import type { SimulatedReplica, StoredBatch } from './simulated-replica.ts'

interface Seen {
  epoch: number
  highWatermark: number
  durableEpoch: number
  isLeader: boolean
}

export class RaftInvariants {
  readonly #replicas: readonly SimulatedReplica[]
  readonly #leaders = new Map<number, number>()
  readonly #votes = new Map<string, string>()
  /** By base offset. */
  readonly #committed = new Map<number, StoredBatch>()
  readonly #seen = new Map<SimulatedReplica, Seen>()
  /** Everything below was committed somewhere. */
  committedOffset = 0

  constructor(replicas: readonly SimulatedReplica[]) {
    this.#replicas = replicas
  }

  get leadersCount(): number {
    return this.#leaders.size
  }

  onCrash(replica: SimulatedReplica): void {
    const seen = this.#seen.get(replica)
    if (seen === undefined) return
    seen.epoch = -1
    seen.highWatermark = -1
    seen.isLeader = false
  }

  check(replica: SimulatedReplica): void {
    const { node, disk } = replica
    if (node === undefined) return
    let seen = this.#seen.get(replica)
    if (seen === undefined) {
      seen = { epoch: -1, highWatermark: -1, durableEpoch: -1, isLeader: false }
      this.#seen.set(replica, seen)
    }
    assert(node.epoch >= seen.epoch, `${replica.id} goes back from epoch ${seen.epoch} to ${node.epoch}`)
    assert(node.highWatermark >= seen.highWatermark, `${replica.id} goes back to high watermark ${node.highWatermark}`)
    assert(
      node.logEndOffset === disk.endOffset,
      `${replica.id} ends at ${node.logEndOffset}, its disk at ${disk.endOffset}`,
    )
    this.#checkDurable(replica, seen)
    if (node.isLeader) this.#checkLeader(replica, seen)
    seen.epoch = node.epoch
    seen.highWatermark = node.highWatermark
    seen.isLeader = node.isLeader
  }

  #checkDurable(replica: SimulatedReplica, seen: Seen): void {
    const { election } = replica.disk
    if (election === undefined) return
    assert(election.epoch >= seen.durableEpoch, `${replica.id}'s file goes back to epoch ${election.epoch}`)
    seen.durableEpoch = election.epoch
    if (election.votedKey === undefined) return
    const key = `${replica.id} in ${election.epoch}`
    const vote = this.#votes.get(key)
    const given = `${election.votedKey.id}`
    assert(vote === undefined || vote === given, `${key} voted for ${vote} and ${given}`)
    this.#votes.set(key, given)
  }

  #checkLeader(replica: SimulatedReplica, seen: Seen): void {
    const { epoch } = replica.node!
    const known = this.#leaders.get(epoch)
    assert(known === undefined || known === replica.id, `epoch ${epoch} has leaders ${known} and ${replica.id}`)
    this.#leaders.set(epoch, replica.id)
    if (seen.isLeader && seen.epoch === epoch) return
    const { disk } = replica
    assert(
      disk.endOffset >= this.committedOffset,
      `leader ${replica.id} lacks committed records from ${disk.endOffset} on`,
    )
    for (const stored of disk.batches) this.#checkSame(replica, stored)
  }

  /** `replica` takes everything below for committed. */
  onHighWatermark(replica: SimulatedReplica, highWatermark: number): void {
    const { disk, node } = replica
    assert(
      disk.endOffset >= highWatermark,
      `${replica.id} commits ${highWatermark}, its disk ends at ${disk.endOffset}`,
    )
    for (const stored of disk.batches) {
      if (stored.endOffset > highWatermark) break
      this.#checkSame(replica, stored)
      this.#committed.set(stored.baseOffset, stored)
    }
    if (highWatermark <= this.committedOffset) return
    // A leader that has removed itself resigns in the step in which that is committed.
    const isLeading = node?.roleName === 'leader' || node?.roleName === 'resigned'
    assert(isLeading, `${replica.id} commits ${highWatermark} before the leader`)
    const { voters } = node.settings
    const holders = this.#replicas.filter(
      (other) => voters.isVoter(other.identity) && other.disk.flushedOffset >= highWatermark,
    )
    const names = holders.map(({ id }) => id).join(', ')
    assert(holders.length >= voters.majorityCount, `${highWatermark} is committed, but flushed only on ${names}`)
    this.committedOffset = highWatermark
  }

  #checkSame(replica: SimulatedReplica, stored: StoredBatch): void {
    const known = this.#committed.get(stored.baseOffset)
    const isSame = known === undefined || known.bytes === stored.bytes || known.bytes.equals(stored.bytes)
    assert(isSame, `${replica.id} has another batch at ${stored.baseOffset} than was committed`)
  }
}
