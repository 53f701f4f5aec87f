/**
 * What replicas of the metadata log say to each other, flat: one partition, plain numbers, no versions. The core speaks
 * this; raft-rpc.ts turns it into Kafka's Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch, FetchSnapshot and voter RPCs
 * and back. `epoch` is always the leader epoch, `error` 'NONE' or a name of protocol/errors.ts.
 */
import type { ErrorName } from '../protocol/errors.ts'
import type { OffsetAndEpoch } from './log-view.ts'
import type { Endpoint, ReplicaKey, Voter } from './voter-set.ts'

export interface VoteRequest {
  readonly kind: 'vote'
  readonly clusterId: string | null
  /** Whom the request is meant for; id -1 in version 0. */
  readonly voter: ReplicaKey
  /** The sender's epoch for a pre-vote, the epoch that it stands for in a vote. */
  readonly epoch: number
  readonly candidate: ReplicaKey
  readonly lastEpoch: number
  readonly lastOffset: number
  readonly isPreVote: boolean
}

export interface BeginQuorumEpochRequest {
  readonly kind: 'beginQuorumEpoch'
  readonly clusterId: string | null
  readonly voter: ReplicaKey
  readonly leaderId: number
  readonly epoch: number
  readonly endpoints: readonly Endpoint[]
}

export interface EndQuorumEpochRequest {
  readonly kind: 'endQuorumEpoch'
  readonly clusterId: string | null
  readonly leaderId: number
  readonly epoch: number
  /** Best first. */
  readonly preferredCandidates: readonly ReplicaKey[]
  readonly endpoints: readonly Endpoint[]
}

export interface FetchRequest {
  readonly kind: 'fetch'
  readonly clusterId: string | null
  readonly replica: ReplicaKey
  readonly epoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  /** What the sender knows; -1 for none, Number.MAX_SAFE_INTEGER from versions that cannot say it. */
  readonly highWatermark: number
  readonly maxWaitMs: number
  readonly maxBytes: number
}

export interface FetchSnapshotRequest {
  readonly kind: 'fetchSnapshot'
  readonly clusterId: string | null
  readonly replica: ReplicaKey
  readonly epoch: number
  readonly snapshotId: OffsetAndEpoch
  readonly position: number
  readonly maxBytes: number
}

export interface AddVoterRequest {
  readonly kind: 'addVoter'
  readonly clusterId: string | null
  readonly voter: Voter
  readonly timeoutMs: number
  readonly ackWhenCommitted: boolean
}

export interface RemoveVoterRequest {
  readonly kind: 'removeVoter'
  readonly clusterId: string | null
  readonly voter: ReplicaKey
}

export interface UpdateVoterRequest {
  readonly kind: 'updateVoter'
  readonly clusterId: string | null
  readonly epoch: number
  readonly voter: Voter
}

export type RaftRequest =
  | VoteRequest
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchSnapshotRequest
  | AddVoterRequest
  | RemoveVoterRequest
  | UpdateVoterRequest

/** In every answer: how it went, and who leads as far as the answerer knows. */
export interface ResponseHead {
  readonly error: ErrorName
  /** Whether the error belongs at the top of Kafka's response or to the partition. */
  readonly isTopLevel: boolean
  /** -1 when not known. */
  readonly leaderId: number
  readonly epoch: number
  /** Where the leader is reached, when known. */
  readonly leaderEndpoint: Endpoint | undefined
}

export interface VoteResponse extends ResponseHead {
  readonly kind: 'vote'
  readonly isGranted: boolean
}

export interface BeginQuorumEpochResponse extends ResponseHead {
  readonly kind: 'beginQuorumEpoch'
}

export interface EndQuorumEpochResponse extends ResponseHead {
  readonly kind: 'endQuorumEpoch'
}

export interface FetchResponse extends ResponseHead {
  readonly kind: 'fetch'
  /** -1 when the leader has not committed in its epoch, and on errors. */
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly divergingEpoch: OffsetAndEpoch | undefined
  readonly snapshotId: OffsetAndEpoch | undefined
  readonly records: Buffer
}

export interface FetchSnapshotResponse extends ResponseHead {
  readonly kind: 'fetchSnapshot'
  readonly snapshotId: OffsetAndEpoch
  /** Bytes of the whole snapshot. */
  readonly size: number
  readonly position: number
  /** Cut anywhere. */
  readonly bytes: Buffer
}

export interface VoterChangeResponse extends ResponseHead {
  readonly kind: 'addVoter' | 'removeVoter' | 'updateVoter'
  readonly message: string | null
}

export type RaftResponse =
  | VoteResponse
  | BeginQuorumEpochResponse
  | EndQuorumEpochResponse
  | FetchResponse
  | FetchSnapshotResponse
  | VoterChangeResponse
