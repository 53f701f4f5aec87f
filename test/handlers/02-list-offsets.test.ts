// The handlers src/handlers/02-list-offsets.ts and src/handlers/23-offset-for-leader-epoch.ts.
import { beforeEach, describe, expect, test } from 'vitest'
import { errorCodes } from '../../src/protocol/errors.ts'
import {
  BrokerHarness,
  batchOf,
  listOffsetsApi,
  offsetForLeaderEpochApi,
  produceApi,
} from '../runtime/broker-harness.ts'

const latest = -1n
const earliest = -2n
const largestTimestamp = -3n

let harness: BrokerHarness
let topicId: string

beforeEach(async () => {
  harness = await BrokerHarness.start()
  topicId = await harness.createTopic('orders')
})

async function produce(timestamp: number, topic = 'orders'): Promise<void> {
  const records = batchOf(['a', 'b'], { timestamp })
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  await harness.call(produceApi, 9, { acks: 1, timeoutMs: 1000, topicData })
}

interface Fields {
  readonly version?: number
  readonly topic?: string
  readonly partitionIndex?: number
  readonly currentLeaderEpoch?: number
  readonly replicaId?: number
  readonly isolationLevel?: number
}

async function list(timestamp: bigint, fields: Fields = {}) {
  const { version = 11, topic = 'orders', partitionIndex = 0, currentLeaderEpoch = -1, replicaId = -1 } = fields
  const partitions = [{ partitionIndex, timestamp, currentLeaderEpoch }]
  const isolationLevel = fields.isolationLevel ?? 0
  const request = { replicaId, isolationLevel, topics: [{ name: topic, partitions }] }
  const answer = await harness.call(listOffsetsApi, version, request)
  return answer.topics[0]!.partitions[0]!
}

describe('ListOffsets', () => {
  const start = 1_700_000_000_000

  test('finds the ends, the largest timestamp and the first record at a time', async () => {
    for (const offset of [1000, 3000, 2000]) await produce(start + offset)
    expect(await list(latest)).toEqual({ partitionIndex: 0, errorCode: 0, timestamp: -1n, offset: 6, leaderEpoch: 0 })
    expect(await list(earliest)).toMatchObject({ errorCode: 0, timestamp: -1n, offset: 0, leaderEpoch: 0 })
    expect(await list(-4n)).toMatchObject({ errorCode: 0, offset: 0, leaderEpoch: 0 })
    expect(await list(largestTimestamp)).toMatchObject({ timestamp: BigInt(start + 3000), offset: 2, leaderEpoch: 0 })
    expect(await list(0n)).toMatchObject({ timestamp: BigInt(start + 1000), offset: 0 })
    expect(await list(BigInt(start + 1001))).toMatchObject({ timestamp: BigInt(start + 3000), offset: 2 })
  })

  test('answers a topic once, however often it is named, and not without partitions', async () => {
    await harness.createTopic('empty')
    const partitions = [{ partitionIndex: 0, timestamp: latest }]
    const topics = [
      { name: 'orders', partitions },
      { name: 'empty', partitions: [] },
      { name: 'orders', partitions },
    ]
    const answer = await harness.call(listOffsetsApi, 11, { replicaId: -1, topics })
    const told = answer.topics.map(({ name, partitions: [one] }) => [name, one!.errorCode])
    expect(told).toEqual([['orders', errorCodes.INVALID_REQUEST]])
  })

  test('refuses all as it was asked for when there is no such isolation level', async () => {
    const partitions = [0, 0].map((partitionIndex) => ({ partitionIndex, timestamp: latest }))
    const topics = [
      { name: 'none', partitions },
      { name: 'orders', partitions: [] },
    ]
    const answer = await harness.call(listOffsetsApi, 11, { replicaId: 1, isolationLevel: 2, topics })
    const told = answer.topics.map(({ name, partitions: answers }) => [name, ...answers.map((one) => one.errorCode)])
    expect(told).toEqual([['none', -1, -1], ['orders']])
  })

  test('takes any epoch but -1 at its word', async () => {
    expect(await list(latest, { currentLeaderEpoch: -2 })).toMatchObject({ errorCode: errorCodes.FENCED_LEADER_EPOCH })
  })

  test('answers what is not there with offset -1 and no error', async () => {
    const unknown = { errorCode: 0, timestamp: -1n, offset: -1, leaderEpoch: -1 }
    for (const timestamp of [largestTimestamp, -5n, -6n, 5n]) expect(await list(timestamp)).toMatchObject(unknown)
    await produce(start)
    for (const timestamp of [BigInt(start + 1), 2n ** 63n - 1n]) expect(await list(timestamp)).toMatchObject(unknown)
  })

  test.each([
    [-3n, 7],
    [-4n, 8],
    [-5n, 9],
    [-6n, 11],
    [-7n, 12],
    [-100n, 12],
  ])('knows the special timestamp %s from version %i on', async (timestamp, since) => {
    for (const version of [1, since - 1, since].filter((one) => one <= 11)) {
      const expected = version < since ? errorCodes.UNSUPPORTED_VERSION : 0
      expect((await list(timestamp, { version })).errorCode).toBe(expected)
    }
  })

  test('shows consumers what is replicated, replicas everything', async () => {
    await harness.createTopic('replicated', { replicas: [1, 2] })
    await produce(start, 'replicated')
    const topic = 'replicated'
    expect(await list(latest, { topic })).toMatchObject({ offset: 0 })
    expect(await list(0n, { topic })).toMatchObject({ errorCode: 0, offset: -1 })
    expect(await list(latest, { topic, replicaId: 2 })).toMatchObject({ offset: 2 })
    expect(await list(0n, { topic, replicaId: 2 })).toMatchObject({ offset: 0 })
    harness.partition(topic).onFollowerFetch(2, -1, 2, 0)
    expect(await list(latest, { topic, isolationLevel: 1 })).toMatchObject({ offset: 2 })
    expect((await list(latest, { topic, isolationLevel: 9 })).errorCode).toBe(errorCodes.UNKNOWN_SERVER_ERROR)
  })

  test('puts consumers off while a new leader does not know the high watermark', async () => {
    const topic = 'replicated'
    const replicated = await harness.createTopic(topic, { replicas: [1, 2] })
    await produce(start, topic)
    harness.changePartition(replicated, 0, { leader: 1 })
    expect((await list(latest, { topic })).errorCode).toBe(errorCodes.OFFSET_NOT_AVAILABLE)
    expect((await list(latest, { topic, version: 4 })).errorCode).toBe(errorCodes.LEADER_NOT_AVAILABLE)
    expect((await list(earliest, { topic })).errorCode).toBe(0)
    harness.partition(topic).onFollowerFetch(2, -1, 2, 0)
    expect(await list(latest, { topic })).toMatchObject({ errorCode: 0, offset: 2, leaderEpoch: 1 })
  })

  test.each([
    ['an unknown topic', { topic: 'nope' }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['an unknown partition', { partitionIndex: 4 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a newer epoch', { currentLeaderEpoch: 9 }, 'UNKNOWN_LEADER_EPOCH'],
    ['an older epoch', { currentLeaderEpoch: 0 }, 'FENCED_LEADER_EPOCH'],
  ] as const)('refuses %s', async (_name, fields, error) => {
    harness.changePartition(topicId, 0, { leader: 1 })
    const refused = { errorCode: errorCodes[error], timestamp: -1n, offset: -1, leaderEpoch: -1 }
    expect(await list(latest, fields)).toMatchObject(refused)
  })

  test('refuses a partition that is asked for twice, once', async () => {
    const partitions = [0, 0].map((partitionIndex) => ({ partitionIndex, timestamp: latest }))
    const { topics } = await harness.call(listOffsetsApi, 11, {
      replicaId: -1,
      topics: [{ name: 'orders', partitions }],
    })
    expect(topics[0]!.partitions.map((one) => one.errorCode)).toEqual([errorCodes.INVALID_REQUEST])
  })
})

describe('OffsetForLeaderEpoch', () => {
  async function ask(leaderEpoch: number, fields: { currentLeaderEpoch?: number; topic?: string } = {}) {
    const { currentLeaderEpoch = -1, topic = 'orders' } = fields
    const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }]
    const { topics } = await harness.call(offsetForLeaderEpochApi, 4, {
      replicaId: -1,
      topics: [{ topic, partitions }],
    })
    return topics[0]!.partitions[0]!
  }

  test('tells where an epoch ended', async () => {
    await produce(1)
    harness.changePartition(topicId, 0, { leader: 1 })
    harness.changePartition(topicId, 0, { leader: 1 })
    await produce(2)
    expect(await ask(0)).toEqual({ errorCode: 0, partition: 0, leaderEpoch: 0, endOffset: 2 })
    expect(await ask(1)).toMatchObject({ leaderEpoch: 0, endOffset: 2 })
    expect(await ask(2, { currentLeaderEpoch: 2 })).toMatchObject({ leaderEpoch: 2, endOffset: 4 })
    for (const epoch of [3, -1])
      expect(await ask(epoch)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1 })
    expect(await ask(-7)).toMatchObject({ errorCode: 0, leaderEpoch: -7, endOffset: 0 })
  })

  test('refuses what is not led here in that epoch', async () => {
    const unknown = { leaderEpoch: -1, endOffset: -1 }
    expect(await ask(0, { topic: 'nope' })).toMatchObject({
      ...unknown,
      errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    })
    expect(await ask(0, { currentLeaderEpoch: 5 })).toMatchObject({
      ...unknown,
      errorCode: errorCodes.UNKNOWN_LEADER_EPOCH,
    })
  })
})
