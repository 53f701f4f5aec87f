import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import { KafkaError } from '../../../src/protocol/errors.ts'
import { BatchBuilder, buildBatch } from '../../../src/protocol/record/batch-builder.ts'
import { BatchCursor } from '../../../src/protocol/record/batch-cursor.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import type { CompressionType } from '../../../src/protocol/record/compression.ts'
import { type DecodedRecord, decodeRecords, openRecords } from '../../../src/protocol/record/record.ts'
import { RecordCursor } from '../../../src/protocol/record/record-cursor.ts'
import {
  sizeOfVarint,
  sizeOfVarlong,
  VarintReader,
  writeVarint,
  writeVarlong,
} from '../../../src/protocol/record/varint.ts'
import { compressedFixtures, consoleRecords, readFixture, uncompressedFixtures } from './fixture-files.ts'
import { forgeBatch, forgeRecord, varint } from './forged-batch.ts'

const codecs = new NodeCodecs()

function shown(records: readonly DecodedRecord[]) {
  return records.map((record) => ({
    key: record.key?.toString() ?? null,
    value: record.value?.toString() ?? null,
    headers: record.headers.map((header) => [header.key, header.value?.toString() ?? null]),
  }))
}

/** Decodes the batch at `position` and builds it anew from nothing but what was decoded and its header's fields. */
function rebuilt(bytes: Buffer, position: number): Buffer {
  const baseOffset = batch.baseOffset(bytes, position)
  return buildBatch({
    baseOffset,
    leaderEpoch: batch.leaderEpoch(bytes, position),
    producerId: batch.producerId(bytes, position),
    producerEpoch: batch.producerEpoch(bytes, position),
    baseSequence: batch.baseSequence(bytes, position),
    isTransactional: batch.isTransactional(bytes, position),
    isControl: batch.isControl(bytes, position),
    lastOffsetDelta: batch.lastOffsetDelta(bytes, position),
    timestamp: batch.maxTimestampExact(bytes, position),
    ...(batch.hasDeleteHorizon(bytes, position) ? { deleteHorizonMs: batch.baseTimestamp(bytes, position) } : {}),
    records: decodeRecords(bytes, position).map((record) => ({ ...record, offsetDelta: record.offset - baseOffset })),
  })
}

describe('batches that Apache Kafka wrote', () => {
  test.each(compressedFixtures)('%s: decode to what was produced', (name) => {
    const bytes = readFixture(`${name}.log`)
    expect(batch.isCrcValid(bytes, 0)).toBe(true)
    expect(shown(decodeRecords(bytes, 0, codecs))).toEqual(consoleRecords)
  })

  test('uncompressed: decode to what was produced, with offsets and times', () => {
    const records = decodeRecords(readFixture('none.log'))
    expect(shown(records)).toEqual(consoleRecords.slice(0, 4))
    expect(records.map((record) => record.offset)).toEqual([0, 1, 2, 3])
    expect(records[0]!.timestamp).toBe(batch.baseTimestampExact(readFixture('none.log'), 0))
  })

  test('with LogAppendTime: all records have the time of the append', () => {
    const records = decodeRecords(readFixture('log-append-time.log'), 0, codecs)
    expect(records.map((record) => record.timestamp)).toEqual(Array(4).fill(1_795_230_584_616n))
  })

  test.each(uncompressedFixtures)('%s: every batch rebuilds byte for byte', (name) => {
    const bytes = readFixture(name)
    const cursor = new BatchCursor(bytes)
    let count = 0
    while (cursor.next()) {
      count++
      const original = bytes.subarray(cursor.position, cursor.nextPosition)
      expect(rebuilt(bytes, cursor.position).toString('hex')).toBe(original.toString('hex'))
    }
    expect(cursor.nextPosition).toBe(bytes.length)
    expect(count).toBeGreaterThan(0)
  })

  test('compacted: an empty batch, and times before a delete horizon', () => {
    const bytes = readFixture('compacted.log')
    expect(decodeRecords(bytes, 0)).toEqual([])
    expect(decodeRecords(bytes, 61).map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
      [3, 1_795_230_586_872n],
      [4, 1_795_230_586_881n],
      [5, 1_795_230_586_881n],
    ])
  })
})

const bytesArbitrary = fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)))
const timestampArbitrary = fc.oneof(fc.integer({ min: 0, max: 2 ** 42 }).map(BigInt), fc.bigInt(0n, 2n ** 63n - 1n))
const recordArbitrary = fc.record({
  key: bytesArbitrary,
  value: bytesArbitrary,
  headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 12 }), value: bytesArbitrary }), {
    maxLength: 4,
  }),
  timestamp: timestampArbitrary,
})

describe('built batches', () => {
  test.each([0, 1, 2, 3, 4] as CompressionType[])('compression %i: decode to what was put in', (compressionType) => {
    fc.assert(
      fc.property(fc.array(recordArbitrary, { minLength: 1, maxLength: 8 }), fc.nat(2 ** 40), (records, baseOffset) => {
        const bytes = buildBatch({ baseOffset, compressionType, codecs, producerId: 2n ** 62n, records })
        expect(batch.batchSizeInBytes(bytes, 0)).toBe(bytes.length)
        expect(batch.isCrcValid(bytes, 0)).toBe(true)
        const largest = records.map((record) => record.timestamp).toSorted((left, right) => Number(right - left))[0]
        expect(batch.maxTimestampExact(bytes, 0)).toBe(largest)
        const expected = records.map((record, index) => ({ ...record, offset: baseOffset + index }))
        expect(decodeRecords(bytes, 0, codecs)).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  test('a record moves to another batch bit for bit', () => {
    const source = forgeBatch({ records: [{ key: 'a' }, { offsetDelta: 1, key: null, value: 'x'.repeat(9000) }] })
    const cursor = new RecordCursor()
    openRecords(cursor, source, 0, codecs)
    const builder = new BatchBuilder({}, 10)
    for (const index of [0, 1]) {
      cursor.next()
      builder.appendFrom(cursor, index * 5, 1000n - BigInt(index))
    }
    const records = decodeRecords(builder.build())
    expect(records.map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
      [0, 1000n],
      [5, 999n],
    ])
    expect(shown(records).map(({ value }) => value)).toEqual(['v', 'x'.repeat(9000)])
  })

  test('offsets must go up', () => {
    const records = [{ offsetDelta: 3 }, { offsetDelta: 3 }]
    expect(() => buildBatch({ records })).toThrow(expect.objectContaining({ error: 'INVALID_RECORD' }))
  })
})

describe('damage', () => {
  test('of any one byte is found, or decodes the same', () => {
    const sound = buildBatch({
      timestamp: 1_700_000_000_000,
      records: [{ key: Buffer.from('k'), value: Buffer.from('value'), headers: [{ key: 'h', value: null }] }, {}],
    })
    const expected = decodeRecords(sound)
    for (let at = 0; at < sound.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Buffer.from(sound)
        bytes[at]! ^= 1 << bit
        // Base offset and leader epoch are the log's to check: the CRC does not cover them.
        if (at < 8 || (at >= 12 && at < 16)) continue
        const outcome = decodeChecked(bytes)
        if (outcome !== undefined) expect(outcome).toEqual(expected)
      }
    }
  })

  test('that a right CRC hides is found, or decodes to something, but never runs out of bounds', () => {
    const sound = readFixture('none.log')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sound.length - 62), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const bytes = Buffer.concat([sound, Buffer.alloc(50, 1)])
          for (const [at, value] of changes) bytes[61 + at] = value
          try {
            for (const record of decodeRecords(bytes)) {
              for (const part of [record.key, record.value, ...record.headers.map((header) => header.value)]) {
                if (part === null) continue
                expect(part.byteOffset + part.length - bytes.byteOffset).toBeLessThanOrEqual(sound.length)
              }
            }
          } catch (error) {
            expect(error).toBeInstanceOf(KafkaError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['a size of -1', { body: varint(-1) }],
    ['a size beyond the batch', { records: [{ size: 50 }] }],
    ['a size too small', { records: [{ size: 5 }] }],
    ['a byte too many in the record', { records: [{ extra: Buffer.from('x') }] }],
    ['a byte too many in the batch', { body: Buffer.concat([forgeRecord(), Buffer.from('x')]) }],
    ['fewer records than declared', { recordsCount: 2 }],
    ['more records than declared', { records: [{}, { offsetDelta: 1 }], recordsCount: 1 }],
    ['a key beyond the record', { body: Buffer.concat([Buffer.from([20, 0, 0, 0]), varint(1000), Buffer.alloc(6)]) }],
    ['-1 headers', { body: Buffer.concat([Buffer.from([12, 0, 0, 0]), varint(-1), varint(-1), varint(-1)]) }],
    [
      '100 headers in no bytes',
      { body: Buffer.concat([Buffer.from([14, 0, 0, 0]), varint(-1), varint(-1), varint(100)]) },
    ],
    ['a header without a key', { body: Buffer.from([16, 0, 0, 0, 1, 1, 2, 1, 1]) }],
  ])('%s is refused', (_, fields) => {
    expect(() => decodeRecords(forgeBatch(fields))).toThrow(expect.objectContaining({ error: 'INVALID_RECORD' }))
  })
})

function decodeChecked(bytes: Buffer): DecodedRecord[] | undefined {
  try {
    const cursor = new BatchCursor(bytes)
    if (!cursor.next() || !batch.isCrcValid(bytes, 0) || cursor.nextPosition !== bytes.length) return undefined
    return decodeRecords(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(KafkaError)
    return undefined
  }
}

describe('varints of 32 bits', () => {
  test('come back, and take as many bytes as announced', () => {
    const bytes = Buffer.alloc(5)
    const reader = new VarintReader()
    const edges = [6, 7, 13, 14, 20, 21, 27, 28, 31].flatMap((bits) => [-1, 0, 1].map((more) => 2 ** bits / 2 + more))
    for (const value of [...edges, ...edges.map((edge) => -edge)].filter((edge) => edge === (edge | 0))) {
      const size = writeVarint(bytes, value, 0)
      expect([value, size]).toEqual([value, sizeOfVarint(value)])
      reader.reset(bytes, 0, size)
      expect([reader.varint(), reader.position, reader.isMalformed]).toEqual([value, size, false])
    }
  })
})

describe('varints of 64 bits', () => {
  test('come back exact, and as the nearest double', () => {
    const bytes = Buffer.alloc(10)
    const reader = new VarintReader()
    fc.assert(
      fc.property(fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.integer().map(BigInt)), (value) => {
        const size = writeVarlong(bytes, value, 0)
        expect(size).toBe(sizeOfVarlong(value))
        reader.reset(bytes, 0, size)
        expect(reader.varlongExact()).toBe(value)
        reader.reset(bytes, 0, size)
        const number = reader.varlong()
        if (Number.isSafeInteger(Number(value))) expect(number).toBe(Number(value))
        else expect(Math.abs(number / Number(value) - 1)).toBeLessThan(1e-15)
        if (Number.isSafeInteger(Number(value))) {
          const again = Buffer.alloc(10)
          expect(writeVarlong(again, Number(value), 0)).toBe(size)
          expect(again.equals(Buffer.concat([bytes.subarray(0, size), Buffer.alloc(10 - size)]))).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('that do not end are malformed', () => {
    const reader = new VarintReader()
    reader.reset(Buffer.alloc(12, 0x80), 0, 12)
    reader.varlong()
    expect(reader.isMalformed).toBe(true)
    reader.reset(Buffer.alloc(12, 0x80), 0, 12)
    reader.varint()
    expect(reader.isMalformed).toBe(true)
    reader.reset(Buffer.from([0x80, 0x01]), 0, 1)
    reader.varint()
    expect(reader.isMalformed).toBe(true)
  })
})
