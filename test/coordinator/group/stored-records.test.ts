/**
 * Logs of `__consumer_offsets` as Apache Kafka 4.3.1 wrote them: what we write for the same is the same bytes, and what
 * is in them is what Kafka answered.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/logger.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { GroupCoordinator } from '../../../src/coordinator/group/group-coordinator.ts'
import {
  decodeGroupRecord,
  encodeClassicGroupRecord,
  encodeOffsetRecord,
  type GroupRecord,
} from '../../../src/coordinator/group/group-record.ts'
import { defaultGroupSettings } from '../../../src/coordinator/group/group-settings.ts'
import { buildBatch } from '../../../src/protocol/record/batch-builder.ts'
import { BatchCursor } from '../../../src/protocol/record/batch-cursor.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import { controlRecordTypes, decodeControlKey } from '../../../src/protocol/record/control-record.ts'
import { type DecodedRecord, decodeRecords } from '../../../src/protocol/record/record.ts'

interface StoredBatch {
  readonly bytes: Buffer
  readonly records: DecodedRecord[]
}

function readLog(name: string): StoredBatch[] {
  const bytes = readFileSync(new URL(`./fixtures/${name}.log`, import.meta.url))
  const batches: StoredBatch[] = []
  const cursor = new BatchCursor(bytes)
  while (cursor.next()) {
    const one = bytes.subarray(cursor.position, cursor.nextPosition)
    batches.push({ bytes: one, records: decodeRecords(one) })
  }
  return batches
}

function replayed(name: string, batchCount = Number.POSITIVE_INFINITY): GroupCoordinator {
  const machine = new GroupCoordinator({
    settings: () => defaultGroupSettings,
    logger: silentLogger,
    random: new SeededRandom(1),
  })
  for (const { bytes, records } of readLog(name).slice(0, batchCount)) {
    const producerId = batch.isTransactional(bytes, 0) ? batch.producerId(bytes, 0) : -1n
    for (const { offset, key, value } of records) {
      if (!batch.isControl(bytes, 0)) machine.replay(offset, producerId, key, value)
      else machine.replayEndTransaction(offset, producerId, decodeControlKey(key) === controlRecordTypes.COMMIT)
    }
  }
  return machine
}

function reencoded(record: GroupRecord) {
  if (record.kind === 'offset') return encodeOffsetRecord(record)
  if (record.kind === 'classic') return encodeClassicGroupRecord(record)
  throw new Error(`${record.type} groups are not written`)
}

function offsetsOf(machine: GroupCoordinator, groupId: string, requireStable = false): string[] {
  const { topics } = machine.fetchOffsets({ groupId, topics: null }, requireStable)
  return topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset, errorCode }) =>
      errorCode === 0 ? `${name}-${partitionIndex} ${committedOffset}` : `${name}-${partitionIndex} error ${errorCode}`,
    ),
  )
}

describe("Apache Kafka's records", () => {
  test.each(['offsets', 'static-member'])('of %s are written as Kafka writes them, batches and all', (name) => {
    const batches = readLog(name)
    expect(batches.length).toBeGreaterThan(5)
    for (const { bytes, records } of batches) {
      const ours = records.map(({ key, value }) => reencoded(decodeGroupRecord(key!, value)!))
      const timestamp = records[0]!.timestamp
      const built = buildBatch({ records: ours, timestamp, baseSequence: 0 })
      batch.setBaseOffset(built, 0, batch.baseOffset(bytes, 0))
      batch.setLeaderEpoch(built, 0, batch.leaderEpoch(bytes, 0))
      expect(built.toString('hex')).toBe(bytes.toString('hex'))
    }
  })

  test('of simple groups come and go', () => {
    expect(offsetsOf(replayed('offsets', 3), 'simple')).toEqual(['t1-0 5', 't1-1 7', 't1-2 8'])
    expect(offsetsOf(replayed('offsets', 4), 'simple')).toEqual(['t1-0 5', 't1-2 8'])
    expect(offsetsOf(replayed('offsets', 5), 'simple')).toEqual([])
    expect([...replayed('offsets', 5).state.offsets.groupIds()]).toEqual([])
    expect(replayed('offsets').listGroups({ states: [], types: [] })).toEqual([])
  })

  test('of a static member give its last incarnation', () => {
    const machine = replayed('static-member', 5)
    const { groupState, protocolData, members } = machine.describeGroup('s', 6)
    expect([groupState, protocolData]).toEqual(['Stable', 'range'])
    expect(members).toHaveLength(1)
    expect(members[0]).toMatchObject({
      memberId: 'i1-73e19f0c-3fbd-4fed-ab9b-7efff0b01c07',
      groupInstanceId: 'i1',
      clientId: 'cl',
      clientHost: '/127.0.0.1',
      memberAssignment: Buffer.from('aa', 'hex'),
    })
    expect(offsetsOf(machine, 's')).toEqual(['t1-0 3'])
    expect(replayed('static-member', 6).describeGroup('s', 6).groupState).toBe('Empty')
    expect(replayed('static-member').describeGroup('s', 6).groupState).toBe('Dead')
  })

  test('of transactions count when they are committed, and not over a later commit', () => {
    expect(offsetsOf(replayed('transactions', 2), 'tg')).toEqual([])
    expect(offsetsOf(replayed('transactions', 3), 'tg')).toEqual(['t1-0 11'])
    expect(offsetsOf(replayed('transactions', 4), 'tg')).toEqual(['t1-0 11'])
    const machine = replayed('transactions')
    expect(offsetsOf(machine, 'tg')).toEqual(['t1-0 11', 't1-2 31'])
    const topics = [{ name: 't1', topicId: 'AAAAAAAAAAAAAAAAAAAAAA', partitionIndexes: [0, 1, 2] }]
    const { partitions } = machine.fetchOffsets({ groupId: 'tg', topics }, true).topics[0]!
    // UNSTABLE_OFFSET_COMMIT: partition 1 is in a transaction that was left open.
    expect(partitions.map(({ errorCode }) => errorCode)).toEqual([0, 88, 0])
    expect([...machine.state.offsets.pendingPartitions('tg')]).toEqual([{ groupId: 'tg', topic: 't1', partition: 1 }])
    expect(machine.state.offsets.hasOpenTransaction('tg')).toBe(true)
  })

  test('of transactions can be undone', () => {
    const machine = replayed('transactions')
    const undone = (endOffset: number) => {
      machine.undoTo(endOffset)
      return [...offsetsOf(machine, 'tg'), machine.state.offsets.hasOpenTransaction('tg')]
    }
    expect(undone(7)).toEqual(['t1-0 11', 't1-2 31', false])
    expect(undone(5)).toEqual(['t1-0 11', true])
    expect(undone(3)).toEqual(['t1-0 11', true])
    expect(undone(2)).toEqual([true])
    expect(undone(0)).toEqual([false])
    expect(machine.listGroups({ states: [], types: [] })).toEqual([])
  })

  test('of a consumer group keep its name, and its offsets can be fetched', () => {
    const machine = replayed('consumer-group')
    expect(machine.listGroups({ states: [], types: [] })).toMatchObject([{ groupId: 'cg', groupType: 'consumer' }])
    expect(offsetsOf(machine, 'cg')).toEqual(['t1-2 9'])
    expect(machine.endOffset).toBe(10)
  })

  test('that are damaged or newer do not keep the others from being read', () => {
    const machine = replayed('offsets', 1)
    machine.replay(1, -1n, Buffer.from('0001', 'hex'), Buffer.alloc(0))
    machine.replay(2, -1n, Buffer.from('00', 'hex'), null)
    machine.replay(3, -1n, null, null)
    machine.replay(4, -1n, Buffer.from('7fff0000', 'hex'), Buffer.from('0000', 'hex'))
    const { key } = readLog('offsets')[0]!.records[0]!
    machine.replay(5, -1n, key, Buffer.from('0009', 'hex'))
    expect(offsetsOf(machine, 'simple')).toEqual(['t1-0 5'])
    expect(machine.endOffset).toBe(6)
  })
})
