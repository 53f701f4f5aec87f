import { beforeEach, describe, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { errorCodes, KafkaError } from '../../src/protocol/errors.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import { BrokerHarness, batchOf } from './broker-harness.ts'

let harness: BrokerHarness
let told: string[]

beforeEach(async () => {
  harness = await BrokerHarness.start()
  told = []
  harness.replicaManager.addLeadershipListener({
    onElected: (partition) => told.push(`elected ${partition.name} ${partition.leaderEpoch}`),
    onResigned: (partition, leaderEpoch) => told.push(`resigned ${partition.name} ${leaderEpoch}`),
  })
})

function append(partition: Partition, value: string): void {
  partition.append(batchOf([value]), { requiredAcks: 1, origin: 'client' })
}

describe('roles follow the metadata', () => {
  test('from the first leader to the deletion', async () => {
    const topicId = await harness.createTopic('orders')
    const partition = harness.partition('orders')
    expect(partition).toMatchObject({ state: 'leader', leaderId: 1, leaderEpoch: 0, topicId })
    expect(partition.log!.epochs).toEqual([{ epoch: 0, startOffset: 0 }])
    expect(harness.replicaManager.isServing(topicId, 0)).toBe(true)
    expect(harness.replicaManager.partitionById(topicId, 0)).toBe(partition)
    append(partition, 'a')
    await harness.settle()
    harness.changePartition(topicId, 0, { leader: 2 })
    expect(partition).toMatchObject({ state: 'follower', leaderId: 2, leaderEpoch: 1 })
    expect(harness.replicaManager.isServing(topicId, 0)).toBe(false)
    harness.changePartition(topicId, 0, { leader: 1 })
    expect(partition).toMatchObject({ state: 'leader', leaderEpoch: 2 })
    expect(partition.log!.epochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 2, startOffset: 1 },
    ])
    await harness.deleteTopic(topicId)
    expect(partition.state).toBe('removed')
    expect(harness.replicaManager.partition('orders', 0)).toBeUndefined()
    expect(harness.logs.log('orders', 0)).toBeUndefined()
    expect(told).toEqual(['elected orders-0 0', 'resigned orders-0 0', 'elected orders-0 2', 'resigned orders-0 2'])
  })

  test('while its log is being opened: the newest counts, and until then requests are refused', async () => {
    const created = harness.createTopic('orders', { replicas: [1, 2] })
    const partition = harness.partition('orders')
    expect(partition.state).toBe('opening')
    expect(partition.leaderError(-1)).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER)
    harness.changePartition(partition.topicId, 0, { leader: 2 })
    await created
    expect(partition).toMatchObject({ state: 'follower', leaderId: 2 })
    expect(told).toEqual([])
  })

  test('a topic deleted while its log is being opened leaves no log', async () => {
    const created = harness.createTopic('orders')
    const { topicId } = harness.partition('orders')
    await harness.deleteTopic(topicId)
    await created
    expect(harness.logs.log('orders', 0)).toBeUndefined()
    expect(told).toEqual([])
  })

  test('a topic made anew under the same name starts empty', async () => {
    const first = await harness.createTopic('orders')
    append(harness.partition('orders'), 'a')
    await harness.settle()
    harness.commit([metadataRecord('RemoveTopicRecord', 0, { topicId: first })])
    const second = await harness.createTopic('orders')
    const partition = harness.partition('orders')
    expect(partition.topicId).toBe(second)
    expect(partition.log!.logEndOffset).toBe(0)
    expect(harness.replicaManager.partitionById(first, 0)).toBeUndefined()
  })

  test('a replica that moves away is removed, one elsewhere is not made', async () => {
    const topicId = await harness.createTopic('orders', { replicas: [1, 2] })
    const change = { partitionId: 0, topicId, replicas: [2, 3], isr: [2], leader: 2 }
    harness.commit([metadataRecord('PartitionChangeRecord', 0, change)])
    await harness.drive(harness.replicaManager.whenSettled())
    expect(harness.logs.log('orders', 0)).toBeUndefined()
    await harness.createTopic('away', { replicas: [2] })
    expect(harness.replicaManager.partition('away', 0)).toBeUndefined()
    expect(harness.replicaManager.missingError('away', 0)).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER)
    expect(harness.replicaManager.missingError('away', 1)).toBe(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    expect(harness.replicaManager.isStray(topicId, 0)).toBe(true)
  })

  test('producers that wait go on when the same broker leads in a new epoch', async () => {
    const topicId = await harness.createTopic('orders', { replicas: [1, 2] })
    const partition = harness.partition('orders')
    append(partition, 'a')
    await harness.settle()
    const ends: string[] = []
    partition.replicatedWaits.push({
      endOffset: 1,
      isSettled: false,
      onReached: () => ends.push('reached'),
      onFailed: (error) => ends.push(`failed ${error}`),
    })
    harness.changePartition(topicId, 0, { leader: 1 })
    expect(ends).toEqual([])
    partition.onFollowerFetch(2, -1, 1, 0)
    expect(ends).toEqual(['reached'])
  })
})

describe('the high watermark', () => {
  test('of the only replica is what is written, after a restart too', async () => {
    await harness.createTopic('orders')
    const partition = harness.partition('orders')
    append(partition, 'a')
    expect(partition.highWatermark).toBe(0)
    await harness.settle()
    expect(partition.highWatermark).toBe(1)
  })

  test('moves when the ISR shrinks', async () => {
    const topicId = await harness.createTopic('orders', { replicas: [1, 2] })
    const partition = harness.partition('orders')
    append(partition, 'a')
    await harness.settle()
    harness.clock.advance(30_001)
    expect(partition.highWatermark).toBe(0)
    harness.changePartition(topicId, 0, { isr: [1] })
    expect(partition.highWatermark).toBe(1)
    expect(partition.leaderEpoch).toBe(0)
    expect(told).toEqual(['elected orders-0 0'])
  })

  test('moves when min.insync.replicas is lowered', async () => {
    const configs = { 'min.insync.replicas': '2' }
    await harness.createTopic('orders', { replicas: [1, 2], isr: [1], configs })
    const partition = harness.partition('orders')
    expect(() => partition.append(batchOf(['a']), { requiredAcks: -1, origin: 'client' })).toThrow(KafkaError)
    append(partition, 'a')
    await harness.settle()
    expect(partition.highWatermark).toBe(0)
    const resource = { resourceType: 2, resourceName: 'orders' }
    harness.commit([metadataRecord('ConfigRecord', 0, { ...resource, name: 'min.insync.replicas', value: '1' })])
    expect(partition.highWatermark).toBe(1)
    expect(partition.log!.config.minInSyncReplicas).toBe(1)
  })
})

describe('a disk that fails', () => {
  test('takes its partitions offline, and their leadership ends', async () => {
    await harness.createTopic('orders')
    harness.disk.addFault({ operation: 'write', path: 'orders-0', code: 'EIO' })
    const partition = harness.partition('orders')
    append(partition, 'a')
    await harness.settle()
    expect(partition.state).toBe('offline')
    expect(partition.leaderError(-1)).toBe(errorCodes.KAFKA_STORAGE_ERROR)
    expect(told).toEqual(['elected orders-0 0', 'resigned orders-0 0'])
    expect(() => append(partition, 'b')).toThrow(expect.objectContaining({ error: 'KAFKA_STORAGE_ERROR' }))
    harness.changePartition(partition.topicId, 0, { leader: 1 })
    expect(partition.state).toBe('offline')
  })

  test('while a log is made', async () => {
    harness.disk.addFault({ operation: 'makeDirectory', path: 'orders-0', code: 'EIO' })
    await harness.createTopic('orders')
    expect(harness.partition('orders').state).toBe('offline')
  })
})
