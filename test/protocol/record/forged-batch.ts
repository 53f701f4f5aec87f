/** Batches that no honest builder would write: each field may lie, the CRC is right unless it is given. */
import { crc32c } from '../../../src/protocol/record/crc32c.ts'
import { sizeOfVarint, writeVarint, writeVarlong } from '../../../src/protocol/record/varint.ts'

export interface ForgedRecord {
  readonly offsetDelta?: number
  readonly timestampDelta?: number | bigint
  readonly key?: string | null
  readonly value?: string | null
  /** What the record claims as its size; the truth without it. */
  readonly size?: number
  /** Bytes after the headers. */
  readonly extra?: Buffer
}

export interface ForgedBatch {
  readonly baseOffset?: bigint
  readonly length?: number
  readonly leaderEpoch?: number
  readonly magic?: number
  readonly crc?: number
  readonly attributes?: number
  readonly lastOffsetDelta?: number
  readonly baseTimestamp?: number | bigint
  readonly maxTimestamp?: number | bigint
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly recordsCount?: number
  readonly records?: readonly ForgedRecord[]
  /** In the place of the records' bytes. */
  readonly body?: Buffer
}

export const forgedNowMs = 1_795_229_000_000

export function varint(value: number): Buffer {
  const bytes = Buffer.alloc(sizeOfVarint(value))
  writeVarint(bytes, value, 0)
  return bytes
}

function bytesOf(text: string | null): Buffer {
  return text === null ? varint(-1) : Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)])
}

export function forgeRecord(record: ForgedRecord = {}): Buffer {
  const timestampDelta = Buffer.alloc(10)
  const timestampSize = writeVarlong(timestampDelta, record.timestampDelta ?? 0, 0)
  const body = Buffer.concat([
    Buffer.from([0]),
    timestampDelta.subarray(0, timestampSize),
    varint(record.offsetDelta ?? 0),
    bytesOf(record.key === undefined ? 'k' : record.key),
    bytesOf(record.value === undefined ? 'v' : record.value),
    varint(0),
    record.extra ?? Buffer.alloc(0),
  ])
  return Buffer.concat([varint(record.size ?? body.length), body])
}

export function forgeRecords(records: readonly ForgedRecord[]): Buffer {
  return Buffer.concat(records.map(forgeRecord))
}

export function forgeBatch(batch: ForgedBatch = {}): Buffer {
  const records = batch.records ?? [{}]
  const body = batch.body ?? forgeRecords(records)
  const bytes = Buffer.alloc(61 + body.length)
  const baseTimestamp = BigInt(batch.baseTimestamp ?? forgedNowMs)
  bytes.writeBigInt64BE(batch.baseOffset ?? 0n, 0)
  bytes.writeInt32BE(batch.length ?? bytes.length - 12, 8)
  bytes.writeInt32BE(batch.leaderEpoch ?? -1, 12)
  bytes.writeInt8(batch.magic ?? 2, 16)
  bytes.writeUInt16BE(batch.attributes ?? 0, 21)
  bytes.writeInt32BE(batch.lastOffsetDelta ?? records.length - 1, 23)
  bytes.writeBigInt64BE(baseTimestamp, 27)
  bytes.writeBigInt64BE(BigInt(batch.maxTimestamp ?? baseTimestamp), 35)
  bytes.writeBigInt64BE(batch.producerId ?? -1n, 43)
  bytes.writeInt16BE(batch.producerEpoch ?? -1, 51)
  bytes.writeInt32BE(batch.baseSequence ?? -1, 53)
  bytes.writeInt32BE(batch.recordsCount ?? records.length, 57)
  body.copy(bytes, 61)
  bytes.writeUInt32BE(batch.crc ?? crc32c(bytes, 21), 17)
  return bytes
}
