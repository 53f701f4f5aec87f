// The handler src/handlers/01-fetch.ts.
import { beforeEach, describe, expect, test } from 'vitest'
import type { FetchRequestInput, FetchResponse, PartitionData } from '../../src/protocol/api/01-fetch.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BatchCursor } from '../../src/protocol/record/batch-cursor.ts'
import { baseOffset } from '../../src/protocol/record/batch-header.ts'
import { BrokerHarness, batchOf, fetchApi, produceApi, type TestConnection } from '../runtime/broker-harness.ts'

let harness: BrokerHarness
let topicId: string

beforeEach(async () => {
  harness = await BrokerHarness.start()
  topicId = await harness.createTopic('orders', { partitions: 2 })
})

async function produce(values: readonly string[], index = 0, topic = 'orders', acks = 1): Promise<void> {
  const topicData = [{ name: topic, partitionData: [{ index, records: batchOf(values) }] }]
  const { responses } = await harness.call(produceApi, 9, { acks, timeoutMs: 1000, topicData })
  expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
}

interface Asked {
  readonly partition?: number
  readonly fetchOffset?: number
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

function order(asked: readonly Asked[], fields: FetchRequestInput = {}): FetchRequestInput {
  const partitions = asked.map((one) => ({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, ...one }))
  const topics = asked.length === 0 ? [] : [{ topicId, partitions }]
  return { maxWaitMs: 500, minBytes: 1, topics, ...fields }
}

function fetch(asked: readonly Asked[], fields?: FetchRequestInput, version = 17): Promise<FetchResponse> {
  return harness.call(fetchApi, version, order(asked, fields))
}

function wait(asked: readonly Asked[], fields?: FetchRequestInput, connection?: TestConnection) {
  const state = { isAnswered: false, answer: harness.send(fetchApi, 17, order(asked, fields), connection) }
  void state.answer.then(() => {
    state.isAnswered = true
  })
  return state
}

function partitionsOf(response: FetchResponse): PartitionData[] {
  return response.responses.flatMap((topic) => topic.partitions)
}

function onlyPartition(response: FetchResponse): PartitionData {
  const partitions = partitionsOf(response)
  expect(partitions).toHaveLength(1)
  return partitions[0]!
}

/** Base offsets of the batches in `records`. */
function offsetsIn(records: Buffer | null): number[] {
  const offsets: number[] = []
  const cursor = new BatchCursor(records ?? Buffer.alloc(0))
  while (cursor.next()) offsets.push(baseOffset(cursor.bytes, cursor.position))
  expect(cursor.nextPosition).toBe(records?.length ?? 0)
  return offsets
}

describe('records', () => {
  beforeEach(async () => {
    for (const values of [['a', 'b'], ['c'], ['d']]) await produce(values)
  })

  test('come in whole batches, from the one that holds the offset', async () => {
    const partition = onlyPartition(await fetch([{ fetchOffset: 1 }]))
    expect(offsetsIn(partition.records)).toEqual([0, 2, 3])
    expect(partition).toMatchObject({
      errorCode: 0,
      highWatermark: 4,
      lastStableOffset: 4,
      logStartOffset: 0,
      abortedTransactions: null,
      preferredReadReplica: -1,
    })
  })

  test('are the bytes that the log has', async () => {
    const partition = onlyPartition(await fetch([{ fetchOffset: 2 }]))
    const expected = Buffer.concat([batchOf(['c']), batchOf(['d'])])
    const stripped = Buffer.from(partition.records!)
    const size = batchOf(['c']).length
    for (const at of [0, size]) expected.copy(stripped, at, at, at + 16)
    expect(stripped).toEqual(expected)
  })

  test('stay within the limits but for a first batch', async () => {
    const size = batchOf(['c']).length
    expect(offsetsIn(onlyPartition(await fetch([{ fetchOffset: 2, partitionMaxBytes: size }])).records)).toEqual([2])
    expect(offsetsIn(onlyPartition(await fetch([{ fetchOffset: 2, partitionMaxBytes: 0 }])).records)).toEqual([2])
    expect(offsetsIn(onlyPartition(await fetch([{ fetchOffset: 2 }], { maxBytes: 1 })).records)).toEqual([2])
    expect(onlyPartition(await fetch([{ partitionMaxBytes: -1 }])).errorCode).toBe(errorCodes.UNKNOWN_SERVER_ERROR)
  })

  test('of a second partition must fit into what is left', async () => {
    await produce(['x'], 1)
    const both = [{ partition: 0 }, { partition: 1 }]
    const cut = partitionsOf(await fetch(both, { maxBytes: 10 }))
    expect(cut.map((one) => offsetsIn(one.records))).toEqual([[0], []])
    expect(cut[1]!.highWatermark).toBe(1)
    const maxBytes = batchOf(['c']).length + 10
    const short = partitionsOf(await fetch([{ partition: 0, fetchOffset: 2 }, { partition: 1 }], { maxBytes }))
    expect(short.map((one) => offsetsIn(one.records))).toEqual([[2], []])
    const whole = partitionsOf(await fetch(both))
    expect(whole.map((one) => offsetsIn(one.records))).toEqual([[0, 2, 3], [0]])
  })

  test('of a partition that is named twice come once, as the last asks, in the place of the first', async () => {
    await produce(['x'], 1)
    const twice = [{ fetchOffset: 3 }, { partition: 1 }, { fetchOffset: 2 }]
    const { responses } = await fetch(twice)
    expect(responses).toHaveLength(1)
    const told = responses[0]!.partitions.map(({ partitionIndex, records }) => [partitionIndex, offsetsIn(records)])
    expect(told).toEqual([
      [0, [2, 3]],
      [1, [0]],
    ])
    const topics = twice.flatMap((asked) => order([asked]).topics!)
    expect(partitionsOf(await fetch([], { topics })).map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1])
  })

  test('read_committed tells of aborted transactions, even none', async () => {
    const partition = onlyPartition(await fetch([{}], { isolationLevel: 1 }))
    expect(partition.abortedTransactions).toEqual([])
    expect(offsetsIn(partition.records)).toEqual([0, 2, 3])
  })

  test('come by topic name before version 13', async () => {
    const topics = [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 3, partitionMaxBytes: 1000 }] }]
    for (const version of [4, 11, 12]) {
      const { responses } = await harness.call(fetchApi, version, { maxWaitMs: 0, minBytes: 1, topics })
      expect(responses[0]!.topic).toBe('orders')
      expect(offsetsIn(responses[0]!.partitions[0]!.records)).toEqual([3])
    }
  })
})

test('what lies in files only is sent from there', async () => {
  harness = await BrokerHarness.start({ tailBytesMax: 0 })
  topicId = await harness.createTopic('orders', { partitions: 2 })
  for (let count = 0; count < 40; count++) await produce(['a'.repeat(900)], count % 2)
  const partitions = partitionsOf(await fetch([{ partition: 0, fetchOffset: 3 }, { partition: 1 }]))
  expect(partitions.map((one) => offsetsIn(one.records).length)).toEqual([17, 20])
  expect(harness.fetchBudget.takenBytes).toBe(0)
})

describe('an error is answered at once', () => {
  test.each([
    ['an offset beyond the end', { fetchOffset: 9 }, 'OFFSET_OUT_OF_RANGE'],
    ['a negative offset', { fetchOffset: -1 }, 'OFFSET_OUT_OF_RANGE'],
    ['an older leader epoch', { currentLeaderEpoch: 0 }, 'FENCED_LEADER_EPOCH'],
    ['a newer leader epoch', { currentLeaderEpoch: 5 }, 'UNKNOWN_LEADER_EPOCH'],
    ['an unknown partition', { partition: 7 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ] as const)('%s', async (_name, asked, error) => {
    harness.changePartition(topicId, 0, { leader: 1 })
    const partition = onlyPartition(await fetch([asked], { minBytes: 1000 }))
    expect(partition.errorCode).toBe(errorCodes[error])
    expect(partition).toMatchObject({ highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 })
    expect(partition.records).toEqual(Buffer.alloc(0))
  })

  test('an unknown topic, by id and by name', async () => {
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }]
    const byId = await fetch([], { topics: [{ topicId: 'vPeOCWypqUOSepEvx0cbog', partitions }] })
    expect(onlyPartition(byId).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_ID)
    const byName = await fetch([], { topics: [{ topic: 'nope', partitions }] }, 12)
    expect(onlyPartition(byName).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('an isolation level that there is not, for the whole request', async () => {
    const byId = await fetch([{}], { isolationLevel: 7 })
    expect(byId).toMatchObject({ errorCode: errorCodes.UNKNOWN_SERVER_ERROR, responses: [] })
    // The first versions have no other place than the partitions.
    const partitions = [{ partition: 1, fetchOffset: 0, partitionMaxBytes: 1 }]
    const byName = await fetch([], { isolationLevel: 7, topics: [{ topic: 'orders', partitions }] }, 5)
    expect(onlyPartition(byName)).toMatchObject({ partitionIndex: 1, errorCode: errorCodes.UNKNOWN_SERVER_ERROR })
  })

  test('an isolation level that there is not is nothing to mind where there is nothing to read', async () => {
    const { errorCode, responses } = await fetch([{ partition: 9 }], { isolationLevel: 7 })
    expect([errorCode, responses[0]!.partitions[0]!.errorCode]).toEqual([0, errorCodes.UNKNOWN_TOPIC_OR_PARTITION])
    const unknownSession = await fetch([{}], { isolationLevel: 7, sessionId: 77, sessionEpoch: 3 })
    expect(unknownSession).toMatchObject({ errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0 })
    const refused = await fetch([{}], { isolationLevel: 7, sessionId: 77, sessionEpoch: -1 })
    expect(refused).toMatchObject({ errorCode: errorCodes.UNKNOWN_SERVER_ERROR, sessionId: 77 })
  })

  test('the leader is named from version 16 on', async () => {
    harness.changePartition(topicId, 0, { leader: 2 })
    for (const version of [15, 16]) {
      const response = await fetch([{ currentLeaderEpoch: 0 }], {}, version)
      expect(onlyPartition(response).errorCode).toBe(errorCodes.FENCED_LEADER_EPOCH)
      const { currentLeader } = onlyPartition(response)
      expect(currentLeader.leaderId).toBe(version === 16 ? 2 : -1)
      expect(response.nodeEndpoints.map((one) => one.port)).toEqual(version === 16 ? [9092] : [])
    }
  })

  test('a negative limit, where there is something to limit', async () => {
    for (const [asked, fields] of [
      [{ partitionMaxBytes: -1 }, {}],
      [{}, { maxBytes: -1 }],
    ] as const) {
      expect(onlyPartition(await fetch([asked], { ...fields, maxWaitMs: 0 })).errorCode).toBe(0)
    }
    await produce(['a'])
    const answer = await fetch([{ partitionMaxBytes: -1 }])
    expect(onlyPartition(answer).errorCode).toBe(errorCodes.UNKNOWN_SERVER_ERROR)
  })

  test('a replica that is none', async () => {
    const replicaState = { replicaId: 5, replicaEpoch: -1 }
    expect(onlyPartition(await fetch([{}], { replicaState })).errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER)
    const withEpoch = await fetch([{ currentLeaderEpoch: 0 }], { replicaState })
    expect(onlyPartition(withEpoch).errorCode).toBe(errorCodes.UNKNOWN_LEADER_EPOCH)
    // Followers are told who leads, not where that is.
    const refused = await fetch([{}], { replicaState })
    expect([onlyPartition(refused).currentLeader.leaderId, refused.nodeEndpoints]).toEqual([1, []])
  })

  test('a topic that the principal may not read', async () => {
    harness = await BrokerHarness.start({ authorize: (_context, _operation, _type, name) => name !== 'orders' })
    topicId = await harness.createTopic('orders')
    expect(onlyPartition(await fetch([{}])).errorCode).toBe(errorCodes.TOPIC_AUTHORIZATION_FAILED)
  })
})

describe('divergence', () => {
  beforeEach(async () => {
    await produce(['a', 'b'])
    harness.changePartition(topicId, 0, { leader: 1 })
    harness.changePartition(topicId, 0, { leader: 1 })
    await produce(['c'])
  })

  test('is found from the epoch that was fetched last', async () => {
    const partition = onlyPartition(await fetch([{ fetchOffset: 3, lastFetchedEpoch: 1 }], { minBytes: 1000 }))
    expect(partition.divergingEpoch).toEqual({ epoch: 0, endOffset: 2 })
    const beyond = onlyPartition(await fetch([{ fetchOffset: 3, lastFetchedEpoch: 0 }]))
    expect(beyond.divergingEpoch).toEqual({ epoch: 0, endOffset: 2 })
    expect(partition).toMatchObject({ errorCode: 0, highWatermark: 3 })
    expect(partition.records).toEqual(Buffer.alloc(0))
  })

  test('is none where the epochs agree', async () => {
    for (const asked of [
      { fetchOffset: 2, lastFetchedEpoch: 0 },
      { fetchOffset: 2, lastFetchedEpoch: 2 },
    ]) {
      const partition = onlyPartition(await fetch([asked]))
      expect(partition.divergingEpoch).toEqual({ epoch: -1, endOffset: -1 })
      expect(offsetsIn(partition.records)).toEqual([2])
    }
  })

  test('an epoch that is not there yet is out of range', async () => {
    const partition = onlyPartition(await fetch([{ fetchOffset: 2, lastFetchedEpoch: 9 }]))
    expect(partition.errorCode).toBe(errorCodes.OFFSET_OUT_OF_RANGE)
  })
})

describe('waiting', () => {
  test('ends when enough is there, and not before', async () => {
    const size = batchOf(['a']).length
    const fetched = wait([{ partition: 0 }, { partition: 1 }], { minBytes: 2 * size })
    await produce(['a'])
    await harness.settle()
    expect(fetched.isAnswered).toBe(false)
    await produce(['b'], 1)
    await harness.settle()
    expect(fetched.isAnswered).toBe(true)
    expect(partitionsOf(await fetched.answer).map((one) => offsetsIn(one.records))).toEqual([[0], [0]])
  })

  test('counts what was there before', async () => {
    const size = batchOf(['a']).length
    await produce(['a'])
    const fetched = wait([{}], { minBytes: 2 * size })
    await harness.settle()
    expect(fetched.isAnswered).toBe(false)
    await produce(['b'])
    expect(offsetsIn(onlyPartition(await harness.drive(fetched.answer)).records)).toEqual([0, 1])
  })

  test('ends when time is up, with what there is', async () => {
    await produce(['a'])
    const fetched = wait([{}], { minBytes: 1000, maxWaitMs: 500 })
    await harness.clock.advanceAsync(499)
    expect(fetched.isAnswered).toBe(false)
    await harness.clock.advanceAsync(1)
    expect(offsetsIn(onlyPartition(await harness.drive(fetched.answer)).records)).toEqual([0])
    expect(harness.partition('orders').fetchWaits.size).toBe(0)
  })

  test('is none without time, without partitions or with nothing asked for', async () => {
    expect(onlyPartition(await fetch([{}], { maxWaitMs: 0, minBytes: 1000 })).highWatermark).toBe(0)
    expect(onlyPartition(await fetch([{}], { minBytes: 0 })).highWatermark).toBe(0)
    expect((await fetch([], { minBytes: 1000 })).responses).toEqual([])
  })

  test('wakes only for partitions that it reads', async () => {
    const fetched = wait([{ partition: 0 }])
    await produce(['x'], 1)
    await harness.settle()
    expect(fetched.isAnswered).toBe(false)
    expect(harness.partition('orders', 1).fetchWaits.size).toBe(0)
  })

  test('of read_committed ends only with what is stable', async () => {
    await harness.createTopic('replicated', { replicas: [1, 2] })
    topicId = harness.partition('replicated').topicId
    const fetched = wait([{}], { isolationLevel: 1 })
    await produce(['a'], 0, 'replicated')
    await harness.settle()
    expect(fetched.isAnswered).toBe(false)
    harness.partition('replicated').onFollowerFetch(2, -1, 1, 0)
    expect(offsetsIn(onlyPartition(await harness.drive(fetched.answer)).records)).toEqual([0])
  })

  test('ends when the leader changes, when the topic is deleted and when the disk fails', async () => {
    const changed = wait([{ currentLeaderEpoch: 0 }])
    harness.changePartition(topicId, 0, { leader: 2 })
    expect(onlyPartition(await harness.drive(changed.answer)).errorCode).toBe(errorCodes.FENCED_LEADER_EPOCH)
    const failed = wait([{ partition: 1 }])
    harness.partition('orders', 1).goOffline()
    expect(onlyPartition(await harness.drive(failed.answer)).errorCode).toBe(errorCodes.KAFKA_STORAGE_ERROR)
    topicId = await harness.createTopic('deleted')
    const deleted = wait([{}])
    await harness.deleteTopic(topicId)
    expect(onlyPartition(await harness.drive(deleted.answer)).errorCode).toBe(errorCodes.UNKNOWN_TOPIC_ID)
  })

  test('leaves nothing behind when the connection closes', async () => {
    const connection = harness.connect()
    for (let count = 0; count < 3; count++) {
      const fetched = wait([{}], { maxWaitMs: 100 }, connection)
      await harness.clock.advanceAsync(100)
      await harness.drive(fetched.answer)
    }
    expect(connection.closeCallbacksCount).toBe(1)
    const fetched = wait([{}, { partition: 1 }], {}, connection)
    await harness.settle()
    expect(harness.partition('orders').fetchWaits.size).toBe(1)
    connection.close()
    expect(harness.partition('orders').fetchWaits.size).toBe(0)
    expect(harness.partition('orders', 1).fetchWaits.size).toBe(0)
    await harness.drive(fetched.answer)
    expect(harness.clock.nextTimerMs()).toBeUndefined()
  })
})

describe('a follower', () => {
  const replicaState = { replicaId: 2, replicaEpoch: 200 }

  beforeEach(async () => {
    topicId = await harness.createTopic('replicated', { replicas: [1, 2] })
    await produce(['a'], 0, 'replicated')
  })

  test('reads up to the end of the log; consumers wait until it has fetched', async () => {
    expect(onlyPartition(await fetch([{}], { maxWaitMs: 0 })).records).toHaveLength(0)
    const consumer = wait([{}])
    const read = onlyPartition(await fetch([{}], { replicaState }))
    expect(read).toMatchObject({ highWatermark: 0 })
    expect(offsetsIn(read.records)).toEqual([0])
    await harness.settle()
    expect(consumer.isAnswered).toBe(false)
    const acked = wait([{ fetchOffset: 1 }], { replicaState, sessionEpoch: -1 })
    expect(offsetsIn(onlyPartition(await harness.drive(consumer.answer)).records)).toEqual([0])
    await harness.clock.advanceAsync(500)
    expect(onlyPartition(await harness.drive(acked.answer)).highWatermark).toBe(1)
  })

  test('is told of a high watermark that moved before there are records', async () => {
    const topics = [
      { topicId, partitions: [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1000, highWatermark: 0 }] },
    ]
    const answer = await harness.call(fetchApi, 18, { maxWaitMs: 500, minBytes: 1, topics, replicaState })
    expect(onlyPartition(answer).highWatermark).toBe(1)
  })
})

describe('the budget of answers', () => {
  test('is given back, and who finds nothing left waits', async () => {
    harness = await BrokerHarness.start({ fetchBudgetBytes: 3000 })
    topicId = await harness.createTopic('orders')
    for (let count = 0; count < 4; count++) await produce(['a'.repeat(2000)])
    const partition = onlyPartition(await fetch([{}]))
    expect(offsetsIn(partition.records)).toEqual([0])
    harness.fetchBudget.take(3000)
    const fetched = wait([{}])
    await harness.settle()
    expect(fetched.isAnswered).toBe(false)
    harness.fetchBudget.give(3000)
    expect(offsetsIn(onlyPartition(await harness.drive(fetched.answer)).records)).toEqual([0])
    expect(harness.fetchBudget.takenBytes).toBe(0)
  })

  test('does not hold up followers', async () => {
    harness = await BrokerHarness.start({ fetchBudgetBytes: 3000 })
    topicId = await harness.createTopic('orders', { replicas: [1, 2] })
    for (let count = 0; count < 2; count++) await produce(['a'.repeat(2000)])
    harness.fetchBudget.take(3000)
    const replicaState = { replicaId: 2, replicaEpoch: 200 }
    expect(offsetsIn(onlyPartition(await fetch([{}], { replicaState })).records)).toEqual([0, 1])
    expect(harness.fetchBudget.takenBytes).toBe(3000)
  })

  test('counts nothing for a read that is thrown away', async () => {
    await produce(['a'.repeat(2000)])
    const fetched = wait([{}], { minBytes: 10_000 })
    await harness.settle()
    expect(harness.fetchBudget.takenBytes).toBe(0)
    await harness.clock.advanceAsync(500)
    expect(offsetsIn(onlyPartition(await harness.drive(fetched.answer)).records)).toEqual([0])
  })
})
