/**
 * The header of a record batch, version 2, read and stamped in place. Everybody who handles batches as bytes (append,
 * fetch, log, replication) reads them through these functions: `position` is where the batch starts in `bytes`, and 61
 * bytes must be there. Nothing here allocates except the two readers that return a bigint.
 *
 *  0        8      12         16    17    21           23                27              35
 *  +--------+------+----------+-----+-----+------------+-----------------+---------------+--------------+
 *  | base   | batch| leader   |magic| crc | attributes | last offset     | base          | max          |
 *  | offset |length| epoch    | = 2 |     |            | delta           | timestamp     | timestamp    |
 *  | int64  |int32 | int32    |int8 |uint32 int16      | int32           | int64         | int64        |
 *  +--------+------+----------+-----+-----+------------+-----------------+---------------+--------------+
 *  43            51               53              57              61
 *  +-------------+----------------+---------------+---------------+---------------------------+
 *  | producer id | producer epoch | base sequence | records count | records, maybe compressed |
 *  | int64       | int16          | int32         | int32         |                           |
 *  +-------------+----------------+---------------+---------------+---------------------------+
 *
 * The length counts from byte 12. The CRC-32C covers byte 21 to the end: a leader stamps base offset and leader epoch
 * without touching it, and damage to the first 21 bytes is not shown by it.
 *
 *  attributes, bits  15 ... 7  |       6        |    5    |       4       |        3       |  2 ... 0
 *                     unused   | delete horizon | control | transactional | log append time| compression
 */
import { assert } from '../../base/assert.ts'
import { crc32c } from './crc32c.ts'

export const baseOffsetPosition = 0
export const lengthPosition = 8
export const leaderEpochPosition = 12
export const magicPosition = 16
export const crcPosition = 17
export const attributesPosition = 21
export const lastOffsetDeltaPosition = 23
export const baseTimestampPosition = 27
export const maxTimestampPosition = 35
export const producerIdPosition = 43
export const producerEpochPosition = 51
export const baseSequencePosition = 53
export const recordsCountPosition = 57
/** Where the records start, and the size of a batch without records. */
export const batchHeaderSize = 61
/** Base offset and length: what must be there to know how long a batch is. */
export const batchOverheadSize = 12

/** The only format that is written; 0 and 1 are those of Kafka before 0.11. */
export const currentMagic = 2
export const noTimestamp = -1
export const noProducerId = -1n
export const noProducerEpoch = -1
export const noSequence = -1
export const noLeaderEpoch = -1

export const timestampTypes = { CREATE_TIME: 0, LOG_APPEND_TIME: 1 } as const
export type TimestampType = (typeof timestampTypes)[keyof typeof timestampTypes]

export const compressionMask = 0x07
export const logAppendTimeFlag = 0x08
export const transactionalFlag = 0x10
export const controlFlag = 0x20
export const deleteHorizonFlag = 0x40

const two32 = 0x1_0000_0000
const sequenceMax = 0x7fffffff

/** A signed 64-bit integer as a number: exact in the safe range, the nearest double beyond. */
export function readLong(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position) * two32 + bytes.readUInt32BE(position + 4)
}

/** Writes a signed 64-bit integer that is in the safe range. */
export function writeLong(bytes: Buffer, value: number, position: number): void {
  assert(Number.isSafeInteger(value), `a safe integer: ${value}`)
  bytes.writeInt32BE(Math.floor(value / two32), position)
  bytes.writeUInt32BE(((value % two32) + two32) % two32, position + 4)
}

/** Size of the whole batch, as its length field says: what a client or a damaged file wrote, until it was checked. */
export function batchSizeInBytes(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + lengthPosition) + batchOverheadSize
}

/** Offset of the first record. Outside of the safe range (which the append check refuses) only the nearest double. */
export function baseOffset(bytes: Buffer, position: number): number {
  return readLong(bytes, position)
}

export function lastOffsetDelta(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + lastOffsetDeltaPosition)
}

/** Offset of the last record, inclusive. After compaction that record may be gone. */
export function lastOffset(bytes: Buffer, position: number): number {
  return readLong(bytes, position) + bytes.readInt32BE(position + lastOffsetDeltaPosition)
}

/** The offset after the batch: base offset of the next one. */
export function nextOffset(bytes: Buffer, position: number): number {
  return lastOffset(bytes, position) + 1
}

/** Epoch of the leader that appended the batch; -1 in what a client sends. */
export function leaderEpoch(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + leaderEpochPosition)
}

export function magic(bytes: Buffer, position: number): number {
  return bytes.readInt8(position + magicPosition)
}

/** The checksum that the batch claims. */
export function storedCrc(bytes: Buffer, position: number): number {
  return bytes.readUInt32BE(position + crcPosition)
}

/** The checksum that its bytes have. */
export function computeCrc(bytes: Buffer, position: number): number {
  return crc32c(bytes, position + attributesPosition, position + batchSizeInBytes(bytes, position))
}

export function isCrcValid(bytes: Buffer, position: number): boolean {
  return storedCrc(bytes, position) === computeCrc(bytes, position)
}

/** All flags. Kafka looks at the low byte only. */
export function attributes(bytes: Buffer, position: number): number {
  return bytes.readUInt16BE(position + attributesPosition)
}

/** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 exist only in what a client made up. */
export function compressionType(bytes: Buffer, position: number): number {
  return bytes[position + attributesPosition + 1]! & compressionMask
}

export function timestampType(bytes: Buffer, position: number): TimestampType {
  return (bytes[position + attributesPosition + 1]! & logAppendTimeFlag) === 0 ? 0 : 1
}

export function isTransactional(bytes: Buffer, position: number): boolean {
  return (bytes[position + attributesPosition + 1]! & transactionalFlag) !== 0
}

export function isControl(bytes: Buffer, position: number): boolean {
  return (bytes[position + attributesPosition + 1]! & controlFlag) !== 0
}

/** True when the base timestamp is the time from which compaction may drop the batch's tombstones (KIP-534). */
export function hasDeleteHorizon(bytes: Buffer, position: number): boolean {
  return (bytes[position + attributesPosition + 1]! & deleteHorizonFlag) !== 0
}

/** Milliseconds since 1970 of the first record, -1 for none; the delete horizon when `hasDeleteHorizon`. Nearest double beyond 2^53. */
export function baseTimestamp(bytes: Buffer, position: number): number {
  return readLong(bytes, position + baseTimestampPosition)
}

export function baseTimestampExact(bytes: Buffer, position: number): bigint {
  return bytes.readBigInt64BE(position + baseTimestampPosition)
}

/** The largest timestamp in milliseconds, or the append time of a batch of that type; -1 for none. Nearest double beyond 2^53. */
export function maxTimestamp(bytes: Buffer, position: number): number {
  return readLong(bytes, position + maxTimestampPosition)
}

export function maxTimestampExact(bytes: Buffer, position: number): bigint {
  return bytes.readBigInt64BE(position + maxTimestampPosition)
}

/** True for an idempotent or transactional producer. Cheaper than reading the id. */
export function hasProducerId(bytes: Buffer, position: number): boolean {
  return bytes[position + producerIdPosition]! < 0x80
}

/** -1n when there is none. */
export function producerId(bytes: Buffer, position: number): bigint {
  return bytes.readBigInt64BE(position + producerIdPosition)
}

export function producerEpoch(bytes: Buffer, position: number): number {
  return bytes.readInt16BE(position + producerEpochPosition)
}

/** Sequence of the first record, -1 for none. */
export function baseSequence(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + baseSequencePosition)
}

/** Sequence of the last record, -1 for none. */
export function lastSequence(bytes: Buffer, position: number): number {
  const sequence = baseSequence(bytes, position)
  return sequence === noSequence ? noSequence : incrementSequence(sequence, lastOffsetDelta(bytes, position))
}

/** Records that are in the batch now: fewer than its offsets once it was compacted. */
export function recordsCount(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + recordsCountPosition)
}

/** `sequence` moved on by `increment`: after 2^31-1 comes 0. Both from 0 to 2^31-1. */
export function incrementSequence(sequence: number, increment: number): number {
  const sum = sequence + increment
  return sum > sequenceMax ? sum - sequenceMax - 1 : sum
}

/** The CRC does not cover the base offset. */
export function setBaseOffset(bytes: Buffer, position: number, offset: number): void {
  assert(offset >= 0, `an offset is not negative: ${offset}`)
  writeLong(bytes, offset, position)
}

/** The CRC does not cover the leader epoch. */
export function setLeaderEpoch(bytes: Buffer, position: number, epoch: number): void {
  bytes.writeInt32BE(epoch, position + leaderEpochPosition)
}

/** Stamps timestamp type and max timestamp, and the CRC anew unless nothing changed. */
export function setMaxTimestamp(
  bytes: Buffer,
  position: number,
  type: TimestampType,
  timestamp: number | bigint,
): void {
  const exact = BigInt(timestamp)
  if (timestampType(bytes, position) === type && maxTimestampExact(bytes, position) === exact) return
  bytes.writeBigInt64BE(exact, position + maxTimestampPosition)
  setTimestampTypeFlag(bytes, position, type)
  setCrc(bytes, position)
}

/** Computes the CRC and stores it, after something that it covers was changed. */
export function setCrc(bytes: Buffer, position: number): void {
  bytes.writeUInt32BE(computeCrc(bytes, position), position + crcPosition)
}

function setTimestampTypeFlag(bytes: Buffer, position: number, type: TimestampType): void {
  const low = bytes[position + attributesPosition + 1]!
  bytes[position + attributesPosition + 1] =
    type === timestampTypes.LOG_APPEND_TIME ? low | logAppendTimeFlag : low & ~logAppendTimeFlag
}
