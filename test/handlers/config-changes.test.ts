/** DescribeConfigs (32), AlterConfigs (33) and IncrementalAlterConfigs (44). */
import { describe, expect, test } from 'vitest'
import { describeConfigsRequest, describeConfigsResponse } from '../../src/protocol/api/32-describe-configs.ts'
import { alterConfigsRequest, alterConfigsResponse } from '../../src/protocol/api/33-alter-configs.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/api/44-incremental-alter-configs.ts'
import { errorName } from '../../src/protocol/errors.ts'
import type { BrokerHarness } from '../runtime/broker-harness.ts'
import { createTopics, startControlledBroker } from './controlled-broker.ts'

const describeApi = [describeConfigsRequest, describeConfigsResponse] as const
const alterApi = [alterConfigsRequest, alterConfigsResponse] as const
const incrementalApi = [incrementalAlterConfigsRequest, incrementalAlterConfigsResponse] as const

const [topic, broker, logger, clientMetrics, group] = [2, 4, 8, 16, 32]
const [set, remove, append] = [0, 1, 2]

async function withTopic(): Promise<BrokerHarness> {
  const harness = await startControlledBroker()
  await createTopics(harness, { a: 1 })
  return harness
}

async function describeOne(
  harness: BrokerHarness,
  type: number,
  name: string,
  keys: readonly string[] | null = null,
  options: {
    readonly includeSynonyms?: boolean
    readonly includeDocumentation?: boolean
    readonly version?: number
  } = {},
) {
  const resources = [{ resourceType: type, resourceName: name, configurationKeys: keys }]
  const { version = 4, ...include } = options
  const { results } = await harness.call(describeApi, version, { resources, ...include })
  return results[0]!
}

type Change = readonly [name: string, operation: number, value: string | null]

async function change(harness: BrokerHarness, type: number, name: string, ...changes: Change[]) {
  const configs = changes.map(([key, configOperation, value]) => ({ name: key, configOperation, value }))
  const resources = [{ resourceType: type, resourceName: name, configs }]
  const { responses } = await harness.call(incrementalApi, 1, { resources })
  const { errorCode, errorMessage } = responses[0]!
  return [errorName(errorCode), errorMessage]
}

describe('DescribeConfigs', () => {
  test('tells a topic key with its source, and what it hides', async () => {
    const harness = await withTopic()
    await change(harness, topic, 'a', ['segment.bytes', set, '2000000'])
    const result = await describeOne(harness, topic, 'a', ['segment.bytes', 'nope'], { includeSynonyms: true })
    expect(result).toMatchObject({ errorCode: 0, errorMessage: '' })
    expect(result.configs).toEqual([
      {
        name: 'segment.bytes',
        value: '2000000',
        readOnly: false,
        configSource: 1,
        isSensitive: false,
        synonyms: [
          { name: 'segment.bytes', value: '2000000', source: 1 },
          { name: 'log.segment.bytes', value: '1073741824', source: 5 },
        ],
        configType: 3,
        documentation: null,
      },
    ])
  })

  test('tells a cleanup policy as it was set, word for word: Connect and Schema Registry insist on it', async () => {
    const harness = await withTopic()
    for (const policy of ['compact', 'compact,delete', 'delete']) {
      await change(harness, topic, 'a', ['cleanup.policy', set, policy])
      const { configs } = await describeOne(harness, topic, 'a')
      expect(configs.find(({ name }) => name === 'cleanup.policy')?.value).toBe(policy)
    }
  })

  test.each([1, 2, 3, 4])('version %i', async (version) => {
    const harness = await withTopic()
    const result = await describeOne(harness, topic, 'a', ['retention.ms'], {
      version,
      includeDocumentation: version >= 3,
    })
    expect(result.configs[0]).toMatchObject({ name: 'retention.ms', value: '604800000', configSource: 5, synonyms: [] })
    if (version >= 3) expect(result.configs[0]).toMatchObject({ configType: 5, documentation: '' })
  })

  test('all keys are told for null and for none', async () => {
    const harness = await withTopic()
    for (const keys of [null, []]) expect((await describeOne(harness, topic, 'a', keys)).configs).toHaveLength(33)
    expect((await describeOne(harness, group, 'anything')).configs).toHaveLength(17)
    expect((await describeOne(harness, clientMetrics, 'anything')).configs.map(({ name }) => name)).toEqual([
      'interval.ms',
      'match',
      'metrics',
    ])
    const own = await describeOne(harness, broker, '1', ['node.id', 'min.insync.replicas'])
    expect(own.configs.map(({ name, value, readOnly }) => [name, value, readOnly])).toContainEqual([
      'node.id',
      '1',
      true,
    ])
  })

  test('refuses in the words of 4.3.1', async () => {
    const harness = await withTopic()
    const malformed =
      'This most likely occurs because of a request being malformed by the client library or the message was sent to an ' +
      'incompatible broker. See the broker logs for more details.'
    const cases: [number, string, string, string][] = [
      [topic, 'none', 'UNKNOWN_TOPIC_OR_PARTITION', ''],
      [topic, '', 'INVALID_TOPIC_EXCEPTION', 'Topic name is invalid: the empty string is not allowed'],
      [broker, '2', 'INVALID_REQUEST', 'Unexpected broker id, expected 1 or empty string, but received 2'],
      [broker, 'abc', 'INVALID_REQUEST', 'Broker id must be an integer, but it is: abc'],
      [logger, '2', 'INVALID_REQUEST', 'Unexpected broker id, expected 1 but received 2'],
      [logger, '', 'INVALID_REQUEST', 'Broker id must not be empty'],
      [group, '', 'INVALID_REQUEST', 'Group name must not be empty'],
      [clientMetrics, '', 'INVALID_REQUEST', 'Client metrics subscription name must not be empty'],
      [99, 'x', 'INVALID_REQUEST', malformed],
    ]
    for (const [type, name, error, message] of cases) {
      const { errorCode, errorMessage, configs } = await describeOne(harness, type, name)
      expect([errorName(errorCode), errorMessage, configs], `${type} ${name}`).toEqual([error, message, []])
    }
  })
})

describe('IncrementalAlterConfigs', () => {
  test('changes a topic, and what it says is there at once', async () => {
    const harness = await withTopic()
    expect(await change(harness, topic, 'a', ['retention.ms', set, '77'])).toEqual(['NONE', null])
    expect(harness.partition('a').log!.config.retentionMs).toBe(77)
    expect(await change(harness, topic, 'a', ['retention.ms', remove, null])).toEqual(['NONE', null])
    expect(harness.partition('a').log!.config.retentionMs).toBe(604_800_000)
  })

  test('refuses in the words of 4.3.1, before the controller is asked', async () => {
    const harness = await withTopic()
    const asked = harness.controllerRequests.length
    const cases: [number, string, Change[], string, string][] = [
      [topic, 'a', [['retention.ms', set, null]], 'INVALID_REQUEST', 'Null value not supported for : retention.ms'],
      [
        topic,
        'a',
        [['cleanup.policy', append, null]],
        'INVALID_REQUEST',
        'Null value not supported for : cleanup.policy',
      ],
      [
        topic,
        'a',
        [
          ['retention.ms', set, '5'],
          ['retention.ms', remove, null],
        ],
        'INVALID_REQUEST',
        'Error due to duplicate config keys',
      ],
      [
        broker,
        '7',
        [['log.cleaner.threads', set, '1']],
        'INVALID_REQUEST',
        'Unexpected broker id, expected 1, but received 7',
      ],
      [
        broker,
        'abc',
        [['log.cleaner.threads', set, '1']],
        'INVALID_REQUEST',
        'Node id must be an integer, but it is: abc',
      ],
      [
        broker,
        '1',
        [['broker.id', set, '5']],
        'INVALID_REQUEST',
        'Cannot update these configs dynamically: [broker.id]',
      ],
      [
        broker,
        '',
        [['log.cleaner.threads', set, 'abc']],
        'INVALID_REQUEST',
        'Invalid value abc for configuration log.cleaner.threads: Not a number of type INT',
      ],
      [logger, '1', [['kafka.server', set, 'INFO']], 'INVALID_CONFIG', 'Logger kafka.server does not exist!'],
      [
        logger,
        '7',
        [['kafka.server', set, 'INFO']],
        'INVALID_REQUEST',
        'Unexpected node id. Expected 1, but received 7',
      ],
    ]
    for (const [type, name, changes, error, message] of cases) {
      expect(await change(harness, type, name, ...changes), message).toEqual([error, message])
    }
    expect(harness.controllerRequests).toHaveLength(asked)
  })

  test('a controller takes what is meant for any broker', async () => {
    const listeners = { listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093', 'controller.listener.names': 'CONTROLLER' }
    const harness = await startControlledBroker({ config: listeners })
    const configs = [{ name: 'leader.replication.throttled.rate', configOperation: set, value: '1000' }]
    const resources = [{ resourceType: broker, resourceName: '2', configs }]
    const { responses } = await harness.call(incrementalApi, 1, { resources }, harness.connect('CONTROLLER'))
    expect(responses).toMatchObject([{ errorCode: 0, resourceName: '2' }])
  })

  test('answers each resource, in the order of the request', async () => {
    const harness = await withTopic()
    const resource = (resourceType: number, resourceName: string, name: string) => ({
      resourceType,
      resourceName,
      configs: [{ name, configOperation: set, value: '5' }],
    })
    const resources = [
      resource(topic, 'a', 'retention.ms'),
      resource(broker, '7', 'log.cleaner.threads'),
      resource(topic, 'none', 'retention.ms'),
      resource(topic, 'b', 'retention.ms'),
      resource(topic, 'b', 'retention.ms'),
    ]
    const { responses } = await harness.call(incrementalApi, 1, { resources })
    expect(responses.map(({ resourceName, errorMessage }) => [resourceName, errorMessage])).toEqual([
      ['a', null],
      ['7', 'Unexpected broker id, expected 1, but received 7'],
      ['none', "The topic 'none' does not exist."],
      ['b', 'Each resource must appear at most once.'],
      ['b', 'Each resource must appear at most once.'],
    ])
  })

  test('needs the right for the kind of resource', async () => {
    const harness = await startControlledBroker({ authorize: (_context, operation) => operation !== 'AlterConfigs' })
    expect(await change(harness, topic, 'a')).toEqual(['TOPIC_AUTHORIZATION_FAILED', null])
    expect((await change(harness, group, 'g'))[0]).toBe('GROUP_AUTHORIZATION_FAILED')
    expect((await change(harness, broker, '1'))[0]).toBe('CLUSTER_AUTHORIZATION_FAILED')
  })
})

describe('AlterConfigs', () => {
  async function replace(harness: BrokerHarness, type: number, name: string, configs: Record<string, string | null>) {
    const values = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const resources = [{ resourceType: type, resourceName: name, configs: values }]
    const { responses } = await harness.call(alterApi, 2, { resources })
    return [errorName(responses[0]!.errorCode), responses[0]!.errorMessage]
  }

  test('replaces all that a topic sets', async () => {
    const harness = await withTopic()
    await change(harness, topic, 'a', ['retention.ms', set, '77'])
    expect(await replace(harness, topic, 'a', { 'segment.ms': '9' })).toEqual(['NONE', null])
    expect([...harness.image.configs.topic('a')]).toEqual([['segment.ms', '9']])
  })

  test('refuses in the words of 4.3.1', async () => {
    const harness = await withTopic()
    expect(await replace(harness, topic, 'a', { 'segment.ms': null })).toEqual([
      'INVALID_REQUEST',
      'Null value not supported for : segment.ms',
    ])
    expect(await replace(harness, logger, '1', { 'kafka.server': 'INFO' })).toEqual([
      'INVALID_REQUEST',
      'Unknown resource type 8',
    ])
    expect(await replace(harness, broker, '', {})).toEqual([
      'INVALID_CONFIG',
      'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
    ])
  })
})
