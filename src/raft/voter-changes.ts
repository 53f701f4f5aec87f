/**
 * AddRaftVoter, RemoveRaftVoter and UpdateRaftVoter at the leader (KIP-853). A change is one control record that counts
 * from its append and is done when a majority of the new voters has it. One at a time, and none before the epoch's first
 * record is committed: otherwise two majorities could miss each other.
 */
import { assert } from '../base/assert.ts'
import type { ErrorName } from '../protocol/errors.ts'
import { leaderHighWatermark, resign } from './leadership.ts'
import type { AddVoterRequest, RemoveVoterRequest, UpdateVoterRequest, VoterChangeResponse } from './messages.ts'
import type { RaftCore } from './raft-core.ts'
import type { Token } from './raft-io.ts'
import type { Leader, PendingVoterChange } from './roles.ts'
import { appendControlRecords } from './transitions.ts'
import { describeReplica, isSameReplica, type Voter, type VoterSet } from './voter-set.ts'

/** A replica that has not fetched for so long is not taken for caught up. */
const caughtUpWithinMs = 3_600_000

type Refusal = readonly [error: ErrorName, message: string]
export type VoterRequest = AddVoterRequest | RemoveVoterRequest | UpdateVoterRequest

export function handleVoterChange(core: RaftCore, token: Token, request: VoterRequest): void {
  const refusal = refuseVoterChange(core, request)
  if (refusal !== undefined) {
    core.emit({ kind: 'reply', token, response: refusal })
    return
  }
  const { leader } = core
  if (request.kind === 'updateVoter' && core.history.latest.kraftVersion < 1) {
    leader.toldVoters.set(request.voter.id, request.voter)
    reply(core, token, request.kind, undefined)
    return
  }
  const voters = changedVoters(core.voters, request)
  assert(voters !== undefined, 'a change that cannot be is refused')
  if (voters.equals(core.voters)) {
    reply(core, token, request.kind, undefined)
    return
  }
  const offset = appendControlRecords(core, [{ type: 'kraftVoters', voters }])
  const isAnsweredNow = request.kind === 'updateVoter' || (request.kind === 'addVoter' && !request.ackWhenCommitted)
  leader.pendingChange = {
    token: isAnsweredNow ? undefined : token,
    kind: request.kind,
    offset,
    deadlineMs: core.nowMs + (request.kind === 'addVoter' ? request.timeoutMs : core.config.requestTimeoutMs * 15),
  }
  if (isAnsweredNow) reply(core, token, request.kind, undefined)
}

/** The answer that refuses a change, as things stand; undefined when it can be made. */
export function refuseVoterChange(core: RaftCore, request: VoterRequest): VoterChangeResponse | undefined {
  const refusal = refusalOf(core, request)
  return refusal && answerOf(core, request.kind, refusal)
}

function changedVoters(voters: VoterSet, request: VoterRequest): VoterSet | undefined {
  switch (request.kind) {
    case 'addVoter':
      return voters.with(request.voter)
    case 'removeVoter':
      return voters.without(request.voter)
    case 'updateVoter':
      return voters.withUpdated(request.voter)
  }
}

function notFound(core: RaftCore, request: VoterRequest): Refusal {
  const name = describeReplica(request.voter)
  if (request.kind === 'addVoter')
    return ['DUPLICATE_VOTER', `The voter id for ${name} is already in the set of voters`]
  // As Kafka does, whoever is named.
  if (request.kind === 'removeVoter' && core.voters.size === 1) return ['INVALID_REQUEST', 'There is only one voter']
  return ['VOTER_NOT_FOUND', `${name} is not a voter`]
}

function refusalOf(core: RaftCore, request: VoterRequest): Refusal | undefined {
  const clusterError = core.clusterError(request.clusterId)
  if (clusterError !== undefined) return [clusterError, 'Another cluster']
  const leaderError = core.leaderError(request.kind === 'updateVoter' ? request.epoch : core.epoch)
  if (leaderError !== undefined) return [leaderError, 'Not the leader of that epoch']
  const { leader } = core
  return (
    endpointRefusal(core, request) ?? stateRefusal(core, leader, request.kind) ?? requestRefusal(core, leader, request)
  )
}

/** Voters reach each other by the listener that stands first; a node that has none is alone. */
function endpointRefusal(core: RaftCore, request: VoterRequest): Refusal | undefined {
  if (request.kind === 'removeVoter') return undefined
  const listener = core.config.endpoints[0]?.name
  if (listener === undefined && request.kind === 'updateVoter') return undefined
  if (request.voter.endpoints.some(({ name }) => name === listener)) return undefined
  const name = describeReplica(request.voter)
  return [
    'INVALID_REQUEST',
    `${name} has no endpoint for the listener of controllers, ${listener ?? 'which is not set'}`,
  ]
}

/** Why nothing can be changed now. */
function stateRefusal(core: RaftCore, leader: Leader, kind: VoterRequest['kind']): Refusal | undefined {
  const { kraftVersion } = core.history.latest
  if (leaderHighWatermark(core, leader) < 0) {
    return ['REQUEST_TIMED_OUT', 'The leader has not committed a record of its epoch yet']
  }
  if (kraftVersion < 1 && kind !== 'updateVoter')
    return ['UNSUPPORTED_VERSION', `Voters do not change with kraft.version ${kraftVersion}`]
  if (leader.pendingChange !== undefined) return ['REQUEST_TIMED_OUT', 'Another change of voters is not committed yet']
  return undefined
}

function requestRefusal(core: RaftCore, leader: Leader, request: VoterRequest): Refusal | undefined {
  if (changedVoters(core.voters, request) === undefined) return notFound(core, request)
  if (request.kind === 'removeVoter') return undefined
  const { kraftVersion } = core.history.latest
  const { voter } = request
  if (voter.kraftVersionMin > kraftVersion || voter.kraftVersionMax < kraftVersion) {
    return ['INVALID_REQUEST', `${describeReplica(voter)} does not support kraft.version ${kraftVersion}`]
  }
  if (request.kind === 'addVoter' && core.voters.get(voter.id) === undefined && !isCaughtUp(core, leader, voter)) {
    return ['REQUEST_TIMED_OUT', `${describeReplica(voter)} is not caught up`]
  }
  return undefined
}

function isCaughtUp(core: RaftCore, leader: Leader, voter: Voter): boolean {
  for (const progress of leader.replicas.values()) {
    if (!isSameReplica(progress.key, voter) || progress.lastCaughtUpTimestamp < 0) continue
    if (core.nowMs - progress.lastFetchMs < caughtUpWithinMs) return true
  }
  return false
}

function reply(core: RaftCore, token: Token, kind: PendingVoterChange['kind'], refusal: Refusal | undefined): void {
  core.emit({ kind: 'reply', token, response: answerOf(core, kind, refusal ?? ['NONE', '']) })
}

function answerOf(core: RaftCore, kind: VoterRequest['kind'], [error, message]: Refusal): VoterChangeResponse {
  return { ...core.head(error, true), kind, message }
}

/** Answers whoever waits for a change; true when the leader has removed itself and leads no more. */
export function pollVoterChange(core: RaftCore, leader: Leader): boolean {
  const change = leader.pendingChange
  if (change === undefined) return maybeLeave(core, leader)
  if (core.highWatermark > change.offset) {
    leader.pendingChange = undefined
    if (change.token !== undefined) reply(core, change.token, change.kind, undefined)
    return maybeLeave(core, leader)
  }
  if (change.token === undefined) return false
  if (core.nowMs < change.deadlineMs) {
    core.wakeAt(change.deadlineMs)
    return false
  }
  reply(core, change.token, change.kind, ['REQUEST_TIMED_OUT', 'The change was not committed in time'])
  leader.pendingChange = { ...change, token: undefined }
  return false
}

/** A leader that is no voter any more leads until that is committed. */
function maybeLeave(core: RaftCore, leader: Leader): boolean {
  if (core.isVoter || core.highWatermark <= (core.history.latestOffset ?? -1)) return false
  resign(core, leader)
  return true
}
