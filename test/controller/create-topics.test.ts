import { describe, expect, test } from 'vitest'
import type {
  CreatePartitionsRequestInput,
  CreatePartitionsResponse,
} from '../../src/protocol/api/37-create-partitions.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { ControllerHarness, directoryOf, type TopicInput } from './controller-harness.ts'

/** Messages as Apache Kafka 4.3.1 gives them. */
function refusal(topic: TopicInput, harness = ControllerHarness.withBrokers(1)): [string, string | null] {
  const [result] = harness.createTopics([topic])
  expect(harness.written).toEqual([])
  expect(result).toMatchObject({ numPartitions: -1, replicationFactor: -1, configs: [] })
  return [errorName(result!.errorCode), result!.errorMessage]
}

const plain = (name: string): TopicInput => ({ name, numPartitions: 1, replicationFactor: 1 })
const assigned = (name: string, ...assignments: [number, number[]][]): TopicInput => ({
  name,
  numPartitions: -1,
  replicationFactor: -1,
  assignments: assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
})
const configured = (configs: Record<string, string | null>): TopicInput => ({
  ...plain('a'),
  configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
})

describe('a new topic', () => {
  test('is one batch: topic, configuration, cleared ELRs, partitions', () => {
    const harness = ControllerHarness.withBrokers(1)
    const [result] = harness.createTopics([
      {
        name: 'orders',
        numPartitions: 2,
        replicationFactor: 1,
        configs: [
          { name: 'retention.ms', value: '5' },
          { name: 'min.insync.replicas', value: '1' },
        ],
      },
    ])
    expect(result).toMatchObject({ errorCode: 0, errorMessage: null, numPartitions: 2, replicationFactor: 1 })
    expect(harness.writtenTypes).toEqual([
      'TopicRecord',
      'ConfigRecord',
      'ConfigRecord',
      'ClearElrRecord',
      'PartitionRecord',
      'PartitionRecord',
    ])
    expect(harness.image.topics.getByName('orders')!.id).toBe(result!.topicId)
    expect(harness.partition('orders', 1)).toMatchObject({
      replicas: [1],
      isr: [1],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [directoryOf(1)],
    })
  })

  test('tells its configuration by name, with where each value comes from', () => {
    const [result] = ControllerHarness.withBrokers(1).createTopics([configured({ 'cleanup.policy': 'compact' })])
    const configs = new Map(result!.configs!.map((config) => [config.name, config]))
    expect(configs.get('cleanup.policy')).toEqual({
      name: 'cleanup.policy',
      value: 'compact',
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    })
    expect(configs.get('segment.bytes')).toMatchObject({ value: '1073741824', configSource: 5 })
    const names = result!.configs!.map((config) => config.name)
    expect(names).toEqual([...names].sort())
    expect(names).toHaveLength(33)
  })

  test('takes partitions and replication factor from the configuration for -1', () => {
    const harness = ControllerHarness.withBrokers(3, { 'num.partitions': '4', 'default.replication.factor': '2' })
    const [result] = harness.createTopics([{ name: 'a', numPartitions: -1, replicationFactor: -1 }])
    expect(result).toMatchObject({ errorCode: 0, numPartitions: 4, replicationFactor: 2 })
    for (let index = 0; index < 4; index++) expect(harness.partition('a', index).replicas).toHaveLength(2)
  })

  test('begins with those replicas in sync that are up', () => {
    const harness = ControllerHarness.withBrokers(3)
    harness.heartbeat(1, { wantFence: true })
    harness.createTopic('a', [[1, 2, 3]])
    expect(harness.partition('a')).toMatchObject({ replicas: [1, 2, 3], isr: [2, 3], leader: 2 })
  })

  test('that is only validated is answered and not written', () => {
    const harness = ControllerHarness.withBrokers(1)
    expect(harness.createTopics([plain('a')], true)[0]).toMatchObject({ errorCode: 0, numPartitions: 1 })
    expect(harness.written).toEqual([])
  })

  test('is made though another of the request is refused', () => {
    const harness = ControllerHarness.withBrokers(1)
    const results = harness.createTopics([plain('dup'), plain('good'), plain('dup'), plain('bad name')])
    expect(results.map(({ name, errorCode, errorMessage }) => [name, errorName(errorCode), errorMessage])).toEqual([
      ['good', 'NONE', null],
      [
        'bad name',
        'INVALID_TOPIC_EXCEPTION',
        "Topic name is invalid: 'bad name' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      ],
      ['dup', 'INVALID_REQUEST', 'Duplicate topic name.'],
    ])
    expect([...harness.image.topics.names()]).toEqual(['good'])
  })
})

describe('a topic is refused', () => {
  const long = 'x'.repeat(250)
  const cases: [string, TopicInput, string, string][] = [
    ['an empty name', plain(''), 'INVALID_TOPIC_EXCEPTION', 'Topic name is invalid: the empty string is not allowed'],
    ['one dot', plain('.'), 'INVALID_TOPIC_EXCEPTION', "Topic name is invalid: '.' is not allowed"],
    ['two dots', plain('..'), 'INVALID_TOPIC_EXCEPTION', "Topic name is invalid: '..' is not allowed"],
    [
      'a long name',
      plain(long),
      'INVALID_TOPIC_EXCEPTION',
      `Topic name is invalid: the length of '${long}' is longer than the max allowed length 249`,
    ],
    [
      'the metadata log',
      plain('__cluster_metadata'),
      'INVALID_REQUEST',
      'Creation of internal topic __cluster_metadata is prohibited.',
    ],
    [
      'no replicas',
      { ...plain('a'), replicationFactor: 0 },
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    ],
    [
      'too many replicas',
      { ...plain('a'), replicationFactor: 2 },
      'INVALID_REPLICATION_FACTOR',
      'Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only 1 ' +
        'broker(s) are registered or some brokers have all their log directories cordoned.',
    ],
    [
      'no partitions',
      { ...plain('a'), numPartitions: 0 },
      'INVALID_PARTITIONS',
      'Number of partitions was set to an invalid non-positive value.',
    ],
    [
      'too many partitions',
      { ...plain('a'), numPartitions: 10_001 },
      'POLICY_VIOLATION',
      'Excessively large number of partitions per request.',
    ],
    [
      'too many records',
      { ...plain('a'), numPartitions: 10_000 },
      'POLICY_VIOLATION',
      'Unable to perform excessively large batch operation.',
    ],
    [
      'assignment and replication factor',
      { ...assigned('a', [0, [1]]), replicationFactor: 1 },
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    ],
    [
      'assignment and partition count',
      { ...assigned('a', [0, [1]]), numPartitions: 1 },
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    ],
    [
      'a partition assigned twice',
      assigned('a', [0, [1]], [0, [1]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'Found multiple manual partition assignments for partition 0',
    ],
    [
      'a gap',
      assigned('a', [1, [1]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'partitions should be a consecutive 0-based integer sequence',
    ],
    [
      'nobody assigned',
      assigned('a', [0, []]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    ],
    [
      'an unknown broker',
      assigned('a', [0, [2]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 2, but no such broker is registered.',
    ],
    [
      'a broker twice',
      assigned('a', [0, [1, 1]]),
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes the broker 1 more than once.',
    ],
    ['an unknown key', configured({ nope: '1' }), 'INVALID_CONFIG', 'Unknown topic config name: nope'],
    [
      'a value that is no number',
      configured({ 'retention.ms': 'abc' }),
      'INVALID_CONFIG',
      'Invalid value abc for configuration retention.ms: Not a number of type LONG',
    ],
    [
      'null values',
      configured({ 'retention.ms': null, 'segment.bytes': null }),
      'INVALID_CONFIG',
      'Null value not supported for topic configs: retention.ms,segment.bytes',
    ],
    [
      'keys that contradict each other',
      configured({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }),
      'INVALID_CONFIG',
      'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
    ],
  ]
  test.each(cases)('%s', (_name, topic, error, message) => {
    expect(refusal(topic)).toEqual([error, message])
  })

  test('a name that exists, or that metrics could not tell from one', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.createTopics([plain('b.c')])
    expect(refusal(plain('b.c'), harness)).toEqual(['TOPIC_ALREADY_EXISTS', "Topic 'b.c' already exists."])
    expect(refusal(plain('b_c'), harness)).toEqual([
      'INVALID_TOPIC_EXCEPTION',
      "Topic 'b_c' collides with existing topic: b.c",
    ])
  })

  test('all brokers fenced', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.heartbeat(1, { wantFence: true })
    expect(refusal(plain('a'), harness)).toEqual([
      'INVALID_REPLICATION_FACTOR',
      'Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log directories cordoned.',
    ])
    expect(refusal(assigned('a', [0, [1]]), harness)).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      'All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled shutdown.',
    ])
  })
})

describe('more partitions', () => {
  type Topic = NonNullable<CreatePartitionsRequestInput['topics']>[number]

  function increase(harness: ControllerHarness, ...topics: Topic[]): [string, string | null][] {
    const request: CreatePartitionsRequestInput = { topics, timeoutMs: 1000 }
    const response = harness.handle<CreatePartitionsResponse>(apiKeys.CreatePartitions, request)
    return response.results.map(({ errorCode, errorMessage }) => [errorName(errorCode), errorMessage])
  }

  test('are placed with the replication factor that the topic has', () => {
    const harness = ControllerHarness.withBrokers(3)
    harness.createTopic('a', [[1, 2]])
    expect(increase(harness, { name: 'a', count: 3, assignments: null })).toEqual([['NONE', null]])
    expect(harness.writtenTypes).toEqual(['PartitionRecord', 'PartitionRecord'])
    expect(harness.partition('a', 2).replicas).toHaveLength(2)
  })

  test('are placed where the client says', () => {
    const harness = ControllerHarness.withBrokers(3)
    harness.createTopic('a', [[1, 2]])
    const assignments = [{ brokerIds: [3, 1] }]
    expect(increase(harness, { name: 'a', count: 2, assignments })).toEqual([['NONE', null]])
    expect(harness.partition('a', 1)).toMatchObject({ replicas: [3, 1], isr: [3, 1], leader: 3 })
  })

  test('are refused in the words of 4.3.1', () => {
    const harness = ControllerHarness.withBrokers(1)
    harness.createTopic('a', [[1], [1], [1]])
    const add = (count: number, assignments: Topic['assignments'] = null) =>
      increase(harness, { name: 'a', count, assignments })[0]
    expect(add(3)).toEqual(['INVALID_PARTITIONS', 'Topic already has 3 partition(s).'])
    expect(add(1)).toEqual([
      'INVALID_PARTITIONS',
      'The topic a currently has 3 partition(s); 1 would not be an increase.',
    ])
    expect(add(4, [])).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      'Attempted to add 1 additional partition(s), but only 0 assignment(s) were specified.',
    ])
    expect(add(4, [{ brokerIds: [9] }])).toEqual([
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 9, but no such broker is registered.',
    ])
    expect(add(20_000)).toEqual(['POLICY_VIOLATION', 'Unable to perform excessively large batch operation.'])
    const one = { name: 'a', count: 4, assignments: null }
    expect(increase(harness, one, one)).toEqual([['INVALID_REQUEST', 'Duplicate topic name.']])
    expect(increase(harness, { ...one, name: 'none' })).toEqual([['UNKNOWN_TOPIC_OR_PARTITION', null]])
    expect(harness.image.topics.partitionCount).toBe(3)
  })
})
