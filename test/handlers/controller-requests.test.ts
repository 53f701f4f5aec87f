/**
 * What brokers and controllers ask the active controller, over its listener: 56-alter-partition, 58-envelope,
 * 62-broker-registration, 63-broker-heartbeat, 67-allocate-producer-ids, 70-controller-registration and
 * 73-assign-replicas-to-dirs.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import type { EnvelopeResponse } from '../../src/protocol/api/58-envelope.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { discloseResponse, encloseRequest, encodeAddress, encodePrincipal } from '../../src/protocol/envelope.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { PeerConnection } from '../../src/runtime/peer-connection.ts'
import { beat, ControllerQuorum, joinCluster, registrationOf } from '../runtime/controller-quorum.ts'
import { directoryIdOf } from '../runtime/raft-harness.ts'

let quorum: ControllerQuorum
let peer: Peer

interface Answer {
  readonly errorCode: number
}

class Peer {
  readonly connection: PeerConnection

  constructor(connection: PeerConnection) {
    this.connection = connection
  }

  static async connect(controllerId = 3001): Promise<Peer> {
    const { network, clock } = quorum
    const { endpoint } = quorum.addressOf(controllerId)
    const options = { network, clock, endpoint, clientId: '1', timeoutMs: 10_000, isNegotiated: true }
    return new Peer(await quorum.resolve(PeerConnection.open(options)))
  }

  send<Response>(apiKey: number, request: object, version?: number): Promise<Response> {
    const options = version === undefined ? {} : { version }
    return quorum.resolve(this.connection.ask(apiKey, request, options)) as Promise<Response>
  }
}

beforeEach(async () => {
  quorum = await ControllerQuorum.start(2)
  peer = await Peer.connect()
})

const nodeRequests: readonly (readonly [name: string, apiKey: number, request: object])[] = [
  ['AlterPartition', apiKeys.AlterPartition, { brokerId: 1 }],
  ['BrokerRegistration', apiKeys.BrokerRegistration, registrationOf(1)],
  ['BrokerHeartbeat', apiKeys.BrokerHeartbeat, { brokerId: 1, currentMetadataOffset: 0 }],
  ['AllocateProducerIds', apiKeys.AllocateProducerIds, { brokerId: 1 }],
  ['ControllerRegistration', apiKeys.ControllerRegistration, { controllerId: 3001, incarnationId: directoryIdOf(1) }],
  ['AssignReplicasToDirs', apiKeys.AssignReplicasToDirs, { brokerId: 1 }],
]

describe.each(nodeRequests)('%s', (_, apiKey, request) => {
  test('is answered by the active controller alone', async () => {
    const other = await Peer.connect(3002)
    expect(await other.send<Answer>(apiKey, request)).toMatchObject({ errorCode: errorCodes.NOT_CONTROLLER })
    expect(await peer.send<Answer>(apiKey, request)).not.toMatchObject({ errorCode: errorCodes.NOT_CONTROLLER })
  })

  test('is for nodes of the cluster', async () => {
    quorum.authorize = (__, operation) => operation !== 'ClusterAction'
    expect(await peer.send<Answer>(apiKey, request)).toMatchObject({
      errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED,
    })
  })
})

test('a broker registers, serves, and gets producer ids', async () => {
  const epoch = await joinCluster(quorum, peer, 1)
  expect(await beat(quorum, peer, 1, epoch)).toMatchObject({ errorCode: 0, isCaughtUp: true, isFenced: false })
  expect(await peer.send(apiKeys.AllocateProducerIds, { brokerId: 1, brokerEpoch: epoch })).toMatchObject({
    errorCode: 0,
    producerIdStart: 0n,
    producerIdLen: 1000,
  })
  expect(await peer.send(apiKeys.AllocateProducerIds, { brokerId: 1, brokerEpoch: epoch + 1 })).toMatchObject({
    errorCode: errorCodes.STALE_BROKER_EPOCH,
  })
})

test.each([0, 1, 2, 3, 4])('BrokerRegistration %i', async (version) => {
  const { logDirs, previousBrokerEpoch, ...rest } = registrationOf(1) as Record<string, unknown>
  const request = {
    ...rest,
    ...(version >= 2 ? { logDirs } : {}),
    ...(version >= 3 ? { previousBrokerEpoch } : {}),
  }
  const answer = await peer.send<Answer>(apiKeys.BrokerRegistration, request, version)
  expect(answer.errorCode).toBe(version < 2 ? errorCodes.INVALID_REGISTRATION : 0)
})

test.each([2, 3])('AlterPartition %i', async (version) => {
  const epochs = [await joinCluster(quorum, peer, 1), await joinCluster(quorum, peer, 2)]
  const topics = [
    { name: 'a', numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }] },
  ]
  await peer.send(apiKeys.CreateTopics, { topics, timeoutMs: 1000 })
  const { image } = quorum.active.publisher
  const topicId = image.topics.getByName('a')!.id
  const isr = version === 2 ? { newIsr: [1] } : { newIsrWithEpochs: [{ brokerId: 1, brokerEpoch: epochs[0]! }] }
  const partitions = [{ partitionIndex: 0, leaderEpoch: 0, partitionEpoch: 0, ...isr }]
  const request = { brokerId: 1, brokerEpoch: epochs[0], topics: [{ topicId, partitions }] }
  expect(await peer.send(apiKeys.AlterPartition, request, version)).toMatchObject({
    errorCode: 0,
    topics: [{ partitions: [{ errorCode: 0, isr: [1], partitionEpoch: 1 }] }],
  })
  expect(image.topics.getPartition(topicId, 0)!.isr).toEqual([1])
})

test('AssignReplicasToDirs tells of each partition', async () => {
  const logDirs = [directoryIdOf(61), directoryIdOf(62)]
  const brokerEpoch = await joinCluster(quorum, peer, 1, { logDirs })
  const topics = [{ name: 'a', numPartitions: 1, replicationFactor: 1 }]
  await peer.send(apiKeys.CreateTopics, { topics, timeoutMs: 1000 })
  const { image } = quorum.active.publisher
  const topicId = image.topics.getByName('a')!.id
  const partitions = [{ partitionIndex: 0 }, { partitionIndex: 1 }]
  const directories = [{ id: logDirs[1], topics: [{ topicId, partitions }] }]
  const answer = await peer.send(apiKeys.AssignReplicasToDirs, { brokerId: 1, brokerEpoch, directories })
  const told = [{ errorCode: 0 }, { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }]
  expect(answer).toMatchObject({ errorCode: 0, directories: [{ topics: [{ partitions: told }] }] })
  expect(image.topics.getPartition(topicId, 0)!.directories).toEqual([logDirs[1]])
})

describe('an envelope', () => {
  const enclosed = { apiKey: apiKeys.CreateTopics, apiVersion: 5, correlationId: 9, clientId: 'admin' }
  const creation = { topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1 }], timeoutMs: 1000 }

  function envelope(fields: object = {}): object {
    return {
      requestData: encloseRequest(enclosed, creation),
      requestPrincipal: encodePrincipal('User:alice'),
      clientHostAddress: encodeAddress('10.0.0.1'),
      ...fields,
    }
  }

  const send = (fields: object = {}, to = peer) => to.send<EnvelopeResponse>(apiKeys.Envelope, envelope(fields))

  test('has the whole answer in the version of what is inside', async () => {
    await joinCluster(quorum, peer, 1)
    const { errorCode, responseData } = await send()
    expect(errorCode).toBe(0)
    expect(responseData!.readInt32BE(0)).toBe(9)
    expect(discloseResponse(enclosed, responseData!)).toMatchObject({ topics: [{ name: 'a', errorCode: 0 }] })
  })

  test('passes a refusal on', async () => {
    const { errorCode, responseData } = await send()
    expect(errorCode).toBe(0)
    expect(discloseResponse(enclosed, responseData!)).toMatchObject({
      topics: [{ errorCode: errorCodes.INVALID_REPLICATION_FACTOR }],
    })
  })

  test('is refused by a controller that is not active', async () => {
    const other = await Peer.connect(3002)
    expect(await send({}, other)).toEqual({ errorCode: errorCodes.NOT_CONTROLLER, responseData: null })
    const describe = { ...enclosed, apiKey: apiKeys.DescribeQuorum, apiVersion: 2 }
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
    const requestData = encloseRequest(describe, { topics })
    expect(await send({ requestData }, other)).toEqual({ errorCode: errorCodes.NOT_CONTROLLER, responseData: null })
    expect(await send({ requestData })).toMatchObject({ errorCode: 0 })
  })

  test.each([
    ['what may not be forwarded', { apiKey: apiKeys.ApiVersions, apiVersion: 0 }, {}, 'INVALID_REQUEST'],
    ['an envelope', { apiKey: apiKeys.Envelope, apiVersion: 0 }, { requestData: Buffer.alloc(1) }, 'INVALID_REQUEST'],
    ['what controllers are told', { apiKey: apiKeys.BrokerHeartbeat, apiVersion: 0 }, {}, 'INVALID_REQUEST'],
  ] as const)('does not take %s', async (_, inside, message, error) => {
    const full = inside.apiKey === apiKeys.Envelope ? { ...envelope(), ...message } : message
    const base = inside.apiKey === apiKeys.BrokerHeartbeat ? { brokerId: 1, currentMetadataOffset: 0 } : full
    const requestData = encloseRequest({ ...enclosed, ...inside }, base)
    expect(await send({ requestData })).toEqual({ errorCode: errorCodes[error], responseData: null })
  })

  test('does not take what is malformed', async () => {
    const bytes = encloseRequest(enclosed, creation)
    const invalid = { errorCode: errorCodes.INVALID_REQUEST, responseData: null }
    expect(await send({ requestData: bytes.subarray(0, 20) })).toEqual(invalid)
    expect(await send({ requestData: bytes.subarray(0, 3) })).toEqual(invalid)
    expect(await send({ clientHostAddress: Buffer.alloc(3) })).toEqual(invalid)
    const stranger = { errorCode: errorCodes.PRINCIPAL_DESERIALIZATION_FAILURE, responseData: null }
    expect(await send({ requestPrincipal: null })).toEqual(stranger)
    expect(await send({ requestPrincipal: Buffer.from([0, 9]) })).toEqual(stranger)
    const future = Buffer.from(bytes)
    future.writeInt16BE(99, 2)
    expect(await send({ requestData: future })).toEqual({
      errorCode: errorCodes.UNSUPPORTED_VERSION,
      responseData: null,
    })
  })

  test('is for nodes of the cluster', async () => {
    quorum.authorize = (_, operation) => operation !== 'ClusterAction'
    expect(await send()).toMatchObject({ errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED })
  })
})
