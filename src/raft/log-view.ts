/**
 * What the raft core knows of its log without reading it: where it starts and ends, how far it is on disk, which epoch
 * began where, and which snapshots there are. Changes at once when the core decides to append or truncate; the disk
 * follows, and says so by sequence number, so that an acknowledgement for bytes truncated since cannot count.
 */
import { assert } from '../base/assert.ts'

export interface OffsetAndEpoch {
  /** Exclusive end offset, or the offset asked for. */
  readonly endOffset: number
  readonly epoch: number
}

export interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

export interface LogState {
  readonly startOffset: number
  readonly endOffset: number
  /** Ascending in both. */
  readonly epochs: readonly EpochStart[]
  /** Ids of the snapshots on disk, ascending. */
  readonly snapshots: readonly OffsetAndEpoch[]
}

interface PendingAppend {
  readonly sequence: number
  readonly endOffset: number
}

/** What a fetch position of another replica means against this log. */
export type PositionCheck =
  | { readonly kind: 'valid' }
  | { readonly kind: 'diverging'; readonly end: OffsetAndEpoch }
  | { readonly kind: 'snapshot'; readonly id: OffsetAndEpoch }

export class LogView {
  #startOffset: number
  #endOffset: number
  #flushedOffset: number
  #epochs: EpochStart[]
  #snapshots: OffsetAndEpoch[]
  #pending: PendingAppend[] = []
  #sequence = 0

  constructor(state: LogState) {
    this.#startOffset = state.startOffset
    this.#endOffset = state.endOffset
    this.#flushedOffset = state.endOffset
    this.#epochs = [...state.epochs]
    this.#snapshots = [...state.snapshots]
  }

  get startOffset(): number {
    return this.#startOffset
  }

  get endOffset(): number {
    return this.#endOffset
  }

  /** Everything below is on disk. */
  get flushedOffset(): number {
    return this.#flushedOffset
  }

  /** The epoch of the last record; that of the snapshot when the log is empty behind it; 0 for nothing at all. */
  get lastEpoch(): number {
    const snapshot = this.#snapshots.at(-1)
    const epoch = this.#epochs.at(-1)?.epoch
    if (epoch !== undefined) return epoch
    return snapshot !== undefined && snapshot.endOffset === this.#endOffset ? snapshot.epoch : 0
  }

  get latestSnapshot(): OffsetAndEpoch | undefined {
    return this.#snapshots.at(-1)
  }

  get earliestSnapshot(): OffsetAndEpoch | undefined {
    return this.#snapshots[0]
  }

  hasSnapshot(id: OffsetAndEpoch): boolean {
    return this.#snapshots.some((snapshot) => snapshot.endOffset === id.endOffset && snapshot.epoch === id.epoch)
  }

  /** The epoch of the record at `offset`, or what stands before it; undefined below what is known. */
  epochAt(offset: number): number | undefined {
    const entry = this.#epochs.findLast((candidate) => candidate.startOffset <= offset)
    return entry?.epoch
  }

  /** Notes records up to `endOffset` in `epoch`; returns the sequence number of the append. */
  append(baseOffset: number, endOffset: number, epoch: number): number {
    assert(baseOffset === this.#endOffset, `append at ${baseOffset}, the log ends at ${this.#endOffset}`)
    assert(epoch >= this.lastEpoch, `append in epoch ${epoch} after ${this.lastEpoch}`)
    if (epoch !== this.#epochs.at(-1)?.epoch) this.#epochs.push({ epoch, startOffset: baseOffset })
    this.#endOffset = endOffset
    this.#sequence++
    this.#pending.push({ sequence: this.#sequence, endOffset })
    return this.#sequence
  }

  /** All appends up to `sequence` are on disk. */
  onFlushed(sequence: number): void {
    while (this.#pending.length > 0 && this.#pending[0]!.sequence <= sequence) {
      this.#flushedOffset = Math.max(this.#flushedOffset, this.#pending.shift()!.endOffset)
    }
  }

  truncate(endOffset: number): void {
    assert(endOffset >= this.#startOffset && endOffset <= this.#endOffset, `truncate to ${endOffset}`)
    this.#endOffset = endOffset
    this.#flushedOffset = Math.min(this.#flushedOffset, endOffset)
    this.#pending = this.#pending.map((entry) => ({ ...entry, endOffset: Math.min(entry.endOffset, endOffset) }))
    while (this.#epochs.length > 0 && this.#epochs.at(-1)!.startOffset >= endOffset) this.#epochs.pop()
  }

  /** A snapshot replaced the whole log. */
  resetTo(snapshot: OffsetAndEpoch): void {
    this.#startOffset = snapshot.endOffset
    this.#endOffset = snapshot.endOffset
    this.#flushedOffset = snapshot.endOffset
    this.#epochs = []
    this.#pending = []
    this.#snapshots = [snapshot]
  }

  addSnapshot(id: OffsetAndEpoch): void {
    assert(id.endOffset > (this.latestSnapshot?.endOffset ?? -1), `a snapshot goes forward: ${id.endOffset}`)
    this.#snapshots.push(id)
  }

  /** Records below `startOffset` and snapshots that end below it are gone. */
  trim(startOffset: number): void {
    assert(startOffset >= this.#startOffset && startOffset <= this.#endOffset, `trim to ${startOffset}`)
    this.#startOffset = startOffset
    this.#snapshots = this.#snapshots.filter((snapshot) => snapshot.endOffset >= startOffset)
    const index = this.#epochs.findLastIndex((entry) => entry.startOffset <= startOffset)
    if (index >= 0) this.#epochs.splice(0, index + 1, { epoch: this.#epochs[index]!.epoch, startOffset })
    if (startOffset === this.#endOffset) this.#epochs = []
  }

  /** Where the largest epoch that is not above `epoch` ended here. */
  endOffsetForEpoch(epoch: number): OffsetAndEpoch {
    if (epoch >= this.lastEpoch) return { endOffset: this.#endOffset, epoch: this.lastEpoch }
    const snapshot = this.earliestSnapshot
    const higherIndex = this.#epochs.findIndex((entry) => entry.epoch > epoch)
    assert(higherIndex >= 0, `an epoch above ${epoch} has records`)
    const endOffset = this.#epochs[higherIndex]!.startOffset
    const floor = this.#epochs[higherIndex - 1]?.epoch
    if (floor !== undefined) return { endOffset, epoch: floor }
    return snapshot !== undefined && snapshot.endOffset === endOffset ? snapshot : { endOffset, epoch }
  }

  /** Judges a replica whose log ends at `offset` with records of `lastFetchedEpoch`. */
  checkPosition(offset: number, lastFetchedEpoch: number): PositionCheck {
    const latest = this.latestSnapshot
    const earliest = this.earliestSnapshot
    if (latest !== undefined && earliest !== undefined) {
      const isNew = offset === 0 && latest.endOffset > 0
      const isBehind = offset < this.#startOffset || lastFetchedEpoch < earliest.epoch
      const isOther =
        offset === this.#startOffset && offset === earliest.endOffset && lastFetchedEpoch !== earliest.epoch
      if (isNew || isBehind || isOther) return { kind: 'snapshot', id: latest }
    }
    const end = this.endOffsetForEpoch(lastFetchedEpoch)
    if (end.epoch !== lastFetchedEpoch || end.endOffset < offset) return { kind: 'diverging', end }
    return { kind: 'valid' }
  }

  /** Where to cut this log when the leader says that `end.epoch` ended at `end.endOffset` there. */
  truncationOffset(end: OffsetAndEpoch): number {
    const own = this.endOffsetForEpoch(end.epoch)
    return own.epoch === end.epoch ? Math.min(own.endOffset, end.endOffset) : own.endOffset
  }
}
