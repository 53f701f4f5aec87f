/** A whole node: the address that each client is told, and configuration that changes while it runs. */
import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { TestClient } from '../server/server-harness.ts'
import { StartedNode } from './started-node.ts'

const [metadata, findCoordinator, describeConfigs, describeCluster, alterConfigs] = [3, 10, 32, 60, 44]
let node: StartedNode
let kafka: Kafka
let admin: Admin

beforeAll(async () => {
  node = await StartedNode.start({ listeners: 'PLAINTEXT://:0', 'log.retention.check.interval.ms': '50' })
  kafka = new Kafka({
    brokers: [node.bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 30_000,
    retry: { retries: 2 },
  })
  admin = kafka.admin()
  await admin.connect()
})

afterAll(async () => {
  await admin.disconnect()
  await node.dispose()
})

const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
const outer = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address
const hasIpv6 = addresses.some(({ address }) => address === '::1')
const reached: [string, string][] = [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.2', '127.0.0.2'],
  ...(hasIpv6
    ? ([
        ['::1', '::1'],
        ['::ffff:127.0.0.1', '127.0.0.1'],
      ] as [string, string][])
    : []),
  ...(outer === undefined ? [] : ([[outer, outer]] as [string, string][])),
]

test.each(reached)('a client that came by %s is told %s by every API', async (host, told) => {
  const client = await TestClient.connect(node.port, host)
  client.send(metadata, 12, 1, { topics: [] })
  client.send(findCoordinator, 4, 2, { keyType: 0, coordinatorKeys: ['group'] })
  client.send(describeCluster, 0, 3)
  const place = { host: told, port: node.port }
  expect((await client.response(metadata, 12)).message.brokers).toMatchObject([place])
  expect((await client.response(findCoordinator, 4)).message.coordinators).toMatchObject([place])
  expect((await client.response(describeCluster, 0)).message.brokers).toMatchObject([place])
  client.socket.destroy()
})

test('of two listeners one is advertised: clients of the other are told the address by which they came', async () => {
  const other = await StartedNode.start({
    listeners: 'HOST://127.0.0.1:0,INTERNAL://127.0.0.1:0',
    'advertised.listeners': 'HOST://kafka.example.com:9092',
    'listener.security.protocol.map': 'HOST:PLAINTEXT,INTERNAL:PLAINTEXT',
    'inter.broker.listener.name': 'HOST',
  })
  const places: unknown[] = []
  for (const { port } of other.listeners) {
    const client = await TestClient.connect(port, '127.0.0.1')
    client.send(metadata, 12, 1, { topics: [] })
    const { brokers } = (await client.response(metadata, 12)).message as { brokers: { host: string; port: number }[] }
    places.push(...brokers.map((broker) => [broker.host, broker.port]))
    client.socket.destroy()
  }
  expect(places).toEqual([
    ['kafka.example.com', 9092],
    ['127.0.0.1', other.listeners[1]!.port],
  ])
  await other.dispose()
})

test("a controller's listener serves administrators and names the controllers", async () => {
  const other = await StartedNode.start({
    listeners: 'PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
  })
  const listener = other.listeners.find(({ name }) => name === 'CONTROLLER')!
  const client = await TestClient.connect(listener.port, '127.0.0.1')
  client.send(describeCluster, 1, 1, { endpointType: 2 })
  const cluster = (await client.response(describeCluster, 1)).message
  expect(cluster).toMatchObject({ errorCode: 0, endpointType: 2, controllerId: 1, brokers: [{ brokerId: 1 }] })
  client.send(describeConfigs, 4, 2, { resources: [{ resourceType: 4, resourceName: '', configurationKeys: null }] })
  expect((await client.response(describeConfigs, 4)).message).toMatchObject({ results: [{ errorCode: 0 }] })
  // Produce and the like are for brokers' listeners alone.
  client.send(metadata, 12, 3, { topics: [] })
  await client.closed()
  await other.dispose()
})

/** Sets or, with null, takes back; kafkajs cannot name the cluster's default, which is the broker ''. */
async function alter(
  type: ConfigResourceTypes,
  name: string,
  settings: Record<string, string | null>,
  client?: TestClient,
): Promise<void> {
  const own = client ?? (await TestClient.connect(node.port))
  const configs = Object.entries(settings).map(([key, value]) => {
    return { name: key, configOperation: value === null ? 1 : 0, value }
  })
  own.send(alterConfigs, 1, 1, {
    resources: [{ resourceType: type, resourceName: name, configs }],
    validateOnly: false,
  })
  const [answer] = (await own.response(alterConfigs, 1)).message.responses as {
    errorCode: number
    errorMessage: string
  }[]
  if (client === undefined) own.socket.destroy()
  if (answer!.errorCode !== 0) throw new Error(answer!.errorMessage)
}

async function send(topic: string, size: number): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    await producer.send({ topic, messages: [{ value: Buffer.alloc(size) }] })
  } finally {
    await producer.disconnect()
  }
}

function segmentCount(topic: string): number {
  return readdirSync(join(node.directory, `${topic}-0`)).filter((name) => name.endsWith('.log')).length
}

test('message.max.bytes of the cluster, of the broker and of a topic take effect at once', async () => {
  await admin.createTopics({ topics: [{ topic: 'sized' }] })
  await send('sized', 5000)
  await alter(ConfigResourceTypes.BROKER, '', { 'message.max.bytes': '2000' })
  await expect(send('sized', 5000)).rejects.toThrow(/larger than the max message size|too large/i)
  await alter(ConfigResourceTypes.BROKER, '1', { 'message.max.bytes': '6000' })
  await send('sized', 5000)
  await alter(ConfigResourceTypes.TOPIC, 'sized', { 'max.message.bytes': '3000' })
  await expect(send('sized', 5000)).rejects.toThrow(/larger than the max message size|too large/i)
  await alter(ConfigResourceTypes.TOPIC, 'sized', { 'max.message.bytes': null })
  await alter(ConfigResourceTypes.BROKER, '1', { 'message.max.bytes': null })
  await alter(ConfigResourceTypes.BROKER, '', { 'message.max.bytes': null })
  await send('sized', 5000)
})

test('the size of segments of a topic takes effect at the next append', async () => {
  await admin.createTopics({ topics: [{ topic: 'rolled' }] })
  for (let count = 0; count < 3; count++) await send('rolled', 1000)
  expect(segmentCount('rolled')).toBe(1)
  await alter(ConfigResourceTypes.TOPIC, 'rolled', { 'internal.segment.bytes': '2000' })
  for (let count = 0; count < 3; count++) await send('rolled', 1000)
  expect(segmentCount('rolled')).toBeGreaterThan(2)
})

test('log.retention.ms of the cluster takes effect at the next check', async () => {
  await admin.createTopics({ topics: [{ topic: 'kept' }] })
  await send('kept', 100)
  expect(await admin.fetchTopicOffsets('kept')).toMatchObject([{ low: '0', high: '1' }])
  await alter(ConfigResourceTypes.BROKER, '', { 'log.retention.ms': '1' })
  await vi.waitFor(async () => expect(await admin.fetchTopicOffsets('kept')).toMatchObject([{ low: '1', high: '1' }]), {
    timeout: 30_000,
  })
  await alter(ConfigResourceTypes.BROKER, '', { 'log.retention.ms': null })
})

test('keys that are fixed at the start are refused', async () => {
  for (const name of ['num.partitions', 'log.dirs', 'listeners', 'node.id'])
    await expect(alter(ConfigResourceTypes.BROKER, '1', { [name]: '7' }), name).rejects.toThrow(
      'Cannot update these configs dynamically',
    )
})

test('max.connections takes effect for the next connection', async () => {
  const first = await TestClient.connect(node.port)
  await alter(ConfigResourceTypes.BROKER, '1', { 'max.connections': '1' }, first)
  await (await TestClient.connect(node.port)).closed()
  await alter(ConfigResourceTypes.BROKER, '1', { 'max.connections': null }, first)
  const second = await TestClient.connect(node.port)
  second.send(metadata, 12, 1, { topics: [] })
  await second.response(metadata, 12)
  for (const client of [first, second]) client.socket.destroy()
})
