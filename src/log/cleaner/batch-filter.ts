/**
 * What compaction leaves of one batch. Records that a later one of the same key replaces go; tombstones and markers of
 * transactions without data go delete.retention.ms after the cleaning that first met them: that one writes the time into
 * the batch's header (KIP-534). A batch that loses nothing is passed on as it is; any other is built anew with its base
 * offset, last offset, codec, timestamp type and producer fields. An emptied batch stays, as a bare header, while it holds
 * a producer's last sequence or the end of the part that is cleaned.
 */

import { BatchBuilder, type BatchFields } from '../../protocol/record/batch-builder.ts'
import * as batch from '../../protocol/record/batch-header.ts'
import type { Codecs, CompressionType } from '../../protocol/record/compression.ts'
import { openRecords } from '../../protocol/record/record.ts'
import { RecordCursor } from '../../protocol/record/record-cursor.ts'
import type { CleanedTransactions } from './cleaned-transactions.ts'
import type { LastProducerRecord } from './cleaning-task.ts'
import type { OffsetMap } from './offset-map.ts'

export interface BatchFilterOptions {
  readonly map: OffsetMap
  readonly transactions: CleanedTransactions
  readonly lastProducerRecords: ReadonlyMap<bigint, LastProducerRecord>
  /** The batch that ends right before it stays, so that the log's offsets have no gap there. */
  readonly upperBoundOffset: number
  readonly deleteRetentionMs: number
  readonly nowMs: number
  readonly codecs: Codecs
}

/** All decompressed; the append check allowed no more. */
const decompressedSizeMax = 1024 * 1024 * 1024

export class BatchFilter {
  recordsRead = 0
  recordsWritten = 0
  invalidRecordsCount = 0
  readonly #options: BatchFilterOptions
  readonly #cursor = new RecordCursor()
  /** Of the batch at hand: 1 for each record that stays. */
  #kept = new Uint8Array(1024)
  #keptCount = 0
  #hasTombstones = false

  constructor(options: BatchFilterOptions) {
    this.#options = options
  }

  /** The batch at `at` as it stays: `bytes` itself, as a view, when all of it does; undefined when nothing does. Throws when it is damaged. */
  filter(bytes: Buffer, at: number): Buffer | undefined {
    const { transactions, nowMs } = this.#options
    const isControl = batch.isControl(bytes, at)
    const isDiscardable = transactions.isDiscardable(bytes, at)
    const horizonMs = batch.hasDeleteHorizon(bytes, at) ? batch.baseTimestamp(bytes, at) : undefined
    const isDue = horizonMs !== undefined && horizonMs <= nowMs
    const count = batch.recordsCount(bytes, at)
    this.recordsRead += count
    this.#keptCount = 0
    this.#hasTombstones = false
    if (isControl) this.#keptCount = isDiscardable && isDue ? 0 : count
    else if (!isDiscardable) this.#choose(bytes, at, count, isDue)
    if (this.#keptCount === 0) return this.#emptied(bytes, at)
    this.recordsWritten += this.#keptCount
    const needsHorizon = horizonMs === undefined && (this.#hasTombstones || (isControl && isDiscardable))
    if (this.#keptCount === count && !needsHorizon) {
      return bytes.subarray(at, at + batch.batchSizeInBytes(bytes, at))
    }
    if (isControl) this.#keepAll(count)
    return this.#rebuild(bytes, at, count, needsHorizon)
  }

  /** Fills `#kept`. */
  #choose(bytes: Buffer, at: number, count: number, areTombstonesDue: boolean): void {
    if (this.#kept.length < count) this.#kept = new Uint8Array(count * 2)
    const { map, codecs } = this.#options
    const cursor = this.#cursor
    const kept = this.#kept
    const baseOffset = batch.baseOffset(bytes, at)
    openRecords(cursor, bytes, at, codecs, decompressedSizeMax)
    for (let index = 0; index < count; index++) {
      cursor.next()
      const offset = baseOffset + cursor.offsetDelta
      const isKept = offset >= map.endOffset || this.#isNeeded(offset, areTombstonesDue)
      kept[index] = isKept ? 1 : 0
      if (!isKept) continue
      this.#keptCount++
      if (cursor.valueSize < 0) this.#hasTombstones = true
    }
  }

  #isNeeded(offset: number, areTombstonesDue: boolean): boolean {
    const cursor = this.#cursor
    if (cursor.keySize < 0) {
      this.invalidRecordsCount++
      return false
    }
    if (cursor.valueSize < 0 && areTombstonesDue) return false
    return offset >= this.#options.map.get(cursor.bytes, cursor.keyPosition, cursor.keySize)
  }

  #keepAll(count: number): void {
    if (this.#kept.length < count) this.#kept = new Uint8Array(count * 2)
    this.#kept.fill(1, 0, count)
  }

  #rebuild(bytes: Buffer, at: number, count: number, needsHorizon: boolean): Buffer {
    const { nowMs, deleteRetentionMs, codecs } = this.#options
    const cursor = this.#cursor
    const size = batch.batchSizeInBytes(bytes, at)
    // A new checksum must not make damaged bytes look right.
    if (!batch.isCrcValid(bytes, at)) throw new Error(`The batch at offset ${batch.baseOffset(bytes, at)} is damaged`)
    const exactHorizon = batch.hasDeleteHorizon(bytes, at) ? batch.baseTimestampExact(bytes, at) : undefined
    const horizon = needsHorizon ? saturated(nowMs + deleteRetentionMs) : exactHorizon
    const builder = new BatchBuilder(
      {
        ...headerFields(bytes, at),
        compressionType: batch.compressionType(bytes, at) as CompressionType,
        codecs,
        ...(horizon === undefined ? {} : { deleteHorizonMs: horizon }),
      },
      size,
    )
    // They were decompressed to choose among them.
    if (batch.compressionType(bytes, at) === 0) openRecords(cursor, bytes, at, codecs, decompressedSizeMax)
    else cursor.reset(cursor.bytes)
    const base = batch.baseTimestamp(bytes, at)
    const isExact = Number.isSafeInteger(base)
    for (let index = 0; index < count; index++) {
      cursor.next()
      if (this.#kept[index] === 0) continue
      const timestamp = base + cursor.timestampDelta
      if (isExact && Number.isSafeInteger(timestamp)) builder.appendFrom(cursor, cursor.offsetDelta, timestamp)
      else builder.appendFrom(cursor, cursor.offsetDelta, exactTimestamp(bytes, at, cursor))
    }
    return builder.build()
  }

  #emptied(bytes: Buffer, at: number): Buffer | undefined {
    const isEnd = batch.nextOffset(bytes, at) === this.#options.upperBoundOffset
    if (!isEnd && !this.#isLastOfProducer(bytes, at)) return undefined
    return new BatchBuilder(headerFields(bytes, at), 0).build(batch.maxTimestampExact(bytes, at))
  }

  #isLastOfProducer(bytes: Buffer, at: number): boolean {
    if (!batch.hasProducerId(bytes, at)) return false
    const last = this.#options.lastProducerRecords.get(batch.producerId(bytes, at))
    if (last === undefined) return false
    if (last.lastDataOffset >= 0) return batch.lastOffset(bytes, at) === last.lastDataOffset
    return batch.isControl(bytes, at) && batch.producerEpoch(bytes, at) === last.producerEpoch
  }
}

function headerFields(bytes: Buffer, at: number): BatchFields {
  const isLogAppendTime = batch.timestampType(bytes, at) === batch.timestampTypes.LOG_APPEND_TIME
  return {
    baseOffset: batch.baseOffset(bytes, at),
    leaderEpoch: batch.leaderEpoch(bytes, at),
    producerId: batch.producerId(bytes, at),
    producerEpoch: batch.producerEpoch(bytes, at),
    baseSequence: batch.baseSequence(bytes, at),
    isTransactional: batch.isTransactional(bytes, at),
    isControl: batch.isControl(bytes, at),
    lastOffsetDelta: batch.lastOffsetDelta(bytes, at),
    ...(isLogAppendTime ? { logAppendTimeMs: batch.maxTimestamp(bytes, at) } : {}),
  }
}

function exactTimestamp(bytes: Buffer, at: number, cursor: RecordCursor): bigint {
  return BigInt.asIntN(64, batch.baseTimestampExact(bytes, at) + cursor.timestampDeltaExact())
}

const saturated = (ms: number): number => Math.min(ms, Number.MAX_SAFE_INTEGER)
