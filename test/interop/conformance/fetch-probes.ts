/** Fetch with its sessions, ListOffsets, OffsetForLeaderEpoch, Metadata and what else tells of partitions. */
import { buildBatch } from '../../../src/protocol/record/batch-builder.ts'
import type { Answer, Probe, Prober } from './prober.ts'
import { createTopic, oneRecord, produceRequest, topicIdOf, unknownTopicId } from './produce-probes.ts'

interface FetchFields {
  readonly [field: string]: unknown
}

function fetchRequest(topic: FetchFields, partition: FetchFields = {}, request: FetchFields = {}): object {
  const fetched = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, currentLeaderEpoch: -1, ...partition }
  const topics = [{ ...topic, partitions: [fetched] }]
  return {
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1_000_000,
    sessionId: 0,
    sessionEpoch: -1,
    topics,
    ...request,
  }
}

async function filledTopic(prober: Prober, name: string): Promise<string> {
  const topic = `${prober.prefix}${name}`
  await createTopic(prober, topic)
  for (const timestamp of [1000, 3000, 2000]) {
    await prober.ask('Produce', 9, produceRequest(topic, oneRecord(`at ${timestamp}`, { timestamp })))
  }
  return topic
}

const fetches: Probe = {
  name: 'fetch',
  async run(prober) {
    const topic = await filledTopic(prober, 'topic')
    const topicId = await topicIdOf(prober, topic)
    const byVersion = (version: number) => (version >= 13 ? { topicId } : { topic })
    await prober.probeVersions('whole', 'Fetch', (version) => fetchRequest(byVersion(version)))
    for (const version of [5, 12, 16]) {
      const probe = (step: string, partition: FetchFields, request: FetchFields = {}) =>
        prober.probe(step, 'Fetch', version, fetchRequest(byVersion(version), partition, request))
      await probe('above', { fetchOffset: 4 })
      await probe('at the end', { fetchOffset: 3 })
      await probe('below', { fetchOffset: -1 })
      await probe('far below', { fetchOffset: -7 })
      await probe('one byte', { partitionMaxBytes: 1 })
      await probe('no bytes', { partitionMaxBytes: 0 })
      await probe('no bytes at all', {}, { maxBytes: 0 })
      await probe('negative bytes', { partitionMaxBytes: -1 }, { maxBytes: -1 })
      await probe('read committed', {}, { isolationLevel: 1 })
      await probe('isolation level 2', {}, { isolationLevel: 2 })
      await probe('unknown partition', { partition: 9 })
      await probe('negative partition', { partition: -1 })
      await probe('as replica 1', {}, { replicaId: 1 })
      await probe('as a debugging consumer', {}, { replicaId: -2 })
      if (version < 9) continue
      await probe('leader epoch 0', { currentLeaderEpoch: 0 })
      await probe('leader epoch 7', { currentLeaderEpoch: 7 })
      await probe('leader epoch -2', { currentLeaderEpoch: -2 })
      if (version < 12) continue
      await probe('last fetched epoch 0', { fetchOffset: 2, lastFetchedEpoch: 0 })
      await probe('last fetched epoch 3', { fetchOffset: 2, lastFetchedEpoch: 3 })
    }
    await prober.probe('unknown topic', 'Fetch', 12, fetchRequest({ topic: `${prober.prefix}none` }))
    await prober.probe('unknown id', 'Fetch', 13, fetchRequest({ topicId: unknownTopicId }))
    await prober.probe('zero id', 'Fetch', 13, fetchRequest({ topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }))
    await prober.probe('nothing', 'Fetch', 12, { ...fetchRequest({ topic }), topics: [] })
  },
}

const sessions: Probe = {
  name: 'fetch-sessions',
  async run(prober) {
    const topic = await filledTopic(prober, 'topic')
    const topicId = await topicIdOf(prober, topic)
    for (const version of [7, 12, 13, 17]) {
      const named = version >= 13 ? { topicId } : { topic }
      const unknown = version >= 13 ? { topicId: unknownTopicId } : { topic: `${prober.prefix}none` }
      const probe = (step: string, request: object) => prober.probe(step, 'Fetch', version, request)
      const first = await probe('begin', fetchRequest(named, {}, { sessionEpoch: 0 }))
      const sessionId = first!.sessionId
      const next = (
        step: string,
        sessionEpoch: number,
        partition?: FetchFields,
        fields: FetchFields = {},
        of = named,
      ) =>
        probe(step, {
          ...fetchRequest(of, partition, { sessionId, sessionEpoch, ...fields }),
          ...(partition === undefined && { topics: [] }),
        })
      await next('again', 1)
      await next('moved to the end', 2, { fetchOffset: 3 })
      await next('nothing new', 3)
      await next('wrong epoch', 9)
      await next('old epoch', 3)
      await next('with an unknown topic', 4, { fetchOffset: 0 }, {}, unknown)
      await next('unknown topic stays', 5)
      await next('unknown partition', 6, { partition: 8 })
      await next('forgotten', 7, undefined, { forgottenTopicsData: [{ ...named, partitions: [0, 8] }] })
      await next('closed', -1)
      await next('after its end', 8)
      await probe('unknown session', fetchRequest(named, {}, { sessionId: 77, sessionEpoch: 1 }))
      await probe('session 0, epoch 1', fetchRequest(named, {}, { sessionId: 0, sessionEpoch: 1 }))
    }
  },
}

const listings: Probe = {
  name: 'list-offsets',
  async run(prober) {
    const topic = await filledTopic(prober, 'topic')
    const empty = `${prober.prefix}empty`
    await createTopic(prober, empty)
    const list = (name: string, timestamp: bigint, fields: object = {}, request: object = {}) => ({
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name, partitions: [{ partitionIndex: 0, timestamp, currentLeaderEpoch: -1, ...fields }] }],
      ...request,
    })
    for (const timestamp of [-1n, -2n, -3n, -4n, -5n, -6n, -7n, 0n, 1500n, 2500n, 3000n, 3001n]) {
      await prober.probeVersions(`at ${timestamp}`, 'ListOffsets', () => list(topic, timestamp))
      await prober.probe(`empty at ${timestamp}`, 'ListOffsets', 11, list(empty, timestamp))
    }
    await prober.probe('unknown', 'ListOffsets', 7, list(`${prober.prefix}none`, -1n))
    await prober.probe('partition', 'ListOffsets', 7, list(topic, -1n, { partitionIndex: 5 }))
    await prober.probe('epoch 5', 'ListOffsets', 7, list(topic, -1n, { currentLeaderEpoch: 5 }))
    await prober.probe('epoch 0', 'ListOffsets', 7, list(topic, -1n, { currentLeaderEpoch: 0 }))
    await prober.probe('read committed', 'ListOffsets', 7, list(topic, -1n, {}, { isolationLevel: 1 }))
    await prober.probe('isolation 3', 'ListOffsets', 7, list(topic, -1n, {}, { isolationLevel: 3 }))
    for (const replicaId of [1, -2, 9])
      await prober.probe(`replica ${replicaId}`, 'ListOffsets', 7, list(topic, -1n, {}, { replicaId }))
    const twice = [0, 0].map((partitionIndex) => ({ partitionIndex, timestamp: -1n, currentLeaderEpoch: -1 }))
    await prober.probe('twice', 'ListOffsets', 7, { replicaId: -1, topics: [{ name: topic, partitions: twice }] })
    const epochs = (name: string, fields: object) => ({
      replicaId: -1,
      topics: [{ topic: name, partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0, ...fields }] }],
    })
    await prober.probeVersions('epoch 0', 'OffsetForLeaderEpoch', () => epochs(topic, {}))
    for (const leaderEpoch of [-1, 1, -2])
      await prober.probe(`epoch ${leaderEpoch}`, 'OffsetForLeaderEpoch', 4, epochs(topic, { leaderEpoch }))
    await prober.probe('fenced', 'OffsetForLeaderEpoch', 4, epochs(topic, { currentLeaderEpoch: 3 }))
    await prober.probe('unknown', 'OffsetForLeaderEpoch', 4, epochs(`${prober.prefix}none`, {}))
    await prober.probe('partition', 'OffsetForLeaderEpoch', 4, epochs(topic, { partition: 4 }))
    await prober.probe('empty', 'OffsetForLeaderEpoch', 4, epochs(empty, {}))
    await prober.probe('empty, later', 'OffsetForLeaderEpoch', 4, epochs(empty, { leaderEpoch: 1 }))
  },
}

const compressedTimes: Probe = {
  name: 'list-offsets-inside-batches',
  async run(prober) {
    for (const timestampType of ['CreateTime', 'LogAppendTime']) {
      const topic = `${prober.prefix}${timestampType}`
      await createTopic(prober, topic, { 'message.timestamp.type': timestampType })
      const records = [10n, 30n, 20n, 30n].map((timestamp) => ({ timestamp, value: Buffer.from('v') }))
      await prober.probe('batch', 'Produce', 9, produceRequest(topic, buildBatch({ records })))
      for (const timestamp of [-3n, 5n, 15n, 25n, 30n, 31n]) {
        const partitions = [{ partitionIndex: 0, timestamp, currentLeaderEpoch: -1 }]
        await prober.probe(`${timestampType} ${timestamp}`, 'ListOffsets', 9, {
          replicaId: -1,
          topics: [{ name: topic, partitions }],
        })
      }
    }
  },
}

const topicDescriptions: Probe = {
  name: 'metadata',
  async run(prober) {
    const topic = `${prober.prefix}topic`
    await createTopic(prober, topic, {}, 3)
    const topicId = await topicIdOf(prober, topic)
    const ask = (topics: object[] | null, fields: object = {}) => ({ topics, allowAutoTopicCreation: false, ...fields })
    await prober.probeVersions('named', 'Metadata', () => ask([{ name: topic }]))
    await prober.probeVersions('none', 'Metadata', () => ask([]), 1)
    // The versions before 4 create what they name.
    await prober.probeVersions('unknown', 'Metadata', () => ask([{ name: `${prober.prefix}none` }]), 4)
    for (const name of ['', 'a/b', '.', '..', 'x'.repeat(250), '__cluster_metadata']) {
      await prober.probe(
        `bad name ${name.slice(0, 20)}`,
        'Metadata',
        12,
        ask([{ name }], { allowAutoTopicCreation: true }),
      )
    }
    for (const version of [10, 12, 13]) {
      await prober.probe('by id', 'Metadata', version, ask([{ name: null, topicId }]))
      await prober.probe('unknown id', 'Metadata', version, ask([{ name: null, topicId: unknownTopicId }]))
    }
    await prober.probe('neither', 'Metadata', 12, ask([{ name: null }]))
    await prober.probe('null name', 'Metadata', 11, ask([{ name: null }]))
    await prober.probe('both', 'Metadata', 12, ask([{ name: topic, topicId }]))
    await prober.probe('twice', 'Metadata', 12, ask([{ name: topic }, { name: topic }]))
    await prober.probe(
      'operations',
      'Metadata',
      9,
      ask([{ name: topic }], { includeTopicAuthorizedOperations: true, includeClusterAuthorizedOperations: true }),
    )
    await prober.settled(async () => {
      const auto = [{ name: `${prober.prefix}auto` }]
      const answer = await prober.ask('Metadata', 9, ask(auto, { allowAutoTopicCreation: true }))
      return (answer!.topics as readonly Answer[])[0]!.errorCode === 0
    })
    await prober.probe('created', 'Metadata', 9, ask([{ name: `${prober.prefix}auto` }]))
    await prober.probeVersions('cluster', 'DescribeCluster', () => ({ includeClusterAuthorizedOperations: true }))
    await prober.probe('controllers', 'DescribeCluster', 1, { endpointType: 2 })
    await prober.probe('endpoints 3', 'DescribeCluster', 1, { endpointType: 3 })
    await prober.probe('fenced', 'DescribeCluster', 2, { includeFencedBrokers: true })
    await describePages(prober, topic)
  },
}

async function describePages(prober: Prober, topic: string): Promise<void> {
  const none = `${prober.prefix}none`
  const ask = (names: readonly string[], responsePartitionLimit: number, cursor: object | null = null) => ({
    topics: names.map((name) => ({ name })),
    responsePartitionLimit,
    cursor,
  })
  const probe = (step: string, message: object) => prober.probe(step, 'DescribeTopicPartitions', 0, message)
  await probe('whole', ask([topic], 2000))
  await probe('two', ask([topic, none], 2))
  await probe('next', ask([topic, none], 2, { topicName: topic, partitionIndex: 2 }))
  await probe('beyond', ask([topic], 2, { topicName: topic, partitionIndex: 9 }))
  await probe('negative', ask([topic], 2, { topicName: topic, partitionIndex: -1 }))
  await probe('limit 0', ask([topic], 0))
  await probe('limit -1', ask([topic], -1))
  await probe('cursor before', ask([topic], 5, { topicName: 'a', partitionIndex: 0 }))
  await probe('cursor behind', ask([topic], 5, { topicName: 'zzz', partitionIndex: 0 }))
  await probe('cursor of an unknown topic', ask([topic, none], 5, { topicName: none, partitionIndex: 0 }))
  await probe('twice', ask([topic, topic], 5))
  await probe('bad name', ask(['a b'], 5))
}

export const fetchProbes: readonly Probe[] = [fetches, sessions, listings, compressedTimes, topicDescriptions]
