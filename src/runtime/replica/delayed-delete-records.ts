/**
 * A DeleteRecords that moved log start offsets and waits until every living replica has moved its own: then the records
 * are gone for good, whoever leads next. Made by the handler; each partition keeps the wait in a set of its own and tells
 * it when a follower has moved. It answers exactly once, partitions that are not done in time with REQUEST_TIMED_OUT.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { DeleteRecordsPartitionResult } from '../../protocol/api/21-delete-records.ts'
import { type ErrorCode, errorCodes } from '../../protocol/errors.ts'
import type { LowWatermarkWait, Partition } from './partition.ts'

const invalidLowWatermark = -1

class PartitionWait implements LowWatermarkWait {
  readonly #request: DelayedDeleteRecords
  readonly #partition: Partition
  readonly #result: DeleteRecordsPartitionResult
  readonly #startOffset: number

  constructor(
    request: DelayedDeleteRecords,
    partition: Partition,
    result: DeleteRecordsPartitionResult,
    startOffset: number,
  ) {
    this.#request = request
    this.#partition = partition
    this.#result = result
    this.#startOffset = startOffset
  }

  onLowWatermark(lowWatermark: number): void {
    if (lowWatermark < this.#startOffset) return
    this.#result.lowWatermark = lowWatermark
    this.#settle()
  }

  onFailed(error: ErrorCode): void {
    this.#result.errorCode = error
    this.#result.lowWatermark = invalidLowWatermark
    this.#settle()
  }

  /** The low watermark stays as it was when the records were deleted here. */
  onTimeout(): void {
    if (!this.#partition.lowWatermarkWaits.has(this)) return
    this.#result.errorCode = errorCodes.REQUEST_TIMED_OUT
    this.#settle()
  }

  #settle(): void {
    this.#partition.lowWatermarkWaits.delete(this)
    this.#request.onSettled()
  }
}

export class DelayedDeleteRecords {
  readonly #clock: Clock
  readonly #waits: PartitionWait[] = []
  #pendingCount = 0
  #timer: Timer | undefined
  #resolve: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** False when every replica of every partition is there already. */
  get isPending(): boolean {
    return this.#pendingCount > 0
  }

  /** `result` says what was done here; it changes when all replicas start at `startOffset`, or cannot. */
  add(partition: Partition, result: DeleteRecordsPartitionResult, startOffset: number): void {
    if (result.lowWatermark >= startOffset) return
    const wait = new PartitionWait(this, partition, result, startOffset)
    this.#waits.push(wait)
    this.#pendingCount++
    partition.lowWatermarkWaits.add(wait)
  }

  /** Resolves when all partitions are settled, after `timeoutMs` at the latest. */
  wait(timeoutMs: number): Promise<void> {
    this.#timer = this.#clock.schedule(Math.max(0, timeoutMs), () => {
      for (const wait of this.#waits) wait.onTimeout()
    })
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  onSettled(): void {
    this.#pendingCount--
    if (this.#pendingCount > 0) return
    this.#timer?.cancel()
    this.#resolve?.()
  }
}
