/**
 * The second half of the append check: a batch whose header passed is opened and each record is looked at, as Kafka does
 * with every batch. Called by validate.ts only. Walks with one cursor and makes no object per record, except for those
 * that are refused; compresses anew when the topic asks for another codec. Corrects a max timestamp that lies.
 */
import { KafkaError } from '../errors.ts'
import { BatchBuilder } from './batch-builder.ts'
import * as batch from './batch-header.ts'
import type { CompressionType } from './compression.ts'
import { openRecords } from './record.ts'
import { RecordCursor } from './record-cursor.ts'
import { earliestTimestamp, latestTimestamp, type ValidatedRecords, type ValidateOptions } from './validate-options.ts'

/** What is wrong with one record of a batch; Produce answers with it from version 8 on. */
export interface RecordError {
  /** Counted from 0 within the batch. */
  readonly batchIndex: number
  readonly message: string
}

/** A batch refused for single records: unlike other refusals its message reaches the client, with the list. */
export class RecordValidationError extends KafkaError {
  override name = 'RecordValidationError'
  /** At most `recordErrorsMax`, the first ones. */
  readonly recordErrors: readonly RecordError[]

  constructor(error: 'INVALID_TIMESTAMP' | 'INVALID_RECORD', message: string, recordErrors: readonly RecordError[]) {
    super(error, message)
    this.recordErrors = recordErrors
  }
}

/** Kafka lists every record. A megabyte holds 150,000: the answer would outgrow the request many times. */
export const recordErrorsMax = 1000

/** The records of the batch, opened; `cursor` is before the first one. */
interface OpenedBatch {
  readonly cursor: RecordCursor
  readonly count: number
  readonly options: ValidateOptions
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** The producer stamped LogAppendTime: all records have the batch's max timestamp. */
  readonly isLogAppendTime: boolean
}

interface Findings {
  errors: RecordError[]
  errorsCount: number
  hasTimestampError: boolean
  maxTimestamp: number
  /** Offset deltas are 0, 1, 2 ... */
  isSequential: boolean
}

/** `records` is one batch with a valid header and CRC. Returns it, stamped, or a new one compressed with `targetType`. */
export function openAndCheckRecords(
  records: Buffer,
  targetType: CompressionType,
  options: ValidateOptions,
): ValidatedRecords {
  const sourceType = batch.compressionType(records, 0)
  const count = batch.recordsCount(records, 0)
  const cursor = new RecordCursor()
  open(cursor, records, options)
  const { bytes, end: start } = cursor
  const opened: OpenedBatch = {
    cursor,
    count,
    options,
    baseTimestamp: batch.baseTimestamp(records, 0),
    maxTimestamp: batch.maxTimestamp(records, 0),
    isLogAppendTime: batch.timestampType(records, 0) === batch.timestampTypes.LOG_APPEND_TIME,
  }
  const findings = checkEach(opened)
  if (findings.errorsCount > 0) throw refusal(findings)
  cursor.reset(bytes, start)
  if (targetType !== sourceType) return rebuild(records, cursor, targetType, options)
  if (sourceType !== 0 && !findings.isSequential) {
    throw new KafkaError('UNKNOWN_SERVER_ERROR', `Offsets in a compressed batch for ${options.partition} have gaps`)
  }
  if (options.settings.messageTimestampType === 'CreateTime') {
    batch.setMaxTimestamp(records, 0, batch.timestampTypes.CREATE_TIME, exactMaxTimestamp(records, opened, findings))
  }
  return { records, recordsCount: count, isRebuilt: false }
}

/** Bytes that a codec refuses make Kafka answer -1, not CORRUPT_MESSAGE, which clients would send again. */
function open(cursor: RecordCursor, records: Buffer, options: ValidateOptions): void {
  try {
    openRecords(cursor, records, 0, options.codecs)
  } catch (error) {
    if (!(error instanceof KafkaError) || error.error !== 'CORRUPT_MESSAGE') throw error
    throw new KafkaError('UNKNOWN_SERVER_ERROR', `A batch for ${options.partition} cannot be opened: ${error.message}`)
  }
}

function checkEach(opened: OpenedBatch): Findings {
  const { cursor, count, options, baseTimestamp, isLogAppendTime } = opened
  const { settings } = options
  const isCreateTime = settings.messageTimestampType === 'CreateTime'
  const earliest = earliestTimestamp(options)
  const latest = latestTimestamp(options)
  const findings: Findings = {
    errors: [],
    errorsCount: 0,
    hasTimestampError: false,
    maxTimestamp: batch.noTimestamp,
    isSequential: true,
  }
  for (let index = 0; index < count; index++) {
    cursor.next()
    const timestamp = isLogAppendTime ? opened.maxTimestamp : baseTimestamp + cursor.timestampDelta
    if (timestamp > findings.maxTimestamp) findings.maxTimestamp = timestamp
    if (cursor.offsetDelta !== index) findings.isSequential = false
    const isInRange = timestamp === batch.noTimestamp || (timestamp >= earliest && timestamp <= latest)
    if (settings.isCompact && cursor.keySize < 0) add(findings, index, opened, missingKey)
    else if (isCreateTime ? !isInRange : isLogAppendTime) {
      findings.hasTimestampError = true
      add(findings, index, opened, isCreateTime ? outOfRange : appendTimeFromProducer)
    }
  }
  if (!cursor.isAtEnd) throw new KafkaError('INVALID_RECORD', `More records than the ${count} that the batch declares`)
  return findings
}

function add(findings: Findings, batchIndex: number, opened: OpenedBatch, say: (opened: OpenedBatch) => string): void {
  findings.errorsCount++
  if (findings.errors.length < recordErrorsMax) findings.errors.push({ batchIndex, message: say(opened) })
}

function missingKey({ options }: OpenedBatch): string {
  return `Compacted topic cannot accept message without key in topic partition ${options.partition}`
}

function outOfRange({ cursor, options, baseTimestamp, isLogAppendTime, maxTimestamp }: OpenedBatch): string {
  const timestamp = isLogAppendTime ? maxTimestamp : baseTimestamp + cursor.timestampDelta
  const range = `[${earliestTimestamp(options)}, ${latestTimestamp(options)}]`
  return `Timestamp ${timestamp} of message with offset ${cursor.offsetDelta} is out of range. The timestamp should be within ${range}`
}

function appendTimeFromProducer({ cursor, maxTimestamp }: OpenedBatch): string {
  const sizes = `key=${Math.max(cursor.keySize, 0)} bytes, value=${Math.max(cursor.valueSize, 0)} bytes`
  const record = `DefaultRecord(offset=${cursor.offsetDelta}, timestamp=${maxTimestamp}, ${sizes})`
  return `Invalid timestamp type in message ${record}. Producer should not set timestamp type to LogAppendTime.`
}

function refusal(findings: Findings): RecordValidationError {
  if (findings.hasTimestampError) {
    const message = 'One or more records have been rejected due to invalid timestamp'
    return new RecordValidationError('INVALID_TIMESTAMP', message, findings.errors)
  }
  const shown = findings.errors
    .slice(0, 3)
    .map((error) => `RecordError(batchIndex=${error.batchIndex}, message='${error.message}')`)
  const message = `One or more records have been rejected due to ${findings.errorsCount} record errors in total, and only showing the first three errors at most: [${shown.join(', ')}]`
  return new RecordValidationError('INVALID_RECORD', message, findings.errors)
}

/** A double has told which timestamps are in range; what is stored must be exact also where doubles are not. */
function exactMaxTimestamp(records: Buffer, opened: OpenedBatch, findings: Findings): number | bigint {
  if (Number.isSafeInteger(findings.maxTimestamp)) return findings.maxTimestamp
  if (opened.isLogAppendTime) return batch.maxTimestampExact(records, 0)
  const { cursor, count } = opened
  const baseTimestamp = batch.baseTimestampExact(records, 0)
  let maxTimestamp = BigInt(batch.noTimestamp)
  for (let index = 0; index < count; index++) {
    cursor.next()
    const timestamp = BigInt.asIntN(64, baseTimestamp + cursor.timestampDeltaExact())
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
  }
  return maxTimestamp
}

/** The same records in a batch compressed with `type`, their offset deltas 0, 1, 2 ... */
function rebuild(
  records: Buffer,
  cursor: RecordCursor,
  type: CompressionType,
  options: ValidateOptions,
): ValidatedRecords {
  const { settings, codecs, compressionLevel, partition } = options
  const count = batch.recordsCount(records, 0)
  const fields = {
    leaderEpoch: batch.leaderEpoch(records, 0),
    producerId: batch.producerId(records, 0),
    producerEpoch: batch.producerEpoch(records, 0),
    baseSequence: batch.baseSequence(records, 0),
    isTransactional: batch.isTransactional(records, 0),
    isControl: batch.isControl(records, 0),
    compressionType: type,
    codecs,
    ...(compressionLevel === undefined ? {} : { compressionLevel }),
  }
  const builder = new BatchBuilder(fields, cursor.bytes.length)
  const isLogAppendTime = batch.timestampType(records, 0) === batch.timestampTypes.LOG_APPEND_TIME
  const baseTimestamp = isLogAppendTime ? batch.maxTimestampExact(records, 0) : batch.baseTimestampExact(records, 0)
  for (let index = 0; index < count; index++) {
    cursor.next()
    const delta = isLogAppendTime ? 0n : cursor.timestampDeltaExact()
    builder.appendFrom(cursor, index, BigInt.asIntN(64, baseTimestamp + delta))
  }
  const rebuilt = builder.build()
  if (rebuilt.length > settings.maxMessageBytes) {
    throw new KafkaError(
      'MESSAGE_TOO_LARGE',
      `Message batch size is ${rebuilt.length} bytes in append to partition ${partition}, more than ${settings.maxMessageBytes}`,
    )
  }
  return { records: rebuilt, recordsCount: count, isRebuilt: true }
}
