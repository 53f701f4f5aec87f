/**
 * The follower's side of a partition: what its leader said of its offsets, and changes of the log's end that are under
 * way. Owned by partition.ts.
 *
 * The high watermark here is the leader's as far as this log is written; it never goes back but with the end of the log.
 */
import { assert } from '../../base/assert.ts'
import type { PartitionLog } from '../../log/partition-log.ts'

export class PartitionFollower {
  #leaderHighWatermark = -1
  #leaderStartOffset = -1
  #changesCount = 0
  #changes: Promise<void> = Promise.resolve()

  /** The end of the log is being changed: it is not appended to, nor does it change its role. */
  get isChangingEnd(): boolean {
    return this.#changesCount > 0
  }

  /** Resolves when no change of the log's end is under way. */
  async whenUnchanging(): Promise<void> {
    while (this.#changesCount > 0) await this.#changes
  }

  /** Another leader, or the same anew: what an earlier one said does not count. */
  forgetLeader(): void {
    this.#leaderHighWatermark = -1
    this.#leaderStartOffset = -1
  }

  onLeaderOffsets(highWatermark: number, startOffset: number): void {
    this.#leaderHighWatermark = highWatermark
    this.#leaderStartOffset = startOffset
  }

  /** Brings the log's offsets in line with the leader's. Returns whether the high watermark or the start moved. */
  apply(log: PartitionLog): boolean {
    const { highWatermark, logStartOffset } = log
    if (this.#leaderHighWatermark > highWatermark) log.updateHighWatermark(this.#leaderHighWatermark)
    const startOffset = Math.min(this.#leaderStartOffset, log.highWatermark)
    if (startOffset > logStartOffset) log.advanceLogStartOffset(startOffset)
    return log.highWatermark > highWatermark || log.logStartOffset > logStartOffset
  }

  /** Runs a truncation. Rejects as it does. */
  async change(truncate: () => Promise<void>): Promise<void> {
    assert(this.#changesCount === 0, 'one change of the end at a time')
    this.#changesCount++
    const running = truncate()
    this.#changes = running.catch(() => undefined)
    try {
      await running
    } finally {
      this.#changesCount--
    }
  }
}
