// Clients are told addresses of the listener by which they came: src/handlers/broker-endpoint.ts, leader-hint.ts.
import { beforeEach, describe, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { metadataRequest, metadataResponse } from '../../src/protocol/api/03-metadata.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, fetchApi, produceApi } from '../runtime/broker-harness.ts'
import { findCoordinatorApi, offsetsTopic } from './group-requests.ts'

const listeners = {
  listeners: 'PLAINTEXT://:9092,OUTSIDE://:9192',
  'advertised.listeners': 'PLAINTEXT://inside-1:9092,OUTSIDE://outside-1:9192',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
}

let harness: BrokerHarness
let topicId: string

function register(brokerId: number, names: readonly string[]): void {
  const endPoints = names.map((name) => {
    const place = name === 'OUTSIDE' ? 'outside' : 'inside'
    return { name, host: `${place}-${brokerId}`, port: place === 'outside' ? 9192 : 9092, securityProtocol: 0 }
  })
  const registration = { brokerId, incarnationId: 'vPeOCWypqUOSepEvx0cbog', brokerEpoch: brokerId * 100, endPoints }
  harness.commit([
    metadataRecord('RegisterBrokerRecord', 4, { ...registration, rack: `rack-${brokerId}`, fenced: false }),
  ])
}

beforeEach(async () => {
  harness = await BrokerHarness.start({ brokers: [], config: listeners })
  for (const id of [1, 2]) register(id, ['PLAINTEXT', 'OUTSIDE'])
  register(3, ['PLAINTEXT'])
  topicId = await harness.createTopic('orders', { partitions: 3, replicas: [1, 2, 3] })
  harness.changePartition(topicId, 1, { leader: 2 })
  harness.changePartition(topicId, 2, { leader: 3 })
  await harness.settle()
})

const endpoints = {
  PLAINTEXT: [
    { nodeId: 2, host: 'inside-2', port: 9092, rack: 'rack-2' },
    { nodeId: 3, host: 'inside-3', port: 9092, rack: 'rack-3' },
  ],
  // Broker 3 has no such listener: its id is all that can be told.
  OUTSIDE: [{ nodeId: 2, host: 'outside-2', port: 9192, rack: 'rack-2' }],
}

describe.each(['PLAINTEXT', 'OUTSIDE'] as const)('on %s', (name) => {
  test('Produce names the leaders', async () => {
    const partitionData = [0, 1, 2].map((index) => ({ index, records: batchOf(['a']) }))
    const request = { acks: 1, timeoutMs: 1_000, topicData: [{ topicId, partitionData }] }
    const { responses, nodeEndpoints } = await harness.call(produceApi, 13, request, harness.connect(name))
    const answers = responses[0]!.partitionResponses
    expect(answers.map(({ errorCode, currentLeader }) => [errorCode, currentLeader.leaderId])).toEqual([
      [0, -1],
      [errorCodes.NOT_LEADER_OR_FOLLOWER, 2],
      [errorCodes.NOT_LEADER_OR_FOLLOWER, 3],
    ])
    expect(nodeEndpoints).toEqual(endpoints[name])
  })

  test('Fetch names the leaders', async () => {
    const partitions = [0, 1, 2].map((partition) => {
      return { partition, currentLeaderEpoch: 0, fetchOffset: 0, partitionMaxBytes: 1000 }
    })
    const request = { maxWaitMs: 0, topics: [{ topicId, partitions }] }
    const { responses, nodeEndpoints } = await harness.call(fetchApi, 17, request, harness.connect(name))
    const answers = responses[0]!.partitions
    expect(answers.map(({ errorCode, currentLeader }) => [errorCode, currentLeader.leaderId])).toEqual([
      [0, -1],
      [errorCodes.FENCED_LEADER_EPOCH, 2],
      [errorCodes.FENCED_LEADER_EPOCH, 3],
    ])
    expect(nodeEndpoints).toEqual(endpoints[name])
  })

  test('Metadata and FindCoordinator agree', async () => {
    const isOutside = name === 'OUTSIDE'
    const connection = harness.connect(name)
    const request = { topics: [{ name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }] }
    const { brokers, topics } = await harness.call([metadataRequest, metadataResponse], 13, request, connection)
    const self = {
      nodeId: 1,
      host: isOutside ? 'outside-1' : 'inside-1',
      port: isOutside ? 9192 : 9092,
      rack: 'rack-1',
    }
    expect(brokers).toEqual([self, ...endpoints[name]])
    const leaders = topics[0]!.partitions.map(({ errorCode, leaderId }) => [errorCode, leaderId])
    expect(leaders).toEqual([[0, 1], [0, 2], isOutside ? [errorCodes.LISTENER_NOT_FOUND, -1] : [0, 3]])
    expect(topics[0]!.partitions[0]!.offlineReplicas).toEqual(isOutside ? [3] : [])
    const offsetsId = await harness.createTopic(offsetsTopic, { replicas: [1, 2, 3], leader: 2 })
    const found = await harness.call(findCoordinatorApi, 6, { coordinatorKeys: ['g'] }, connection)
    const { nodeId, host, port } = endpoints[name][0]!
    expect(found.coordinators[0]).toMatchObject({ errorCode: 0, nodeId, host, port })
    harness.changePartition(offsetsId, 0, { leader: 3 })
    const moved = await harness.call(findCoordinatorApi, 6, { coordinatorKeys: ['g'] }, connection)
    const unavailable = { errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE, nodeId: -1 }
    expect(moved.coordinators[0]).toMatchObject(isOutside ? unavailable : { errorCode: 0, nodeId: 3 })
  })
})
