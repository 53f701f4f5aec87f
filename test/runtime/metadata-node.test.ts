import { describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/base/logger.ts'
import type { MetadataDelta } from '../../src/metadata/metadata-delta.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import type { CreateTopicsResponse } from '../../src/protocol/api/19-create-topics.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { registerController } from '../../src/runtime/controller/controller-registration.ts'
import { imageContent } from '../metadata/image-content.ts'
import { MetadataNode } from './metadata-node.ts'
import { directoryIdOf, type RaftHarness } from './raft-harness.ts'

function createTopic(node: MetadataNode, name: string): Promise<CreateTopicsResponse> {
  return node.channel.send(apiKeys.CreateTopics, { topics: [{ name, numPartitions: 3, replicationFactor: 1 }] })
}

async function running(config: Readonly<Record<string, string>> = {}): Promise<[MetadataNode, RaftHarness]> {
  const [node, harness] = await MetadataNode.first(config)
  await harness.drive(node.lifecycle().start())
  return [node, harness]
}

describe('a node that starts for the first time', () => {
  test('writes the records that 4.3.1 writes, at the same offsets', async () => {
    const [node] = await MetadataNode.first()
    // Offsets 0 to 2 are the raft layer's control batch.
    expect(node.committed.batches.map(([offset, records]) => [offset, records.map(({ type }) => type)])).toEqual([
      [0, []],
      [
        3,
        [
          'BeginTransactionRecord',
          ...Array<string>(6).fill('FeatureLevelRecord'),
          'ConfigRecord',
          'EndTransactionRecord',
        ],
      ],
    ])
    expect(node.publisher.appliedOffset).toBe(11)
    expect(node.publisher.finalizedFeaturesEpoch).toBe(11)
  })

  test('serves after three commits, while time stands still', async () => {
    const [node, harness] = await MetadataNode.first()
    const startMs = harness.clock.monotonic()
    const lifecycle = node.lifecycle()
    await harness.drive(lifecycle.start())
    expect(lifecycle).toMatchObject({ state: 'running', isFenced: false, brokerEpoch: 12 })
    expect(harness.clock.monotonic()).toBe(startMs)
    expect(node.publisher.image.cluster.broker(1)).toMatchObject({ isFenced: false, cordonedDirectories: [] })
    expect(node.committed.batches.slice(2).map(([, records]) => records.map(({ type }) => type))).toEqual([
      ['RegisterBrokerRecord'],
      ['BrokerRegistrationChangeRecord', 'BrokerRegistrationChangeRecord'],
    ])
  })

  test('an answer of the controller is in the broker image when it comes', async () => {
    const [node, harness] = await running()
    await harness.drive(createTopic(node, 'a'))
    expect(node.publisher.image.topics.getByName('a')!.partitions.size).toBe(3)
  })
})

test('a controller registers once it is led, with its endpoints and features', async () => {
  const [node, harness] = await MetadataNode.first()
  await harness.drive(
    registerController({
      controllerId: 1,
      incarnationId: directoryIdOf(9),
      endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093, securityProtocol: 0 }],
      controller: node.channel,
      clock: harness.clock,
      logger: silentLogger,
    }),
  )
  expect(node.publisher.image.cluster.controller(1)).toMatchObject({
    incarnationId: directoryIdOf(9),
    endpoints: [{ name: 'CONTROLLER', port: 9093 }],
  })
})

describe('a node that starts again', () => {
  test.each(['process', 'power'] as const)('after a crash of the %s has all that was committed', async (kind) => {
    const [node, harness] = await running()
    await harness.drive(createTopic(node, 'a'))
    const before = imageContent(node.publisher.image)
    node.kill()
    if (kind === 'power') harness.machine.crash('power')
    const next = await MetadataNode.again(harness)
    expect(imageContent(next.publisher.image)).toEqual(before)
  })

  test('registers at once, with its predecessor killed, and its partitions recover', async () => {
    const [node, harness] = await running()
    await harness.drive(createTopic(node, 'a'))
    node.kill()
    const next = await MetadataNode.again(harness)
    const startMs = harness.clock.monotonic()
    await harness.drive(next.lifecycle().start())
    expect(harness.clock.monotonic()).toBe(startMs)
    expect(next.publisher.image.topics.getByName('a')!.partitions.get(0)).toMatchObject({
      leader: 1,
      isr: [1],
      leaderRecoveryState: 1,
    })
  })

  test('after a clean shutdown its partitions need no recovery', async () => {
    const [node, harness] = await MetadataNode.first()
    const lifecycle = node.lifecycle()
    await harness.drive(lifecycle.start())
    await harness.drive(createTopic(node, 'a'))
    await harness.drive(lifecycle.shutDown(10_000))
    expect(lifecycle.state).toBe('stopped')
    expect(node.publisher.image.cluster.broker(1)).toMatchObject({ isFenced: true })
    node.kill()
    const next = await MetadataNode.again(harness)
    await harness.drive(next.lifecycle({ previousBrokerEpoch: lifecycle.brokerEpoch }).start())
    expect(next.publisher.image.topics.getByName('a')!.partitions.get(0)).toMatchObject({
      leader: 1,
      isr: [1],
      elr: [],
      leaderRecoveryState: 0,
    })
  })

  test('reads a snapshot and the log behind it', async () => {
    const [node, harness] = await running()
    await harness.drive(createTopic(node, 'a'))
    await harness.drive(node.snapshots.write())
    await harness.drive(createTopic(node, 'b'))
    const before = imageContent(node.publisher.image)
    node.kill()
    const next = await MetadataNode.again(harness)
    expect(next.committed.snapshotsCount).toBe(1)
    expect(imageContent(next.publisher.image)).toEqual(before)
    await harness.drive(next.lifecycle().start())
    expect((await harness.drive(createTopic(next, 'c'))).topics[0]).toMatchObject({ errorCode: 0 })
  })
})

describe('snapshots', () => {
  test('are written after so many bytes of records', async () => {
    const [node, harness] = await running({ 'metadata.log.max.record.bytes.between.snapshots': '2000' })
    const before = node.driver.latestSnapshotEndOffset
    for (let index = 0; index < 10; index++) await harness.drive(createTopic(node, `topic-${index}`))
    await harness.until(() => node.driver.latestSnapshotEndOffset > before)
  })

  test('and after so long', async () => {
    const [node, harness] = await running({ 'metadata.log.max.snapshot.interval.ms': '60000' })
    const before = node.driver.latestSnapshotEndOffset
    await harness.clock.advanceAsync(59_000)
    expect(node.driver.latestSnapshotEndOffset).toBe(before)
    await harness.until(() => node.driver.latestSnapshotEndOffset > before)
  })
})

describe('a broker', () => {
  test('is told nothing before it publishes, and then everything as one delta', async () => {
    const [node, harness] = await running()
    await harness.drive(createTopic(node, 'a'))
    node.kill()
    const next = await MetadataNode.again(harness)
    const told: MetadataDelta[] = []
    next.publisher.subscribe({ onMetadataChange: (delta) => told.push(delta) })
    const lifecycle = next.lifecycle({
      openLogs: async () => {
        expect(told).toEqual([])
        next.publisher.publish()
      },
    })
    await harness.drive(lifecycle.start())
    expect([...told[0]!.createdTopics.values()].map(({ name }) => name)).toEqual(['a'])
    expect(told[0]!.changedTopics.values().next().value!.partitions.size).toBe(3)
  })

  test('tells subscribers in their order, with the image that the delta led to', async () => {
    const [node, harness] = await running()
    const told: string[] = []
    const listen = (who: string) => (delta: MetadataDelta, image: MetadataImage) => {
      for (const topic of delta.createdTopics.values()) {
        told.push(`${who}: ${topic.name} ${image.topics.get(topic.id)!.partitions.size}`)
      }
    }
    node.publisher.subscribe({ onMetadataChange: listen('first') })
    const leave = node.publisher.subscribe({ onMetadataChange: listen('second') })
    await harness.drive(createTopic(node, 'a'))
    leave()
    await harness.drive(createTopic(node, 'b'))
    expect(told).toEqual(['first: a 3', 'second: a 3', 'first: b 3'])
  })

  test('sends heartbeats that keep it unfenced', async () => {
    const [node, harness] = await running()
    await harness.clock.advanceAsync(60_000)
    expect(node.publisher.image.cluster.broker(1)!.isFenced).toBe(false)
  })

  test('of another cluster is refused for good', async () => {
    const [node, harness] = await MetadataNode.first()
    const lifecycle = node.lifecycle({ clusterId: 'another' })
    await expect(harness.drive(lifecycle.start())).rejects.toMatchObject({ error: 'INCONSISTENT_CLUSTER_ID' })
  })

  test('registers again when the controller no longer knows its epoch', async () => {
    const [node, harness] = await MetadataNode.first()
    const lifecycle = node.lifecycle()
    await harness.drive(lifecycle.start())
    const epoch = lifecycle.brokerEpoch
    const usurper = node.lifecycle()
    await harness.drive(usurper.start())
    usurper.stop()
    await harness.clock.advanceAsync(2100)
    await harness.settle()
    expect(lifecycle.brokerEpoch).toBeGreaterThan(epoch)
  })
})
