/**
 * Who reads the metadata log: the controller and the metadata publisher. Every call comes in the order of the log, never
 * within a call to the driver, and must not throw: a state machine that cannot follow the log ends the node.
 */
import type { OffsetAndEpoch } from '../../raft/log-view.ts'

/** A batch that a majority has on disk. */
export interface CommittedBatch {
  readonly baseOffset: number
  /** Inclusive. */
  readonly lastOffset: number
  readonly epoch: number
  /** Milliseconds since 1970, by the leader's clock. */
  readonly appendTimestampMs: number
  /** Bytes of the batch in the log. */
  readonly sizeInBytes: number
  /** Record values, framed metadata records; views of bytes that must be copied to be kept. Empty for a control batch. */
  readonly records: readonly Buffer[]
}

export interface LoadedSnapshot extends OffsetAndEpoch {
  readonly lastContainedLogTimestamp: number
  readonly sizeInBytes: number
  /** The record values of each data batch. To be read once, within the call. */
  readonly batches: Iterable<readonly Buffer[]>
}

export interface RaftListener {
  /** Replaces all state: at the start, and when this replica fell behind what the leader's log still holds. */
  onLoadSnapshot(snapshot: LoadedSnapshot): void
  onCommitted(batch: CommittedBatch): void
  /** Somebody leads, or nobody that is known (-1). Comes at once, before what was committed meanwhile is delivered. */
  onLeaderChange(leader: { readonly leaderId: number; readonly epoch: number }): void
  /** This node leads, and everything that was committed before its epoch has been delivered: `append` may be called. */
  onBecomeLeader(leader: { readonly epoch: number }): void
  /** This node leads no more, from the epoch on that onBecomeLeader told; appends that were not delivered may never be. */
  onResign(leader: { readonly epoch: number }): void
}
