/**
 * The log of a coordinator's internal topic, as its runtime sees it: partitions by index, appends that either get their
 * offsets at once or throw, the high watermark, and which partitions this broker leads. PartitionCoordinatorLog is the
 * real one, on the replica manager's partitions; tests have one in memory.
 */
import { errorName, KafkaError } from '../../protocol/errors.ts'
import type { Partition } from '../replica/partition.ts'
import type { ReplicaManager } from '../replica/replica-manager.ts'

export interface CoordinatorLog {
  /** Appends one batch as the leader, to be replicated to all in-sync replicas. Throws KafkaError; nothing is appended then. */
  append(partition: number, batch: Buffer): { readonly baseOffset: number; readonly lastOffset: number }
  /** Whole batches from the one that holds `fromOffset`, about `sizeMax` bytes, at least one batch; empty at the end. Rejects with KafkaError. */
  readBatches(partition: number, fromOffset: number, sizeMax: number): Promise<Buffer>
  logStartOffset(partition: number): number
  /** The offset that the next batch gets. */
  nextOffset(partition: number): number
  highWatermark(partition: number): number
  /** Bytes that a batch may have. */
  batchSizeMax(partition: number): number
  /** Tells when the high watermark of a partition moves; returns how to stop it. */
  onHighWatermark(partition: number, listener: (highWatermark: number) => void): () => void
}

export interface CoordinatorLogSubscriber {
  /** This broker leads the partition in `leaderEpoch`, and serves it. */
  onElected(partition: number, leaderEpoch: number): void
  /** It does not any more. */
  onResigned(partition: number, leaderEpoch: number): void
}

export class PartitionCoordinatorLog implements CoordinatorLog {
  readonly #replicaManager: ReplicaManager
  readonly #topic: string

  constructor(replicaManager: ReplicaManager, topic: string) {
    this.#replicaManager = replicaManager
    this.#topic = topic
  }

  /** From now on; `ledPartitions` tells what is led already. Returns how to leave. */
  subscribe(subscriber: CoordinatorLogSubscriber): () => void {
    const listener = {
      onElected: (partition: Partition) => {
        if (partition.topic === this.#topic) subscriber.onElected(partition.index, partition.leaderEpoch)
      },
      onResigned: (partition: Partition, leaderEpoch: number) => {
        if (partition.topic === this.#topic) subscriber.onResigned(partition.index, leaderEpoch)
      },
    }
    this.#replicaManager.addLeadershipListener(listener)
    return () => this.#replicaManager.removeLeadershipListener(listener)
  }

  /** What this broker leads now, by index. */
  ledPartitions(): { readonly partition: number; readonly leaderEpoch: number }[] {
    return [...this.#replicaManager.partitions()]
      .filter(({ topic, state }) => topic === this.#topic && state === 'leader')
      .map(({ index, leaderEpoch }) => ({ partition: index, leaderEpoch }))
      .sort((left, right) => left.partition - right.partition)
  }

  append(index: number, batch: Buffer): { readonly baseOffset: number; readonly lastOffset: number } {
    return this.#partition(index).append(batch, { requiredAcks: -1, origin: 'coordinator' })
  }

  async readBatches(index: number, fromOffset: number, sizeMax: number): Promise<Buffer> {
    const partition = this.#partition(index)
    const log = partition.log!
    // What was queued before this broker led the partition may still be on its way to the disk.
    if (log.logEndOffset <= fromOffset && log.nextOffset > log.logEndOffset) {
      await untilWritten(partition, log.nextOffset)
    }
    return log.readBatches(fromOffset, log.logEndOffset, sizeMax)
  }

  logStartOffset(index: number): number {
    return this.#partition(index).log!.logStartOffset
  }

  /** The offset after the last record that is written. */
  logEndOffset(index: number): number {
    return this.#partition(index).log!.logEndOffset
  }

  nextOffset(index: number): number {
    return this.#partition(index).log!.nextOffset
  }

  highWatermark(index: number): number {
    return this.#partition(index).highWatermark
  }

  batchSizeMax(index: number): number {
    return this.#partition(index).log!.config.maxMessageBytes
  }

  onHighWatermark(index: number, onHighWatermark: (highWatermark: number) => void): () => void {
    const partition = this.#partition(index)
    const listener = { onHighWatermark }
    partition.addListener(listener)
    return () => partition.removeListener(listener)
  }

  #partition(index: number): Partition {
    const partition = this.#replicaManager.partition(this.#topic, index)
    if (partition?.log !== undefined) return partition
    const code = partition?.leaderError(-1) ?? this.#replicaManager.missingError(this.#topic, index)
    const error = errorName(code)
    throw new KafkaError(error, `${error}: ${this.#topic}-${index}`)
  }
}

function untilWritten(partition: Partition, endOffset: number): Promise<void> {
  return new Promise((resolve, reject) => {
    partition.writtenWaits.push({
      endOffset,
      isSettled: false,
      onReached: resolve,
      onFailed: (code) => reject(new KafkaError(errorName(code), partition.name)),
    })
  })
}
