import { describe, expect, test } from 'vitest'
import { zeroUuid } from '../../src/base/uuid.ts'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { type MetadataRequestInput, metadataRequest, metadataResponse } from '../../src/protocol/api/03-metadata.ts'
import { errorCodes, errorName } from '../../src/protocol/errors.ts'
import type { BrokerHarness } from '../runtime/broker-harness.ts'
import { createTopics, startControlledBroker } from './controlled-broker.ts'

const metadataApi = [metadataRequest, metadataResponse] as const
const unknownId = 'QkJCQkJCQkJCQkJCQkJCQg'

function ask(harness: BrokerHarness, version: number, request: MetadataRequestInput) {
  return harness.call(metadataApi, version, request)
}

function named(...names: string[]): MetadataRequestInput {
  return { topics: names.map((name) => ({ name })), allowAutoTopicCreation: false }
}

async function withTopics(): Promise<BrokerHarness> {
  const harness = await startControlledBroker()
  await createTopics(harness, { a: 2, b: 1 })
  return harness
}

const notAsked = -2147483648

describe('which topics', () => {
  test('in version 0 none means all; later null means all and none means none', async () => {
    const harness = await withTopics()
    const names = async (version: number, request: MetadataRequestInput) =>
      (await ask(harness, version, request)).topics.map(({ name }) => name).sort()
    expect(await names(0, { topics: [] })).toEqual(['a', 'b'])
    expect(await names(1, { topics: [] })).toEqual([])
    for (const version of [1, 9, 13]) expect(await names(version, { topics: null })).toEqual(['a', 'b'])
    expect(await names(13, named('b'))).toEqual(['b'])
    expect(await names(13, named('b', 'b'))).toEqual(['b'])
  })

  test('one that does not exist, or could not', async () => {
    const harness = await withTopics()
    const { topics } = await ask(harness, 13, named('none', 'bad name', '__consumer_offsets'))
    expect(topics.map(({ name, errorCode, isInternal }) => [name, errorName(errorCode), isInternal])).toEqual([
      ['none', 'UNKNOWN_TOPIC_OR_PARTITION', false],
      ['bad name', 'INVALID_TOPIC_EXCEPTION', false],
      ['__consumer_offsets', 'UNKNOWN_TOPIC_OR_PARTITION', true],
    ])
  })

  test('by id, which makes names count for nothing', async () => {
    const harness = await withTopics()
    const topicId = harness.image.topics.getByName('a')!.id
    const { topics } = await ask(harness, 12, {
      topics: [
        { topicId, name: null },
        { topicId: unknownId, name: null },
        { topicId: zeroUuid, name: 'b' },
      ],
    })
    expect(topics.map(({ name, topicId: id, errorCode }) => [name, id, errorName(errorCode)])).toEqual([
      ['a', topicId, 'NONE'],
      [null, unknownId, 'UNKNOWN_TOPIC_ID'],
    ])
  })

  test('ids before version 12, and a topic that is nothing, spoil the request', async () => {
    const harness = await withTopics()
    const early = await ask(harness, 10, { topics: [{ topicId: unknownId, name: 'a' }] })
    expect(early).toMatchObject({ brokers: [], clusterId: null, controllerId: -1 })
    expect(errorName(early.topics[0]!.errorCode)).toBe('INVALID_REQUEST')
    const nothing = await ask(harness, 12, { topics: [{ topicId: zeroUuid, name: null }] })
    expect(nothing.topics[0]).toMatchObject({ errorCode: -1, name: '' })
    const newest = await ask(harness, 13, { topics: [{ topicId: zeroUuid, name: null }] })
    expect(newest.errorCode).toBe(-1)
  })
})

describe('creation', () => {
  test('makes the topic and answers when it is served', async () => {
    const harness = await startControlledBroker({ config: { 'num.partitions': '3' } })
    const { topics } = await ask(harness, 13, { topics: [{ name: 'new' }] })
    expect(topics[0]).toMatchObject({ errorCode: 0, name: 'new', isInternal: false })
    expect(topics[0]!.partitions).toHaveLength(3)
    for (const { partitionIndex, leaderId } of topics[0]!.partitions) {
      expect(leaderId === 1 && harness.partition('new', partitionIndex).state !== 'leader').toBe(false)
    }
  })

  const coordinatorTopics: [string, Record<string, string>, Record<string, string>][] = [
    [
      '__consumer_offsets',
      { 'offsets.topic.num.partitions': '4', 'offsets.topic.replication.factor': '1' },
      { 'cleanup.policy': 'compact', 'compression.type': 'producer', 'segment.bytes': '104857600' },
    ],
    [
      '__transaction_state',
      {
        'transaction.state.log.num.partitions': '4',
        'transaction.state.log.replication.factor': '1',
        'transaction.state.log.min.isr': '1',
      },
      {
        'cleanup.policy': 'compact',
        'compression.type': 'uncompressed',
        'min.insync.replicas': '1',
        'segment.bytes': '104857600',
        'unclean.leader.election.enable': 'false',
      },
    ],
    [
      '__share_group_state',
      {
        'share.coordinator.state.topic.num.partitions': '4',
        'share.coordinator.state.topic.replication.factor': '1',
        'share.coordinator.state.topic.min.isr': '1',
      },
      {
        'cleanup.policy': 'delete',
        'compression.type': 'producer',
        'min.insync.replicas': '1',
        'retention.ms': '-1',
        'segment.bytes': '104857600',
      },
    ],
  ]
  test.each(coordinatorTopics)('of %s takes its own settings', async (name, config, expected) => {
    const harness = await startControlledBroker({ config })
    const { topics } = await ask(harness, 13, { topics: [{ name }] })
    expect(topics[0]).toMatchObject({ errorCode: 0, isInternal: true })
    expect(topics[0]!.partitions).toHaveLength(4)
    expect(Object.fromEntries(harness.image.configs.topic(name))).toEqual(expected)
  })

  test('is made only where client and broker allow it', async () => {
    const forbidden = await startControlledBroker({ config: { 'auto.create.topics.enable': 'false' } })
    const allowed = await startControlledBroker()
    for (const [harness, allowAutoTopicCreation] of [
      [forbidden, true],
      [allowed, false],
    ] as const) {
      const { topics } = await ask(harness, 4, { topics: [{ name: 'new' }], allowAutoTopicCreation })
      expect(errorName(topics[0]!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
      expect(harness.controllerRequests).toEqual([])
    }
  })

  test('of a name that the controller refuses leaves it unknown', async () => {
    const harness = await startControlledBroker()
    await createTopics(harness, { 'a.b': 1 })
    const { topics } = await ask(harness, 13, { topics: [{ name: 'a_b' }, { name: '__cluster_metadata' }] })
    expect(topics.map(({ errorCode }) => errorName(errorCode))).toEqual([
      'UNKNOWN_TOPIC_OR_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
  })

  test('two requests at a time for one topic are one creation', async () => {
    const harness = await startControlledBroker()
    const both = Promise.all([
      harness.send(metadataApi, 13, { topics: [{ name: 'new' }] }),
      harness.send(metadataApi, 13, { topics: [{ name: 'new' }] }),
    ])
    for (const { topics } of await harness.drive(both)) expect(topics[0]!.errorCode).toBe(0)
    expect(harness.controllerRequests).toHaveLength(1)
  })
})

describe('brokers and partitions', () => {
  test('a client is told the address by which it came, and of other brokers what they advertise', async () => {
    const harness = await withTopics()
    expect(await ask(harness, 13, named('a'))).toMatchObject({
      clusterId: 'vPeOCWypqUOSepEvx0cbog',
      brokers: [
        { nodeId: 1, host: '127.0.0.1', port: 9092, rack: null },
        { nodeId: 2, host: 'broker-2', port: 9092, rack: null },
      ],
    })
  })

  test('as controller any broker that is up is named', async () => {
    const harness = await withTopics()
    const named = new Set<number>()
    for (let count = 0; count < 30; count++) named.add((await ask(harness, 13, { topics: [] })).controllerId)
    expect([...named].sort()).toEqual([1, 2])
    harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 2, brokerEpoch: 200, fenced: 1 })])
    for (let count = 0; count < 30; count++) {
      expect((await ask(harness, 13, { topics: [] })).controllerId).toBe(1)
    }
  })

  describe('no broker is up', () => {
    async function askWhileFenced() {
      const harness = await startControlledBroker({ brokers: [[1, null]] })
      const setFenced = (fenced: number) =>
        harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 1, brokerEpoch: 100, fenced })])
      setFenced(1)
      const answer = harness.send(metadataApi, 13, named())
      expect(await Promise.race([answer, harness.drive(Promise.resolve('waits'))])).toBe('waits')
      return { harness, setFenced, answer: answer.then(({ brokers }) => brokers.map(({ nodeId }) => nodeId)) }
    }

    test('the answer waits for one, as the only one that a client knows may be this one, which starts', async () => {
      const { harness, setFenced, answer } = await askWhileFenced()
      setFenced(-1)
      expect(await harness.drive(answer)).toEqual([1])
    })

    test('it does not wait for good', async () => {
      const { harness, answer } = await askWhileFenced()
      harness.clock.advance(10_000)
      expect(await harness.drive(answer)).toEqual([])
    })

    test('nor when this broker stops', async () => {
      const { harness, answer } = await askWhileFenced()
      harness.broker.liveBrokers.close()
      expect(await harness.drive(answer)).toEqual([])
      expect((await ask(harness, 13, named())).brokers).toEqual([])
    })
  })

  test('a broker that is fenced is not told, and a replica on it is offline', async () => {
    const harness = await startControlledBroker()
    await harness.createTopic('a', { replicas: [1, 2], isr: [1], leader: 1 })
    const change = { brokerId: 2, brokerEpoch: 200, fenced: 1 }
    harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, change)])
    const { brokers, topics } = await ask(harness, 13, named('a'))
    expect(brokers.map(({ nodeId }) => nodeId)).toEqual([1])
    expect(topics[0]!.partitions[0]).toMatchObject({ leaderId: 1, replicaNodes: [1, 2], offlineReplicas: [2] })
  })

  test('a broker that was unregistered sends clients back to their bootstrap servers, since version 13', async () => {
    const harness = await withTopics()
    harness.commit([metadataRecord('UnregisterBrokerRecord', 0, { brokerId: 1, brokerEpoch: 100 })])
    expect((await ask(harness, 12, named('a'))).brokers.map(({ nodeId }) => nodeId)).toEqual([2])
    expect(await ask(harness, 13, named('a'))).toMatchObject({
      errorCode: errorCodes.REBOOTSTRAP_REQUIRED,
      brokers: [],
    })
  })

  test('a partition is told with leader, epoch and replicas', async () => {
    const harness = await withTopics()
    const { topics } = await ask(harness, 13, named('a'))
    expect(topics[0]).toMatchObject({
      topicId: harness.image.topics.getByName('a')!.id,
      partitions: [0, 1].map((partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId: 1,
        leaderEpoch: 0,
        replicaNodes: [1],
        isrNodes: [1],
        offlineReplicas: [],
      })),
    })
  })

  test('without a leader it says so, and tells replicas that are down as each version does', async () => {
    const harness = await startControlledBroker()
    await harness.createTopic('a', { replicas: [1, 9], isr: [1], leader: 1 })
    const topicId = await harness.createTopic('b', { replicas: [1], isr: [1], leader: 1 })
    harness.changePartition(topicId, 0, { leader: -1 })
    const partitions = async (version: number) => {
      const { topics } = await ask(harness, version, { topics: [{ name: 'a' }, { name: 'b' }] })
      return topics.map(({ partitions: [partition] }) => partition!)
    }
    const [a0] = await partitions(0)
    expect(a0).toMatchObject({ errorCode: 9, leaderId: 1, replicaNodes: [1] })
    const [a5, b5] = await partitions(5)
    expect(a5).toMatchObject({ errorCode: 0, leaderId: 1, replicaNodes: [1, 9], offlineReplicas: [9] })
    expect(b5).toMatchObject({ errorCode: 5, leaderId: -1 })
  })
})

describe('authorized operations', () => {
  test('are told when asked for, as 4.3.1 does without an authorizer', async () => {
    const harness = await withTopics()
    const answer = await ask(harness, 8, {
      ...named('a'),
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    })
    expect(answer.clusterAuthorizedOperations).toBe(8096)
    expect(answer.topics[0]!.topicAuthorizedOperations).toBe(3576)
    const silent = await ask(harness, 8, named('a'))
    expect(silent.clusterAuthorizedOperations).toBe(notAsked)
    expect(silent.topics[0]!.topicAuthorizedOperations).toBe(notAsked)
  })

  test('who may not describe a topic does not see it', async () => {
    const harness = await startControlledBroker({
      authorize: (_context, operation, _type, name) => operation !== 'Describe' || name !== 'a',
    })
    await createTopics(harness, { a: 1, b: 1 })
    expect((await ask(harness, 13, { topics: null })).topics.map(({ name }) => name)).toEqual(['b'])
    const { topics } = await ask(harness, 13, named('a'))
    expect(errorName(topics[0]!.errorCode)).toBe('TOPIC_AUTHORIZATION_FAILED')
  })
})
