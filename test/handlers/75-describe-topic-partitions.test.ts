import { describe, expect, test } from 'vitest'
import {
  type DescribeTopicPartitionsRequestInput,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../src/protocol/api/75-describe-topic-partitions.ts'
import { errorName } from '../../src/protocol/errors.ts'
import type { BrokerHarness } from '../runtime/broker-harness.ts'
import { createTopics, startControlledBroker } from './controlled-broker.ts'

const api = [describeTopicPartitionsRequest, describeTopicPartitionsResponse] as const

async function withTopics(config: Readonly<Record<string, string>> = {}): Promise<BrokerHarness> {
  const harness = await startControlledBroker({ config })
  await createTopics(harness, { a: 3, b: 1 })
  return harness
}

/** Topics as name, error and partition indexes; then where to go on. */
async function pageOf(harness: BrokerHarness, request: DescribeTopicPartitionsRequestInput) {
  const { topics, nextCursor } = await harness.call(api, 0, request)
  const shown = topics.map(({ name, errorCode, partitions }) => {
    const indexes = partitions.map(({ partitionIndex }) => partitionIndex)
    return errorCode === 0 ? [name, indexes] : [name, errorName(errorCode)]
  })
  return [shown, nextCursor === null ? null : [nextCursor.topicName, nextCursor.partitionIndex]]
}

const named = (...names: string[]) => ({ topics: names.map((name) => ({ name })) })
const from = (topicName: string, partitionIndex: number) => ({ cursor: { topicName, partitionIndex } })

describe('pages, as 4.3.1 cuts them', () => {
  test('topics come in the order of their names, each once; none means all', async () => {
    const harness = await withTopics()
    const whole = [
      [
        ['a', [0, 1, 2]],
        ['b', [0]],
      ],
      null,
    ]
    expect(await pageOf(harness, named('b', 'a', 'b'))).toEqual(whole)
    expect(await pageOf(harness, {})).toEqual(whole)
  })

  test('a full page says where the next begins', async () => {
    const harness = await withTopics()
    const all = named('a', 'b')
    expect(await pageOf(harness, { ...all, responsePartitionLimit: 2 })).toEqual([[['a', [0, 1]]], ['a', 2]])
    expect(await pageOf(harness, { ...all, responsePartitionLimit: 2, ...from('a', 2) })).toEqual([
      [
        ['a', [2]],
        ['b', [0]],
      ],
      null,
    ])
    expect(await pageOf(harness, { ...all, responsePartitionLimit: 3 })).toEqual([[['a', [0, 1, 2]]], ['b', 0]])
    expect(await pageOf(harness, { ...named('a'), responsePartitionLimit: 3 })).toEqual([[['a', [0, 1, 2]]], null])
  })

  test('a limit below one is one, and the broker has its own', async () => {
    const harness = await withTopics()
    for (const responsePartitionLimit of [0, -1]) {
      expect(await pageOf(harness, { ...named('a'), responsePartitionLimit })).toEqual([[['a', [0]]], ['a', 1]])
    }
    const limited = await withTopics({ 'max.request.partition.size.limit': '2' })
    expect(await pageOf(limited, named('a'))).toEqual([[['a', [0, 1]]], ['a', 2]])
  })

  test('a cursor beyond the last partition gives none', async () => {
    expect(await pageOf(await withTopics(), { ...named('a'), ...from('a', 99) })).toEqual([[['a', []]], null])
  })

  test('a cursor that is not in the request, or before the first partition, is refused', async () => {
    const harness = await withTopics()
    const refused = [
      [
        ['b', 'INVALID_REQUEST'],
        ['a', 'INVALID_REQUEST'],
      ],
      null,
    ]
    expect(await pageOf(harness, { ...named('b', 'a'), ...from('a0', 1) })).toEqual(refused)
    expect(await pageOf(harness, { ...named('b', 'a'), ...from('a', -1) })).toEqual(refused)
  })

  test('a topic that does not exist takes no room', async () => {
    expect(await pageOf(await withTopics(), { ...named('a', 'none', 'bad name'), responsePartitionLimit: 4 })).toEqual([
      [
        ['a', [0, 1, 2]],
        ['bad name', 'INVALID_TOPIC_EXCEPTION'],
        ['none', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ],
      null,
    ])
  })
})

test('a partition is told with its eligible leader replicas', async () => {
  const harness = await withTopics()
  const { topics } = await harness.call(api, 0, named('b'))
  expect(topics[0]).toMatchObject({ topicAuthorizedOperations: 3576, isInternal: false })
  expect(topics[0]!.partitions[0]).toEqual({
    errorCode: 0,
    partitionIndex: 0,
    leaderId: 1,
    leaderEpoch: 0,
    replicaNodes: [1],
    isrNodes: [1],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    offlineReplicas: [],
  })
})
