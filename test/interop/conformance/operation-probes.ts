/** What operators and their tools do: records and offsets deleted, producers, quotas, credentials, replicas, features. */
import { createHash } from 'node:crypto'
import { buildBatch } from '../../../src/protocol/record/batch-builder.ts'
import { joinRequest, untilCoordinator } from './group-probes.ts'
import type { Answer, Probe, Prober } from './prober.ts'
import { createTopic, oneRecord, produceRequest, topicIdOf, untilProducerIds } from './produce-probes.ts'

async function fill(prober: Prober, topic: string, count: number): Promise<void> {
  await createTopic(prober, topic)
  for (let index = 0; index < count; index++)
    await prober.ask('Produce', 9, produceRequest(topic, oneRecord(`${index}`)))
}

function latest(name: string, timestamp: bigint): object {
  return { replicaId: -1, topics: [{ name, partitions: [{ partitionIndex: 0, timestamp, currentLeaderEpoch: -1 }] }] }
}

const deletedRecords: Probe = {
  name: 'delete-records',
  async run(prober) {
    const topic = `${prober.prefix}topic`
    await fill(prober, topic, 5)
    const remove = (step: string, offset: number, version = 2) =>
      prober.probe(step, 'DeleteRecords', version, {
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }],
        timeoutMs: 10_000,
      })
    await remove('first', 1, 0)
    await remove('again', 1, 1)
    await remove('up to 3', 3)
    await remove('below the start', 2)
    await remove('beyond the end', 6)
    await prober.probe('earliest', 'ListOffsets', 7, latest(topic, -2n))
    const fetched = { partition: 0, fetchOffset: 2, partitionMaxBytes: 1000, currentLeaderEpoch: -1 }
    const fetch = { replicaId: -1, maxWaitMs: 0, maxBytes: 1000, topics: [{ topic, partitions: [fetched] }] }
    await prober.probe('fetched below the start', 'Fetch', 11, fetch)
    await remove('all', -1)
    await prober.probe('earliest', 'ListOffsets', 7, latest(topic, -2n))
    await prober.probe('by time', 'ListOffsets', 7, latest(topic, 0n))
    await prober.ask('Produce', 9, produceRequest(topic, oneRecord()))
    await prober.probe('latest', 'ListOffsets', 7, latest(topic, -1n))
    const compacted = `${prober.prefix}compacted`
    await createTopic(prober, compacted, { 'cleanup.policy': 'compact' })
    await prober.probe('of a compacted topic', 'DeleteRecords', 2, {
      topics: [{ name: compacted, partitions: [{ partitionIndex: 0, offset: 0 }] }],
      timeoutMs: 10_000,
    })
  },
}

const producers: Probe = {
  name: 'describe-producers',
  async run(prober) {
    await untilProducerIds(prober)
    const topic = `${prober.prefix}topic`
    await createTopic(prober, topic)
    const describe = (step: string, name: string, ...partitionIndexes: number[]) =>
      prober.probe(step, 'DescribeProducers', 0, { topics: [{ name, partitionIndexes }] })
    await describe('none', topic, 0)
    const init = await prober.ask('InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 60_000 })
    for (const [baseSequence, count] of [
      [0, 1],
      [1, 3],
    ] as const) {
      const records = Array.from({ length: count }, () => ({ value: Buffer.from('v') }))
      const producerId = init!.producerId as bigint
      const batch = buildBatch({ timestamp: Date.now(), records, producerId, producerEpoch: 0, baseSequence })
      await prober.ask('Produce', 9, produceRequest(topic, batch))
    }
    await describe('one', topic, 0)
    await describe('unknown partition', topic, 0, 4)
    await describe('unknown topic', `${prober.prefix}none`, 0)
  },
}

const deletedOffsets: Probe = {
  name: 'offset-delete',
  async run(prober) {
    await untilCoordinator(prober)
    const topic = `${prober.prefix}topic`
    const subscribed = `${prober.prefix}subscribed`
    await createTopic(prober, topic, {}, 2)
    await createTopic(prober, subscribed)
    const groupId = `${prober.prefix}g`
    const commit = async (name: string, partitionIndex: number) => {
      const partitions = [{ partitionIndex, committedOffset: 7n, committedMetadata: '' }]
      const topics = [{ name, partitions }]
      await prober.ask('OffsetCommit', 7, { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics })
    }
    for (const [name, index] of [
      [topic, 0],
      [topic, 1],
      [subscribed, 0],
    ] as const)
      await commit(name, index)
    const remove = (step: string, name: string, ...indexes: number[]) =>
      prober.probe(step, 'OffsetDelete', 0, {
        groupId,
        topics: [{ name, partitions: indexes.map((partitionIndex) => ({ partitionIndex })) }],
      })
    await remove('of a group without members', topic, 1, 5)
    await remove('again', topic, 1)
    const metadata = Buffer.alloc(12 + subscribed.length)
    metadata.writeInt32BE(1, 2)
    metadata.writeInt16BE(subscribed.length, 6)
    metadata.write(subscribed, 8)
    metadata.writeInt32BE(-1, 8 + subscribed.length)
    await prober.ask('JoinGroup', 3, joinRequest(groupId, { protocols: [{ name: 'range', metadata }] }))
    await remove('of a topic that is subscribed to', subscribed, 0)
    await remove('of one that is not', topic, 0)
    await prober.probe('what is left', 'OffsetFetch', 8, { groups: [{ groupId, topics: null }] })
    const other = `${prober.prefix}connect`
    await prober.ask('JoinGroup', 3, joinRequest(other, { protocolType: 'connect' }))
    await prober.probe('of a group that is no consumer', 'OffsetDelete', 0, { groupId: other, topics: [] })
  },
}

const quotas: Probe = {
  name: 'client-quotas',
  async run(prober) {
    const user = `${prober.prefix}user`
    const alter = (step: string, entity: object[], ops: object[], fields: object = {}) =>
      prober.probe(step, 'AlterClientQuotas', 1, { entries: [{ entity, ops }], validateOnly: false, ...fields })
    const ofUser = [{ entityType: 'user', entityName: user }]
    const ofBoth = [...ofUser, { entityType: 'client-id', entityName: `${user}-client` }]
    const rate = { key: 'producer_byte_rate', value: 1000, remove: false }
    await alter('only validated', ofUser, [rate], { validateOnly: true })
    await alter('of a user', ofUser, [rate, { key: 'request_percentage', value: 12.5, remove: false }])
    await alter('of both', ofBoth, [rate])
    await alter('unknown key', ofUser, [{ ...rate, key: 'nonsense' }])
    await alter('a key of others', ofUser, [{ ...rate, key: 'connection_creation_rate' }])
    await alter('negative', ofUser, [{ ...rate, value: -1 }])
    await alter('not whole', ofUser, [{ ...rate, value: 1.5 }])
    await alter('unknown entity', [{ entityType: 'planet', entityName: 'x' }], [rate])
    await alter('nobody', [], [rate])
    await alter(
      'an address',
      [{ entityType: 'ip', entityName: 'no address.' }],
      [{ ...rate, key: 'connection_creation_rate' }],
    )
    const describe = async (step: string, count: number, strict: boolean, ...components: object[]) => {
      // Apache Kafka answers before its brokers know.
      await prober.settled(async () => {
        const answer = await prober.ask('DescribeClientQuotas', 1, { components, strict })
        return ((answer?.entries ?? []) as readonly Answer[]).length === count
      })
      await prober.probe(step, 'DescribeClientQuotas', 1, { components, strict })
    }
    const exactly = { entityType: 'user', matchType: 0, match: user }
    await describe('of the user and what is below', 2, false, exactly)
    await describe('of the user alone', 1, true, exactly)
    await describe('of both', 1, true, exactly, { entityType: 'client-id', matchType: 2, match: null })
    for (const component of [
      { entityType: 'user', matchType: 7, match: user },
      { entityType: 'user', matchType: 0, match: null },
      { entityType: 'user', matchType: 1, match: user },
      { entityType: 'planet', matchType: 2, match: null },
      { entityType: '', matchType: 2, match: null },
    ]) {
      const request = { components: [component], strict: true }
      await prober.probe(JSON.stringify(component).replaceAll(prober.prefix, '~'), 'DescribeClientQuotas', 1, request)
    }
    await prober.probe('twice', 'DescribeClientQuotas', 1, { components: [exactly, exactly], strict: true })
    await alter('removed', ofUser, [
      { ...rate, remove: true },
      { key: 'request_percentage', value: 0, remove: true },
    ])
  },
}

const credentials: Probe = {
  name: 'scram-credentials',
  async run(prober) {
    const name = `${prober.prefix}user`
    const [salt, saltedPassword] = [Buffer.from('salty'), createHash('sha256').update('x').digest()]
    const good = { name, mechanism: 1, iterations: 4096, salt, saltedPassword }
    const alter = (step: string, upsertions: object[], deletions: object[] = []) =>
      prober.probe(step, 'AlterUserScramCredentials', 0, { deletions, upsertions })
    await alter('new', [good])
    await alter('two mechanisms', [{ ...good, mechanism: 2, iterations: 8192 }])
    await alter('twice', [good, good])
    await alter('new and gone', [good], [{ name, mechanism: 1 }])
    for (const wrong of [
      { mechanism: 0 },
      { mechanism: 7 },
      { iterations: 4095 },
      { iterations: 16385 },
      { name: '' },
    ]) {
      await alter(JSON.stringify(wrong), [{ ...good, ...wrong }])
    }
    await alter('deleted of nobody', [], [{ name: `${name}-none`, mechanism: 1 }])
    await alter('deleted, unknown mechanism', [], [{ name, mechanism: 0 }])
    await prober.settled(async () => {
      const answer = await prober.ask('DescribeUserScramCredentials', 0, { users: [{ name }] })
      const [first] = answer!.results as readonly Answer[]
      return (first!.credentialInfos as readonly Answer[]).length === 2
    })
    const describe = (step: string, ...users: string[]) =>
      prober.probe(step, 'DescribeUserScramCredentials', 0, { users: users.map((each) => ({ name: each })) })
    await describe('one', name)
    await describe('one and nobody', name, `${name}-none`)
    await describe('twice', name, name)
    await alter('deleted', [], [{ name, mechanism: 1 }])
    await alter('deleted again', [], [{ name, mechanism: 1 }])
    await alter('the other', [], [{ name, mechanism: 2 }])
  },
}

const replicas: Probe = {
  name: 'replicas-and-features',
  async run(prober) {
    const topic = `${prober.prefix}topic`
    await fill(prober, topic, 3)
    await prober.probeVersions('its place', 'DescribeLogDirs', () => ({ topics: [{ topic, partitions: [0] }] }))
    const reassign = (step: string, partitions: object[], name = topic) =>
      prober.probe(step, 'AlterPartitionReassignments', 1, { topics: [{ name, partitions }], timeoutMs: 30_000 })
    const partitionIndex = 0
    await reassign('to where it is', [{ partitionIndex, replicas: [1] }])
    await reassign('to a stranger', [{ partitionIndex, replicas: [1, 9] }])
    await reassign('to one twice', [{ partitionIndex, replicas: [1, 1] }])
    await reassign('to nobody', [{ partitionIndex, replicas: [] }])
    await reassign('cancelled', [{ partitionIndex, replicas: null }])
    await reassign('unknown partition', [{ partitionIndex: 5, replicas: [1] }])
    await reassign('unknown topic', [{ partitionIndex, replicas: [1] }], `${prober.prefix}none`)
    await prober.probe('under way', 'ListPartitionReassignments', 0, { topics: null, timeoutMs: 30_000 })
    const elect = (step: string, electionType: number, ...partitions: number[]) =>
      prober.probe(step, 'ElectLeaders', 2, {
        electionType,
        topicPartitions: [{ topic, partitions }],
        timeoutMs: 30_000,
      })
    await elect('preferred', 0, 0)
    await elect('unclean', 1, 0)
    await elect('unknown', 0, 0, 4)
    await elect('of no kind', 5, 0)
    const move = (step: string, path: string) =>
      prober.probe(step, 'AlterReplicaLogDirs', 2, { dirs: [{ path, topics: [{ name: topic, partitions: [0, 3] }] }] })
    await move('to no directory of the broker', '/none')
    await move('to a relative one', 'none')
    await prober.probe('features', 'UpdateFeatures', 2, {
      timeoutMs: 30_000,
      featureUpdates: [{ feature: 'transaction.version', maxVersionLevel: 1, upgradeType: 1 }],
      validateOnly: true,
    })
    await prober.probe('quorum of another', 'DescribeQuorum', 2, {
      topics: [{ topicName: topic, partitions: [{ partitionIndex: 0 }] }],
    })
    const topicId = await topicIdOf(prober, topic)
    prober.note('topic id', { topicId })
  },
}

const resources: Probe = {
  name: 'config-resources',
  async run(prober) {
    const name = `${prober.prefix}subscription`
    await createTopic(prober, `${prober.prefix}topic`)
    const set = (resourceType: number, key: string, value: string) => ({
      resources: [{ resourceType, resourceName: name, configs: [{ name: key, configOperation: 0, value }] }],
    })
    const alter = (step: string, request: object) => prober.probe(step, 'IncrementalAlterConfigs', 1, request)
    await alter('client metrics', set(16, 'interval.ms', '5000'))
    await alter('client metrics, wrong', set(16, 'interval.ms', '1'))
    await alter('client metrics, unknown', set(16, 'nonsense', '1'))
    await alter('group', set(32, 'consumer.session.timeout.ms', '50000'))
    await alter('group, wrong', set(32, 'consumer.session.timeout.ms', '1'))
    await prober.settled(async () => {
      const answer = await prober.ask('ListConfigResources', 1, { resourceTypes: [16, 32] })
      const found = answer!.configResources as readonly Answer[]
      return found.filter(({ resourceName }) => resourceName === name).length === 2
    })
    for (const type of [0, 2, 4, 8, 16, 32, 77, -1]) {
      await prober.probe(`of type ${type}`, 'ListConfigResources', 1, { resourceTypes: [type] })
    }
    await prober.probeVersions('all', 'ListConfigResources', () => ({ resourceTypes: [] }))
    const keys = { resourceName: name, configurationKeys: null }
    for (const resourceType of [16, 32]) {
      const request = { resources: [{ ...keys, resourceType }], includeSynonyms: true }
      await prober.probe(`described ${resourceType}`, 'DescribeConfigs', 4, request)
    }
  },
}

const pipelined: Probe = {
  name: 'pipelined',
  async run(prober) {
    await untilCoordinator(prober)
    const topic = `${prober.prefix}topic`
    await fill(prober, topic, 1)
    const fetched = { partition: 0, fetchOffset: 1, partitionMaxBytes: 1000, currentLeaderEpoch: -1 }
    const fetch = {
      replicaId: -1,
      maxWaitMs: 200,
      minBytes: 1,
      maxBytes: 1000,
      topics: [{ topic, partitions: [fetched] }],
    }
    const heartbeat = { groupId: `${prober.prefix}none`, generationId: 1, memberId: 'x' }
    // A Fetch that waits holds up what is behind it, so the record comes too late for it; acks=0 has no answer.
    await prober.pipeline('a Fetch that waits', [
      ['Fetch', 11, fetch],
      ['Heartbeat', 3, heartbeat],
      ['Produce', 9, produceRequest(topic, oneRecord(), 0, 0), 'unanswered'],
      ['Produce', 9, produceRequest(topic, oneRecord())],
      ['Fetch', 11, fetch],
    ])
  },
}

export const operationProbes: readonly Probe[] = [
  deletedRecords,
  producers,
  deletedOffsets,
  quotas,
  credentials,
  replicas,
  resources,
  pipelined,
]
