/**
 * The bytes of a producer state snapshot, `<end offset>.snapshot`: what recovery starts from instead of the whole log.
 *
 *  0         2         6         10
 *  +---------+---------+---------+---------------------------------------------+
 *  | version | crc-32c | count   | count entries of 46 bytes: producer id i64, |
 *  | int16 1 | of 6... | int32   | epoch i16, last sequence i32, last offset   |
 *  +---------+---------+---------+ i64, offset delta i32, timestamp i64,       |
 *                                | coordinator epoch i32, first offset of the  |
 *                                | open transaction i64 (-1 for none)          |
 */
import * as batch from '../protocol/record/batch-header.ts'
import { crc32c } from '../protocol/record/crc32c.ts'
import { ProducerEntry } from './producer-entry.ts'
import { writeLongSaturated } from './saturated-long.ts'

const headerSize = 10
const entrySize = 46

export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>, count: number): Buffer {
  const bytes = Buffer.alloc(headerSize + count * entrySize)
  bytes.writeInt16BE(1, 0)
  bytes.writeInt32BE(count, 6)
  let at = headerSize
  for (const entry of entries) {
    bytes.writeBigInt64BE(entry.producerId, at)
    bytes.writeInt16BE(entry.producerEpoch, at + 8)
    bytes.writeInt32BE(entry.lastSequence, at + 10)
    batch.writeLong(bytes, entry.lastOffset, at + 14)
    bytes.writeInt32BE(entry.lastOffsetDelta, at + 22)
    writeLongSaturated(bytes, entry.lastTimestamp, at + 26)
    bytes.writeInt32BE(entry.coordinatorEpoch, at + 34)
    batch.writeLong(bytes, entry.transactionFirstOffset, at + 38)
    at += entrySize
  }
  bytes.writeUInt32BE(crc32c(bytes, 6), 2)
  return bytes
}

/** Undefined when `bytes` are damaged or of an unknown version. */
export function decodeProducerSnapshot(bytes: Buffer): ProducerEntry[] | undefined {
  if (bytes.length < headerSize || bytes.readInt16BE(0) !== 1) return undefined
  const count = bytes.readInt32BE(6)
  if (bytes.length !== headerSize + count * entrySize) return undefined
  if (bytes.readUInt32BE(2) !== crc32c(bytes, 6)) return undefined
  const entries: ProducerEntry[] = []
  for (let at = headerSize; at < bytes.length; at += entrySize) entries.push(decodeEntry(bytes, at))
  return entries
}

function decodeEntry(bytes: Buffer, at: number): ProducerEntry {
  const entry = new ProducerEntry(bytes.readBigInt64BE(at))
  entry.setEpoch(bytes.readInt16BE(at + 8))
  const timestamp = batch.readLong(bytes, at + 26)
  const lastOffset = batch.readLong(bytes, at + 14)
  if (lastOffset >= 0) {
    entry.addBatch(bytes.readInt32BE(at + 10), lastOffset, bytes.readInt32BE(at + 22), timestamp)
    entry.forgetOlder()
  }
  entry.lastTimestamp = timestamp
  entry.coordinatorEpoch = bytes.readInt32BE(at + 34)
  entry.transactionFirstOffset = batch.readLong(bytes, at + 38)
  return entry
}
