/** CreateTopics (19), DeleteTopics (20) and CreatePartitions (37): what brokers add to what the controller decides. */
import { describe, expect, test } from 'vitest'
import type { Authorize } from '../../src/handlers/handler.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from '../../src/protocol/api/20-delete-topics.ts'
import { createPartitionsRequest, createPartitionsResponse } from '../../src/protocol/api/37-create-partitions.ts'
import { apis } from '../../src/protocol/api/index.ts'
import { errorCodes, errorName, KafkaError } from '../../src/protocol/errors.ts'
import { createTopics, createTopicsApi, startControlledBroker } from './controlled-broker.ts'

const deleteTopicsApi = [deleteTopicsRequest, deleteTopicsResponse] as const
const createPartitionsApi = [createPartitionsRequest, createPartitionsResponse] as const

const onlyB: Authorize = (_context, operation, type, name) =>
  operation === 'Describe' || (type === 'Topic' && name === 'b')

function newTopic(name: string) {
  return { name, numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] }
}

describe('CreateTopics', () => {
  test.each([2, 3, 4, 5, 6, 7])('version %i answers when the partitions are served', async (version) => {
    const harness = await startControlledBroker()
    const { topics } = await harness.call(createTopicsApi, version, { topics: [newTopic('a')], timeoutMs: 1000 })
    expect(topics[0]).toMatchObject({ name: 'a', errorCode: 0, errorMessage: null })
    expect(harness.partition('a').state).toBe('leader')
    if (version >= 5) expect(topics[0]!.configs).toHaveLength(33)
    if (version >= 7) expect(topics[0]!.topicId).toBe(harness.image.topics.getByName('a')!.id)
  })

  test('refuses what the client may not create and passes the rest on', async () => {
    const harness = await startControlledBroker({ authorize: onlyB })
    const request = { topics: [newTopic('a'), newTopic('b')], timeoutMs: 1000 }
    const { topics } = await harness.call(createTopicsApi, 7, request)
    expect(topics.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['b', 'NONE'],
      ['a', 'TOPIC_AUTHORIZATION_FAILED'],
    ])
  })

  test('says for each topic that no controller answered', async () => {
    const harness = await startControlledBroker()
    harness.onControllerRequest = () =>
      Promise.reject(new KafkaError('NOT_CONTROLLER', 'No controller answered in time'))
    const { topics } = await harness.call(createTopicsApi, 7, { topics: [newTopic('a')], timeoutMs: 1000 })
    expect(topics[0]).toMatchObject({ errorCode: 41, errorMessage: 'No controller answered in time' })
  })
})

describe('DeleteTopics', () => {
  test.each([1, 3, 5])('version %i deletes by name', async (version) => {
    const harness = await startControlledBroker()
    await createTopics(harness, { a: 1 })
    const { responses } = await harness.call(deleteTopicsApi, version, { topicNames: ['a', 'none'], timeoutMs: 1000 })
    expect(responses.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['a', 'NONE'],
      ['none', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ])
    expect(harness.image.topics.size).toBe(0)
  })

  test('version 6 deletes by id', async () => {
    const harness = await startControlledBroker()
    await createTopics(harness, { a: 1 })
    const topicId = harness.image.topics.getByName('a')!.id
    const { responses } = await harness.call(deleteTopicsApi, 6, { topics: [{ name: null, topicId }], timeoutMs: 1000 })
    expect(responses[0]).toMatchObject({ name: 'a', topicId, errorCode: 0 })
  })

  test('that is disabled is an invalid request before version 3', async () => {
    const harness = await startControlledBroker({ config: { 'delete.topic.enable': 'false' } })
    await createTopics(harness, { a: 1 })
    const error = async (version: number) => {
      const { responses } = await harness.call(deleteTopicsApi, version, { topicNames: ['a'], timeoutMs: 1000 })
      return errorName(responses[0]!.errorCode)
    }
    expect(await error(2)).toBe('INVALID_REQUEST')
    expect(await error(3)).toBe('TOPIC_DELETION_DISABLED')
  })

  test('refuses what the client may not delete', async () => {
    const harness = await startControlledBroker({ authorize: onlyB })
    await harness.createTopic('a')
    await harness.createTopic('b')
    const { responses } = await harness.call(deleteTopicsApi, 5, { topicNames: ['a', 'b'], timeoutMs: 1000 })
    expect(responses.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
      ['b', 'NONE'],
      ['a', 'TOPIC_AUTHORIZATION_FAILED'],
    ])
  })
})

describe('CreatePartitions', () => {
  test.each([0, 1, 2, 3])('version %i answers when the new partitions are served', async (version) => {
    const harness = await startControlledBroker()
    await createTopics(harness, { a: 1 })
    const assignments = [{ brokerIds: [1] }, { brokerIds: [1] }]
    const topics = [{ name: 'a', count: 3, assignments }]
    const { results } = await harness.call(createPartitionsApi, version, { topics, timeoutMs: 1000 })
    expect(results).toEqual([{ name: 'a', errorCode: 0, errorMessage: null }])
    expect(harness.partition('a', 2).state).toBe('leader')
  })

  test('only validates when asked', async () => {
    const harness = await startControlledBroker()
    await createTopics(harness, { a: 1 })
    const topics = [{ name: 'a', count: 3, assignments: null }]
    const { results } = await harness.call(createPartitionsApi, 3, { topics, timeoutMs: 1000, validateOnly: true })
    expect(results[0]!.errorCode).toBe(0)
    expect(harness.image.topics.partitionCount).toBe(1)
  })
})

test.each([0, -1])('a timeout of %i leaves the controller no time, and nothing is done', async (timeoutMs) => {
  const harness = await startControlledBroker()
  await createTopics(harness, { a: 1 })
  const timedOut = { errorCode: errorCodes.REQUEST_TIMED_OUT, errorMessage: null }
  const created = await harness.call(createTopicsApi, 7, { topics: [newTopic('b')], timeoutMs })
  expect(created.topics[0]).toMatchObject({ name: 'b', ...timedOut, numPartitions: -1 })
  const topics = [{ name: 'a', count: 3, assignments: null }]
  const grown = await harness.call(createPartitionsApi, 3, { topics, timeoutMs })
  expect(grown.results).toEqual([{ name: 'a', ...timedOut }])
  const deleted = await harness.call(deleteTopicsApi, 6, { topics: [{ name: 'a' }], timeoutMs })
  expect(deleted.responses[0]).toMatchObject({ name: 'a', ...timedOut })
  expect([...harness.image.topics.values()].map(({ name, partitions }) => [name, partitions.size])).toEqual([['a', 1]])
})

test('requests reach the controller at its newest version', async () => {
  const harness = await startControlledBroker()
  await createTopics(harness, { a: 1 })
  await harness.call(deleteTopicsApi, 1, { topicNames: ['a'], timeoutMs: 1000 })
  const sent = harness.controllerRequests.at(-1)!
  expect(sent).toMatchObject({ apiKey: 20, request: { topicNames: [], topics: [{ name: 'a' }] } })
  expect(apis.get(20)!.request.maxVersion).toBe(6)
})
