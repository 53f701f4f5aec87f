import { beforeEach, describe, expect, test } from 'vitest'
import { type Uuid, zeroUuid } from '../../src/base/uuid.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { BrokerHarness } from '../runtime/broker-harness.ts'
import {
  deleteGroupsApi,
  listGroupsApi,
  offsetCommitApi,
  offsetFetchApi,
  offsetsTopic,
  stableMember,
} from './group-requests.ts'

let harness: BrokerHarness
let orders: Uuid
const unknownId = 'BBBBBBBBBBBBBBBBBBBBBA'

async function start(options?: Parameters<typeof BrokerHarness.start>[0]): Promise<void> {
  harness = await BrokerHarness.start({ config: { 'group.initial.rebalance.delay.ms': '0' }, ...options })
  await harness.createTopic(offsetsTopic, { partitions: 3, configs: { 'cleanup.policy': 'compact' } })
  orders = await harness.createTopic('orders', { partitions: 2 })
}

beforeEach(() => start())

const partitionsOf = (...offsets: readonly (number | bigint)[]) =>
  offsets.map((offset, partitionIndex) => ({ partitionIndex, committedOffset: BigInt(offset), committedMetadata: 'm' }))

async function commit(
  version: number,
  topics: { name?: string; topicId?: Uuid; partitions: ReturnType<typeof partitionsOf> }[],
  groupId = 'g',
) {
  const response = await harness.call(offsetCommitApi, version, { groupId, memberId: '', topics })
  return response.topics.map(({ name, topicId, partitions }) => [
    version < 10 ? name : topicId,
    ...partitions.map(({ errorCode }) => errorName(errorCode)),
  ])
}

describe('committing', () => {
  test.each([2, 3, 4, 5, 6, 7, 8, 9])('by name, version %i', async (version) => {
    const topics = [
      { name: 'orders', partitions: partitionsOf(5, 6, 7) },
      { name: 'unheard', partitions: partitionsOf(1) },
    ]
    expect(await commit(version, topics)).toEqual([
      ['orders', 'NONE', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['unheard', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ])
  })

  test('nothing of a topic, which is not answered', async () => {
    expect(await commit(9, [{ name: 'orders', partitions: [] }])).toEqual([])
    expect(await commit(9, [{ name: 'unheard', partitions: [] }])).toEqual([['unheard']])
  })

  test('and the topic of offsets is deleted together with one that they are of', async () => {
    await commit(9, [{ name: 'orders', partitions: partitionsOf(5) }])
    const offsets = harness.image.topics.getByName(offsetsTopic)!.id
    await harness.deleteTopic(orders, offsets)
    const { groups } = await harness.call(offsetFetchApi, 8, { groups: [{ groupId: 'g', topics: null }] })
    expect(errorName(groups[0]!.errorCode)).toBe('NOT_COORDINATOR')
    await harness.createTopic(offsetsTopic, { partitions: 3 })
    await harness.createTopic('orders', { partitions: 1 })
    expect(await commit(9, [{ name: 'orders', partitions: partitionsOf(1) }])).toEqual([['orders', 'NONE']])
  })

  test('by id from version 10', async () => {
    const topics = [
      { topicId: unknownId, partitions: partitionsOf(1) },
      { topicId: orders, partitions: partitionsOf(5, 6, 7) },
    ]
    expect(await commit(10, topics)).toEqual([
      [unknownId, 'UNKNOWN_TOPIC_ID'],
      [orders, 'NONE', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ])
    // The id is stored with the offset whoever named the topic.
    const fetched = await harness.call(offsetFetchApi, 10, { groups: [{ groupId: 'g', topics: null }] })
    expect(fetched.groups[0]!.topics).toMatchObject([
      { topicId: orders, partitions: [{ committedOffset: 5n, metadata: 'm' }, { committedOffset: 6n }] },
    ])
  })

  test('for nothing, and for a group without a name', async () => {
    expect(await commit(9, [])).toEqual([])
    expect(await commit(9, [{ name: 'orders', partitions: partitionsOf(5) }], '')).toEqual([['orders', 'NONE']])
    const { groups } = await harness.call(listGroupsApi, 0, {})
    expect(groups).toMatchObject([{ groupId: '', protocolType: '' }])
    const deleted = await harness.call(deleteGroupsApi, 2, { groupsNames: ['', 'x', ''] })
    expect(deleted.results).toEqual([
      { groupId: '', errorCode: 0 },
      { groupId: 'x', errorCode: 69 },
    ])
  })

  test('in a generation that does not exist', async () => {
    const topics = [{ name: 'orders', partitions: partitionsOf(5, 6, 7) }]
    for (const [version, errorCode] of [
      [8, 22],
      [9, 69],
    ] as const) {
      const request = { groupId: 'g', generationIdOrMemberEpoch: 3, memberId: 'm', topics }
      const response = await harness.call(offsetCommitApi, version, request)
      expect(response.topics[0]!.partitions.map((partition) => partition.errorCode)).toEqual([errorCode, errorCode, 3])
    }
  })

  test('where it may not', async () => {
    await start({ authorize: (_context, _operation, type, name) => !(type === 'Topic' && name === 'orders') })
    const named = [{ name: 'orders', partitions: partitionsOf(5) }]
    expect(await commit(9, named)).toEqual([['orders', 'TOPIC_AUTHORIZATION_FAILED']])
    expect(await commit(10, [{ topicId: orders, partitions: partitionsOf(5) }])).toEqual([
      [orders, 'TOPIC_AUTHORIZATION_FAILED'],
    ])
    const asked = [
      { name: 'orders', partitionIndexes: [0] },
      { name: 'other', partitionIndexes: [0] },
    ]
    const fetched = await harness.call(offsetFetchApi, 9, { groups: [{ groupId: 'g', topics: asked }] })
    expect(fetched.groups[0]!.topics.map(({ partitions }) => errorName(partitions[0]!.errorCode))).toEqual([
      'TOPIC_AUTHORIZATION_FAILED',
      'NONE',
    ])
    await start({ authorize: (_context, _operation, type) => type !== 'Group' })
    expect(await commit(9, named)).toEqual([['orders', 'GROUP_AUTHORIZATION_FAILED']])
    const groups = [{ groupId: 'g', topics: null }]
    expect((await harness.call(offsetFetchApi, 9, { groups })).groups[0]).toMatchObject({ errorCode: 30, topics: [] })
    const one = { groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [0] }] }
    expect(await harness.call(offsetFetchApi, 7, one)).toMatchObject({ errorCode: 30, topics: [] })
    expect((await harness.call(offsetFetchApi, 1, one)).topics[0]!.partitions[0]).toMatchObject({ errorCode: 30 })
    expect((await harness.call(deleteGroupsApi, 2, { groupsNames: ['g'] })).results[0]).toMatchObject({ errorCode: 30 })
  })
})

describe('fetching', () => {
  beforeEach(async () => {
    await commit(9, [{ name: 'orders', partitions: partitionsOf(2n ** 63n - 1n) }])
  })

  test.each([1, 2, 3, 4, 5, 6, 7])('one group, version %i', async (version) => {
    const topics = [
      { name: 'orders', partitionIndexes: [0, 1] },
      { name: 'unheard', partitionIndexes: [0] },
    ]
    const response = await harness.call(offsetFetchApi, version, { groupId: 'g', topics })
    expect(response.errorCode).toBe(0)
    expect(response.topics).toMatchObject([
      { name: 'orders', partitions: [{ committedOffset: 2n ** 63n - 1n, metadata: 'm' }, { committedOffset: -1n }] },
      { name: 'unheard', partitions: [{ committedOffset: -1n, metadata: '', errorCode: 0 }] },
    ])
  })

  test.each([8, 9])('many groups, version %i', async (version) => {
    const topics = [{ name: 'orders', partitionIndexes: [0] }]
    const groups = [
      { groupId: 'g', topics: null },
      { groupId: 'x', topics: null },
      { groupId: 'g', topics },
    ]
    const response = await harness.call(offsetFetchApi, version, { groups, requireStable: true })
    expect(response.groups.map(({ groupId, topics }) => [groupId, topics.length])).toEqual([
      ['g', 1],
      ['x', 0],
      ['g', 1],
    ])
  })

  test('and the topic of offsets is deleted together with one that they are of', async () => {
    await commit(9, [{ name: 'orders', partitions: partitionsOf(5) }])
    const offsets = harness.image.topics.getByName(offsetsTopic)!.id
    await harness.deleteTopic(orders, offsets)
    const { groups } = await harness.call(offsetFetchApi, 8, { groups: [{ groupId: 'g', topics: null }] })
    expect(errorName(groups[0]!.errorCode)).toBe('NOT_COORDINATOR')
    await harness.createTopic(offsetsTopic, { partitions: 3 })
    await harness.createTopic('orders', { partitions: 1 })
    expect(await commit(9, [{ name: 'orders', partitions: partitionsOf(1) }])).toEqual([['orders', 'NONE']])
  })

  test('by id from version 10', async () => {
    const topics = [
      { topicId: unknownId, partitionIndexes: [0] },
      { topicId: orders, partitionIndexes: [0] },
    ]
    const response = await harness.call(offsetFetchApi, 10, { groups: [{ groupId: 'g', topics }] })
    expect(response.groups[0]!.topics).toMatchObject([
      { topicId: unknownId, partitions: [{ errorCode: 100, committedOffset: -1n }] },
      { topicId: orders, partitions: [{ errorCode: 0, committedOffset: 2n ** 63n - 1n }] },
    ])
  })

  test('all of them leaves out by id what cannot be named any more', async () => {
    await harness.deleteTopic(orders)
    await harness.createTopic('orders')
    const groups = [{ groupId: 'g', topics: null }]
    expect((await harness.call(offsetFetchApi, 10, { groups })).groups[0]!.topics).toEqual([])
    // The topic took its offsets with it.
    expect((await harness.call(offsetFetchApi, 9, { groups })).groups[0]!.topics).toEqual([])
  })

  test('from who does not coordinate the group', async () => {
    harness = await BrokerHarness.start()
    const groups = [{ groupId: 'g', topics: null }]
    expect((await harness.call(offsetFetchApi, 9, { groups })).groups[0]).toMatchObject({ errorCode: 16 })
    const one = { groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [0] }] }
    expect((await harness.call(offsetFetchApi, 1, one)).topics[0]!.partitions[0]).toMatchObject({ errorCode: 16 })
    expect(await commit(9, [])).toEqual([])
  })
})

test('a group lives on in the log', async () => {
  const memberId = await stableMember(harness, 'g')
  const topics = [{ name: 'orders', topicId: zeroUuid, partitions: partitionsOf(42) }]
  const member = { groupId: 'g', generationIdOrMemberEpoch: 1, memberId }
  const response = await harness.call(offsetCommitApi, 9, { ...member, topics })
  expect(response.topics[0]!.partitions[0]!.errorCode).toBe(0)
  const topicId = harness.image.topics.getByName(offsetsTopic)!.id
  for (const leader of [2, 1]) for (const index of [0, 1, 2]) harness.changePartition(topicId, index, { leader })
  await harness.settle()
  const fetched = await harness.call(offsetFetchApi, 9, { groups: [{ groupId: 'g', topics: null }] })
  expect(fetched.groups[0]!.topics[0]!.partitions[0]!.committedOffset).toBe(42n)
  const { groups } = await harness.call(listGroupsApi, 5, {})
  expect(groups).toMatchObject([{ groupId: 'g', groupState: 'Stable' }])
})
