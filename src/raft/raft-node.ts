/**
 * One replica of the metadata log as a pure state machine: inputs and the time go in, effects and the time of the next
 * tick come out (raft-io.ts). runtime/raft-driver.ts drives it over a real disk and network, the simulation over fake
 * ones. It promises Raft's safety, whatever is lost, doubled, delayed or reordered, as long as what it asked to be made
 * durable is durable when the driver says so.
 */
import { assert, unreachable } from '../base/assert.ts'
import type { Random } from '../base/random.ts'
import type { Uuid } from '../base/uuid.ts'
import { KafkaError } from '../protocol/errors.ts'
import {
  handleBeginQuorumEpoch,
  handleEndQuorumEpoch,
  handleVote,
  onEndQuorumEpochResponse,
  onVoteResponse,
  pollCandidate,
  pollProspective,
  pollResigned,
  pollUnattached,
} from './elections.ts'
import { handleFetch, handleFetchSnapshot, pollParkedFetches } from './fetch-serving.ts'
import {
  learn,
  onFetchResponse,
  onFetchSnapshotResponse,
  onFollowerFlushed,
  onSnapshotInstalled,
  onUpdateVoterResponse,
  pollBootstrap,
  pollFollower,
} from './following.ts'
import { upgradeKraftVersion } from './kraft-version-upgrade.ts'
import { onPeerGone } from './leader-gone.ts'
import { maybeAdvanceHighWatermark, onBeginQuorumEpochResponse, pollQuorum, resign } from './leadership.ts'
import { encodeDataBatch } from './log-batches.ts'
import type { OffsetAndEpoch } from './log-view.ts'
import type { RaftRequest, RaftResponse } from './messages.ts'
import { describeQuorum, type QuorumDescription } from './quorum-description.ts'
import { RaftCore } from './raft-core.ts'
import type { ElectionState, RaftConfig, RaftInput, RaftOutput, RaftStart, RaftTime, Token } from './raft-io.ts'
import type { Role } from './roles.ts'
import { becomeFollower, becomeResigned, becomeUnattached } from './transitions.ts'
import { handleVoterChange, pollVoterChange, refuseVoterChange, type VoterRequest } from './voter-changes.ts'
import type { QuorumSettings } from './voter-history.ts'
import type { Endpoint } from './voter-set.ts'

export class RaftNode {
  readonly #core: RaftCore

  constructor(config: RaftConfig, start: RaftStart, random: Random, time: RaftTime) {
    this.#core = new RaftCore(config, start, random, time)
    takeUp(this.#core)
    const { role } = this.#core
    if (role.name === 'unattached') role.leaderlessIds = new Set()
  }

  get nodeId(): number {
    return this.#core.self.id
  }

  get directoryId(): Uuid {
    return this.#core.self.directoryId
  }

  get epoch(): number {
    return this.#core.epoch
  }

  /** -1 when not known. */
  get leaderId(): number {
    return this.#core.leaderId
  }

  /** Where the leader is reached; undefined when that or the leader is not known. */
  get leaderEndpoint(): Endpoint | undefined {
    return this.#core.leaderEndpoint
  }

  get isLeader(): boolean {
    return this.#core.role.name === 'leader'
  }

  get roleName(): Role['name'] {
    return this.#core.role.name
  }

  get election(): ElectionState {
    return this.#core.election
  }

  /** -1 when not known. */
  get highWatermark(): number {
    return this.#core.highWatermark
  }

  get logStartOffset(): number {
    return this.#core.log.startOffset
  }

  get logEndOffset(): number {
    return this.#core.log.endOffset
  }

  /** What holds now, committed or not. */
  get settings(): QuorumSettings {
    return this.#core.history.latest
  }

  /** What a snapshot that ends before `endOffset` has to say of voters. */
  settingsBefore(endOffset: number): QuorumSettings {
    return this.#core.history.before(endOffset)
  }

  /** The epoch of the record before `endOffset`: what the name of a snapshot that ends there says. */
  epochBefore(endOffset: number): number {
    const { log } = this.#core
    return (endOffset > log.startOffset ? log.epochAt(endOffset - 1) : undefined) ?? log.latestSnapshot?.epoch ?? 0
  }

  /** Whether this node leads and each of those replicas has said that it knows `offset` to be committed. */
  doReplicasKnow(ids: readonly number[], offset: number): boolean {
    const { role } = this.#core
    if (role.name !== 'leader') return false
    const knowing = new Set<number>()
    for (const { key, highWatermark } of role.replicas.values()) if (highWatermark > offset) knowing.add(key.id)
    return ids.every((id) => knowing.has(id) || id === this.nodeId)
  }

  /** Why the leader, or one that does not lead, would refuse a change of voters right now; undefined when it would not. */
  refusalOf(request: VoterRequest, time: RaftTime): RaftResponse | undefined {
    this.#core.time = time
    return refuseVoterChange(this.#core, request)
  }

  describeQuorum(time: RaftTime): QuorumDescription {
    this.#core.time = time
    return describeQuorum(this.#core)
  }

  /**
   * Throws KafkaError: NOT_CONTROLLER when an `append` or an upgrade comes to one that does not lead, what
   * kraft-version-upgrade.ts says when an upgrade cannot be; all other inputs are taken at any time.
   */
  step(input: RaftInput, time: RaftTime): RaftOutput {
    const core = this.#core
    core.time = time
    take(core, input)
    while (poll(core)) core.takeDeadline()
    return { effects: core.takeEffects(), deadlineMs: core.takeDeadline() }
  }
}

/** The role in which a replica begins, by what it had on disk. */
function takeUp(core: RaftCore): void {
  const { epoch, leaderId } = core.election
  if (core.log.lastEpoch > epoch) {
    becomeUnattached(core, core.log.lastEpoch)
    return
  }
  const wasLeader = leaderId === core.self.id
  if (wasLeader && core.isVoter && !core.isOnlyVoter) {
    becomeResigned(core, [])
    return
  }
  const endpoint = core.voters.endpointOf(leaderId)
  if (leaderId !== -1 && !wasLeader && endpoint !== undefined) {
    becomeFollower(core, epoch, leaderId, endpoint)
    return
  }
  becomeUnattached(core, epoch)
}

function take(core: RaftCore, input: RaftInput): void {
  switch (input.kind) {
    case 'tick':
      return
    case 'request':
      takeRequest(core, input.token, input.request)
      return
    case 'response':
      takeResponse(core, input.requestId, input.response)
      return
    case 'requestFailed':
      core.requests.onAnswered(input.requestId, true, core.nowMs)
      return
    case 'append':
      appendValues(core, input.values)
      return
    case 'upgradeKraftVersion':
      upgradeKraftVersion(core, input.kraftVersion)
      return
    case 'flushed':
      onFlushed(core, input.sequence)
      return
    case 'snapshotCreated':
      core.log.addSnapshot(input.id)
      return
    case 'snapshotInstalled':
      onInstalled(core, input.id, input.settings)
      return
    case 'snapshotRefused':
      core.installing = undefined
      return
    case 'trimmed':
      core.log.trim(input.startOffset)
      core.history.trim(input.startOffset)
      return
    case 'peerGone':
      onPeerGone(core, input.id)
      return
    case 'resign':
      if (core.role.name === 'leader') resign(core, core.role)
      return
    default:
      unreachable(input)
  }
}

function takeRequest(core: RaftCore, token: Token, request: RaftRequest): void {
  switch (request.kind) {
    case 'vote':
      core.emit({ kind: 'reply', token, response: handleVote(core, request) })
      return
    case 'beginQuorumEpoch':
      core.emit({ kind: 'reply', token, response: handleBeginQuorumEpoch(core, request) })
      return
    case 'endQuorumEpoch':
      core.emit({ kind: 'reply', token, response: handleEndQuorumEpoch(core, request) })
      return
    case 'fetch':
      handleFetch(core, token, request)
      return
    case 'fetchSnapshot':
      handleFetchSnapshot(core, token, request)
      return
    default:
      handleVoterChange(core, token, request)
      return
  }
}

function takeResponse(core: RaftCore, requestId: number, response: RaftResponse): void {
  const senderId = core.requests.onAnswered(requestId, false, core.nowMs)
  if (senderId === undefined) return
  learn(core, response)
  switch (response.kind) {
    case 'vote':
      onVoteResponse(core, senderId, response)
      return
    case 'beginQuorumEpoch':
      onBeginQuorumEpochResponse(core, senderId, response)
      return
    case 'endQuorumEpoch':
      onEndQuorumEpochResponse(core, senderId, response)
      return
    case 'fetch':
      onFetchResponse(core, senderId, response)
      return
    case 'fetchSnapshot':
      onFetchSnapshotResponse(core, senderId, response)
      return
    default:
      onUpdateVoterResponse(core, senderId, response)
      return
  }
}

function appendValues(core: RaftCore, values: readonly Buffer[]): void {
  if (core.role.name !== 'leader') throw new KafkaError('NOT_CONTROLLER', `${core.self.id} is ${core.role.name}`)
  assert(values.length > 0, 'a batch has records')
  const baseOffset = core.log.endOffset
  const bytes = encodeDataBatch({ baseOffset, epoch: core.epoch, timestampMs: core.time.wallMs }, values)
  core.append(bytes, baseOffset + values.length, core.epoch)
}

function onFlushed(core: RaftCore, sequence: number): void {
  core.log.onFlushed(sequence)
  if (core.role.name === 'leader') maybeAdvanceHighWatermark(core, core.role)
  else if (core.role.name === 'follower') onFollowerFlushed(core, core.role)
}

function onInstalled(core: RaftCore, id: OffsetAndEpoch, settings: QuorumSettings | undefined): void {
  assert(core.installing?.endOffset === id.endOffset, `snapshot ${id.endOffset} was to be installed`)
  if (settings !== undefined) core.history.reset(settings)
  else core.history.trim(id.endOffset)
  onSnapshotInstalled(core)
}

/** Does what time and state demand of the role; true when the role changed and must be asked again. */
function poll(core: RaftCore): boolean {
  const { role } = core
  switch (role.name) {
    case 'unattached':
      if (pollUnattached(core, role)) return true
      pollBootstrap(core)
      return false
    case 'prospective':
      return pollProspective(core, role)
    case 'candidate':
      return pollCandidate(core, role)
    case 'resigned':
      return pollResigned(core, role)
    case 'follower':
      return pollFollower(core, role)
    case 'leader':
      maybeAdvanceHighWatermark(core, role)
      if (pollVoterChange(core, role) || pollQuorum(core, role)) return true
      pollParkedFetches(core, role)
      return false
    default:
      unreachable(role)
  }
}
