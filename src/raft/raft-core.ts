/**
 * The state of one replica and the few things that everybody in this room does with it: emit an effect, append to the
 * log, send. The rules are in the files beside it (transitions, elections, leadership, fetch-serving, following,
 * voter-changes), as functions over this object; RaftNode is the face to the outside. Epoch, leader and vote change only
 * through `setElection`, which makes them durable.
 */
import { assert } from '../base/assert.ts'
import type { Random } from '../base/random.ts'
import type { ErrorName } from '../protocol/errors.ts'
import { controlChangesOf } from './log-batches.ts'
import { LogView, type OffsetAndEpoch } from './log-view.ts'
import type { RaftRequest, ResponseHead } from './messages.ts'
import type { Destination, ElectionState, RaftConfig, RaftEffect, RaftStart, RaftTime } from './raft-io.ts'
import { RequestTracker } from './request-tracker.ts'
import type { Hurry, Leader, Role } from './roles.ts'
import { VoterHistory } from './voter-history.ts'
import type { Endpoint, ReplicaKey, VoterSet } from './voter-set.ts'

export class RaftCore {
  readonly config: RaftConfig
  readonly random: Random
  readonly self: ReplicaKey
  readonly log: LogView
  readonly history: VoterHistory
  readonly requests: RequestTracker
  role: Role = { name: 'unattached', electionDeadlineMs: Number.POSITIVE_INFINITY }
  time: RaftTime
  /** A downloaded snapshot that the driver is about to put in the log's place: until then the log is not touched. */
  installing: OffsetAndEpoch | undefined
  /** Set from a hint that the leader is gone until a leader is heard. */
  hurry: Hurry | undefined
  #election: ElectionState
  #highWatermark: number
  #effects: RaftEffect[] = []
  #wakeAtMs = Number.POSITIVE_INFINITY
  #announced: { readonly leaderId: number; readonly epoch: number } = { leaderId: -1, epoch: -1 }

  constructor(config: RaftConfig, start: RaftStart, random: Random, time: RaftTime) {
    this.config = config
    this.random = random
    this.self = { id: config.nodeId, directoryId: config.directoryId }
    this.time = time
    this.log = new LogView(start.log)
    this.history = new VoterHistory(start.settings)
    for (const { offset, change } of start.changes) this.history.add(offset, change)
    this.requests = new RequestTracker(config.requestTimeoutMs, config.retryBackoffMs)
    this.#election = start.election ?? { epoch: 0, leaderId: -1, votedKey: undefined }
    this.#highWatermark = this.log.latestSnapshot?.endOffset ?? -1
  }

  get nowMs(): number {
    return this.time.monotonicMs
  }

  get election(): ElectionState {
    return this.#election
  }

  get epoch(): number {
    return this.#election.epoch
  }

  get leaderId(): number {
    return this.#election.leaderId
  }

  get voters(): VoterSet {
    return this.history.latest.voters
  }

  get isVoter(): boolean {
    return this.config.canVote && this.voters.isVoter(this.self)
  }

  get isOnlyVoter(): boolean {
    return this.config.canVote && this.voters.isOnlyVoter(this.self)
  }

  /** Records below are committed, as far as this replica knows; -1 when it knows nothing. Never goes back. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  emit(effect: RaftEffect): void {
    this.#effects.push(effect)
  }

  /** Asks for a tick at `deadlineMs`, at the latest. */
  wakeAt(deadlineMs: number): void {
    this.#wakeAtMs = Math.min(this.#wakeAtMs, deadlineMs)
  }

  takeEffects(): RaftEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  takeDeadline(): number {
    const deadlineMs = this.#wakeAtMs
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    return deadlineMs
  }

  setElection(election: ElectionState): void {
    const current = this.#election
    assert(election.epoch >= current.epoch, `an epoch does not go back: ${current.epoch} to ${election.epoch}`)
    if (election.epoch === current.epoch) {
      const isLeaderKept = current.leaderId === -1 || current.leaderId === election.leaderId
      assert(isLeaderKept, `epoch ${election.epoch} has leaders ${current.leaderId} and ${election.leaderId}`)
    }
    const isSame =
      election.epoch === current.epoch &&
      election.leaderId === current.leaderId &&
      election.votedKey?.id === current.votedKey?.id &&
      election.votedKey?.directoryId === current.votedKey?.directoryId
    this.#election = election
    if (!isSame) this.emit({ kind: 'persistElection', election })
  }

  /** Tells the driver who leads, unless it knows. */
  announceLeader(epochStartOffset?: number): void {
    const { leaderId, epoch } = this.#election
    if (this.#announced.leaderId === leaderId && this.#announced.epoch === epoch) return
    this.#announced = { leaderId, epoch }
    this.emit({ kind: 'leaderChange', leaderId, epoch, epochStartOffset })
  }

  advanceHighWatermark(offset: number): void {
    if (offset <= this.#highWatermark) return
    assert(offset <= this.log.endOffset, `high watermark ${offset}, the log ends at ${this.log.endOffset}`)
    this.#highWatermark = offset
    this.emit({ kind: 'highWatermark', highWatermark: offset })
  }

  /** Appends whole batches of `epoch`; control records among them take effect. Returns the sequence number. */
  append(bytes: Buffer, endOffset: number, epoch: number): number {
    const baseOffset = this.log.endOffset
    const sequence = this.log.append(baseOffset, endOffset, epoch)
    for (const { offset, change } of controlChangesOf(bytes)) this.history.add(offset, change)
    this.emit({ kind: 'append', sequence, baseOffset, endOffset, bytes })
    return sequence
  }

  truncate(endOffset: number): void {
    assert(endOffset >= this.#highWatermark, `truncate to ${endOffset} below the high watermark ${this.#highWatermark}`)
    if (endOffset === this.log.endOffset) return
    this.log.truncate(endOffset)
    this.history.truncate(endOffset)
    this.emit({ kind: 'truncate', endOffset })
  }

  send(to: Destination, request: RaftRequest): void {
    const requestId = this.requests.onSent(to.id, this.nowMs)
    this.emit({ kind: 'send', requestId, to, request })
  }

  /** Sends to a voter when the connection to it is free and its endpoint known; otherwise asks to be woken. */
  maybeSendToVoter(id: number, makeRequest: (voter: ReplicaKey) => RaftRequest): boolean {
    const voter = this.voters.get(id)
    const endpoint = voter?.endpoints[0]
    if (voter === undefined || endpoint === undefined) return false
    const readyAtMs = this.requests.readyAtMs(id, this.nowMs)
    if (readyAtMs > this.nowMs) {
      this.wakeAt(readyAtMs)
      return false
    }
    this.send({ id, endpoint }, makeRequest(voter))
    this.wakeAt(this.requests.readyAtMs(id, this.nowMs))
    return true
  }

  get leaderEndpoint(): Endpoint | undefined {
    if (this.leaderId === -1) return undefined
    if (this.leaderId === this.self.id) return this.config.endpoints[0]
    if (this.role.name === 'follower') return this.role.leaderEndpoint
    return this.voters.endpointOf(this.leaderId)
  }

  /** The head of every answer. */
  head(error: ErrorName = 'NONE', isTopLevel = false): ResponseHead {
    const { leaderId, epoch } = this.#election
    return { error, isTopLevel, leaderId, epoch, leaderEndpoint: this.leaderEndpoint }
  }

  /** Why a request of a foreign cluster is refused; undefined when it is not. */
  clusterError(clusterId: string | null): ErrorName | undefined {
    return clusterId === null || clusterId === this.config.clusterId ? undefined : 'INCONSISTENT_CLUSTER_ID'
  }

  /** Why a request that only the leader of `epoch` answers is refused. */
  leaderError(epoch: number): ErrorName | undefined {
    if (epoch < this.epoch) return 'FENCED_LEADER_EPOCH'
    if (epoch > this.epoch) return 'UNKNOWN_LEADER_EPOCH'
    return this.role.name === 'leader' ? undefined : 'NOT_LEADER_OR_FOLLOWER'
  }

  /** The leader's role; only where it is known to lead. */
  get leader(): Leader {
    assert(this.role.name === 'leader', `not the leader but ${this.role.name}`)
    return this.role
  }
}
