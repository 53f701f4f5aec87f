import { describe, expect, test } from 'vitest'
import { BatchCursor } from '../../../src/protocol/record/batch-cursor.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import {
  buildControlBatch,
  buildTransactionMarker,
  type ControlRecordType,
  controlRecordTypes,
  decodeControlKey,
  decodeCoordinatorEpoch,
  encodeControlKey,
} from '../../../src/protocol/record/control-record.ts'
import { decodeRecords } from '../../../src/protocol/record/record.ts'
import { readFixture } from './fixture-files.ts'

/** Positions of the control batches of a fixture. */
function controlPositions(bytes: Buffer): number[] {
  const positions: number[] = []
  for (const cursor = new BatchCursor(bytes); cursor.next(); ) {
    if (batch.isControl(bytes, cursor.position)) positions.push(cursor.position)
  }
  return positions
}

describe('control records', () => {
  test("transaction markers are Kafka's byte for byte", () => {
    const bytes = readFixture('transactions.log')
    const positions = controlPositions(bytes)
    expect(positions.length).toBeGreaterThan(2)
    for (const position of positions) {
      const [record] = decodeRecords(bytes, position)
      expect(decodeControlKey(record!.key)).toBe(controlRecordTypes.COMMIT)
      const marker = buildTransactionMarker(
        {
          producerId: batch.producerId(bytes, position),
          producerEpoch: batch.producerEpoch(bytes, position),
          isCommit: true,
          coordinatorEpoch: decodeCoordinatorEpoch(record!.value),
          timestamp: Number(record!.timestamp),
        },
        batch.baseOffset(bytes, position),
        batch.leaderEpoch(bytes, position),
      )
      const original = bytes.subarray(position, position + batch.batchSizeInBytes(bytes, position))
      expect(marker.toString('hex')).toBe(original.toString('hex'))
    }
  })

  test.each([
    ['metadata.log', [controlRecordTypes.LEADER_CHANGE]],
    ['metadata.checkpoint', [controlRecordTypes.SNAPSHOT_HEADER, controlRecordTypes.SNAPSHOT_FOOTER]],
  ])("%s: the raft log's control batches are Kafka's byte for byte", (name, expectedTypes) => {
    const bytes = readFixture(name)
    const types: number[] = []
    for (const position of controlPositions(bytes)) {
      const records = decodeRecords(bytes, position).map((record) => ({
        type: decodeControlKey(record.key) as ControlRecordType,
        value: record.value!,
      }))
      types.push(...records.map((record) => record.type))
      const built = buildControlBatch(
        batch.baseOffset(bytes, position),
        batch.leaderEpoch(bytes, position),
        batch.baseTimestamp(bytes, position),
        records,
      )
      const original = bytes.subarray(position, position + batch.batchSizeInBytes(bytes, position))
      expect(built.toString('hex')).toBe(original.toString('hex'))
    }
    expect(types).toEqual(expectedTypes)
  })

  test('an abort says so', () => {
    const marker = { producerId: 7n, producerEpoch: 3, isCommit: false, coordinatorEpoch: 9, timestamp: 1000 }
    const [record] = decodeRecords(buildTransactionMarker(marker))
    expect(decodeControlKey(record!.key)).toBe(controlRecordTypes.ABORT)
    expect(decodeCoordinatorEpoch(record!.value)).toBe(9)
  })

  test('keys and values too short are refused, later versions read', () => {
    expect(() => decodeControlKey(null)).toThrow(expect.objectContaining({ error: 'INVALID_RECORD' }))
    expect(() => decodeControlKey(Buffer.alloc(3))).toThrow(expect.objectContaining({ error: 'INVALID_RECORD' }))
    expect(() => decodeCoordinatorEpoch(Buffer.alloc(5))).toThrow(expect.objectContaining({ error: 'INVALID_RECORD' }))
    const key = Buffer.concat([encodeControlKey(6), Buffer.alloc(3)])
    key.writeInt16BE(4, 0)
    expect(decodeControlKey(key)).toBe(controlRecordTypes.KRAFT_VOTERS)
  })
})
