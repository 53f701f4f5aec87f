/** A cluster in this process: real sockets, real elections, real replication. */
import { Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { startCluster } from '../../src/embedded.ts'

function clientOf(bootstrapServers: string): Kafka {
  return new Kafka({
    brokers: bootstrapServers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 30_000,
    retry: { initialRetryTime: 50 },
  })
}

test('three brokers replicate, and what was acknowledged outlives the leader', async () => {
  await using cluster = await startCluster({
    topics: [{ name: 'orders', partitions: 3 }],
    settings: { 'min.insync.replicas': 2 },
  })
  // An outgoing connection could be given the port of a broker that is stopped.
  const ports = cluster.bootstrapServers.split(',').map((address) => Number(address.split(':')[1]))
  expect(Math.max(...ports)).toBeLessThan(32_768)
  const kafka = clientOf(cluster.bootstrapServers)
  const admin = kafka.admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: ['orders'] })
  const { partitions } = topics[0]!
  expect(partitions.map(({ replicas }) => [...replicas].sort())).toEqual([
    [1, 2, 3],
    [1, 2, 3],
    [1, 2, 3],
  ])
  expect(partitions.map(({ isr }) => isr.length)).toEqual([3, 3, 3])
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  const send = (from: number) =>
    producer.send({
      topic: 'orders',
      acks: -1,
      messages: Array.from({ length: 30 }, (_, index) => ({ value: String(from + index), partition: index % 3 })),
    })
  await send(0)
  await cluster.stopBroker(1)
  await send(30)
  await cluster.startBroker(1)
  await send(60)
  await cluster.stopBroker(2)
  await send(90)
  const offsets = await admin.fetchTopicOffsets('orders')
  expect(offsets.map(({ high }) => high)).toEqual(['40', '40', '40'])
  await producer.disconnect()
  await admin.disconnect()
})

test('settings may differ by broker, and a lone broker is a cluster too', async () => {
  await using cluster = await startCluster({ brokers: 1, settingsOf: (id) => ({ 'broker.rack': `rack-${id}` }) })
  const admin = clientOf(cluster.bootstrapServers).admin()
  await admin.connect()
  const { brokers, clusterId } = await admin.describeCluster()
  expect(brokers.map(({ nodeId }) => nodeId)).toEqual([1])
  expect(clusterId).toBe(cluster.clusterId)
  await admin.disconnect()
  await expect(startCluster({ brokers: 0 })).rejects.toThrow('from 1 to 20')
})
