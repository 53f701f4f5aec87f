/**
 * What Raft promises, checked on all replicas of a simulation after every event: one leader per epoch; epochs, votes and
 * high watermarks never go back; what was committed once is never anything else; a leader has all of it; and what a leader
 * calls committed is on the disks of a majority, up to a record of its own epoch. No vote and no epoch is told to others
 * before it is on disk.
 */
import { assert } from '../../src/base/assert.ts'
import type { RaftRequest, RaftResponse } from '../../src/raft/messages.ts'
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
  /** Votes that were given to others, by replica and epoch; no crash takes them back. */
  readonly #given = new Map<string, number>()
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

  /** A request leaves: what others learn of an epoch, or of a candidacy, must survive a crash. */
  onRequest(replica: SimulatedReplica, request: RaftRequest): void {
    if (!('epoch' in request)) return
    this.#checkTold(replica, request.epoch)
    if (request.kind === 'vote' && !request.isPreVote) this.#checkVote(replica, request.epoch, replica.id)
  }

  /** An answer to `request` leaves. */
  onReply(replica: SimulatedReplica, request: RaftRequest, response: RaftResponse): void {
    this.#checkTold(replica, response.epoch)
    if (request.kind !== 'vote' || request.isPreVote || response.kind !== 'vote' || !response.isGranted) return
    this.#checkVote(replica, request.epoch, request.candidate.id)
  }

  #checkTold(replica: SimulatedReplica, epoch: number): void {
    const durable = Math.max(replica.disk.election?.epoch ?? 0, replica.disk.batches.at(-1)?.epoch ?? 0)
    assert(epoch <= durable, `${replica.id} tells of epoch ${epoch}, its disk knows ${durable}`)
  }

  #checkVote(replica: SimulatedReplica, epoch: number, candidateId: number): void {
    const key = `${replica.id} in ${epoch}`
    const before = this.#given.get(key)
    assert(before === undefined || before === candidateId, `${key} votes for ${before} and ${candidateId}`)
    this.#given.set(key, candidateId)
    // Who knows a leader or a later epoch by now gives no other vote in this one.
    const { epoch: durableEpoch = 0, leaderId = -1, votedKey } = replica.disk.election ?? {}
    const isOver = durableEpoch > epoch || (durableEpoch === epoch && leaderId !== -1)
    assert(isOver || votedKey?.id === candidateId, `${key} votes for ${candidateId} before that is on disk`)
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
    const newest = disk.batches.findLast((stored) => stored.endOffset <= highWatermark)
    assert(newest?.epoch === node.epoch, `${replica.id} commits ${highWatermark} by a record of epoch ${newest?.epoch}`)
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
