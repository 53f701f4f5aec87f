/**
 * The records of a batch as objects, for those who want their inside: internal topics, the metadata log, tools, tests.
 * Nothing on the path from producer to consumer comes here. Keys, values and header values are views of the batch's
 * bytes when it is uncompressed: copy what must outlive them.
 */
import { KafkaError } from '../errors.ts'
import * as batch from './batch-header.ts'
import { type Codecs, decompressedSizeMax, isCompressionType, noCodecs } from './compression.ts'
import { RecordCursor } from './record-cursor.ts'
import { VarintReader } from './varint.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

export interface DecodedRecord {
  readonly offset: number
  /** Milliseconds since 1970 as the producer wrote it, or the append time of the batch. */
  readonly timestamp: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/**
 * Decodes the batch at `position`; the caller has checked that it is whole. Throws INVALID_RECORD when records are not
 * what the header declares, and what `codecs` throws when it is compressed.
 */
export function decodeRecords(
  bytes: Buffer,
  position = 0,
  codecs: Codecs = noCodecs,
  limitBytes = decompressedSizeMax,
): DecodedRecord[] {
  const records: DecodedRecord[] = []
  const baseOffset = batch.baseOffset(bytes, position)
  const baseTimestamp = batch.baseTimestampExact(bytes, position)
  const isLogAppendTime = batch.timestampType(bytes, position) === batch.timestampTypes.LOG_APPEND_TIME
  const maxTimestamp = batch.maxTimestampExact(bytes, position)
  const cursor = new RecordCursor()
  openRecords(cursor, bytes, position, codecs, limitBytes)
  const count = batch.recordsCount(bytes, position)
  for (let index = 0; index < count; index++) {
    cursor.next()
    records.push({
      offset: baseOffset + cursor.offsetDelta,
      timestamp: isLogAppendTime ? maxTimestamp : BigInt.asIntN(64, baseTimestamp + cursor.timestampDeltaExact()),
      key: slice(cursor.bytes, cursor.keyPosition, cursor.keySize),
      value: slice(cursor.bytes, cursor.valuePosition, cursor.valueSize),
      headers: decodeHeaders(cursor),
    })
  }
  if (!cursor.isAtEnd) throw new KafkaError('INVALID_RECORD', `More records than the ${count} that the batch declares`)
  return records
}

/** Puts `cursor` before the first record of the batch at `position`, decompressing it when need be. */
export function openRecords(
  cursor: RecordCursor,
  bytes: Buffer,
  position: number,
  codecs: Codecs,
  limitBytes = decompressedSizeMax,
): void {
  const start = position + batch.batchHeaderSize
  const end = position + batch.batchSizeInBytes(bytes, position)
  const type = batch.compressionType(bytes, position)
  // A batch that lost all its records to compaction keeps its codec but has no compressed stream.
  const isEmpty = start === end && batch.recordsCount(bytes, position) === 0
  if (type === 0 || isEmpty) {
    cursor.reset(bytes, start, end)
    return
  }
  if (!isCompressionType(type)) throw new KafkaError('UNKNOWN_SERVER_ERROR', `Unknown compression type ${type}`)
  cursor.reset(codecs.decompress(type, bytes.subarray(start, end), limitBytes))
}

function slice(bytes: Buffer, position: number, size: number): Buffer | null {
  return size < 0 ? null : bytes.subarray(position, position + size)
}

const noHeaders: readonly RecordHeader[] = []

function decodeHeaders(cursor: RecordCursor): readonly RecordHeader[] {
  if (cursor.headersCount === 0) return noHeaders
  const headers: RecordHeader[] = []
  const reader = new VarintReader()
  const { bytes } = cursor
  reader.reset(bytes, cursor.headersPosition, cursor.end)
  for (let index = 0; index < cursor.headersCount; index++) {
    const keySize = reader.varint()
    const key = bytes.toString('utf8', reader.position, reader.position + keySize)
    reader.position += keySize
    const valueSize = reader.varint()
    headers.push({ key, value: slice(bytes, reader.position, valueSize) })
    if (valueSize > 0) reader.position += valueSize
  }
  return headers
}
