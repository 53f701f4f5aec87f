/**
 * What a log must be, the simple way: a list of all batches that were appended. The model test does the same to both and
 * compares.
 */
import { KafkaError } from '../../src/protocol/errors.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'

export interface ModelBatch {
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly isTransactional: boolean
  readonly marker: 'commit' | 'abort' | undefined
}

export interface ModelAborted {
  readonly producerId: bigint
  readonly firstOffset: number
  readonly lastOffset: number
}

export class LogModel {
  batches: ModelBatch[] = []
  logStartOffset = 0
  endOffset = 0

  add(bytes: Buffer, marker?: 'commit' | 'abort'): void {
    const added = {
      bytes: Buffer.from(bytes),
      baseOffset: batch.baseOffset(bytes, 0),
      lastOffset: batch.lastOffset(bytes, 0),
      maxTimestamp: batch.maxTimestamp(bytes, 0),
      producerId: batch.producerId(bytes, 0),
      isTransactional: batch.isTransactional(bytes, 0),
      marker,
    }
    this.batches.push(added)
    this.endOffset = added.lastOffset + 1
  }

  /** A batch that holds `offset` goes as a whole. */
  truncateTo(offset: number): void {
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < offset)
    this.endOffset = Math.min(this.endOffset, offset)
    this.logStartOffset = Math.min(this.logStartOffset, offset)
  }

  /** Where the batches end that lie below `offset`: an end between two batches is known only while the log is open. */
  batchesEndBelow(offset: number): number {
    const last = this.batches.findLast(({ lastOffset }) => lastOffset < offset)
    return last === undefined ? 0 : last.lastOffset + 1
  }

  /** The batch that a read from `offset` starts with. */
  batchAt(offset: number): ModelBatch | undefined {
    return this.batches.find(({ lastOffset }) => lastOffset >= offset)
  }

  offsetByTimestamp(timestamp: number): number | undefined {
    const found = this.batches.find((each) => each.lastOffset >= this.logStartOffset && each.maxTimestamp >= timestamp)
    return found === undefined ? undefined : Math.max(found.baseOffset, this.logStartOffset)
  }

  /** First offsets of open transactions by producer, as far as batches from `fromOffset` on tell. */
  openTransactions(fromOffset = 0): Map<bigint, number> {
    const open = new Map<bigint, number>()
    for (const { marker, isTransactional, producerId, baseOffset, lastOffset } of this.batches) {
      if (lastOffset < fromOffset) continue
      if (marker !== undefined) open.delete(producerId)
      else if (isTransactional && !open.has(producerId)) open.set(producerId, baseOffset)
    }
    return open
  }

  abortedTransactions(): ModelAborted[] {
    const open = new Map<bigint, number>()
    const aborted: ModelAborted[] = []
    for (const { marker, isTransactional, producerId, baseOffset } of this.batches) {
      if (marker === undefined) {
        if (isTransactional && !open.has(producerId)) open.set(producerId, baseOffset)
        continue
      }
      const firstOffset = open.get(producerId)
      if (marker === 'abort' && firstOffset !== undefined) {
        aborted.push({ producerId, firstOffset, lastOffset: baseOffset })
      }
      open.delete(producerId)
    }
    return aborted
  }
}

/** The name of the KafkaError that `run` throws; undefined when it throws none. */
export function errorOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof KafkaError) return error.error
    throw error
  }
}
