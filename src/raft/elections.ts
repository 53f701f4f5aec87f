/**
 * Elections: who gets this replica's vote, when it asks for others' votes, and what it does with the answers
 * (KIP-595 Vote, BeginQuorumEpoch and EndQuorumEpoch; KIP-996 pre-vote). One invariant: at most one vote per epoch, on
 * disk before it is given.
 */
import type { ErrorName } from '../protocol/errors.ts'
import { lostElectionBackoffMs } from './leader-gone.ts'
import type {
  BeginQuorumEpochRequest,
  BeginQuorumEpochResponse,
  EndQuorumEpochRequest,
  EndQuorumEpochResponse,
  VoteRequest,
  VoteResponse,
} from './messages.ts'
import type { RaftCore } from './raft-core.ts'
import type { Candidate, Prospective, Resigned, Unattached } from './roles.ts'
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomeProspective,
  becomeUnattached,
  becomeUnattachedVoted,
} from './transitions.ts'
import { isSameReplica, type ReplicaKey } from './voter-set.ts'

const electionBackoffMs = 100

export function handleVote(core: RaftCore, request: VoteRequest): VoteResponse {
  const clusterError = core.clusterError(request.clusterId)
  if (clusterError !== undefined) return voteResponse(core, false, clusterError, true)
  if (isMalformed(request)) return voteResponse(core, false, 'INVALID_REQUEST', true)
  const error = adoptEpoch(core, request.epoch, request.voter)
  if (error !== undefined) return voteResponse(core, false, error)
  const isGranted = request.isPreVote ? grantsPreVote(core, request) : grantsVote(core, request)
  if (isGranted && !request.isPreVote) becomeUnattachedVoted(core, request.candidate)
  return voteResponse(core, isGranted)
}

function voteResponse(core: RaftCore, isGranted: boolean, error: ErrorName = 'NONE', isTopLevel = false): VoteResponse {
  return { ...core.head(error, isTopLevel), kind: 'vote', isGranted }
}

/** A real vote is for an epoch that no log can have yet. */
function isMalformed(request: VoteRequest): boolean {
  if (request.lastOffset < 0 || request.lastEpoch < 0 || request.epoch < 0 || request.candidate.id < 0) return true
  return request.isPreVote ? request.lastEpoch > request.epoch : request.lastEpoch >= request.epoch
}

/** What every request between voters goes through first: its epoch, then whether it is meant for this replica. */
function adoptEpoch(core: RaftCore, epoch: number, addressee: ReplicaKey): ErrorName | undefined {
  if (epoch < core.epoch) return 'FENCED_LEADER_EPOCH'
  if (epoch > core.epoch) becomeUnattached(core, epoch)
  return isForMe(core, addressee) ? undefined : 'INVALID_VOTER_KEY'
}

function isForMe(core: RaftCore, addressee: ReplicaKey): boolean {
  return addressee.id === -1 || isSameReplica(addressee, core.self)
}

/** The candidate's log holds everything that this one holds, as far as epochs can tell. */
function isUpToDate(core: RaftCore, request: VoteRequest): boolean {
  const { lastEpoch, endOffset } = core.log
  return request.lastEpoch > lastEpoch || (request.lastEpoch === lastEpoch && request.lastOffset >= endOffset)
}

function grantsPreVote(core: RaftCore, request: VoteRequest): boolean {
  if (!isUpToDate(core, request)) return false
  const { role } = core
  // Who hears a leader wants no election: this is what keeps a replica that is cut off from deposing it. One that is a
  // voter without knowing it yet never stands itself, but must not stand in the way when the leader is gone.
  if (role.name === 'follower') return !role.hasFetched || core.nowMs >= role.fetchDeadlineMs
  return role.name !== 'leader'
}

function grantsVote(core: RaftCore, request: VoteRequest): boolean {
  const { leaderId, votedKey } = core.election
  if (leaderId !== -1) return false
  if (votedKey !== undefined) return isSameReplica(votedKey, request.candidate)
  return isUpToDate(core, request)
}

export function handleBeginQuorumEpoch(core: RaftCore, request: BeginQuorumEpochRequest): BeginQuorumEpochResponse {
  const kind = 'beginQuorumEpoch'
  const clusterError = core.clusterError(request.clusterId)
  if (clusterError !== undefined) return { ...core.head(clusterError, true), kind }
  if (request.leaderId < 0 || request.leaderId === core.self.id) return { ...core.head('INVALID_REQUEST', true), kind }
  if (request.epoch < core.epoch) return { ...core.head('FENCED_LEADER_EPOCH'), kind }
  if (request.epoch === core.epoch && core.leaderId !== -1 && core.leaderId !== request.leaderId) {
    return { ...core.head('INVALID_REQUEST'), kind }
  }
  const endpoint = request.endpoints[0] ?? core.voters.endpointOf(request.leaderId)
  const isFollowing = core.role.name === 'follower' && core.epoch === request.epoch
  if (!isFollowing) {
    if (endpoint === undefined) becomeUnattached(core, request.epoch, request.leaderId)
    else becomeFollower(core, request.epoch, request.leaderId, endpoint)
  }
  return { ...core.head(isForMe(core, request.voter) ? 'NONE' : 'INVALID_VOTER_KEY'), kind }
}

export function handleEndQuorumEpoch(core: RaftCore, request: EndQuorumEpochRequest): EndQuorumEpochResponse {
  const kind = 'endQuorumEpoch'
  const clusterError = core.clusterError(request.clusterId)
  if (clusterError !== undefined) return { ...core.head(clusterError, true), kind }
  if (request.epoch < core.epoch) return { ...core.head('FENCED_LEADER_EPOCH'), kind }
  if (request.epoch > core.epoch) becomeUnattached(core, request.epoch)
  const { role } = core
  if (role.name === 'follower' && core.leaderId === request.leaderId) {
    role.hasFetched = false
    role.fetchDeadlineMs = Math.min(role.fetchDeadlineMs, core.nowMs + successionDelayMs(core, request))
  }
  return { ...core.head(), kind }
}

/** The first of the preferred candidates stands at once, the others give it a chance. */
function successionDelayMs(core: RaftCore, request: EndQuorumEpochRequest): number {
  const index = request.preferredCandidates.findIndex((candidate) => isSameReplica(candidate, core.self))
  if (index === 0) return 0
  const position = index < 0 ? Math.max(1, request.preferredCandidates.length) : index
  const spreadMs = electionBackoffMs * 2 ** Math.min(position, 10)
  return Math.min(core.config.electionBackoffMsMax, electionBackoffMs + core.random.integer(spreadMs))
}

export function onVoteResponse(core: RaftCore, voterId: number, response: VoteResponse): void {
  const { role } = core
  if (role.name !== 'prospective' && role.name !== 'candidate') return
  if (response.error !== 'NONE') {
    core.requests.backOff(voterId, core.nowMs)
    return
  }
  role.tally.record(voterId, response.isGranted)
}

export function onEndQuorumEpochResponse(core: RaftCore, voterId: number, response: EndQuorumEpochResponse): void {
  if (core.role.name === 'resigned' && response.error === 'NONE') core.role.unacknowledgedIds.delete(voterId)
  else core.requests.backOff(voterId, core.nowMs)
}

/** Waits for somebody to make itself known as leader, then stands. Whoever is alone waits for nobody. */
export function pollUnattached(core: RaftCore, role: Unattached): boolean {
  if (!core.isVoter) return false
  if (core.isOnlyVoter || core.nowMs >= role.electionDeadlineMs) {
    becomeProspective(core)
    return true
  }
  core.wakeAt(role.electionDeadlineMs)
  return false
}

export function pollProspective(core: RaftCore, role: Prospective): boolean {
  if (!core.isVoter) {
    becomeUnattached(core, core.epoch)
    return true
  }
  if (role.tally.isWon) {
    becomeCandidate(core)
    return true
  }
  if (role.tally.isLost || core.nowMs >= role.electionDeadlineMs) {
    backToLeader(core, role)
    return true
  }
  core.wakeAt(role.electionDeadlineMs)
  for (const id of role.tally.openIds) core.maybeSendToVoter(id, (voter) => voteRequest(core, voter, true))
  return false
}

/** The others may still hear the leader that this replica lost sight of. */
function backToLeader(core: RaftCore, role: Prospective): void {
  const { epoch, leaderId } = core.election
  if (leaderId !== -1 && leaderId !== core.self.id && role.leaderEndpoint !== undefined) {
    becomeFollower(core, epoch, leaderId, role.leaderEndpoint)
  } else {
    becomeUnattached(core, epoch)
  }
}

export function pollCandidate(core: RaftCore, role: Candidate): boolean {
  if (role.tally.isWon) {
    becomeLeader(core)
    return true
  }
  if (role.backoffDeadlineMs === undefined && role.tally.isLost) {
    role.backoffDeadlineMs = core.nowMs + lostElectionBackoffMs(core)
  }
  const deadlineMs = Math.min(role.backoffDeadlineMs ?? Number.POSITIVE_INFINITY, role.electionDeadlineMs)
  if (core.nowMs >= deadlineMs) {
    if (core.isVoter) becomeProspective(core)
    else becomeUnattached(core, core.epoch)
    return true
  }
  core.wakeAt(deadlineMs)
  if (role.tally.isLost) return false
  for (const id of role.tally.openIds) core.maybeSendToVoter(id, (voter) => voteRequest(core, voter, false))
  return false
}

function voteRequest(core: RaftCore, voter: ReplicaKey, isPreVote: boolean): VoteRequest {
  return {
    kind: 'vote',
    clusterId: core.config.clusterId,
    voter: { id: voter.id, directoryId: voter.directoryId },
    epoch: core.epoch,
    candidate: core.self,
    lastEpoch: core.log.lastEpoch,
    lastOffset: core.log.endOffset,
    isPreVote,
  }
}

/**
 * Tells the others, and when none of them took over, moves on to an epoch without a leader: at once when they all know
 * and this replica is no voter any more, because nobody will tell it who leads.
 */
export function pollResigned(core: RaftCore, role: Resigned): boolean {
  const isForgotten = !core.isVoter && role.unacknowledgedIds.size === 0
  if (isForgotten || core.nowMs >= role.electionDeadlineMs) {
    becomeUnattached(core, core.epoch + 1)
    return true
  }
  core.wakeAt(role.electionDeadlineMs)
  for (const id of role.unacknowledgedIds) {
    core.maybeSendToVoter(id, () => ({
      kind: 'endQuorumEpoch',
      clusterId: core.config.clusterId,
      leaderId: core.self.id,
      epoch: core.epoch,
      preferredCandidates: role.preferredCandidates,
      endpoints: [],
    }))
  }
  return false
}
