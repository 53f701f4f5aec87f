/**
 * Where a follower cuts its log before it goes on behind its leader (KIP-101, KIP-279, KIP-595): what leader and follower
 * wrote under different epochs must go, what is committed must stay. Used by runtime/replica-fetcher.ts, which cuts and
 * then fetches again; the next answer says whether more must go.
 *
 * Invariant: nothing that both have in the same epoch is cut.
 */
export interface EpochEnd {
  readonly epoch: number
  readonly endOffset: number
}

/** What of a partition's log decides. All that was appended is written. */
export interface FollowerLogView {
  readonly nextOffset: number
  readonly highWatermark: number
  /** -1 when the log knows no epoch. */
  readonly latestEpoch: number
  /** Where a hole begins that damage left in the log. */
  readonly damagedOffset?: number | undefined
  /** The largest epoch not above `epoch` and where it ends; undefined above all of them, or when there are none. */
  endOffsetForEpoch(epoch: number): EpochEnd | undefined
}

/**
 * A log without epochs cannot be compared: it is cut to its own high watermark before the first fetch. One with a hole
 * is cut there, and the leader fills it. Undefined when nothing must go.
 */
export function truncationBeforeFetch(log: FollowerLogView): number | undefined {
  if (log.damagedOffset !== undefined && log.damagedOffset < log.nextOffset) return log.damagedOffset
  if (log.latestEpoch >= 0 || log.highWatermark >= log.nextOffset) return undefined
  return log.highWatermark
}

/** The leader's log parts from this one: its latest epoch not above ours, and where that ends there. */
export function truncationAtDivergence(log: FollowerLogView, leaderEnd: EpochEnd): number {
  const { nextOffset, highWatermark } = log
  if (leaderEnd.endOffset < 0) return Math.min(highWatermark, nextOffset)
  if (leaderEnd.epoch < 0) return Math.min(leaderEnd.endOffset, nextOffset)
  const ownEnd = log.endOffsetForEpoch(leaderEnd.epoch)
  if (ownEnd === undefined) return Math.min(leaderEnd.endOffset, nextOffset)
  // An epoch that we do not know: all above our own one below it goes, and the leader is asked again.
  if (ownEnd.epoch !== leaderEnd.epoch) return Math.min(ownEnd.endOffset, nextOffset)
  return Math.min(ownEnd.endOffset, leaderEnd.endOffset, nextOffset)
}

/** What is done about an offset that the leader does not have. */
export type OutOfRangeRemedy =
  | { readonly kind: 'truncate'; readonly offset: number }
  /** Nothing of the log is left; it goes on at the leader's start. */
  | { readonly kind: 'startOver'; readonly offset: number }
  /** Both have the offset by now. */
  | { readonly kind: 'retry' }

/** The leader's log reaches from `startOffset` to `endOffset` (exclusive). */
export function remedyOutOfRange(
  log: Pick<FollowerLogView, 'nextOffset'>,
  startOffset: number,
  endOffset: number,
): OutOfRangeRemedy {
  if (startOffset > log.nextOffset) return { kind: 'startOver', offset: startOffset }
  if (endOffset < log.nextOffset) return { kind: 'truncate', offset: endOffset }
  return { kind: 'retry' }
}
