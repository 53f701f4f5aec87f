/**
 * Changes of role. Each function checks that the change is allowed, makes epoch, leader and vote durable, forgets what
 * was under way, and answers whoever waited for the old role. Called by the rules beside it, never by the driver.
 */
import { assert } from '../base/assert.ts'
import { electionDeadlineMs } from './leader-gone.ts'
import { type ControlRecord, encodeControlBatch } from './log-batches.ts'
import type { RaftCore } from './raft-core.ts'
import type { Leader, Role } from './roles.ts'
import { VoteTally } from './vote-tally.ts'
import { describeReplica, type Endpoint, isSameReplica, type ReplicaKey, type Voter } from './voter-set.ts'

const nobody = -1

export function becomeUnattached(core: RaftCore, epoch: number, leaderId = nobody): void {
  const { election } = core
  const isSameEpoch = epoch === election.epoch
  core.setElection({
    epoch,
    leaderId: isSameEpoch && leaderId === nobody ? election.leaderId : leaderId,
    votedKey: isSameEpoch ? election.votedKey : undefined,
  })
  enter(core, { name: 'unattached', electionDeadlineMs: unattachedDeadlineMs(core) })
}

/** Gives this epoch's vote to `candidate`. */
export function becomeUnattachedVoted(core: RaftCore, candidate: ReplicaKey): void {
  const { epoch, leaderId, votedKey } = core.election
  assert(leaderId === nobody, `a vote in epoch ${epoch} that has leader ${leaderId}`)
  assert(votedKey === undefined || isSameReplica(votedKey, candidate), `two votes in epoch ${epoch}`)
  core.setElection({ epoch, leaderId, votedKey: candidate })
  enter(core, { name: 'unattached', electionDeadlineMs: unattachedDeadlineMs(core) })
}

/** Observers never stand for election. */
function unattachedDeadlineMs(core: RaftCore): number {
  return core.config.canVote ? electionDeadlineMs(core) : Number.POSITIVE_INFINITY
}

export function becomeFollower(core: RaftCore, epoch: number, leaderId: number, leaderEndpoint: Endpoint): void {
  assert(leaderId !== core.self.id, `a leader of epoch ${epoch} does not follow itself`)
  const { votedKey } = core.election
  core.setElection({ epoch, leaderId, votedKey: epoch === core.epoch ? votedKey : undefined })
  enter(core, {
    name: 'follower',
    leaderEndpoint,
    fetchDeadlineMs: core.nowMs + core.config.fetchTimeoutMs,
    hasFetched: false,
    isLeaderGone: false,
    leaderHighWatermark: -1,
    updateVoterDeadlineMs: core.nowMs + core.config.fetchTimeoutMs,
    hasToldSelf: false,
    download: undefined,
  })
}

/** Asks around whether an election would be won before disturbing anybody with a higher epoch (KIP-996). */
export function becomeProspective(core: RaftCore): void {
  assert(core.isVoter, `${describeReplica(core.self)} is not a voter`)
  if (core.hurry !== undefined) core.hurry.electionsCount++
  const tally = new VoteTally(core.voters)
  tally.record(core.self.id, true)
  const leaderEndpoint = core.leaderId === core.self.id ? undefined : core.leaderEndpoint
  enter(core, { name: 'prospective', tally, electionDeadlineMs: electionDeadlineMs(core), leaderEndpoint })
}

export function becomeCandidate(core: RaftCore): void {
  assert(core.role.name === 'prospective', `a candidate was ${core.role.name}`)
  core.setElection({ epoch: core.epoch + 1, leaderId: nobody, votedKey: core.self })
  const tally = new VoteTally(core.voters)
  tally.record(core.self.id, true)
  enter(core, { name: 'candidate', tally, electionDeadlineMs: electionDeadlineMs(core), backoffDeadlineMs: undefined })
}

export function becomeLeader(core: RaftCore): void {
  const { role, epoch } = core
  assert(role.name === 'candidate' && role.tally.isWon, `elected leader of epoch ${epoch} as ${role.name}`)
  core.hurry = undefined
  core.setElection({ epoch, leaderId: core.self.id, votedKey: undefined })
  const epochStartOffset = core.log.endOffset
  enter(
    core,
    {
      name: 'leader',
      epochStartOffset,
      replicas: new Map(),
      introductions: new Map(),
      parkedFetches: [],
      checkQuorumDeadlineMs: core.nowMs + checkQuorumTimeoutMs(core),
      recentVoterIds: new Set(),
      pendingChange: undefined,
      toldVoters: new Map(),
    },
    epochStartOffset,
  )
  appendControlRecords(core, epochStartRecords(core, role.tally.grantingIds))
}

/** A leader that a majority has not fetched from for so long may be cut off. */
export function checkQuorumTimeoutMs(core: RaftCore): number {
  return Math.floor(core.config.fetchTimeoutMs * 1.5)
}

/** Stays leader of its epoch in name, but appends nothing any more and invites the others to elect. */
export function becomeResigned(core: RaftCore, preferredCandidates: readonly ReplicaKey[]): void {
  assert(core.leaderId === core.self.id, `${core.leaderId} leads epoch ${core.epoch}, so it alone resigns`)
  enter(core, {
    name: 'resigned',
    preferredCandidates,
    unacknowledgedIds: new Set(core.voters.ids.filter((id) => id !== core.self.id)),
    electionDeadlineMs: electionDeadlineMs(core),
  })
}

/** Appends one control batch as leader, effective at once. Returns the offset of its last record. */
export function appendControlRecords(core: RaftCore, records: readonly ControlRecord[]): number {
  const baseOffset = core.log.endOffset
  const bytes = encodeControlBatch({ baseOffset, epoch: core.epoch, timestampMs: core.time.wallMs }, records)
  core.append(bytes, baseOffset + records.length, core.epoch)
  return baseOffset + records.length - 1
}

/** Kafka starts an epoch with one control batch: the leader, and the voters when the log does not hold them as they are. */
function epochStartRecords(core: RaftCore, grantingIds: readonly number[]): ControlRecord[] {
  const { kraftVersion, voters } = core.history.latest
  const records: ControlRecord[] = [{ type: 'leaderChange', leaderId: core.self.id, voterIds: voters.ids, grantingIds }]
  if (kraftVersion < 1) return records
  const known = voters.get(core.self.id)
  const current = known === undefined ? voters : (voters.withUpdated(ownVoter(core)) ?? voters)
  const snapshotEndOffset = core.log.latestSnapshot?.endOffset ?? 0
  const isInLog = core.history.latestOffset !== undefined || snapshotEndOffset > 0
  if (isInLog && current.equals(voters)) return records
  if (!isInLog) records.push({ type: 'kraftVersion', kraftVersion })
  records.push({ type: 'kraftVoters', voters: current })
  return records
}

/** This node as it would like to stand in the voter set. */
export function ownVoter(core: RaftCore): Voter {
  const { endpoints, kraftVersionMin, kraftVersionMax } = core.config
  return { ...core.self, endpoints, kraftVersionMin, kraftVersionMax }
}

function enter(core: RaftCore, role: Role, epochStartOffset?: number): void {
  const left = core.role
  core.role = role
  core.requests.reset()
  core.announceLeader(epochStartOffset)
  if (left.name === 'leader') dismiss(core, left)
}

/** Whoever waits for something that only a leader can give hears that this one is none any more. */
function dismiss(core: RaftCore, leader: Leader): void {
  const head = core.head('NOT_LEADER_OR_FOLLOWER')
  for (const { token } of leader.parkedFetches) {
    core.emit({
      kind: 'reply',
      token,
      response: {
        ...head,
        kind: 'fetch',
        highWatermark: -1,
        logStartOffset: -1,
        divergingEpoch: undefined,
        snapshotId: undefined,
        records: Buffer.alloc(0),
      },
    })
  }
  const change = leader.pendingChange
  if (change?.token === undefined) return
  core.emit({ kind: 'reply', token: change.token, response: { ...head, kind: change.kind, message: null } })
}
