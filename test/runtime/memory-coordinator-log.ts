/**
 * A coordinator's log in memory: one list of batches for each partition. The high watermark follows each append unless
 * the test holds it; appends and reads fail when it says so.
 */
import { KafkaError } from '../../src/protocol/errors.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import type { CoordinatorLog } from '../../src/runtime/coordinator/coordinator-log.ts'

interface MemoryPartition {
  readonly batches: Buffer[]
  readonly listeners: Set<(highWatermark: number) => void>
  startOffset: number
  nextOffset: number
  highWatermark: number
}

export class MemoryCoordinatorLog implements CoordinatorLog {
  readonly #partitions = new Map<number, MemoryPartition>()
  holdsHighWatermark = false
  sizeMax = 1_048_588
  /** The next append throws it. */
  appendError: KafkaError | undefined
  /** The next read rejects with it. */
  readError: KafkaError | undefined
  readsCount = 0

  partition(index: number): MemoryPartition {
    let partition = this.#partitions.get(index)
    if (partition === undefined) {
      partition = { batches: [], listeners: new Set(), startOffset: 0, nextOffset: 0, highWatermark: 0 }
      this.#partitions.set(index, partition)
    }
    return partition
  }

  append(index: number, bytes: Buffer): { baseOffset: number; lastOffset: number } {
    const error = this.appendError
    this.appendError = undefined
    if (error !== undefined) throw error
    if (bytes.length > this.sizeMax) throw new KafkaError('MESSAGE_TOO_LARGE')
    const partition = this.partition(index)
    const copy = Buffer.from(bytes)
    batch.setBaseOffset(copy, 0, partition.nextOffset)
    partition.batches.push(copy)
    const baseOffset = partition.nextOffset
    partition.nextOffset = batch.nextOffset(copy, 0)
    if (!this.holdsHighWatermark) this.moveHighWatermark(index)
    return { baseOffset, lastOffset: partition.nextOffset - 1 }
  }

  /** To the end, unless the test says where. */
  moveHighWatermark(index: number, offset = this.partition(index).nextOffset): void {
    const partition = this.partition(index)
    partition.highWatermark = offset
    for (const listener of [...partition.listeners]) listener(offset)
  }

  async readBatches(index: number, fromOffset: number, sizeMax: number): Promise<Buffer> {
    this.readsCount++
    const error = this.readError
    this.readError = undefined
    if (error !== undefined) throw error
    const { batches } = this.partition(index)
    const first = batches.findIndex((bytes) => batch.lastOffset(bytes, 0) >= fromOffset)
    if (first < 0) return Buffer.alloc(0)
    let end = first + 1
    for (let size = batches[first]!.length; end < batches.length; end++) {
      size += batches[end]!.length
      if (size > sizeMax) break
    }
    return Buffer.concat(batches.slice(first, end))
  }

  logStartOffset(index: number): number {
    return this.partition(index).startOffset
  }

  nextOffset(index: number): number {
    return this.partition(index).nextOffset
  }

  highWatermark(index: number): number {
    return this.partition(index).highWatermark
  }

  batchSizeMax(): number {
    return this.sizeMax
  }

  onHighWatermark(index: number, listener: (highWatermark: number) => void): () => void {
    const { listeners } = this.partition(index)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
}
