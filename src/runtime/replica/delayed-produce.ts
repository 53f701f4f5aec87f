/**
 * A Produce that was appended and waits: until the leader has written it (acks=1), however long that takes, or the
 * in-sync replicas have it (acks=all) or its time is up: time for the replicas, the leader's own write is never late. Made by the produce handler; each partition's wait lies in a queue of that partition.
 * It answers exactly once: every partition counts down, whatever ended its wait.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { PartitionProduceResponse, ProduceResponse } from '../../protocol/api/00-produce.ts'
import { type ErrorCode, errorCodes } from '../../protocol/errors.ts'
import type { OffsetWait } from './offset-wait-queue.ts'
import type { Partition } from './partition.ts'

const writtenAcks = 1

class PartitionWait implements OffsetWait {
  readonly endOffset: number
  isSettled = false
  readonly #produce: DelayedProduce
  readonly #partition: Partition
  readonly #response: PartitionProduceResponse

  constructor(produce: DelayedProduce, partition: Partition, response: PartitionProduceResponse, endOffset: number) {
    this.#produce = produce
    this.#partition = partition
    this.#response = response
    this.endOffset = endOffset
  }

  onReached(): void {
    this.settle(this.#produce.requiredAcks === -1 ? this.#partition.replicatedError : 0)
  }

  onFailed(error: ErrorCode): void {
    this.settle(error)
  }

  /** The time is up. What is not written yet may still be replicated the moment that it is. */
  onTimeout(): void {
    if (this.isSettled) return
    if (this.#partition.isReached(this.endOffset, writtenAcks)) this.settle(errorCodes.REQUEST_TIMED_OUT)
    else this.#partition.writtenWaits.push(new LateWait(this))
  }

  settle(error: ErrorCode): void {
    if (this.isSettled) return
    this.isSettled = true
    if (error !== 0) this.#produce.onPartitionFailed(this.#partition, this.#response, error)
    this.#produce.onSettled()
  }
}

/** Waits for the leader's write on behalf of one whose time is up. */
class LateWait implements OffsetWait {
  readonly #wait: PartitionWait

  constructor(wait: PartitionWait) {
    this.#wait = wait
  }

  get endOffset(): number {
    return this.#wait.endOffset
  }

  get isSettled(): boolean {
    return this.#wait.isSettled
  }

  onReached(): void {
    this.#wait.settle(errorCodes.REQUEST_TIMED_OUT)
  }

  onFailed(error: ErrorCode): void {
    this.#wait.settle(error)
  }
}

export interface DelayedProduceOptions {
  readonly clock: Clock
  /** 1 or -1. */
  readonly requiredAcks: number
  readonly response: ProduceResponse
  readonly failures: ProduceFailures
}

export interface ProduceFailures {
  /** A partition could not keep its promise: its answer, `response`, is to say so. */
  onPartitionFailed(partition: Partition, response: PartitionProduceResponse, error: ErrorCode): void
}

export class DelayedProduce {
  readonly #options: DelayedProduceOptions
  readonly #waits: PartitionWait[] = []
  #pendingCount = 0
  #timer: Timer | undefined
  #resolve: ((response: ProduceResponse) => void) | undefined

  constructor(options: DelayedProduceOptions) {
    this.#options = options
  }

  get requiredAcks(): number {
    return this.#options.requiredAcks
  }

  /** False when every partition has what was asked for already. */
  get isPending(): boolean {
    return this.#pendingCount > 0
  }

  /** `response` is answered once everything below `endOffset` is as safe as the acks ask. */
  add(partition: Partition, response: PartitionProduceResponse, endOffset: number): void {
    if (partition.isReached(endOffset, this.requiredAcks)) {
      const error = this.requiredAcks === -1 ? partition.replicatedError : 0
      if (error !== 0) this.onPartitionFailed(partition, response, error)
      return
    }
    const wait = new PartitionWait(this, partition, response, endOffset)
    this.#waits.push(wait)
    this.#pendingCount++
    const queue = this.requiredAcks === -1 ? partition.replicatedWaits : partition.writtenWaits
    queue.push(wait)
  }

  /** Resolves when all partitions are settled; those without their replicas after `timeoutMs` get REQUEST_TIMED_OUT. */
  wait(timeoutMs: number): Promise<ProduceResponse> {
    const { clock } = this.#options
    if (this.requiredAcks !== writtenAcks) {
      this.#timer = clock.schedule(Math.max(0, timeoutMs), () => this.#onTimeout())
    }
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  onPartitionFailed(partition: Partition, response: PartitionProduceResponse, error: ErrorCode): void {
    this.#options.failures.onPartitionFailed(partition, response, error)
  }

  onSettled(): void {
    this.#pendingCount--
    if (this.#pendingCount > 0) return
    this.#timer?.cancel()
    this.#resolve?.(this.#options.response)
  }

  #onTimeout(): void {
    for (const wait of this.#waits) wait.onTimeout()
  }
}
