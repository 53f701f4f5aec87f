/**
 * Builds record batches of version 2: for internal topics, the metadata log, transaction markers, tools, compaction and
 * recompression. Uncompressed, the bytes are those that Kafka's own writers give for the same input. `buildBatch` takes
 * objects; `BatchBuilder` also takes records as they lie in another batch. It promises that offset deltas are what was
 * asked for, that max timestamp is the largest of the records', and that the CRC is right.
 */
import { assert } from '../../base/assert.ts'
import { KafkaError } from '../errors.ts'
import * as batch from './batch-header.ts'
import { type Codecs, type CompressionType, noCodecs } from './compression.ts'
import type { RecordHeader } from './record.ts'
import type { RecordCursor } from './record-cursor.ts'
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts'

export interface NewRecord {
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly headers?: readonly RecordHeader[]
  /** Milliseconds since 1970; the batch's `timestamp` without it. */
  readonly timestamp?: number | bigint
  /** One more than the record before without it. */
  readonly offsetDelta?: number
}

/** What the header says. Without a field: what a client's non-idempotent producer writes. */
export interface BatchFields {
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  /** -1n for none. */
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** Stamps this append time, in milliseconds, as max timestamp and sets the timestamp type to LogAppendTime. */
  readonly logAppendTimeMs?: number
  /** Stands in the place of the base timestamp, with its flag (KIP-534); milliseconds. */
  readonly deleteHorizonMs?: number | bigint
  /** Above the last record's when compaction took records from the end. */
  readonly lastOffsetDelta?: number
  readonly compressionType?: CompressionType
  readonly compressionLevel?: number
  /** Needed when `compressionType` is not 0. */
  readonly codecs?: Codecs
}

export interface NewBatch extends BatchFields {
  /** For records without one, and max timestamp of a batch without records; -1, none, without it. */
  readonly timestamp?: number | bigint
  readonly records: readonly NewRecord[]
}

/** A whole batch in a buffer of its own. */
export function buildBatch(fields: NewBatch): Buffer {
  const builder = new BatchBuilder(fields, sizeHint(fields.records))
  const timestamp = fields.timestamp ?? batch.noTimestamp
  for (const record of fields.records) builder.append(record, record.timestamp ?? timestamp)
  return builder.build(timestamp)
}

export class BatchBuilder {
  readonly #fields: BatchFields
  #bytes: Buffer
  #size = batch.batchHeaderSize
  #count = 0
  #lastOffsetDelta = -1
  #baseTimestamp: number | bigint = batch.noTimestamp
  #maxTimestamp: number | bigint = batch.noTimestamp

  /** `sizeHint`: bytes to start with; the buffer doubles when they do not do. */
  constructor(fields: BatchFields, sizeHint = 4096) {
    this.#fields = fields
    this.#bytes = Buffer.allocUnsafe(batch.batchHeaderSize + sizeHint)
    if (fields.deleteHorizonMs !== undefined) this.#baseTimestamp = fields.deleteHorizonMs
  }

  get recordsCount(): number {
    return this.#count
  }

  /** Size so far, header included, before compression. */
  get size(): number {
    return this.#size
  }

  /** Throws INVALID_RECORD when the offset delta is not above the last one. */
  append(record: NewRecord, timestamp: number | bigint): void {
    const offsetDelta = record.offsetDelta ?? this.#lastOffsetDelta + 1
    const key = record.key ?? null
    const value = record.value ?? null
    const headers = record.headers ?? []
    let size = sizeOfBytes(key) + sizeOfBytes(value) + sizeOfVarint(headers.length)
    for (const header of headers) size += sizeOfHeader(header)
    let at = this.#writeStart(offsetDelta, timestamp, size)
    const bytes = this.#bytes
    at = writeBytes(bytes, key, at)
    at = writeBytes(bytes, value, at)
    at = writeVarint(bytes, headers.length, at)
    for (const header of headers) {
      const keySize = Buffer.byteLength(header.key)
      at = writeVarint(bytes, keySize, at)
      at += bytes.write(header.key, at)
      at = writeBytes(bytes, header.value, at)
    }
    this.#size = at
  }

  /** Appends the current record of `cursor` bit for bit, at another offset or time. Throws as `append`. */
  appendFrom(cursor: RecordCursor, offsetDelta: number, timestamp: number | bigint): void {
    const at = this.#writeStart(offsetDelta, timestamp, cursor.end - cursor.contentPosition)
    this.#size = at + cursor.bytes.copy(this.#bytes, at, cursor.contentPosition, cursor.end)
  }

  /** The whole batch. `emptyTimestamp` is the max timestamp when no record was appended. The builder is used up. */
  build(emptyTimestamp: number | bigint = batch.noTimestamp): Buffer {
    const fields = this.#fields
    const bytes = this.#compressed()
    const lastOffsetDelta = fields.lastOffsetDelta ?? this.#lastOffsetDelta
    assert(lastOffsetDelta >= this.#lastOffsetDelta, `last offset delta ${lastOffsetDelta} is before the last record`)
    const maxTimestamp = fields.logAppendTimeMs ?? (this.#count === 0 ? emptyTimestamp : this.#maxTimestamp)
    bytes.writeBigInt64BE(BigInt(fields.baseOffset ?? 0), batch.baseOffsetPosition)
    bytes.writeInt32BE(bytes.length - batch.batchOverheadSize, batch.lengthPosition)
    bytes.writeInt32BE(fields.leaderEpoch ?? batch.noLeaderEpoch, batch.leaderEpochPosition)
    bytes.writeInt8(batch.currentMagic, batch.magicPosition)
    bytes.writeUInt16BE(attributesOf(fields), batch.attributesPosition)
    bytes.writeInt32BE(lastOffsetDelta, batch.lastOffsetDeltaPosition)
    bytes.writeBigInt64BE(BigInt(this.#baseTimestamp), batch.baseTimestampPosition)
    bytes.writeBigInt64BE(BigInt(maxTimestamp), batch.maxTimestampPosition)
    bytes.writeBigInt64BE(fields.producerId ?? batch.noProducerId, batch.producerIdPosition)
    bytes.writeInt16BE(fields.producerEpoch ?? batch.noProducerEpoch, batch.producerEpochPosition)
    bytes.writeInt32BE(fields.baseSequence ?? batch.noSequence, batch.baseSequencePosition)
    bytes.writeInt32BE(this.#count, batch.recordsCountPosition)
    batch.setCrc(bytes, 0)
    return bytes
  }

  /** Length, attributes and deltas of a record whose content takes `contentSize` bytes; makes room for those too. */
  #writeStart(offsetDelta: number, timestamp: number | bigint, contentSize: number): number {
    if (offsetDelta <= this.#lastOffsetDelta) {
      throw new KafkaError('INVALID_RECORD', `Offset delta ${offsetDelta} after ${this.#lastOffsetDelta}`)
    }
    const isFirst = this.#count === 0
    if (isFirst && this.#fields.deleteHorizonMs === undefined) this.#baseTimestamp = timestamp
    if (isFirst || timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    const timestampDelta = difference(timestamp, this.#baseTimestamp)
    const bodySize = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + contentSize
    this.#makeRoom(sizeOfVarint(bodySize) + bodySize)
    const bytes = this.#bytes
    let at = writeVarint(bytes, bodySize, this.#size)
    bytes[at++] = 0
    at = writeVarlong(bytes, timestampDelta, at)
    this.#lastOffsetDelta = offsetDelta
    this.#count++
    return writeVarint(bytes, offsetDelta, at)
  }

  #makeRoom(size: number): void {
    const needed = this.#size + size
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#size)
    this.#bytes = larger
  }

  /** Room for the header, then the records as they are stored. */
  #compressed(): Buffer {
    const { compressionType = 0, compressionLevel, codecs = noCodecs } = this.#fields
    if (compressionType === 0 || this.#count === 0) return this.#bytes.subarray(0, this.#size)
    const records = this.#bytes.subarray(batch.batchHeaderSize, this.#size)
    const compressed = codecs.compress(compressionType, records, compressionLevel)
    const bytes = Buffer.allocUnsafe(batch.batchHeaderSize + compressed.length)
    compressed.copy(bytes, batch.batchHeaderSize)
    return bytes
  }
}

function attributesOf(fields: BatchFields): number {
  let attributes: number = fields.compressionType ?? 0
  if (fields.logAppendTimeMs !== undefined) attributes |= batch.logAppendTimeFlag
  if (fields.isTransactional) attributes |= batch.transactionalFlag
  if (fields.isControl) attributes |= batch.controlFlag
  if (fields.deleteHorizonMs !== undefined) attributes |= batch.deleteHorizonFlag
  return attributes
}

/** A number when both are small enough for it to be exact, else a bigint of 64 bits. */
function difference(left: number | bigint, right: number | bigint): number | bigint {
  if (typeof left === 'number' && typeof right === 'number') {
    const delta = left - right
    if (Number.isSafeInteger(delta)) return delta
  }
  return BigInt.asIntN(64, BigInt(left) - BigInt(right))
}

function sizeHint(records: readonly NewRecord[]): number {
  let size = 0
  for (const record of records) {
    size += 32 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
    for (const header of record.headers ?? []) size += sizeOfHeader(header)
  }
  return size
}

function sizeOfHeader(header: RecordHeader): number {
  const keySize = Buffer.byteLength(header.key)
  return sizeOfVarint(keySize) + keySize + sizeOfBytes(header.value)
}

function sizeOfBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length
}

function writeBytes(into: Buffer, bytes: Buffer | null, position: number): number {
  if (bytes === null) return writeVarint(into, -1, position)
  const at = writeVarint(into, bytes.length, position)
  return at + bytes.copy(into, at)
}
