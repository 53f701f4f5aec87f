import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchCursor, forEachBatch } from '../../../src/protocol/record/batch-cursor.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import { readFixture } from './fixture-files.ts'
import { forgeBatch } from './forged-batch.ts'

describe('the header of a batch', () => {
  test('reads as kafka-dump-log shows it', () => {
    // baseOffset: 3 lastOffset: 5 count: 3 baseSequence: 0 lastSequence: 2 producerId: 14 producerEpoch: 0
    // partitionLeaderEpoch: 0 deleteHorizonMs: OptionalLong[1795316991053] position: 61 CreateTime: 1795230586881
    // size: 101 magic: 2 crc: 3083532832 isvalid: true
    const bytes = readFixture('compacted.log')
    const position = 61
    expect(batch.baseOffset(bytes, position)).toBe(3)
    expect(batch.lastOffset(bytes, position)).toBe(5)
    expect(batch.nextOffset(bytes, position)).toBe(6)
    expect(batch.recordsCount(bytes, position)).toBe(3)
    expect(batch.baseSequence(bytes, position)).toBe(0)
    expect(batch.lastSequence(bytes, position)).toBe(2)
    expect(batch.producerId(bytes, position)).toBe(14n)
    expect(batch.hasProducerId(bytes, position)).toBe(true)
    expect(batch.producerEpoch(bytes, position)).toBe(0)
    expect(batch.leaderEpoch(bytes, position)).toBe(0)
    expect(batch.hasDeleteHorizon(bytes, position)).toBe(true)
    expect(batch.baseTimestamp(bytes, position)).toBe(1_795_316_991_053)
    expect(batch.maxTimestamp(bytes, position)).toBe(1_795_230_586_881)
    expect(batch.batchSizeInBytes(bytes, position)).toBe(101)
    expect(batch.magic(bytes, position)).toBe(2)
    expect(batch.storedCrc(bytes, position)).toBe(3_083_532_832)
    expect(batch.isCrcValid(bytes, position)).toBe(true)
    expect(batch.isControl(bytes, position)).toBe(false)
    expect(batch.isTransactional(bytes, position)).toBe(false)
    expect(batch.timestampType(bytes, position)).toBe(batch.timestampTypes.CREATE_TIME)
  })

  test('shows codec and timestamp type', () => {
    expect(batch.compressionType(readFixture('gzip.log'), 0)).toBe(1)
    expect(batch.compressionType(readFixture('snappy.log'), 0)).toBe(2)
    expect(batch.compressionType(readFixture('lz4.log'), 0)).toBe(3)
    expect(batch.compressionType(readFixture('zstd.log'), 0)).toBe(4)
    expect(batch.timestampType(readFixture('log-append-time.log'), 0)).toBe(batch.timestampTypes.LOG_APPEND_TIME)
  })

  test('base offset and leader epoch are stamped without touching the CRC', () => {
    const bytes = readFixture('gzip.log')
    batch.setBaseOffset(bytes, 0, 2 ** 52 + 7)
    batch.setLeaderEpoch(bytes, 0, 2 ** 31 - 1)
    expect(batch.baseOffset(bytes, 0)).toBe(2 ** 52 + 7)
    expect(bytes.readBigInt64BE(0)).toBe(2n ** 52n + 7n)
    expect(batch.leaderEpoch(bytes, 0)).toBe(2 ** 31 - 1)
    expect(batch.isCrcValid(bytes, 0)).toBe(true)
    expect(() => batch.setBaseOffset(bytes, 0, -1)).toThrow(/not negative/)
    expect(() => batch.setBaseOffset(bytes, 0, 2 ** 53)).toThrow(/safe/)
  })

  test('stamping the append time gives what Kafka wrote for it', () => {
    const kafkas = readFixture('log-append-time.log')
    const bytes = Buffer.from(kafkas)
    batch.setMaxTimestamp(bytes, 0, batch.timestampTypes.CREATE_TIME, 5)
    expect(batch.timestampType(bytes, 0)).toBe(batch.timestampTypes.CREATE_TIME)
    expect(batch.isCrcValid(bytes, 0)).toBe(true)
    batch.setMaxTimestamp(bytes, 0, batch.timestampTypes.LOG_APPEND_TIME, batch.maxTimestamp(kafkas, 0))
    expect(bytes.equals(kafkas)).toBe(true)
  })

  test('an unchanged timestamp leaves even a wrong CRC alone', () => {
    const bytes = forgeBatch({ crc: 1, maxTimestamp: 9 })
    batch.setMaxTimestamp(bytes, 0, batch.timestampTypes.CREATE_TIME, 9n)
    expect(batch.storedCrc(bytes, 0)).toBe(1)
  })

  test('64-bit integers are exact where a number can be', () => {
    const bytes = Buffer.alloc(8)
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        batch.writeLong(bytes, value, 0)
        expect(bytes.readBigInt64BE(0)).toBe(BigInt(value))
        expect(batch.readLong(bytes, 0)).toBe(value)
      }),
    )
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        bytes.writeBigInt64BE(value)
        expect(batch.readLong(bytes, 0)).toBe(Number(value))
      }),
    )
  })

  test('producer ids below zero are none', () => {
    expect(batch.hasProducerId(forgeBatch({ producerId: -2n }), 0)).toBe(false)
    expect(batch.hasProducerId(forgeBatch({ producerId: 2n ** 63n - 1n }), 0)).toBe(true)
    expect(batch.hasProducerId(forgeBatch({ producerId: 0n }), 0)).toBe(true)
  })

  test('after the largest sequence comes 0', () => {
    expect(batch.incrementSequence(2 ** 31 - 1, 1)).toBe(0)
    expect(batch.incrementSequence(2 ** 31 - 3, 5)).toBe(2)
    expect(batch.incrementSequence(0, 2 ** 31 - 1)).toBe(2 ** 31 - 1)
    expect(batch.lastSequence(forgeBatch({ baseSequence: -1, lastOffsetDelta: 4 }), 0)).toBe(-1)
    expect(batch.lastSequence(forgeBatch({ baseSequence: 2 ** 31 - 1, lastOffsetDelta: 4 }), 0)).toBe(3)
  })
})

describe('the batch cursor', () => {
  const three = Buffer.concat([forgeBatch(), forgeBatch({ records: [{}, { offsetDelta: 1 }] }), forgeBatch()])
  const firstSize = forgeBatch().length

  test('visits batches in order, and says where whole ones end', () => {
    const positions: number[] = []
    const end = forEachBatch(three, (_, position) => positions.push(position))
    expect(positions).toEqual([0, firstSize, three.length - firstSize])
    expect(end).toBe(three.length)
  })

  test('stops at a batch that is cut off, wherever', () => {
    for (let cut = three.length - firstSize; cut < three.length; cut++) {
      expect(forEachBatch(three.subarray(0, cut), () => {})).toBe(three.length - firstSize)
    }
  })

  test('keeps to its range', () => {
    const cursor = new BatchCursor(three, firstSize, three.length - 1)
    expect(cursor.next()).toBe(true)
    expect([cursor.position, cursor.size]).toEqual([firstSize, three.length - 2 * firstSize])
    expect(cursor.next()).toBe(false)
    expect(cursor.nextPosition).toBe(three.length - firstSize)
  })

  test.each([
    ['a negative length', { length: -1 }],
    ['a length without room for a header', { length: 48 }],
    ['the largest length of an older format', { magic: 1 }],
    ['a magic to come', { magic: 3 }],
  ])('refuses %s', (_, fields) => {
    expect(() => new BatchCursor(forgeBatch(fields)).next()).toThrow(
      expect.objectContaining({ error: 'CORRUPT_MESSAGE' }),
    )
  })
})
