/**
 * At which offset each leader epoch began: what followers and consumers compare to find where their log parted from the
 * leader's (KIP-101, KIP-279). Entries ascend in epoch and in start offset. Text form: Kafka's `leader-epoch-checkpoint`.
 * The owner saves it when `isDirty`, at the latest before the recovery point passes a new entry.
 */
import { assert } from '../base/assert.ts'

export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

export interface EpochEndOffset {
  readonly epoch: number
  readonly endOffset: number
}

export class LeaderEpochs {
  #entries: EpochEntry[]
  /** True when there are changes that were not saved. */
  isDirty = false

  constructor(entries: readonly EpochEntry[] = []) {
    this.#entries = [...entries]
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  /** -1 when the log has none. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  /** Notes that `epoch` begins at `startOffset`; entries that contradict it go. Nothing changes when it is the latest already. */
  assign(epoch: number, startOffset: number): void {
    assert(epoch >= 0 && startOffset >= 0, `leader epoch ${epoch} at offset ${startOffset}`)
    const latest = this.#entries.at(-1)
    if (latest !== undefined && latest.epoch === epoch && startOffset >= latest.startOffset) return
    while (this.#entries.length > 0) {
      const last = this.#entries.at(-1)!
      if (last.epoch < epoch && last.startOffset < startOffset) break
      this.#entries.pop()
    }
    this.#entries.push({ epoch, startOffset })
    this.isDirty = true
  }

  /**
   * Where `epoch` ended: the largest epoch not above it that has entries, and the start of the next one. The latest
   * ends at `logEndOffset`. Undefined for an epoch above all, or when there are none.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset | undefined {
    if (epoch < 0) return undefined
    if (epoch === this.latestEpoch) return { epoch, endOffset: logEndOffset }
    const higherIndex = this.#entries.findIndex((entry) => entry.epoch > epoch)
    if (higherIndex < 0) return undefined
    const endOffset = this.#entries[higherIndex]!.startOffset
    const floor = this.#entries[higherIndex - 1]
    return { epoch: floor?.epoch ?? epoch, endOffset }
  }

  /** The epoch in which `offset` was written; undefined when no entry covers it. */
  epochForOffset(offset: number): number | undefined {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.epoch
  }

  /** The largest epoch below `epoch`. */
  previousEpoch(epoch: number): number | undefined {
    return this.#entries.findLast((entry) => entry.epoch < epoch)?.epoch
  }

  /** The log now ends at `endOffset`: epochs that began there or later never were. */
  truncateFromEnd(endOffset: number): void {
    while (this.#entries.length > 0 && this.#entries.at(-1)!.startOffset >= endOffset) {
      this.#entries.pop()
      this.isDirty = true
    }
  }

  /** The log now starts at `startOffset`: the epoch of that offset starts there too, earlier ones go. */
  truncateFromStart(startOffset: number): void {
    const index = this.#entries.findLastIndex((entry) => entry.startOffset <= startOffset)
    if (index < 0 || (index === 0 && this.#entries[0]!.startOffset === startOffset)) return
    this.#entries.splice(0, index + 1, { epoch: this.#entries[index]!.epoch, startOffset })
    this.isDirty = true
  }

  clear(): void {
    this.isDirty ||= this.#entries.length > 0
    this.#entries = []
  }
}
