/**
 * What a leader keeps account of: how far every replica has come, what is committed, whether a majority still hears it,
 * and which voters have yet to learn of its epoch. Invariant: the high watermark passes only what a majority of voters
 * has on disk, and nothing of this epoch counts before the epoch's first record does (Raft, figure 8).
 */
import { zeroUuid } from '../base/uuid.ts'
import type { BeginQuorumEpochResponse, FetchRequest } from './messages.ts'
import type { RaftCore } from './raft-core.ts'
import type { Introduction, Leader, ReplicaProgress } from './roles.ts'
import { becomeResigned, checkQuorumTimeoutMs } from './transitions.ts'
import { describeReplica, type ReplicaKey, type Voter } from './voter-set.ts'

/** An observer that has not fetched for so long is not shown any more. */
const observerExpiryMs = 300_000
/** A liar must not fill the leader's memory with made-up observers. */
const observersMax = 10_000

/** A fetch that fits this log: its position counts as acknowledged. Returns false when the replica is not kept account of. */
export function recordFetch(core: RaftCore, leader: Leader, request: FetchRequest): boolean {
  if (request.replica.id < 0) return false
  const name = describeReplica(request.replica)
  let progress = leader.replicas.get(name)
  if (progress === undefined) {
    if (leader.replicas.size >= observersMax) expireObservers(core, leader)
    if (leader.replicas.size >= observersMax) return false
    progress = newProgress(request.replica)
    leader.replicas.set(name, progress)
  }
  const { wallMs } = core.time
  if (request.fetchOffset >= core.log.flushedOffset) progress.lastCaughtUpTimestamp = wallMs
  else if (request.fetchOffset >= progress.lastFetchLeaderEndOffset && progress.lastFetchTimestamp >= 0) {
    progress.lastCaughtUpTimestamp = Math.max(progress.lastCaughtUpTimestamp, progress.lastFetchTimestamp)
  }
  progress.endOffset = request.fetchOffset
  // Versions that cannot say what is committed have at most what they fetched.
  progress.highWatermark = Math.min(request.highWatermark, request.fetchOffset)
  progress.lastFetchMs = core.nowMs
  progress.lastFetchTimestamp = wallMs
  progress.lastFetchLeaderEndOffset = core.log.flushedOffset
  return true
}

function newProgress(replica: ReplicaKey): ReplicaProgress {
  return {
    key: { id: replica.id, directoryId: replica.directoryId },
    endOffset: -1,
    highWatermark: -1,
    lastFetchMs: Number.NEGATIVE_INFINITY,
    lastFetchTimestamp: -1,
    lastCaughtUpTimestamp: -1,
    lastFetchLeaderEndOffset: -1,
  }
}

function expireObservers(core: RaftCore, leader: Leader): void {
  for (const [name, progress] of leader.replicas) {
    const isExpired = core.nowMs - progress.lastFetchMs > observerExpiryMs
    if (isExpired && !core.voters.isVoter(progress.key)) leader.replicas.delete(name)
  }
}

/** Any fetch of a voter shows that it hears this leader, whatever it asks for. */
export function recordContact(core: RaftCore, leader: Leader, replica: ReplicaKey): void {
  if (!core.voters.isVoter(replica) || replica.id === core.self.id) return
  introduction(leader, replica.id).isAcknowledged = true
  leader.recentVoterIds.add(replica.id)
  const others = core.voters.majorityCount - (core.isVoter ? 1 : 0)
  if (leader.recentVoterIds.size < others) return
  leader.recentVoterIds.clear()
  leader.checkQuorumDeadlineMs = core.nowMs + checkQuorumTimeoutMs(core)
}

function introduction(leader: Leader, voterId: number): Introduction {
  let found = leader.introductions.get(voterId)
  if (found === undefined) {
    found = { isAcknowledged: false, lastSentMs: Number.NEGATIVE_INFINITY }
    leader.introductions.set(voterId, found)
  }
  return found
}

/** The progress of a voter; with a static quorum any directory of that id will do, the one that fetched last. */
export function progressOf(leader: Leader, voter: Voter): ReplicaProgress | undefined {
  if (voter.directoryId !== zeroUuid) return leader.replicas.get(describeReplica(voter))
  let latest: ReplicaProgress | undefined
  for (const progress of leader.replicas.values()) {
    if (progress.key.id !== voter.id) continue
    if (latest === undefined || progress.lastFetchMs >= latest.lastFetchMs) latest = progress
  }
  return latest
}

/** The offset below which the epoch is committed; -1 until its first record is. */
export function leaderHighWatermark(core: RaftCore, leader: Leader): number {
  return core.highWatermark > leader.epochStartOffset ? core.highWatermark : -1
}

export function maybeAdvanceHighWatermark(core: RaftCore, leader: Leader): void {
  const { voters, majorityCount } = core.voters
  const endOffsets = voters.map((voter) =>
    voter.id === core.self.id && core.isVoter ? core.log.flushedOffset : (progressOf(leader, voter)?.endOffset ?? -1),
  )
  endOffsets.sort((left, right) => right - left)
  const committed = Math.min(endOffsets[majorityCount - 1] ?? -1, core.log.endOffset)
  if (committed > leader.epochStartOffset) core.advanceHighWatermark(committed)
}

/** Gives up leadership, the replicas that have come furthest first in line. */
export function resign(core: RaftCore, leader: Leader): void {
  const { voters } = core.voters
  const others = voters
    .filter((voter) => voter.id !== core.self.id)
    .map((voter) => ({ voter, endOffset: progressOf(leader, voter)?.endOffset ?? -1 }))
    .sort((left, right) => right.endOffset - left.endOffset)
  becomeResigned(
    core,
    others.map(({ voter }) => ({ id: voter.id, directoryId: voter.directoryId })),
  )
}

export function onBeginQuorumEpochResponse(core: RaftCore, voterId: number, response: BeginQuorumEpochResponse): void {
  if (core.role.name !== 'leader') return
  if (response.error === 'NONE') introduction(core.role, voterId).isAcknowledged = true
  else core.requests.backOff(voterId, core.nowMs)
}

/** Checks that a majority still fetches and tells voters of the epoch. True when it was not the case: no leader any more. */
export function pollQuorum(core: RaftCore, leader: Leader): boolean {
  const isAlone = core.voters.size <= 1 && core.isVoter
  if (!isAlone) {
    if (core.nowMs >= leader.checkQuorumDeadlineMs) {
      resign(core, leader)
      return true
    }
    core.wakeAt(leader.checkQuorumDeadlineMs)
  }
  for (const id of core.voters.ids) if (id !== core.self.id) maybeIntroduce(core, leader, id)
  return false
}

/** Sends BeginQuorumEpoch to a voter that has not heard of the epoch, or that stopped fetching. */
function maybeIntroduce(core: RaftCore, leader: Leader, voterId: number): void {
  const state = introduction(leader, voterId)
  const voter = core.voters.get(voterId)!
  const resendMs = core.config.fetchTimeoutMs / 2
  if (state.isAcknowledged) {
    const lastFetchMs = progressOf(leader, voter)?.lastFetchMs ?? Number.NEGATIVE_INFINITY
    const dueMs = Math.max(lastFetchMs, state.lastSentMs) + resendMs
    if (dueMs > core.nowMs) {
      core.wakeAt(dueMs)
      return
    }
  }
  const isSent = core.maybeSendToVoter(voterId, (key) => ({
    kind: 'beginQuorumEpoch',
    clusterId: core.config.clusterId,
    voter: { id: key.id, directoryId: key.directoryId },
    leaderId: core.self.id,
    epoch: core.epoch,
    endpoints: core.config.endpoints,
  }))
  if (isSent) state.lastSentMs = core.nowMs
}
