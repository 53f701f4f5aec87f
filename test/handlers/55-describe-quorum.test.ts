import { beforeEach, describe, expect, test } from 'vitest'
import { describeQuorumRequest, describeQuorumResponse } from '../../src/protocol/api/55-describe-quorum.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness } from '../runtime/broker-harness.ts'

const describeQuorumApi = [describeQuorumRequest, describeQuorumResponse] as const
const directoryIds = ['', 'vPeOCWypqUOSepEvx0cbog', 'aaaaaaaaQAeAAAAAAAAAAA', 'q0wOs-mtSrSM1hiojdmvMg']
const metadataLog: Asked = [['__cluster_metadata', [0]]]

type Asked = readonly (readonly [string, readonly number[]])[]

let harness: BrokerHarness

beforeEach(async () => {
  harness = await BrokerHarness.start()
})

async function describeQuorum(asked: Asked, version = 2, listenerName = 'PLAINTEXT') {
  const topics = asked.map(([topicName, indexes]) => ({
    topicName,
    partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
  }))
  return harness.call(describeQuorumApi, version, { topics }, harness.connect(listenerName))
}

const controllerConfig = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  'controller.listener.names': 'CONTROLLER',
  'controller.quorum.bootstrap.servers': 'localhost:9093',
}

test.each([0, 1, 2])('a broker asks the leader, version %i', async (version) => {
  harness.quorum = { ...harness.quorum, leaderId: 2, isLeader: false, voters: [], highWatermark: -1 }
  const replica = { replicaId: 2, replicaDirectoryId: directoryIds[2]!, logEndOffset: 9 }
  const partition = { partitionIndex: 0, errorCode: 0, leaderId: 2, leaderEpoch: 4, highWatermark: 8 }
  const times = { lastFetchTimestamp: 1, lastCaughtUpTimestamp: 2 }
  const states = { currentVoters: [{ ...replica, ...times }], observers: [] }
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ ...partition, errorMessage: '', ...states }] }]
  const nodes = [{ nodeId: 2, listeners: [{ name: 'CONTROLLER', host: 'host-2', port: 9093 }] }]
  harness.onControllerRequest = async () => ({ errorCode: 0, errorMessage: '', topics, nodes })
  const answer = await describeQuorum(metadataLog, version)
  expect(harness.controllerRequests.map(({ apiKey }) => apiKey)).toEqual([55])
  expect(answer.nodes).toEqual(version < 2 ? [] : nodes)
  const told = answer.topics[0]!.partitions[0]!
  expect(told).toMatchObject(partition)
  expect(told.currentVoters).toMatchObject([
    { ...replica, replicaDirectoryId: version < 2 ? 'AAAAAAAAAAAAAAAAAAAAAA' : directoryIds[2] },
  ])
})

test.each([0, 1, 2])('the leader tells of voters, observers and itself, version %i', async (version) => {
  const voter = (id: number, logEndOffset: number) => ({
    id,
    directoryId: directoryIds[id]!,
    logEndOffset,
    lastFetchTimestamp: 1_700_000_000_000 + id,
    lastCaughtUpTimestamp: 1_600_000_000_000 + id,
  })
  const endpoints = [{ name: 'CONTROLLER', host: 'host-1', port: 9093 }]
  const kraftVersions = { kraftVersionMin: 0, kraftVersionMax: 1 }
  harness.quorum = {
    leaderId: 1,
    epoch: 7,
    highWatermark: 90,
    isLeader: true,
    voters: [voter(1, 100), voter(2, 90)],
    observers: [voter(3, -1)],
    nodes: [{ id: 1, directoryId: voter(1, 0).directoryId, endpoints, ...kraftVersions }],
  }
  const state = (id: number, logEndOffset: number) => ({
    replicaId: id,
    replicaDirectoryId: version < 2 ? 'AAAAAAAAAAAAAAAAAAAAAA' : directoryIds[id],
    logEndOffset,
    lastFetchTimestamp: version < 1 ? -1 : 1_700_000_000_000 + id,
    lastCaughtUpTimestamp: version < 1 ? -1 : 1_600_000_000_000 + id,
  })
  const answer = await describeQuorum(metadataLog, version)
  expect(answer).toMatchObject({ errorCode: 0, nodes: version < 2 ? [] : [{ nodeId: 1, listeners: endpoints }] })
  expect(answer.topics).toMatchObject([{ topicName: '__cluster_metadata' }])
  expect(answer.topics[0]!.partitions).toMatchObject([
    {
      partitionIndex: 0,
      errorCode: 0,
      leaderId: 1,
      leaderEpoch: 7,
      highWatermark: 90,
      currentVoters: [state(1, 100), state(2, 90)],
      observers: [state(3, -1)],
    },
  ])
  if (version === 2) expect([answer.errorMessage, answer.topics[0]!.partitions[0]!.errorMessage]).toEqual(['', ''])
})

describe('nothing is told', () => {
  const strange: readonly Asked[] = [
    [],
    [['__cluster_metadata', []]],
    [['__cluster_metadata', [1]]],
    [['__cluster_metadata', [0, 0]]],
    [['orders', [0, 1]]],
    [...metadataLog, ['orders', [0]]],
    [...metadataLog, ...metadataLog],
  ]

  test.each(strange.map((asked) => [asked]))('of %j: all that it names is unknown', async (asked) => {
    const { errorCode, topics, nodes } = await describeQuorum(asked)
    expect([errorCode, nodes]).toEqual([0, []])
    const unknown = {
      errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: 'This server does not host this topic-partition.',
      leaderId: 0,
      leaderEpoch: 0,
      highWatermark: 0,
      currentVoters: [],
      observers: [],
    }
    expect(topics).toEqual(
      asked.map(([topicName, indexes]) => ({
        topicName,
        partitions: indexes.map((partitionIndex) => ({ partitionIndex, ...unknown })),
      })),
    )
  })

  test('by a controller that does not lead', async () => {
    harness = await BrokerHarness.start({ config: controllerConfig })
    harness.quorum = { ...harness.quorum, isLeader: false, voters: [], highWatermark: -1 }
    const { topics, nodes } = await describeQuorum(metadataLog, 2, 'CONTROLLER')
    expect(topics[0]!.partitions).toMatchObject([{ errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER, currentVoters: [] }])
    expect(nodes).toEqual([])
  })

  test('to who may not describe the cluster', async () => {
    const asked: string[] = []
    harness = await BrokerHarness.start({
      authorize: (_context, operation, resourceType, name) => {
        asked.push(`${operation} ${resourceType} ${name}`)
        return false
      },
    })
    expect(await describeQuorum(metadataLog)).toMatchObject({
      errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
      topics: [],
      nodes: [],
    })
    expect(asked).toEqual(['Describe Cluster kafka-cluster'])
  })
})
