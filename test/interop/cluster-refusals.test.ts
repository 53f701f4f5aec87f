/** Nodes that do not belong to the cluster, and requests of another time, are refused with one clear line on both sides. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { Cluster, clusterId, defaultSoftware, separateNodes, steadySettings } from './support/cluster.ts'
import { ClusterClient } from './support/cluster-client.ts'
import type { ClusterNode } from './support/cluster-node.ts'
import { controllerPort } from './support/ports.ts'

const foreignClusterIds = { broker: 'YW5vdGhlci1jbHVzdGVyLg', controller: 'eWV0LWFub3RoZXItb25lLg' }
let cluster: Cluster

beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: separateNodes(3, 3),
    settings: steadySettings,
  })
  await cluster.createTopic('sound', 3)
})

afterAll(async () => {
  await cluster.dispose()
})

async function activeController(): Promise<ClusterNode> {
  return cluster.node((await cluster.quorum()).leaderId)
}

/** Whoever was refused, the cluster is as it was. */
async function expectUnharmed(): Promise<void> {
  const liveBrokers = async () => (await cluster.metadata()).brokers.map(({ nodeId }) => nodeId).sort()
  await expect.poll(liveBrokers).toEqual([1, 2, 3])
  await cluster.awaitInSync('sound')
}

/** Lines of warnings and errors of the cluster's nodes in which the words stand. */
const told = (...words: readonly (string | number)[]) =>
  [...cluster.nodes.values()].flatMap((node) => node.lines(...words)).filter((line) => /warn|error/i.test(line))

test.each([
  { roles: 'broker', id: 4, placeId: 4 },
  { roles: 'controller', id: 103, placeId: 5 },
] as const)('a $roles of another cluster', async ({ roles, id, placeId }) => {
  const stranger = cluster.stranger({ id, roles, software: defaultSoftware }, placeId)
  await stranger.format(foreignClusterIds[roles])
  stranger.launch()
  await stranger.said('another cluster', foreignClusterIds[roles])
  await expect.poll(() => told('another cluster', foreignClusterIds[roles])).not.toEqual([])
  // Each side goes on to meet the other, and has said it.
  const controller = await activeController()
  const { highWatermark } = await cluster.quorum()
  await cluster.until('the quorum goes on', async () => (await cluster.quorum()).highWatermark > highWatermark + 2)
  expect(stranger.lines('another cluster')).toHaveLength(1)
  for (const node of cluster.controllers)
    expect(node.lines('another cluster', foreignClusterIds[roles]).length).toBeLessThanOrEqual(1)
  expect((await activeController()).id).toBe(controller.id)
  await stranger.kill()
  await expectUnharmed()
})

test('a broker whose id is taken by a live one', async () => {
  const stranger = cluster.stranger({ id: 1, roles: 'broker', software: defaultSoftware }, 6)
  await stranger.format(clusterId)
  stranger.launch()
  await stranger.said('broker id 1')
  const controller = await activeController()
  await controller.said('broker 1', 'not registered')
  expect(controller.lines('broker 1', 'not registered')).toHaveLength(1)
  await stranger.kill()
  await expectUnharmed()
})

test('a directory of another node', async () => {
  const stranger = cluster.stranger({ id: 9, roles: 'broker', software: defaultSoftware }, 7)
  cpSync(join(cluster.node(2).directory, 'meta.properties'), join(stranger.directory, 'meta.properties'))
  stranger.launch()
  expect(await stranger.ended()).toBe(1)
  expect(stranger.lines('node.id').filter((line) => /2/.test(line) && /9/.test(line))).toHaveLength(1)
  await expectUnharmed()
})

interface Registered {
  readonly errorCode: number
  readonly brokerEpoch: number
}

const logDirectoryId = 'c29tZS1kaXJlY3RvcnkuLg'
const features = [
  ['metadata.version', 7, 30],
  ['kraft.version', 0, 1],
  ['group.version', 0, 1],
  ['transaction.version', 0, 2],
  ['share.version', 0, 1],
  ['streams.version', 0, 1],
  ['eligible.leader.replicas.version', 0, 1],
] as const

/** A registration as it goes over the wire; the features are those of Apache Kafka 4.3.1 where none are given. */
function registration(ranges: readonly (readonly [string, number, number])[] = features) {
  return {
    brokerId: 55,
    clusterId,
    incarnationId: 'aW5jYXJuYXRpb24tNTUuLg',
    listeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9, securityProtocol: 0 }],
    features: ranges.map(([name, minSupportedVersion, maxSupportedVersion]) => ({
      name,
      minSupportedVersion,
      maxSupportedVersion,
    })),
    rack: null,
    logDirs: [logDirectoryId],
  }
}

test('a broker without a feature that the cluster uses', async () => {
  const controller = await activeController()
  using client = await ClusterClient.connect(controller.host, controllerPort)
  const withoutMetadata = features.map(([name, min, max]) =>
    name === 'metadata.version' ? ([name, 7, 29] as const) : ([name, min, max] as const),
  )
  for (let attempt = 0; attempt < 2; attempt++) {
    const answer = await client.call(apiKeys.BrokerRegistration, 4, registration(withoutMetadata))
    expect(answer.errorCode).toBe(errorCodes.UNSUPPORTED_VERSION)
  }
  await expect.poll(() => told('broker 55', 'metadata.version')).toHaveLength(1)
  await expectUnharmed()
})

test('requests of an epoch that is over', async () => {
  const controller = await activeController()
  using client = await ClusterClient.connect(controller.host, controllerPort)
  const registered = (await client.call(apiKeys.BrokerRegistration, 4, registration())) as unknown as Registered
  expect(registered.errorCode).toBe(0)
  const heartbeat = (brokerEpoch: number) =>
    client.call(apiKeys.BrokerHeartbeat, 1, {
      brokerId: 55,
      brokerEpoch,
      currentMetadataOffset: 0,
      wantFence: true,
      wantShutDown: false,
    })
  expect((await heartbeat(registered.brokerEpoch)).errorCode).toBe(0)
  expect((await heartbeat(registered.brokerEpoch - 1)).errorCode).toBe(errorCodes.STALE_BROKER_EPOCH)
  const alter = await client.call(apiKeys.AlterPartition, 3, { brokerId: 55, brokerEpoch: 1, topics: [] })
  expect(alter.errorCode).toBe(errorCodes.STALE_BROKER_EPOCH)
  const unregistered = await client.call(apiKeys.UnregisterBroker, 0, { brokerId: 55 })
  expect(unregistered.errorCode).toBe(0)
  await expectUnharmed()
})
