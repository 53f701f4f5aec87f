// Consumers that read from followers (KIP-392): src/runtime/replica/preferred-replicas.ts, src/replication/replica-selector.ts.
import { describe, expect, test } from 'vitest'
import { rackAwareReplicaSelector } from '../../src/config/broker-config.ts'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, fetchApi } from './broker-harness.ts'

const racks = [
  [1, 'a'],
  [2, 'b'],
  [3, 'b'],
  [4, 'c'],
] as const
const byRack = { 'replica.selector.class': rackAwareReplicaSelector }
const size = batchOf(['x']).length

/** Broker 1 in rack a leads `orders`, three records; 2, 3 and 4 follow, 4 out of sync. */
async function start(config: Readonly<Record<string, string>> = byRack) {
  const harness = await BrokerHarness.start({ brokers: racks, config })
  const topicId = await harness.createTopic('orders', { replicas: [1, 2, 3, 4], isr: [1, 2, 3] })
  for (const value of ['x', 'y', 'z']) {
    harness.partition('orders').append(batchOf([value]), { requiredAcks: 1, origin: 'client' })
  }
  await harness.settle()
  return { harness, topicId }
}

async function follow(harness: BrokerHarness, brokerId: number, fetchOffset: number, logStartOffset = 0) {
  harness.partition('orders').onFollowerFetch(brokerId, brokerId * 100, fetchOffset, logStartOffset)
  await harness.settle()
}

async function consume(
  harness: BrokerHarness,
  topicId: string,
  fields: Partial<{
    rackId: string
    version: number
    fetchOffset: number
    currentLeaderEpoch: number
    isolationLevel: number
  }> = {},
) {
  const { rackId = 'b', version = 17, fetchOffset = 0, currentLeaderEpoch = -1, isolationLevel = 0 } = fields
  const partitions = [{ partition: 0, fetchOffset, currentLeaderEpoch, partitionMaxBytes: 1_000_000 }]
  const topics = [{ topicId, topic: 'orders', partitions }]
  const request = {
    maxWaitMs: 0,
    minBytes: 1,
    sessionEpoch: -1,
    isolationLevel,
    topics,
    ...(version >= 11 ? { rackId } : {}),
  }
  const response = await harness.call(fetchApi, version, request)
  return response.responses[0]!.partitions[0]!
}

describe('a leader', () => {
  test('sends a consumer to the in-sync follower in its rack that has most, with nothing else', async () => {
    const { harness, topicId } = await start()
    await follow(harness, 2, 2)
    await follow(harness, 3, 3)
    const answer = await consume(harness, topicId)
    expect([answer.errorCode, answer.preferredReadReplica, answer.records?.length]).toEqual([0, 3, 0])
    expect(answer.highWatermark).toBe(2)
    await follow(harness, 2, 3)
    harness.clock.advance(1)
    await follow(harness, 3, 3)
    expect((await consume(harness, topicId)).preferredReadReplica).toBe(3)
    await follow(harness, 2, 3)
    expect((await consume(harness, topicId)).preferredReadReplica).toBe(2)
  })

  test('answers at once, however much was asked for', async () => {
    const { harness, topicId } = await start()
    await follow(harness, 2, 3)
    const partitions = [{ partition: 0, fetchOffset: 3, partitionMaxBytes: 1_000_000 }]
    const request = { maxWaitMs: 500, minBytes: 1, rackId: 'b', sessionEpoch: -1, topics: [{ topicId, partitions }] }
    const answer = await harness.call(fetchApi, 17, request)
    expect(answer.responses[0]!.partitions[0]!.preferredReadReplica).toBe(2)
  })

  test.each([
    ['the consumer is in its rack', { rackId: 'a' }],
    ['the consumer is in a rack without replicas', { rackId: 'nowhere' }],
    ['the consumer does not say where it is', { rackId: '' }],
    ['the only replica in the rack is out of sync', { rackId: 'c' }],
    ['no follower in the rack has the offset yet', { fetchOffset: 3 }],
    ['the version has no racks', { version: 10 }],
  ])('serves when %s', async (_why, fields) => {
    const { harness, topicId } = await start()
    await follow(harness, 2, 2)
    await follow(harness, 3, 2)
    await follow(harness, 4, 3)
    const answer = await consume(harness, topicId, fields)
    expect([answer.errorCode, answer.preferredReadReplica]).toEqual([0, -1])
    if (!('fetchOffset' in fields)) expect(answer.records?.length).toBe(2 * size)
  })

  test('serves what only it still has', async () => {
    const { harness, topicId } = await start()
    await follow(harness, 2, 3, 1)
    await follow(harness, 3, 3, 1)
    expect((await consume(harness, topicId)).preferredReadReplica).toBe(-1)
    expect((await consume(harness, topicId, { fetchOffset: 1 })).preferredReadReplica).toBe(2)
  })

  test('serves when the follower is fenced, or has no such listener', async () => {
    const { harness, topicId } = await start()
    await follow(harness, 2, 3)
    const other = harness.connect('OTHER')
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
    const request = { maxWaitMs: 0, rackId: 'b', sessionEpoch: -1, topics: [{ topicId, partitions }] }
    const unreachable = await harness.call(fetchApi, 17, request, other)
    expect(unreachable.responses[0]!.partitions[0]!.preferredReadReplica).toBe(-1)
    harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 2, brokerEpoch: 200, fenced: 1 })])
    expect((await consume(harness, topicId)).preferredReadReplica).toBe(-1)
  })

  test('serves by default', async () => {
    const { harness, topicId } = await start({})
    await follow(harness, 2, 3)
    await follow(harness, 3, 3)
    const answer = await consume(harness, topicId)
    expect([answer.preferredReadReplica, answer.records?.length]).toEqual([-1, 3 * size])
  })
})

describe('a follower', () => {
  /** Broker 1 follows 2, and has three records of which the leader has committed two. */
  async function startFollower() {
    const { harness, topicId } = await start({})
    harness.changePartition(topicId, 0, { leader: 2 })
    await harness.settle()
    const partition = harness.partition('orders')
    partition.onLeaderOffsets(2, 0)
    return { harness, topicId, partition }
  }

  test('serves consumers up to its high watermark', async () => {
    const { harness, topicId } = await startFollower()
    const answer = await consume(harness, topicId)
    expect([answer.errorCode, answer.highWatermark, answer.records?.length]).toEqual([0, 2, 2 * size])
    expect(answer.preferredReadReplica).toBe(-1)
    const committed = await consume(harness, topicId, { isolationLevel: 1 })
    expect([committed.lastStableOffset, committed.records?.length]).toEqual([2, 2 * size])
  })

  test('gives nothing between its high watermark and its end, and refuses what is beyond', async () => {
    const { harness, topicId } = await startFollower()
    const between = await consume(harness, topicId, { fetchOffset: 3 })
    expect([between.errorCode, between.records?.length]).toEqual([0, 0])
    expect((await consume(harness, topicId, { fetchOffset: 4 })).errorCode).toBe(errorCodes.OFFSET_OUT_OF_RANGE)
  })

  test('wakes consumers when its high watermark moves', async () => {
    const { harness, topicId, partition } = await startFollower()
    const partitions = [{ partition: 0, fetchOffset: 2, partitionMaxBytes: 1_000_000 }]
    const request = { maxWaitMs: 500, minBytes: 1, sessionEpoch: -1, topics: [{ topicId, partitions }] }
    const fetched = harness.send(fetchApi, 17, request)
    await harness.settle()
    partition.onLeaderOffsets(3, 0)
    const answer = (await harness.drive(fetched)).responses[0]!.partitions[0]!
    expect([answer.highWatermark, answer.records?.length]).toEqual([3, size])
  })

  test('refuses who is mistaken about the epoch, and consumers before version 11', async () => {
    const { harness, topicId } = await startFollower()
    const [fenced, unknown] = [errorCodes.FENCED_LEADER_EPOCH, errorCodes.UNKNOWN_LEADER_EPOCH]
    expect((await consume(harness, topicId, { currentLeaderEpoch: 0 })).errorCode).toBe(fenced)
    expect((await consume(harness, topicId, { currentLeaderEpoch: 1 })).errorCode).toBe(0)
    expect((await consume(harness, topicId, { currentLeaderEpoch: 2 })).errorCode).toBe(unknown)
    expect((await consume(harness, topicId, { version: 10 })).errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER)
  })
})
