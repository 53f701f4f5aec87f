import { describe, expect, test } from 'vitest'
import type { AlterConfigsResponse } from '../../src/protocol/api/33-alter-configs.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { ControllerHarness } from './controller-harness.ts'

const [set, remove, append, subtract] = [0, 1, 2, 3]
const [topic, broker, clientMetrics, group] = [2, 4, 16, 32]

function harnessWithTopic(): ControllerHarness {
  const harness = ControllerHarness.withBrokers(1)
  harness.createTopic('a', [[1]])
  return harness
}

describe('one key at a time', () => {
  test('is set, changed and deleted; what changes nothing is not written', () => {
    const harness = harnessWithTopic()
    expect(harness.alterConfigs(topic, 'a', ['retention.ms', set, '77'])).toEqual([0, null])
    expect([...harness.image.configs.topic('a')]).toEqual([['retention.ms', '77']])
    harness.alterConfigs(topic, 'a', ['retention.ms', set, '77'])
    expect(harness.written).toEqual([])
    harness.alterConfigs(topic, 'a', ['retention.ms', remove, null])
    expect([...harness.image.configs.topic('a')]).toEqual([])
  })

  test('a broker key is written again though it has that value: its broker loads it anew', () => {
    const harness = harnessWithTopic()
    harness.alterConfigs(broker, '1', ['log.cleaner.threads', set, '2'])
    harness.alterConfigs(broker, '1', ['log.cleaner.threads', set, '2'])
    expect(harness.writtenTypes).toEqual(['ConfigRecord'])
  })

  test('a list grows from its default and shrinks', () => {
    const harness = harnessWithTopic()
    harness.alterConfigs(topic, 'a', ['cleanup.policy', append, 'compact'])
    expect(harness.image.configs.topic('a').get('cleanup.policy')).toBe('delete,compact')
    harness.alterConfigs(topic, 'a', ['cleanup.policy', append, 'compact'])
    expect(harness.written).toEqual([])
    harness.alterConfigs(topic, 'a', ['cleanup.policy', subtract, 'delete'])
    expect(harness.image.configs.topic('a').get('cleanup.policy')).toBe('compact')
  })

  test('other kinds of resource keep theirs', () => {
    const harness = harnessWithTopic()
    expect(harness.alterConfigs(group, 'g', ['consumer.session.timeout.ms', set, '50000'])).toEqual([0, null])
    expect(harness.alterConfigs(clientMetrics, 'm', ['interval.ms', set, '1000'])).toEqual([0, null])
    expect([...harness.image.configs.get(group, 'g')]).toEqual([['consumer.session.timeout.ms', '50000']])
  })

  const refusals: [number, string, string, number, string | null, keyof typeof errorCodes, string][] = [
    [topic, 'none', 'retention.ms', set, '7', 'UNKNOWN_TOPIC_OR_PARTITION', "The topic 'none' does not exist."],
    [topic, '', 'retention.ms', set, '7', 'INVALID_REQUEST', 'Default topic resources are not allowed.'],
    [topic, 'a', 'nope', set, '7', 'INVALID_CONFIG', 'Unknown topic config name: nope'],
    [
      topic,
      'a',
      'retention.ms',
      set,
      'x',
      'INVALID_CONFIG',
      'Invalid value x for configuration retention.ms: Not a number of type LONG',
    ],
    [
      topic,
      'a',
      'retention.ms',
      append,
      '5',
      'INVALID_CONFIG',
      "Can't APPEND to key retention.ms because its type is not LIST.",
    ],
    [
      topic,
      'a',
      'retention.ms',
      subtract,
      '5',
      'INVALID_CONFIG',
      "Can't SUBTRACT to key retention.ms because its type is not LIST.",
    ],
    [topic, 'a', 'retention.ms', set, null, 'INVALID_REQUEST', 'Null value not supported for : retention.ms'],
    [
      broker,
      '1',
      'min.insync.replicas',
      set,
      '1',
      'INVALID_CONFIG',
      'Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
    ],
    [
      broker,
      '',
      'min.insync.replicas',
      remove,
      null,
      'INVALID_CONFIG',
      'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
    ],
    [broker, '9', 'log.cleaner.threads', set, '1', 'BROKER_ID_NOT_REGISTERED', 'No broker with id 9 found.'],
    [
      group,
      '',
      'consumer.session.timeout.ms',
      set,
      '50000',
      'INVALID_REQUEST',
      'Default group resources are not allowed.',
    ],
    [group, 'g', 'nope', set, '5', 'INVALID_CONFIG', 'Unknown group config name: nope'],
    [
      clientMetrics,
      'm',
      'interval.ms',
      set,
      '1',
      'INVALID_REQUEST',
      'Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)',
    ],
    [clientMetrics, 'm', 'match', set, 'foo', 'INVALID_CONFIG', 'Illegal client matching pattern: foo'],
    [99, 'x', 'a', set, 'b', 'INVALID_REQUEST', 'Unknown resource type 99'],
  ]
  test.each(refusals)('resource %i %j, %s %i %j: %s', (type, name, key, operation, value, error, message) => {
    const harness = harnessWithTopic()
    expect(harness.alterConfigs(type, name, [key, operation, value])).toEqual([errorCodes[error], message])
    expect(harness.written).toEqual([])
  })

  test('a list that grows longer than a record can hold is refused', () => {
    const harness = harnessWithTopic()
    const key = 'leader.replication.throttled.replicas'
    const replicas = (partition: number) => Array.from({ length: 4000 }, (_, id) => `${partition}:${id}`).join(',')
    expect(harness.alterConfigs(topic, 'a', [key, set, replicas(0)])).toEqual([0, null])
    expect(harness.alterConfigs(topic, 'a', [key, append, replicas(1)])).toEqual([
      errorCodes.INVALID_CONFIG,
      'The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.',
    ])
  })

  test('a resource that is named twice is refused both times', () => {
    const harness = harnessWithTopic()
    const one = { resourceType: topic, resourceName: 'a', configs: [] }
    const request = { resources: [one, one] }
    const { responses } = harness.handle<AlterConfigsResponse>(apiKeys.IncrementalAlterConfigs, request)
    expect(responses.map(({ errorMessage }) => errorMessage)).toEqual([
      'Each resource must appear at most once.',
      'Each resource must appear at most once.',
    ])
  })
})

describe('min.insync.replicas', () => {
  function withElr(): ControllerHarness {
    const harness = ControllerHarness.withBrokers(2)
    harness.createTopic('a', [[1, 2]], { 'min.insync.replicas': '2' })
    harness.createTopic('b', [[1, 2]], { 'min.insync.replicas': '2' })
    harness.heartbeat(2, { wantFence: true })
    expect(harness.partition('a').elr).toEqual([2])
    return harness
  }

  test('of a topic clears its eligible leader replicas', () => {
    const harness = withElr()
    harness.alterConfigs(topic, 'a', ['min.insync.replicas', set, '1'])
    expect(harness.writtenTypes).toEqual(['ConfigRecord', 'ClearElrRecord'])
    expect(harness.partition('a').elr).toEqual([])
    expect(harness.partition('b').elr).toEqual([2])
  })

  test('of the cluster clears them all', () => {
    const harness = withElr()
    harness.alterConfigs(broker, '', ['min.insync.replicas', set, '2'])
    expect(harness.written.at(-1)).toMatchObject({ type: 'ClearElrRecord', data: { topicName: '' } })
    expect(harness.partition('a').elr).toEqual([])
    expect(harness.partition('b').elr).toEqual([])
  })
})

describe('the whole configuration at once', () => {
  function replace(harness: ControllerHarness, configs: Record<string, string>, validateOnly = false) {
    const resource = {
      resourceType: topic,
      resourceName: 'a',
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    }
    return harness.handle<AlterConfigsResponse>(apiKeys.AlterConfigs, { resources: [resource], validateOnly })
      .responses[0]
  }

  test('removes what is not named', () => {
    const harness = harnessWithTopic()
    harness.alterConfigs(topic, 'a', ['retention.ms', set, '77'], ['segment.ms', set, '5'])
    expect(replace(harness, { 'segment.ms': '6' })).toMatchObject({ errorCode: 0 })
    expect([...harness.image.configs.topic('a')]).toEqual([['segment.ms', '6']])
  })

  test('is refused when it names a key twice', () => {
    const harness = harnessWithTopic()
    const configs = ['5', '6'].map((value) => ({ name: 'segment.ms', value }))
    const resources = [{ resourceType: topic, resourceName: 'a', configs }]
    const request = { resources, validateOnly: false }
    const { responses } = harness.handle<AlterConfigsResponse>(apiKeys.AlterConfigs, request)
    expect(responses[0]).toMatchObject({ errorCode: errorCodes.INVALID_REQUEST })
    expect(harness.written).toEqual([])
  })

  test('is only judged when that is asked', () => {
    const harness = harnessWithTopic()
    expect(replace(harness, { nope: '6' }, true)).toMatchObject({ errorCode: errorCodes.INVALID_CONFIG })
    expect(replace(harness, { 'segment.ms': '6' }, true)).toMatchObject({ errorCode: 0 })
    expect(harness.written).toEqual([])
  })
})
