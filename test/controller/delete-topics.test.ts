import { expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/uuid.ts'
import type { DeleteTopicsResponse } from '../../src/protocol/api/20-delete-topics.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { ControllerHarness } from './controller-harness.ts'

const unknownId = 'QkJCQkJCQkJCQkJCQkJCQg'

function harnessWith(...names: string[]): ControllerHarness {
  const harness = ControllerHarness.withBrokers(1)
  for (const name of names) harness.createTopic(name, [[1]], { 'retention.ms': '5' })
  return harness
}

function remove(harness: ControllerHarness, ...topics: [name: string | null, topicId: string][]) {
  const response = harness.handle<DeleteTopicsResponse>(apiKeys.DeleteTopics, {
    topics: topics.map(([name, topicId]) => ({ name, topicId })),
    timeoutMs: 1000,
  })
  return response.responses.map(({ name, topicId, errorCode, errorMessage }) => [
    name,
    topicId,
    errorName(errorCode),
    errorMessage,
  ])
}

test('a topic goes by name or by id, with its configuration', () => {
  const harness = harnessWith('a', 'b', 'c')
  const idOf = (name: string) => harness.image.topics.getByName(name)!.id
  const [a, b] = [idOf('a'), idOf('b')]
  expect(remove(harness, ['a', zeroUuid], [null, b])).toEqual([
    ['a', a, 'NONE', null],
    ['b', b, 'NONE', null],
  ])
  expect(harness.writtenTypes).toEqual(['RemoveTopicRecord', 'RemoveTopicRecord'])
  expect([...harness.image.topics.names()]).toEqual(['c'])
  expect([...harness.image.configs.values()].map(({ resource }) => resource.name)).toEqual(['', 'c'])
})

test('what cannot be meant is refused as 4.3.1 does', () => {
  const harness = harnessWith('a', 'b')
  const a = harness.image.topics.getByName('a')!.id
  expect(
    remove(
      harness,
      ['none', zeroUuid],
      [null, unknownId],
      [null, zeroUuid],
      [null, zeroUuid],
      ['b', unknownId],
      ['b', zeroUuid],
      ['b', zeroUuid],
    ),
  ).toEqual([
    ['none', zeroUuid, 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.'],
    [null, unknownId, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.'],
    [null, zeroUuid, 'INVALID_REQUEST', 'Neither topic name nor id were specified.'],
    [null, zeroUuid, 'INVALID_REQUEST', 'Neither topic name nor id were specified.'],
    ['b', unknownId, 'INVALID_REQUEST', 'You may not specify both topic name and topic id.'],
    ['b', zeroUuid, 'INVALID_REQUEST', 'Duplicate topic name.'],
  ])
  expect(remove(harness, [null, a], [null, a])).toEqual([[null, a, 'INVALID_REQUEST', 'Duplicate topic id.']])
  expect(remove(harness, [null, a], ['a', zeroUuid])).toEqual([
    ['a', a, 'INVALID_REQUEST', 'The provided topic name maps to an ID that was already supplied.'],
  ])
  expect(harness.image.topics.size).toBe(2)
})

test('without time nothing is deleted, but what is wrong with the request is said', () => {
  const harness = harnessWith('a', 'b')
  const topics = ['a', 'b', 'b', null].map((name) => ({ name, topicId: zeroUuid }))
  const request = { topics, timeoutMs: 0 }
  const { responses } = harness.handle<DeleteTopicsResponse>(apiKeys.DeleteTopics, request)
  expect(responses.map(({ name, errorCode }) => [name, errorName(errorCode)])).toEqual([
    ['a', 'REQUEST_TIMED_OUT'],
    ['b', 'INVALID_REQUEST'],
    [null, 'INVALID_REQUEST'],
  ])
  expect(harness.image.topics.size).toBe(2)
})

test('deletion may be forbidden', () => {
  const harness = ControllerHarness.withBrokers(1, { 'delete.topic.enable': 'false' })
  harness.createTopic('a', [[1]])
  expect(remove(harness, ['a', zeroUuid])).toEqual([
    ['a', zeroUuid, 'TOPIC_DELETION_DISABLED', 'Topic deletion is disabled.'],
  ])
})
