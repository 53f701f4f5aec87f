import { beforeEach, expect, test } from 'vitest'
import { describeProducersRequest, describeProducersResponse } from '../../src/protocol/api/61-describe-producers.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf } from '../runtime/broker-harness.ts'

const describeProducersApi = [describeProducersRequest, describeProducersResponse] as const

let harness: BrokerHarness

beforeEach(async () => {
  harness = await BrokerHarness.start()
  await harness.createTopic('orders', { partitions: 2 })
})

function append(fields: Parameters<typeof batchOf>[1], transaction?: { isTransactionVerified: true }): void {
  const options = { requiredAcks: 1, origin: 'client', ...(transaction === undefined ? {} : { transaction }) } as const
  harness.partition('orders').append(batchOf(['a', 'b'], fields), options)
}

async function describeTopic(name: string, ...partitionIndexes: number[]) {
  const answer = await harness.call(describeProducersApi, 0, { topics: [{ name, partitionIndexes }] })
  expect(answer.topics.map((topic) => topic.name)).toEqual([name])
  return answer.topics[0]!.partitions
}

async function errorsOf(name: string, ...partitionIndexes: number[]) {
  const partitions = await describeTopic(name, ...partitionIndexes)
  return partitions.map(({ errorCode, errorMessage }) => [errorName(errorCode), errorMessage])
}

test('idempotent and transactional producers of a partition', async () => {
  const timestamp = 1_700_000_000_000
  append({ producerId: 2n ** 62n + 1n, producerEpoch: 3, baseSequence: 0, timestamp })
  append({ producerId: 2n ** 62n + 1n, producerEpoch: 3, baseSequence: 2, timestamp: timestamp + 5 })
  const ofTransaction = { producerId: 7n, producerEpoch: 0, baseSequence: 0, timestamp, isTransactional: true }
  append(ofTransaction, { isTransactionVerified: true })
  await harness.settle()
  const partitions = await describeTopic('orders', 0, 1)
  expect(partitions[1]).toEqual({ partitionIndex: 1, errorCode: 0, errorMessage: null, activeProducers: [] })
  expect(partitions[0]!.activeProducers).toEqual([
    {
      producerId: 2n ** 62n + 1n,
      producerEpoch: 3,
      lastSequence: 3,
      lastTimestamp: timestamp + 5,
      coordinatorEpoch: -1,
      currentTxnStartOffset: -1,
    },
    {
      producerId: 7n,
      producerEpoch: 0,
      lastSequence: 1,
      lastTimestamp: timestamp,
      coordinatorEpoch: -1,
      currentTxnStartOffset: 4,
    },
  ])
})

test('a follower answers for its own log', async () => {
  await harness.createTopic('followed', { replicas: [1, 2], leader: 2 })
  expect(await errorsOf('followed', 0)).toEqual([['NONE', null]])
})

test('what is not here, and names that cannot be', async () => {
  await harness.createTopic('away', { replicas: [2], leader: 2 })
  expect(await errorsOf('orders', 2, -1)).toEqual(new Array(2).fill(['UNKNOWN_TOPIC_OR_PARTITION', null]))
  expect(await errorsOf('away', 0)).toEqual([['NOT_LEADER_OR_FOLLOWER', null]])
  const unknown = ['UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.']
  expect(await errorsOf('nowhere', 0, 1)).toEqual([unknown, unknown])
  expect(await errorsOf('', 0)).toEqual([
    ['INVALID_TOPIC_EXCEPTION', 'Topic name is invalid: the empty string is not allowed'],
  ])
  harness.logs.handleDirectoryFailure('/data', new Error('broken'))
  expect(await errorsOf('orders', 0)).toEqual([['KAFKA_STORAGE_ERROR', null]])
})

test('is asked of each topic, before it is told whether it exists', async () => {
  const asked: string[] = []
  harness = await BrokerHarness.start({
    authorize: (_context, operation, resourceType, name) => {
      asked.push(`${operation} ${resourceType} ${name}`)
      return false
    },
  })
  expect(await errorsOf('nowhere', 0)).toEqual([['TOPIC_AUTHORIZATION_FAILED', 'Topic authorization failed.']])
  expect(await errorsOf('..', 0)).toEqual([['INVALID_TOPIC_EXCEPTION', "Topic name is invalid: '..' is not allowed"]])
  expect(asked).toEqual(['Read Topic nowhere'])
})
