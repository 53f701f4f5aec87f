// The leader's side of a throttle for reassignments (KIP-73): src/runtime/replica/leader-throttle.ts.
import { expect, test } from 'vitest'
import { configResourceTypes } from '../../src/metadata/config-resource.ts'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { BrokerHarness, batchOf, fetchApi } from './broker-harness.ts'

const value = 'v'.repeat(1000)
const size = batchOf([value]).length
const key = 'leader.replication.throttled.replicas'

/** Broker 1 leads `orders` with 2 in sync and 3 catching up, and may give away so many batches each second. */
async function start(throttled: string) {
  const harness = await BrokerHarness.start({
    brokers: [1, 2, 3].map((id) => [id, null] as const),
    config: { 'leader.replication.throttled.rate': String(size) },
  })
  const topicId = await harness.createTopic('orders', {
    replicas: [1, 2, 3],
    isr: [1, 2],
    configs: { [key]: throttled },
  })
  for (let count = 0; count < 10; count++) {
    harness.partition('orders').append(batchOf([value]), { requiredAcks: 1, origin: 'client' })
  }
  await harness.settle()
  return { harness, topicId }
}

/** The batches that a follower gets, of those that it asks for. */
async function fetched(harness: BrokerHarness, topicId: string, replicaId: number, fetchOffset: number, batches = 1) {
  const partitions = [
    { partition: 0, fetchOffset, currentLeaderEpoch: 0, logStartOffset: 0, partitionMaxBytes: batches * size },
  ]
  const replicaState = { replicaId, replicaEpoch: replicaId * 100 }
  const request = { replicaState, maxWaitMs: 0, minBytes: 1, sessionEpoch: -1, topics: [{ topicId, partitions }] }
  const response = await harness.call(fetchApi, 17, request)
  const { errorCode, records } = response.responses[0]!.partitions[0]!
  expect(errorCode).toBe(0)
  return records!.length / size
}

test.each(['*', '0:1', '5:3,0:1'])(
  '%s: a follower that is not in sync gets what the rate allows',
  async (throttled) => {
    const { harness, topicId } = await start(throttled)
    expect(await fetched(harness, topicId, 3, 0, 3)).toBe(3)
    expect(await fetched(harness, topicId, 3, 3)).toBe(0)
    harness.clock.advance(1_000)
    expect(await fetched(harness, topicId, 3, 3)).toBe(0)
    harness.clock.advance(1_100)
    expect(await fetched(harness, topicId, 3, 3)).toBe(1)
  },
)

test('one in sync is neither held back nor counted', async () => {
  const { harness, topicId } = await start('*')
  for (let offset = 0; offset < 5; offset++) expect(await fetched(harness, topicId, 2, offset)).toBe(1)
  expect(await fetched(harness, topicId, 3, 0, 2)).toBe(2)
  expect(await fetched(harness, topicId, 3, 2)).toBe(0)
  expect(await fetched(harness, topicId, 2, 5)).toBe(1)
})

test.each(['', '1:1', '0:3'])('%j: what is not named goes on', async (throttled) => {
  const { harness, topicId } = await start(throttled)
  for (let offset = 0; offset < 10; offset++) expect(await fetched(harness, topicId, 3, offset)).toBe(1)
})

test('a throttle that is taken away lets all through', async () => {
  const { harness, topicId } = await start('*')
  expect(await fetched(harness, topicId, 3, 0, 5)).toBe(5)
  expect(await fetched(harness, topicId, 3, 5)).toBe(0)
  const resource = { resourceType: configResourceTypes.topic, resourceName: 'orders' }
  harness.commit([metadataRecord('ConfigRecord', 0, { ...resource, name: key, value: null })])
  expect(await fetched(harness, topicId, 3, 5)).toBe(1)
})
