/**
 * The checks of bytes that a client wants appended to one partition. The produce handler calls `validateRecords` before
 * the log stamps and stores them; coordinators call it for what they write when their topic has settings of its own.
 * Each refusal has the error code of Apache Kafka 4.3.1, in Kafka's order of checks.
 *
 * Kafka opens every batch. Here the header is enough (law 3 of docs/ARCHITECTURE.md) unless the mode is `full`, the topic
 * is compacted (keys), its compression is not the producer's, or the header itself is odd: a time out of range, a max
 * timestamp before the base, the LogAppendTime flag. Then the records are opened (record-checks.ts) and the answer is
 * Kafka's. What only records show passes otherwise: fewer records than declared, a max timestamp that lies within the
 * range, undecodable bytes. Invariant: what is returned is exactly one batch, whole, with a valid CRC.
 */
import { KafkaError } from '../errors.ts'
import * as batch from './batch-header.ts'
import { type CompressionType, compressionTypes } from './compression.ts'
import { openAndCheckRecords } from './record-checks.ts'
import {
  earliestTimestamp,
  latestTimestamp,
  type RecordSettings,
  type ValidatedRecords,
  type ValidateOptions,
} from './validate-options.ts'

export type { RecordSettings, ValidatedRecords, ValidateOptions } from './validate-options.ts'

/** Kafka's smallest message, of format 0: a length below it is corrupt before anything else is looked at. */
const legacyRecordSizeMin = 14
const sizeUpToMagic = batch.magicPosition + 1
const zstdProduceVersion = 7

/**
 * Checks `bytes` (a partition's records in a Produce request, which may be empty) and returns what to append. May stamp
 * timestamp type, max timestamp and CRC in place. Throws KafkaError, a RecordValidationError when single records are at
 * fault: MESSAGE_TOO_LARGE, CORRUPT_MESSAGE, INVALID_RECORD, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE, or
 * UNKNOWN_SERVER_ERROR where Kafka itself stumbles.
 */
export function validateRecords(bytes: Buffer, options: ValidateOptions): ValidatedRecords {
  const { settings, partition } = options
  const size = checkFraming(bytes, options.produceVersion ?? Number.MAX_SAFE_INTEGER)
  const isClient = (options.origin ?? 'client') === 'client'
  if (isClient && !isBaseOffsetZero(bytes)) {
    throw invalid(`The base offset of a batch for ${partition} should be 0, but it is ${batch.baseOffset(bytes, 0)}`)
  }
  if (size > settings.maxMessageBytes) {
    throw new KafkaError(
      'MESSAGE_TOO_LARGE',
      `The record batch size in the append to ${partition} is ${size} bytes, more than ${settings.maxMessageBytes}`,
    )
  }
  if (size < batch.batchHeaderSize || !batch.isCrcValid(bytes, 0)) {
    throw new KafkaError('CORRUPT_MESSAGE', `Record batch is corrupt in topic partition ${partition}`)
  }
  const compressionType = batch.compressionType(bytes, 0)
  if (compressionType > compressionTypes.zstd) {
    throw new KafkaError('UNKNOWN_SERVER_ERROR', `Unknown compression type ${compressionType} in ${partition}`)
  }
  if (isClient) checkClientHeader(bytes, partition)
  const records = size === bytes.length ? bytes : bytes.subarray(0, size)
  const targetType = targetCompression(records, compressionType as CompressionType, settings)
  if (
    options.mode === 'full' ||
    settings.isCompact ||
    targetType !== compressionType ||
    isHeaderOdd(records, options)
  ) {
    return openAndCheckRecords(records, targetType, options)
  }
  clearLogAppendTime(records, settings)
  return { records, recordsCount: batch.recordsCount(records, 0), isRebuilt: false }
}

/** True when a batch of `bytes` is transactional: such a request needs a transactional id. */
export function hasTransactionalRecords(bytes: Buffer): boolean {
  return bytes.length >= batch.batchHeaderSize && batch.isTransactional(bytes, 0)
}

/** A producer may set the LogAppendTime flag where the topic does not: Kafka takes it off. */
export function clearLogAppendTime(records: Buffer, settings: RecordSettings): void {
  if (settings.messageTimestampType === 'LogAppendTime') return
  if (batch.timestampType(records, 0) === batch.timestampTypes.CREATE_TIME) return
  batch.setMaxTimestamp(records, 0, batch.timestampTypes.CREATE_TIME, batch.maxTimestampExact(records, 0))
}

/** What is found before the partition's log is asked: the answer then tells nothing of that log. */
export class RecordsFramingError extends KafkaError {}

/** Size of the one batch that is there, whole. Checks what can be told without trusting the bytes. */
function checkFraming(bytes: Buffer, produceVersion: number): number {
  const size = wholeBatchSize(bytes, 0)
  if (size === 0) throw misframed('A Produce request must have one record batch per partition')
  if (batch.magic(bytes, 0) !== batch.currentMagic) throw misframed('Only record batches of magic 2 are taken')
  const isZstd = size >= batch.lastOffsetDeltaPosition && batch.compressionType(bytes, 0) === compressionTypes.zstd
  if (isZstd && produceVersion < zstdProduceVersion) {
    throw new KafkaError(
      'UNSUPPORTED_COMPRESSION_TYPE',
      `Produce requests with version ${produceVersion} are not allowed to use ZStandard compression`,
    )
  }
  if (size < bytes.length && wholeBatchSize(bytes, size) !== 0) {
    throw misframed('A Produce request may have only one record batch per partition')
  }
  return size
}

/** Size of the batch at `position`; 0 when there is none, or one that is cut off (Kafka then takes what came before it). */
function wholeBatchSize(bytes: Buffer, position: number): number {
  const remaining = bytes.length - position
  if (remaining < batch.batchOverheadSize) return 0
  const length = bytes.readInt32BE(position + batch.lengthPosition)
  if (length < legacyRecordSizeMin) {
    throw new RecordsFramingError(
      'CORRUPT_MESSAGE',
      `Record size ${length} is less than the minimum record overhead (${legacyRecordSizeMin})`,
    )
  }
  if (remaining < sizeUpToMagic) return 0
  const magic = batch.magic(bytes, position)
  if (magic < 0 || magic > batch.currentMagic) {
    throw new RecordsFramingError('CORRUPT_MESSAGE', `Invalid magic found in record: ${magic}`)
  }
  const size = length + batch.batchOverheadSize
  return size > remaining ? 0 : size
}

function isBaseOffsetZero(bytes: Buffer): boolean {
  return bytes.readInt32BE(0) === 0 && bytes.readInt32BE(4) === 0
}

function checkClientHeader(bytes: Buffer, partition: string): void {
  const lastOffsetDelta = batch.lastOffsetDelta(bytes, 0)
  const count = batch.recordsCount(bytes, 0)
  if (lastOffsetDelta < 0 || count <= 0 || count !== lastOffsetDelta + 1) {
    throw invalid(`Last offset delta ${lastOffsetDelta} and records count ${count} do not agree in ${partition}`)
  }
  if (batch.isControl(bytes, 0)) {
    throw invalid(`Clients are not allowed to write control records in topic partition ${partition}`)
  }
  if (batch.hasProducerId(bytes, 0) && batch.baseSequence(bytes, 0) < 0) {
    throw invalid(
      `Invalid sequence number ${batch.baseSequence(bytes, 0)} in record batch with producerId ${batch.producerId(bytes, 0)}`,
    )
  }
}

function targetCompression(records: Buffer, source: CompressionType, settings: RecordSettings): CompressionType {
  if (settings.compressionType === 'producer') return source
  const target =
    settings.compressionType === 'uncompressed' ? compressionTypes.none : compressionTypes[settings.compressionType]
  return source === compressionTypes.none && batch.isControl(records, 0) ? source : target
}

/** True when only the records can tell whether Kafka would refuse or correct this header. */
function isHeaderOdd(records: Buffer, options: ValidateOptions): boolean {
  if (options.settings.messageTimestampType === 'LogAppendTime') {
    return batch.timestampType(records, 0) === batch.timestampTypes.LOG_APPEND_TIME
  }
  const baseTimestamp = batch.baseTimestamp(records, 0)
  const maxTimestamp = batch.maxTimestamp(records, 0)
  if (maxTimestamp < baseTimestamp || maxTimestamp < batch.noTimestamp) return true
  if (maxTimestamp > latestTimestamp(options)) return true
  return baseTimestamp !== batch.noTimestamp && baseTimestamp < earliestTimestamp(options)
}

function invalid(message: string): KafkaError {
  return new KafkaError('INVALID_RECORD', message)
}

function misframed(message: string): KafkaError {
  return new RecordsFramingError('INVALID_RECORD', message)
}
