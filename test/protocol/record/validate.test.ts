/**
 * Every row was sent to Apache Kafka 4.3.1 by Produce version 9 (or as named) and has the error code that came back.
 * Where the code differs on purpose the comment says what Kafka answers.
 */
import { describe, expect, test } from 'vitest'
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import { type ErrorName, KafkaError } from '../../../src/protocol/errors.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import {
  type CompressionName,
  type CompressionType,
  compressionTypes,
} from '../../../src/protocol/record/compression.ts'
import { decodeRecords } from '../../../src/protocol/record/record.ts'
import { type RecordValidationError, recordErrorsMax } from '../../../src/protocol/record/record-checks.ts'
import {
  hasTransactionalRecords,
  type RecordSettings,
  type ValidateOptions,
  validateRecords,
} from '../../../src/protocol/record/validate.ts'
import {
  type ForgedBatch,
  type ForgedRecord,
  forgeBatch,
  forgeRecords,
  forgedNowMs as now,
  varint,
} from './forged-batch.ts'

const codecs = new NodeCodecs()
const hourMs = 3_600_000
const defaults: RecordSettings = {
  maxMessageBytes: 1_048_588,
  isCompact: false,
  compressionType: 'producer',
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: hourMs,
}

type Overrides = Partial<Omit<ValidateOptions, 'settings'>> & { readonly settings?: Partial<RecordSettings> }

function validate(bytes: Buffer, { settings, ...options }: Overrides = {}) {
  return validateRecords(bytes, {
    settings: { ...defaults, ...settings },
    nowMs: now,
    partition: 't-0',
    codecs,
    ...options,
  })
}

/** The error that `bytes` are refused with, NONE when they are taken. */
function outcome(bytes: Buffer, options: Overrides = {}): ErrorName {
  try {
    validate(bytes, options)
    return 'NONE'
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return error.error
  }
}

function compressed(
  name: Exclude<CompressionName, 'none'>,
  records: readonly ForgedRecord[],
  fields: ForgedBatch = {},
) {
  const type: CompressionType = compressionTypes[name]
  return forgeBatch({ attributes: type, records, body: codecs.compress(type, forgeRecords(records)), ...fields })
}

const good = forgeBatch()
const modes = ['header', 'full'] as const

describe.each(modes)('framing, %s', (mode) => {
  test.each<[string, Buffer, ErrorName]>([
    ['a sound batch', good, 'NONE'],
    ['no bytes', Buffer.alloc(0), 'INVALID_RECORD'],
    ['a batch and a byte', Buffer.concat([good, Buffer.from('x')]), 'NONE'],
    ['a batch and a part of another', Buffer.concat([good, good.subarray(0, 40)]), 'NONE'],
    ['a batch and 12 zero bytes', Buffer.concat([good, Buffer.alloc(12)]), 'CORRUPT_MESSAGE'],
    ['a batch and 30 bytes of 255', Buffer.concat([good, Buffer.alloc(30, 255)]), 'CORRUPT_MESSAGE'],
    ['two batches', Buffer.concat([good, good]), 'INVALID_RECORD'],
    ['length -1', forgeBatch({ length: -1 }), 'CORRUPT_MESSAGE'],
    ['length -2^31', forgeBatch({ length: -(2 ** 31) }), 'CORRUPT_MESSAGE'],
    ['length 0', forgeBatch({ length: 0 }), 'CORRUPT_MESSAGE'],
    ['length 13', forgeBatch({ length: 13 }), 'CORRUPT_MESSAGE'],
    ['length 14', forgeBatch({ length: 14 }), 'CORRUPT_MESSAGE'],
    ['length 48', forgeBatch({ length: 48 }), 'CORRUPT_MESSAGE'],
    ['length 49', forgeBatch({ length: 49 }), 'CORRUPT_MESSAGE'],
    ['a length one too small', forgeBatch({ length: good.length - 13 }), 'CORRUPT_MESSAGE'],
    ['a length one too large', forgeBatch({ length: good.length - 11 }), 'INVALID_RECORD'],
    ['length 2^30', forgeBatch({ length: 2 ** 30 }), 'INVALID_RECORD'],
    // Kafka's own sum overflows: UNKNOWN_SERVER_ERROR.
    ['length 2^31 - 1', forgeBatch({ length: 2 ** 31 - 1 }), 'INVALID_RECORD'],
    ['magic 0', forgeBatch({ magic: 0 }), 'INVALID_RECORD'],
    ['magic 1', forgeBatch({ magic: 1 }), 'INVALID_RECORD'],
    ['magic 3', forgeBatch({ magic: 3 }), 'CORRUPT_MESSAGE'],
    ['magic -1', forgeBatch({ magic: -1 }), 'CORRUPT_MESSAGE'],
    ['a wrong CRC', forgeBatch({ crc: 1 }), 'CORRUPT_MESSAGE'],
    ['base offset 5', forgeBatch({ baseOffset: 5n }), 'INVALID_RECORD'],
    ['base offset 5 and a wrong CRC', forgeBatch({ baseOffset: 5n, crc: 1 }), 'INVALID_RECORD'],
    ['base offset -1', forgeBatch({ baseOffset: -1n }), 'INVALID_RECORD'],
    ['a leader epoch', forgeBatch({ leaderEpoch: 5 }), 'NONE'],
  ])('%s', (_, bytes, expected) => {
    expect(outcome(bytes, { mode })).toBe(expected)
  })

  test('a batch cut off anywhere', () => {
    for (let size = 0; size < good.length; size++) {
      expect(outcome(good.subarray(0, size), { mode })).toBe('INVALID_RECORD')
    }
  })

  test('what is returned is the batch without what trails it', () => {
    const bytes = Buffer.concat([good, good.subarray(0, 40)])
    const { records, recordsCount, isRebuilt } = validate(bytes, { mode })
    expect(records.equals(good)).toBe(true)
    expect(records.buffer).toBe(bytes.buffer)
    expect([recordsCount, isRebuilt]).toEqual([1, false])
  })
})

describe.each(modes)('the header, %s', (mode) => {
  const two: readonly ForgedRecord[] = [{}, { offsetDelta: 1 }]
  test.each<[string, ForgedBatch, ErrorName]>([
    ['no records', { records: [] }, 'INVALID_RECORD'],
    ['no records, last offset delta 0', { records: [], lastOffsetDelta: 0 }, 'INVALID_RECORD'],
    ['count -1', { recordsCount: -1 }, 'INVALID_RECORD'],
    ['count -1, last offset delta -2', { recordsCount: -1, lastOffsetDelta: -2 }, 'INVALID_RECORD'],
    ['two records, last offset delta 0', { records: two, lastOffsetDelta: 0 }, 'INVALID_RECORD'],
    ['two records, last offset delta 5', { records: two, lastOffsetDelta: 5 }, 'INVALID_RECORD'],
    ['largest count and delta', { lastOffsetDelta: 2 ** 31 - 1, recordsCount: 2 ** 31 - 1 }, 'INVALID_RECORD'],
    ['largest delta, smallest count', { lastOffsetDelta: 2 ** 31 - 1, recordsCount: -(2 ** 31) }, 'INVALID_RECORD'],
    ['a control batch', { attributes: 0x20 }, 'INVALID_RECORD'],
    ['delete horizon flag', { attributes: 0x40 }, 'NONE'],
    ['unused attributes', { attributes: 0x7f80 }, 'NONE'],
    ['compression 5', { attributes: 5 }, 'UNKNOWN_SERVER_ERROR'],
    ['compression 7', { attributes: 7 }, 'UNKNOWN_SERVER_ERROR'],
    ['producer id without sequence', { producerId: 5n, producerEpoch: 0, baseSequence: -1 }, 'INVALID_RECORD'],
    ['producer id, sequence -2', { producerId: 5n, producerEpoch: 0, baseSequence: -2 }, 'INVALID_RECORD'],
    ['producer id, sequence 3', { producerId: 5n, producerEpoch: 0, baseSequence: 3 }, 'NONE'],
    ['producer id, epoch -1', { producerId: 5n, producerEpoch: -1, baseSequence: 0 }, 'NONE'],
    ['producer id -2', { producerId: -2n, producerEpoch: 0, baseSequence: -1 }, 'NONE'],
  ])('%s', (_, fields, expected) => {
    expect(outcome(forgeBatch(fields), { mode })).toBe(expected)
  })

  test('too large comes before the CRC, after the base offset', () => {
    const records = [{ value: 'x'.repeat(300) }]
    const settings = { maxMessageBytes: 200 }
    expect(outcome(forgeBatch({ records }), { mode, settings })).toBe('MESSAGE_TOO_LARGE')
    expect(outcome(forgeBatch({ records, crc: 1 }), { mode, settings })).toBe('MESSAGE_TOO_LARGE')
    expect(outcome(forgeBatch({ records, crc: 1, baseOffset: 5n }), { mode, settings })).toBe('INVALID_RECORD')
    expect(outcome(forgeBatch({ records }).subarray(0, 100), { mode, settings })).toBe('INVALID_RECORD')
    const size = forgeBatch({ records }).length
    expect(outcome(forgeBatch({ records }), { mode, settings: { maxMessageBytes: size } })).toBe('NONE')
  })

  test('zstd needs Produce version 7', () => {
    const zstd = compressed('zstd', [{}, { offsetDelta: 1 }])
    expect(outcome(zstd, { mode, produceVersion: 6 })).toBe('UNSUPPORTED_COMPRESSION_TYPE')
    expect(outcome(zstd, { mode, produceVersion: 7 })).toBe('NONE')
    expect(outcome(compressed('lz4', [{}]), { mode, produceVersion: 3 })).toBe('NONE')
  })

  test('a coordinator may write control batches and ranges with holes', () => {
    expect(outcome(forgeBatch({ attributes: 0x20 }), { mode, origin: 'coordinator' })).toBe('NONE')
    expect(outcome(forgeBatch({ lastOffsetDelta: 5 }), { mode, origin: 'coordinator' })).toBe('NONE')
    expect(outcome(forgeBatch({ crc: 5 }), { mode, origin: 'coordinator' })).toBe('CORRUPT_MESSAGE')
  })

  test('transactional batches are seen without being checked', () => {
    expect(hasTransactionalRecords(forgeBatch({ attributes: 0x10 }))).toBe(true)
    expect(hasTransactionalRecords(good)).toBe(false)
    expect(hasTransactionalRecords(Buffer.alloc(10, 0xff))).toBe(false)
  })
})

describe.each(modes)('timestamps, %s', (mode) => {
  const ahead = now + hourMs + 1
  test.each<[string, ForgedBatch, ErrorName, Partial<RecordSettings>]>([
    ['an hour ahead', { baseTimestamp: now + hourMs }, 'NONE', {}],
    ['more than an hour ahead', { baseTimestamp: ahead }, 'INVALID_TIMESTAMP', {}],
    ['only the max timestamp ahead, a lie', { maxTimestamp: ahead }, 'NONE', {}],
    [
      'only the base ahead, the record not',
      { baseTimestamp: ahead, maxTimestamp: now, records: [{ timestampDelta: -9000 }] },
      'NONE',
      {},
    ],
    ['max timestamp 0, a lie', { maxTimestamp: 0 }, 'NONE', {}],
    ['none', { baseTimestamp: -1 }, 'NONE', {}],
    ['-2', { baseTimestamp: -2 }, 'NONE', {}],
    ['0', { baseTimestamp: 0 }, 'NONE', {}],
    ['-2^63', { baseTimestamp: -(2n ** 63n) }, 'INVALID_TIMESTAMP', {}],
    ['2^63 - 1', { baseTimestamp: 2n ** 63n - 1n }, 'INVALID_TIMESTAMP', {}],
    [
      'a second record ahead',
      { maxTimestamp: ahead, records: [{}, { offsetDelta: 1, timestampDelta: ahead - now }] },
      'INVALID_TIMESTAMP',
      {},
    ],
    [
      '100 s old where 1 s is allowed',
      { baseTimestamp: now - 100_000 },
      'INVALID_TIMESTAMP',
      { messageTimestampBeforeMaxMs: 1000 },
    ],
    ['none where 1 s is allowed', { baseTimestamp: -1 }, 'NONE', { messageTimestampBeforeMaxMs: 1000 }],
    ['the LogAppendTime flag where the topic has CreateTime', { attributes: 8 }, 'NONE', {}],
    [
      'the LogAppendTime flag where the topic has it',
      { attributes: 8 },
      'INVALID_TIMESTAMP',
      { messageTimestampType: 'LogAppendTime' },
    ],
    [
      'far ahead where the topic has LogAppendTime',
      { baseTimestamp: now + 10 ** 9 },
      'NONE',
      { messageTimestampType: 'LogAppendTime' },
    ],
  ])('%s', (_, fields, expected, settings) => {
    expect(outcome(forgeBatch(fields), { mode, settings })).toBe(expected)
  })

  test('a max timestamp outside of the range is corrected', () => {
    for (const maxTimestamp of [ahead, 0, -5]) {
      const { records } = validate(forgeBatch({ maxTimestamp }), { mode })
      expect(batch.maxTimestamp(records, 0)).toBe(now)
      expect(batch.isCrcValid(records, 0)).toBe(true)
    }
  })

  test("the flag of a producer's LogAppendTime is taken off", () => {
    const { records } = validate(forgeBatch({ attributes: 8, maxTimestamp: now + 5 }), { mode })
    expect(batch.timestampType(records, 0)).toBe(batch.timestampTypes.CREATE_TIME)
    expect(batch.maxTimestamp(records, 0)).toBe(now + 5)
    expect(batch.isCrcValid(records, 0)).toBe(true)
  })

  test('the refusal lists the records as Kafka does', () => {
    const bytes = forgeBatch({ baseTimestamp: ahead })
    const settings = { messageTimestampBeforeMaxMs: 1000 }
    expect(() => validate(bytes, { mode, settings })).toThrow(
      expect.objectContaining({
        message: 'One or more records have been rejected due to invalid timestamp',
        recordErrors: [
          {
            batchIndex: 0,
            message: `Timestamp ${ahead} of message with offset 0 is out of range. The timestamp should be within [${now - 1000}, ${now + hourMs}]`,
          },
        ],
      }),
    )
    expect(() =>
      validate(forgeBatch({ attributes: 8 }), { mode, settings: { messageTimestampType: 'LogAppendTime' } }),
    ).toThrow(
      expect.objectContaining({
        recordErrors: [
          {
            batchIndex: 0,
            message: `Invalid timestamp type in message DefaultRecord(offset=0, timestamp=${now}, key=1 bytes, value=1 bytes). Producer should not set timestamp type to LogAppendTime.`,
          },
        ],
      }),
    )
  })
})

describe('where no limit is set on timestamps', () => {
  test('one beyond the safe integers is stored bit for bit', () => {
    const settings = { messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER }
    const baseTimestamp = 2n ** 62n
    const fields = { baseTimestamp, maxTimestamp: 5, records: [{ timestampDelta: 0x1234_5678_9abn }] }
    const { records } = validate(forgeBatch(fields), { mode: 'full', settings })
    expect(batch.maxTimestampExact(records, 0)).toBe(baseTimestamp + 0x1234_5678_9abn)
  })
})

describe.each(modes)('compacted topics, %s', (mode) => {
  const settings = { isCompact: true }
  test.each([...(Object.keys(compressionTypes) as CompressionName[])])('%s: every record needs a key', (name) => {
    const records = [{ key: null }, { offsetDelta: 1 }, { offsetDelta: 2, key: null }]
    const bytes = name === 'none' ? forgeBatch({ records }) : compressed(name, records)
    const message = 'Compacted topic cannot accept message without key in topic partition t-0'
    const errors = [0, 2].map((index) => `RecordError(batchIndex=${index}, message='${message}')`)
    expect(() => validate(bytes, { mode, settings })).toThrow(
      expect.objectContaining({
        error: 'INVALID_RECORD',
        message: `One or more records have been rejected due to 2 record errors in total, and only showing the first three errors at most: [${errors.join(', ')}]`,
        recordErrors: [
          { batchIndex: 0, message },
          { batchIndex: 2, message },
        ],
      }),
    )
  })

  test('an empty key is one', () => {
    expect(outcome(forgeBatch({ records: [{ key: '' }] }), { mode, settings })).toBe('NONE')
  })

  test('with a bad timestamp too the timestamp decides', () => {
    const records = [{ key: null }, { offsetDelta: 1, timestampDelta: 2 * hourMs }]
    const bytes = forgeBatch({ records, maxTimestamp: now + 2 * hourMs })
    expect(outcome(bytes, { mode, settings })).toBe('INVALID_TIMESTAMP')
  })

  test('the list of errors has an end', () => {
    const records = Array.from({ length: recordErrorsMax + 5 }, (_, offsetDelta) => ({ offsetDelta, key: null }))
    try {
      validate(forgeBatch({ records }), { mode, settings })
      expect.unreachable()
    } catch (error) {
      expect((error as RecordValidationError).recordErrors.length).toBe(recordErrorsMax)
      expect((error as RecordValidationError).message).toContain(`due to ${recordErrorsMax + 5} record errors`)
    }
  })
})

describe('records, opened', () => {
  const two = [{}, { offsetDelta: 1 }]
  test.each<[string, ForgedBatch, ErrorName]>([
    ['fewer than declared', { recordsCount: 2, lastOffsetDelta: 1 }, 'INVALID_RECORD'],
    ['more than declared', { records: two, recordsCount: 1, lastOffsetDelta: 0 }, 'INVALID_RECORD'],
    ['none, one declared', { body: Buffer.alloc(0) }, 'INVALID_RECORD'],
    ['offset deltas 0, 0', { records: [{}, {}] }, 'NONE'],
    ['offset deltas 0, 7', { records: [{}, { offsetDelta: 7 }] }, 'NONE'],
    ['a size too large', { records: [{ size: 50 }] }, 'INVALID_RECORD'],
    ['a size too small', { records: [{ size: 5 }] }, 'INVALID_RECORD'],
    ['a size of -1', { records: [{ size: -1 }] }, 'INVALID_RECORD'],
    ['bytes of 255', { body: Buffer.alloc(30, 255) }, 'UNKNOWN_SERVER_ERROR'],
    ['a byte after the last', { body: Buffer.concat([forgeRecords([{}]), Buffer.from('x')]) }, 'INVALID_RECORD'],
    [
      'a key beyond the record',
      { body: Buffer.concat([Buffer.from([20, 0, 0, 0]), varint(1000), Buffer.alloc(6)]) },
      'INVALID_RECORD',
    ],
    [
      'a key of size -2, which is null',
      { body: Buffer.concat([Buffer.from([12, 0, 0, 0]), varint(-2), varint(-5), varint(0)]) },
      'NONE',
    ],
  ])('%s', (_, fields, expected) => {
    expect(outcome(forgeBatch(fields), { mode: 'full' })).toBe(expected)
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('%s', (name) => {
    const full = { mode: 'full' } as const
    expect(outcome(compressed(name, two), full)).toBe('NONE')
    const bytes = codecs.compress(compressionTypes[name], forgeRecords(two))
    const garbage = compressed(name, two, { body: Buffer.from('garbage garbage') })
    expect(outcome(garbage, full)).toBe('UNKNOWN_SERVER_ERROR')
    expect(outcome(garbage)).toBe('NONE')
    const cut = bytes.subarray(0, bytes.length - 1)
    expect(outcome(compressed(name, two, { body: cut }), full)).toBe('UNKNOWN_SERVER_ERROR')
    const trailing = Buffer.concat([forgeRecords(two), Buffer.from('x')])
    const body = codecs.compress(compressionTypes[name], trailing)
    expect(outcome(compressed(name, two, { body }), full)).toBe('INVALID_RECORD')
    const more = compressed(name, two, { recordsCount: 3, lastOffsetDelta: 2 })
    expect(outcome(more, full)).toBe('INVALID_RECORD')
    const fewer = compressed(name, two, { recordsCount: 1, lastOffsetDelta: 0 })
    expect(outcome(fewer, full)).toBe('INVALID_RECORD')
    expect(outcome(compressed(name, [{}, { offsetDelta: 7 }]), full)).toBe('UNKNOWN_SERVER_ERROR')
    expect(outcome(compressed(name, [{}, {}]), full)).toBe('UNKNOWN_SERVER_ERROR')
    // Kafka skips through compressed records without their sizes and stores this, for consumers to stumble over.
    expect(outcome(compressed(name, [{ size: 40 }]), full)).toBe('INVALID_RECORD')
    expect(outcome(compressed(name, [{}], { maxTimestamp: now + 10 ** 9 }))).toBe('NONE')
    expect(outcome(compressed(name, [{}], { baseTimestamp: now + 10 ** 9 }))).toBe('INVALID_TIMESTAMP')
  })

  test('a bomb is refused before it takes memory', () => {
    const zeros = Buffer.alloc(160 * 1024 * 1024)
    const body = codecs.compress(compressionTypes.gzip, zeros)
    expect(body.length).toBeLessThan(defaults.maxMessageBytes)
    expect(outcome(forgeBatch({ attributes: 1, body }), { mode: 'full' })).toBe('MESSAGE_TOO_LARGE')
  })
})

describe('a topic with a compression of its own', () => {
  const records = [{ value: 'hello'.repeat(50) }, { offsetDelta: 7, timestampDelta: 5 }]

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('%s: records are written anew', (compressionType) => {
    const bytes = forgeBatch({ records, producerId: 9n, producerEpoch: 2, baseSequence: 4, attributes: 0x10 })
    const validated = validate(bytes, { settings: { compressionType } })
    expect([validated.isRebuilt, validated.recordsCount]).toEqual([true, 2])
    const { records: rebuilt } = validated
    expect(batch.compressionType(rebuilt, 0)).toBe(compressionTypes[compressionType])
    expect(batch.isCrcValid(rebuilt, 0)).toBe(true)
    expect([batch.producerId(rebuilt, 0), batch.producerEpoch(rebuilt, 0), batch.baseSequence(rebuilt, 0)]).toEqual([
      9n,
      2,
      4,
    ])
    expect(batch.isTransactional(rebuilt, 0)).toBe(true)
    expect(batch.lastOffsetDelta(rebuilt, 0)).toBe(1)
    const original = decodeRecords(bytes)
    const decoded = decodeRecords(rebuilt, 0, codecs)
    expect(decoded).toEqual(original.map((record, offset) => ({ ...record, offset })))
    const back = validate(rebuilt, { settings: { compressionType: 'uncompressed' } })
    expect(decodeRecords(back.records)).toEqual(decoded)
    const same = validate(rebuilt, { settings: { compressionType } })
    expect([same.isRebuilt, same.records]).toEqual([false, rebuilt])
  })

  test("a producer's LogAppendTime becomes the time of every record", () => {
    const settings = { compressionType: 'gzip' } as const
    const { records: rebuilt } = validate(forgeBatch({ records, attributes: 8, maxTimestamp: now + 9 }), { settings })
    expect(batch.timestampType(rebuilt, 0)).toBe(batch.timestampTypes.CREATE_TIME)
    expect(decodeRecords(rebuilt, 0, codecs).map((record) => Number(record.timestamp))).toEqual([now + 9, now + 9])
  })

  test('what becomes too large is refused', () => {
    const bytes = compressed('gzip', records.slice(0, 1))
    const settings = { compressionType: 'uncompressed', maxMessageBytes: bytes.length + 5 } as const
    expect(outcome(bytes, { settings })).toBe('MESSAGE_TOO_LARGE')
  })

  test('control batches stay as they are', () => {
    const bytes = forgeBatch({ attributes: 0x20 })
    const validated = validate(bytes, { origin: 'coordinator', settings: { compressionType: 'gzip' } })
    expect(validated.records).toBe(bytes)
  })
})
