import { beforeEach, expect, test } from 'vitest'
import { offsetDeleteRequest, offsetDeleteResponse } from '../../src/protocol/api/47-offset-delete.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { BrokerHarness, type HarnessOptions } from '../runtime/broker-harness.ts'
import { joinNow, joinOf, offsetCommitApi, offsetFetchApi, offsetsTopic, stableMember } from './group-requests.ts'

const offsetDeleteApi = [offsetDeleteRequest, offsetDeleteResponse] as const

let harness: BrokerHarness

async function start(options?: HarnessOptions): Promise<void> {
  harness = await BrokerHarness.start({ config: { 'group.initial.rebalance.delay.ms': '0' }, ...options })
  await harness.createTopic(offsetsTopic, { partitions: 3, configs: { 'cleanup.policy': 'compact' } })
  for (const name of ['orders', 'bills']) await harness.createTopic(name, { partitions: 3 })
  const partitions = [0, 1, 2].map((partitionIndex) => ({ partitionIndex, committedOffset: 5n, committedMetadata: '' }))
  const topics = ['orders', 'bills'].map((name) => ({ name, partitions }))
  await harness.call(offsetCommitApi, 8, { groupId: 'g', memberId: '', topics })
}

beforeEach(() => start())

type Asked = readonly (readonly [string, readonly number[]])[]

async function deleteOffsets(groupId: string, asked: Asked) {
  const topics = asked.map(([name, indexes]) => ({
    name,
    partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
  }))
  const answer = await harness.call(offsetDeleteApi, 0, { groupId, topics })
  return {
    error: errorName(answer.errorCode),
    topics: answer.topics.map(({ name, partitions }) => [
      name,
      ...partitions.map(({ partitionIndex, errorCode }) => `${partitionIndex} ${errorName(errorCode)}`),
    ]),
  }
}

/** Partitions of the topic that have an offset. */
async function committed(topic: string, groupId = 'g') {
  const { groups } = await harness.call(offsetFetchApi, 8, { groups: [{ groupId, topics: null }] })
  const found = groups[0]!.topics.find(({ name }) => name === topic)
  return (found?.partitions ?? []).map(({ partitionIndex }) => partitionIndex).sort()
}

test('forgets what is named and nothing else; what has no offset is no error', async () => {
  const done = { error: 'NONE', topics: [['orders', '0 NONE', '2 NONE']] }
  expect(await deleteOffsets('g', [['orders', [0, 2]]])).toEqual(done)
  expect(await committed('orders')).toEqual([1])
  expect(await committed('bills')).toEqual([0, 1, 2])
  expect(await deleteOffsets('g', [['orders', [0, 2]]])).toEqual(done)
  expect(await deleteOffsets('g', [])).toEqual({ error: 'NONE', topics: [] })
})

test('refuses what is not there, first, and deletes the rest', async () => {
  const asked: Asked = [
    ['orders', [0, 9, -1]],
    ['nowhere', [0]],
    ['bills', [1]],
  ]
  expect(await deleteOffsets('g', asked)).toEqual({
    error: 'NONE',
    topics: [
      ['orders', '9 UNKNOWN_TOPIC_OR_PARTITION', '-1 UNKNOWN_TOPIC_OR_PARTITION', '0 NONE'],
      ['nowhere', '0 UNKNOWN_TOPIC_OR_PARTITION'],
      ['bills', '1 NONE'],
    ],
  })
  expect(await committed('orders')).toEqual([1, 2])
  expect(await committed('bills')).toEqual([0, 2])
})

test('an error of the group stands alone, whatever is refused beside it', async () => {
  for (const asked of [[], [['orders', [0]]], [['nowhere', [0]]]] as const) {
    expect(await deleteOffsets('nobody', asked)).toEqual({ error: 'GROUP_ID_NOT_FOUND', topics: [] })
    expect(await deleteOffsets('', asked)).toEqual({ error: 'INVALID_GROUP_ID', topics: [] })
  }
})

test('keeps what members consume', async () => {
  await stableMember(harness, 'g')
  expect(
    await deleteOffsets('g', [
      ['orders', [0]],
      ['bills', [0]],
    ]),
  ).toEqual({
    error: 'NONE',
    topics: [
      ['orders', '0 GROUP_SUBSCRIBED_TO_TOPIC'],
      ['bills', '0 NONE'],
    ],
  })
  expect(await committed('orders')).toEqual([0, 1, 2])
  expect(await committed('bills')).toEqual([1, 2])
})

test('keeps what any group has while its members are not consumers', async () => {
  const join = { ...joinOf('g'), protocolType: 'connect' }
  const { memberId } = await joinNow(harness, 9, join)
  await joinNow(harness, 9, { ...join, memberId })
  expect(await deleteOffsets('g', [['orders', [0]]])).toEqual({ error: 'NON_EMPTY_GROUP', topics: [] })
  expect(await committed('orders')).toEqual([0, 1, 2])
})

test('is asked of the group and of each topic', async () => {
  const asked: string[] = []
  await start({
    authorize: (_context, operation, resourceType, name) => {
      asked.push(`${operation} ${resourceType} ${name}`)
      return name !== 'secret' && !(operation === 'Delete' && name === 'theirs')
    },
  })
  asked.length = 0
  expect(
    await deleteOffsets('g', [
      ['secret', [0]],
      ['orders', [0]],
    ]),
  ).toEqual({
    error: 'NONE',
    topics: [
      ['secret', '0 TOPIC_AUTHORIZATION_FAILED'],
      ['orders', '0 NONE'],
    ],
  })
  expect(asked).toEqual(['Delete Group g', 'Read Topic secret', 'Read Topic orders'])
  expect(await deleteOffsets('theirs', [['orders', [0]]])).toEqual({ error: 'GROUP_AUTHORIZATION_FAILED', topics: [] })
})
