/**
 * What goes into the raft core and what comes out: the whole contract between RaftNode and whoever drives it. The driver
 * carries out the effects of each step in their order; it may overlap appends with anything, but a `send` or `reply`
 * leaves only after every `persistElection` before it is on disk, and appends and truncations reach the log in order.
 */
import type { Uuid } from '../base/uuid.ts'
import type { LogState, OffsetAndEpoch } from './log-view.ts'
import type { RaftRequest, RaftResponse } from './messages.ts'
import type { QuorumSettings } from './voter-history.ts'
import type { Endpoint, ReplicaKey } from './voter-set.ts'

/** The file `quorum-state`: what must survive a crash so that no replica votes twice. */
export interface ElectionState {
  readonly epoch: number
  /** -1 when not known. */
  readonly leaderId: number
  readonly votedKey: ReplicaKey | undefined
}

export interface RaftConfig {
  readonly nodeId: number
  readonly directoryId: Uuid
  readonly clusterId: string
  /** A controller: it votes when the voter set names it. A broker never does. */
  readonly canVote: boolean
  /** A controller that is no voter asks to become one: controller.quorum.auto.join.enable. */
  readonly joinsQuorum?: boolean
  /** Where this node is reached, the listener for voters first; empty on brokers. */
  readonly endpoints: readonly Endpoint[]
  /** The range of kraft.version that this node takes part in. */
  readonly kraftVersionMin: number
  readonly kraftVersionMax: number
  /** Whom an unattached replica asks for the leader: controller.quorum.bootstrap.servers. */
  readonly bootstrapServers: readonly Endpoint[]
  /** controller.quorum.election.timeout.ms: a candidate waits so long, and up to as much again. */
  readonly electionTimeoutMs: number
  /** controller.quorum.fetch.timeout.ms: a follower without an answer for so long looks for a new leader. */
  readonly fetchTimeoutMs: number
  /** controller.quorum.election.backoff.max.ms */
  readonly electionBackoffMsMax: number
  /** controller.quorum.request.timeout.ms */
  readonly requestTimeoutMs: number
  /** controller.quorum.retry.backoff.ms */
  readonly retryBackoffMs: number
  /** controller.quorum.fetch.max.bytes and controller.quorum.fetch.snapshot.max.bytes */
  readonly fetchBytesMax: number
  readonly fetchSnapshotBytesMax: number
  /** How long a leader may hold a fetch. */
  readonly fetchWaitMsMax: number
}

/** Kafka 4.3.1's defaults of what is not the node's own. */
export const defaultRaftTimings = {
  electionTimeoutMs: 1000,
  fetchTimeoutMs: 2000,
  electionBackoffMsMax: 1000,
  requestTimeoutMs: 2000,
  retryBackoffMs: 20,
  fetchBytesMax: 1_048_576,
  fetchSnapshotBytesMax: 1_048_576,
  fetchWaitMsMax: 500,
} as const

/** What was on disk when the node started. */
export interface RaftStart {
  readonly election: ElectionState | undefined
  readonly log: LogState
  /** What the latest snapshot or the configuration says about voters. */
  readonly settings: QuorumSettings
  /** Control records of the log behind that snapshot, in order. */
  readonly changes: readonly { readonly offset: number; readonly change: Partial<QuorumSettings> }[]
}

export interface RaftTime {
  /** For timeouts. */
  readonly monotonicMs: number
  /** For what is stored or shown. */
  readonly wallMs: number
}

/** Whom to send to. A negative id stands for a bootstrap server whose id is not known. */
export interface Destination {
  readonly id: number
  readonly endpoint: Endpoint
}

/** Names a request that waits for its reply; chosen by the driver. */
export type Token = number

export type RaftInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'request'; readonly token: Token; readonly request: RaftRequest }
  | { readonly kind: 'response'; readonly requestId: number; readonly response: RaftResponse }
  /** Disconnected, unreadable, refused. */
  | { readonly kind: 'requestFailed'; readonly requestId: number }
  /** The leader's state machine appends record values as one atomic batch. */
  | { readonly kind: 'append'; readonly values: readonly Buffer[] }
  /** The leader raises the finalized kraft.version. */
  | { readonly kind: 'upgradeKraftVersion'; readonly kraftVersion: number }
  /** Every append up to this sequence number is on disk. */
  | { readonly kind: 'flushed'; readonly sequence: number }
  /** This node wrote a snapshot of its committed state. */
  | { readonly kind: 'snapshotCreated'; readonly id: OffsetAndEpoch }
  /** A downloaded snapshot is on disk and has replaced the log; `settings` are those inside it. */
  | { readonly kind: 'snapshotInstalled'; readonly id: OffsetAndEpoch; readonly settings: QuorumSettings | undefined }
  /** A downloaded snapshot turned out unreadable. */
  | { readonly kind: 'snapshotRefused'; readonly id: OffsetAndEpoch }
  /** The driver removed records below `startOffset` and the snapshots that end below it. */
  | { readonly kind: 'trimmed'; readonly startOffset: number }
  /** The process of `id` seems gone: its connection broke, and where it listened nobody does (leader-gone.ts). */
  | { readonly kind: 'peerGone'; readonly id: number }
  /** Give up leadership: the process is about to stop, or the state machine cannot go on. */
  | { readonly kind: 'resign' }

export type RaftEffect =
  | { readonly kind: 'persistElection'; readonly election: ElectionState }
  /** Write and flush whole batches at the end of the log, then input `flushed`. */
  | {
      readonly kind: 'append'
      readonly sequence: number
      readonly baseOffset: number
      readonly endOffset: number
      readonly bytes: Buffer
    }
  | { readonly kind: 'truncate'; readonly endOffset: number }
  | { readonly kind: 'send'; readonly requestId: number; readonly to: Destination; readonly request: RaftRequest }
  | { readonly kind: 'reply'; readonly token: Token; readonly response: RaftResponse }
  /** Read whole batches from `startOffset`, below `endOffset`, at least one, and reply with them. */
  | {
      readonly kind: 'replyWithRecords'
      readonly token: Token
      readonly response: Extract<RaftResponse, { kind: 'fetch' }>
      readonly startOffset: number
      readonly endOffset: number
      readonly bytesMax: number
    }
  /** Read bytes of a snapshot's file and reply with them, or with POSITION_OUT_OF_RANGE. */
  | {
      readonly kind: 'replyWithSnapshot'
      readonly token: Token
      readonly response: Extract<RaftResponse, { kind: 'fetchSnapshot' }>
      readonly bytesMax: number
    }
  | {
      readonly kind: 'writeSnapshotChunk'
      readonly id: OffsetAndEpoch
      readonly position: number
      readonly bytes: Buffer
    }
  /** All chunks are there: complete the file, replace the log, then input `snapshotInstalled` or `snapshotRefused`. */
  | { readonly kind: 'installSnapshot'; readonly id: OffsetAndEpoch }
  /** Records below are committed. */
  | { readonly kind: 'highWatermark'; readonly highWatermark: number }
  /** Who leads, as far as is known. With `epochStartOffset` when it is this node. */
  | {
      readonly kind: 'leaderChange'
      readonly leaderId: number
      readonly epoch: number
      readonly epochStartOffset: number | undefined
    }

export interface RaftOutput {
  readonly effects: readonly RaftEffect[]
  /** Input `tick` when the monotonic clock shows this; Infinity for never. */
  readonly deadlineMs: number
}
