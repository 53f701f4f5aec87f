/**
 * The roles of a replica (KIP-595, KIP-853, KIP-996) as a discriminated union. Epoch, leader and vote are not here: they
 * are durable and live in the ElectionState; a role holds what is lost with it. All times are monotonic milliseconds.
 *
 *   unattached --election timeout--> prospective --pre-votes--> candidate --votes--> leader
 *       ^  ^                             |   ^                      |                  | quorum lost, shutdown
 *       |  +-------- refused ------------+   +------ refused -------+                  v
 *       +-------------------------- election timeout, epoch + 1 ------------------ resigned
 *
 *   Any of them becomes a follower when it hears of a leader, and unattached when it hears of a higher epoch without.
 *   A follower whose fetches go unanswered becomes prospective. Observers are only ever unattached or follower.
 */
import type { OffsetAndEpoch } from './log-view.ts'
import type { FetchRequest } from './messages.ts'
import type { Token } from './raft-io.ts'
import type { VoteTally } from './vote-tally.ts'
import type { Endpoint, ReplicaKey, Voter } from './voter-set.ts'

export interface Unattached {
  readonly name: 'unattached'
  electionDeadlineMs: number
  /** Of a voter that has just started: who said that nobody leads. */
  leaderlessIds?: Set<number>
}

export interface Prospective {
  readonly name: 'prospective'
  readonly tally: VoteTally
  readonly electionDeadlineMs: number
  /** Of the leader that stopped answering, to go back to when the others still hear it. */
  readonly leaderEndpoint: Endpoint | undefined
}

export interface Candidate {
  readonly name: 'candidate'
  readonly tally: VoteTally
  readonly electionDeadlineMs: number
  /** Set when the election is lost: when to try again. */
  backoffDeadlineMs: number | undefined
}

export interface Follower {
  readonly name: 'follower'
  readonly leaderEndpoint: Endpoint
  /** Without a fetch answered until then, the leader is taken for dead. */
  fetchDeadlineMs: number
  /** It answered at least once: while it does, pre-votes against it are refused. */
  hasFetched: boolean
  /** It seems so; its next answer says otherwise. */
  isLeaderGone: boolean
  /** What the leader said last: records that reach the disk below it are committed. */
  leaderHighWatermark: number
  /** When to tell the leader that its voter set has other endpoints or versions for this node; Infinity for never. */
  updateVoterDeadlineMs: number
  /** The leader of a static quorum has heard what it needs to name this voter in the log. */
  hasToldSelf: boolean
  /** The snapshot that is being downloaded, and how far. */
  download: { readonly id: OffsetAndEpoch; position: number } | undefined
}

/** What the leader knows of another replica. */
export interface ReplicaProgress {
  readonly key: ReplicaKey
  /** -1 before its first fetch in this epoch. */
  endOffset: number
  /** What the replica knew to be committed at its last fetch; -1 for nothing. */
  highWatermark: number
  /** Monotonic, for timeouts; -Infinity before the first fetch. */
  lastFetchMs: number
  /** Wall clock, for DescribeQuorum; -1 for never. */
  lastFetchTimestamp: number
  lastCaughtUpTimestamp: number
  /** The leader's end offset at the last fetch: a later fetch that reaches it was caught up then. */
  lastFetchLeaderEndOffset: number
}

/** How a voter was told of this epoch. */
export interface Introduction {
  isAcknowledged: boolean
  /** When BeginQuorumEpoch was sent last; -Infinity for never. */
  lastSentMs: number
}

export interface ParkedFetch {
  readonly token: Token
  readonly request: FetchRequest
  readonly deadlineMs: number
}

/** The one change of voters under way: answered when the record at `offset` is committed. */
export interface PendingVoterChange {
  readonly token: Token | undefined
  readonly kind: 'addVoter' | 'removeVoter' | 'updateVoter'
  readonly offset: number
  readonly deadlineMs: number
}

export interface Leader {
  readonly name: 'leader'
  readonly epochStartOffset: number
  /** Voters and observers that fetched, by `replicaName`. */
  readonly replicas: Map<string, ReplicaProgress>
  /** By voter id. */
  readonly introductions: Map<number, Introduction>
  parkedFetches: ParkedFetch[]
  checkQuorumDeadlineMs: number
  readonly recentVoterIds: Set<number>
  pendingChange: PendingVoterChange | undefined
  /** Of a static quorum: what its voters told of themselves, by id, for when the log is to name them. */
  readonly toldVoters: Map<number, Voter>
}

export interface Resigned {
  readonly name: 'resigned'
  readonly preferredCandidates: readonly ReplicaKey[]
  readonly unacknowledgedIds: Set<number>
  readonly electionDeadlineMs: number
}

export type Role = Unattached | Prospective | Candidate | Follower | Leader | Resigned

/** Since when elections are hurried. */
export interface Hurry {
  readonly goneId: number
  electionsCount: number
}
