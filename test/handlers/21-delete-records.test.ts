import { beforeEach, describe, expect, test } from 'vitest'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { deleteRecordsRequest, deleteRecordsResponse } from '../../src/protocol/api/21-delete-records.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, fetchApi, produceApi } from '../runtime/broker-harness.ts'

const deleteRecordsApi = [deleteRecordsRequest, deleteRecordsResponse] as const

let harness: BrokerHarness

beforeEach(async () => {
  harness = await BrokerHarness.start()
  await harness.createTopic('orders', { partitions: 2 })
})

async function produce(topic = 'orders', count = 3): Promise<void> {
  for (let batch = 0; batch < count; batch++) {
    const topicData = [{ name: topic, partitionData: [{ index: 0, records: batchOf(['a', 'b']) }] }]
    await harness.call(produceApi, 9, { acks: 1, timeoutMs: 1000, topicData })
  }
}

type Offsets = readonly (readonly [number, number])[]

function requestOf(topic: string, offsets: Offsets, timeoutMs = 1000) {
  const partitions = offsets.map(([partitionIndex, offset]) => ({ partitionIndex, offset }))
  return { topics: [{ name: topic, partitions }], timeoutMs }
}

async function deleteRecords(topic: string, ...offsets: Offsets) {
  const { topics } = await harness.call(deleteRecordsApi, 2, requestOf(topic, offsets))
  return topics[0]!.partitions.map(({ errorCode, lowWatermark }) => [errorCode, lowWatermark])
}

async function fetchFrom(fetchOffset: number) {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1000 }]
  const request = { maxWaitMs: 0, minBytes: 1, topics: [{ topic: 'orders', partitions }] }
  const { errorCode, logStartOffset } = (await harness.call(fetchApi, 11, request)).responses[0]!.partitions[0]!
  return { errorCode, logStartOffset }
}

describe('one replica', () => {
  test.each([0, 1, 2])('starts at the offset, in version %i', async (version) => {
    await produce()
    const answer = await harness.call(deleteRecordsApi, version, requestOf('orders', [[0, 3]]))
    const partitions = [{ partitionIndex: 0, lowWatermark: 3, errorCode: 0 }]
    expect(answer).toEqual({ throttleTimeMs: 0, topics: [{ name: 'orders', partitions }] })
    expect(await fetchFrom(2)).toEqual({ errorCode: errorCodes.OFFSET_OUT_OF_RANGE, logStartOffset: -1 })
    expect(await fetchFrom(3)).toEqual({ errorCode: 0, logStartOffset: 3 })
  })

  test('never starts earlier again, and -1 deletes all there is', async () => {
    await produce()
    expect(await deleteRecords('orders', [0, 4])).toEqual([[0, 4]])
    expect(await deleteRecords('orders', [0, 1])).toEqual([[0, 4]])
    expect(await deleteRecords('orders', [0, -1])).toEqual([[0, 6]])
    await produce('orders', 1)
    expect(await fetchFrom(6)).toEqual({ errorCode: 0, logStartOffset: 6 })
  })

  test('takes no offset beyond the high watermark, and none that cannot be', async () => {
    await produce()
    for (const offset of [7, -2, 2 ** 53, -(2 ** 63)]) {
      expect(await deleteRecords('orders', [0, offset])).toEqual([[errorCodes.OFFSET_OUT_OF_RANGE, -1]])
    }
    expect(await fetchFrom(0)).toEqual({ errorCode: 0, logStartOffset: 0 })
  })

  test('of a partition named twice the last offset counts, though it stands in another entry of the topic', async () => {
    await produce()
    expect(await deleteRecords('orders', [0, 9], [1, 0], [0, 2])).toEqual([
      [0, 2],
      [0, 0],
    ])
    const twice = [...requestOf('orders', [[0, 99]]).topics, ...requestOf('orders', [[0, 4]]).topics]
    const answer = await harness.call(deleteRecordsApi, 2, { topics: twice, timeoutMs: 0 })
    const partitions = [{ partitionIndex: 0, lowWatermark: 4, errorCode: 0 }]
    expect(answer.topics).toEqual([{ name: 'orders', partitions }])
  })

  test('whole segments before the start go with the next look at retention', async () => {
    const log = harness.partition('orders').log!
    for (let count = 0; count < 3; count++) {
      log.roll()
      await produce('orders', 1)
    }
    expect(await deleteRecords('orders', [0, 5])).toEqual([[0, 5]])
    expect(log.segmentsCount).toBe(3)
    await harness.drive(harness.logs.applyRetention())
    expect([log.segmentsCount, log.firstSegmentOffset, log.logStartOffset]).toEqual([1, 4, 5])
  })
})

describe('refused', () => {
  test('what is not there, not led here, internal or compacted', async () => {
    await harness.createTopic('elsewhere', { replicas: [1, 2], leader: 2 })
    await harness.createTopic('away', { replicas: [2], leader: 2 })
    await harness.createTopic('compacted', { configs: { 'cleanup.policy': 'compact' } })
    await harness.createTopic('both', { configs: { 'cleanup.policy': 'compact,delete' } })
    await harness.createTopic('__consumer_offsets')
    expect(await deleteRecords('nowhere', [0, 0])).toEqual([[errorCodes.UNKNOWN_TOPIC_OR_PARTITION, -1]])
    const unknown = [errorCodes.UNKNOWN_TOPIC_OR_PARTITION, -1]
    expect(await deleteRecords('orders', [2, 0], [-1, 0])).toEqual([unknown, unknown])
    expect(await deleteRecords('elsewhere', [0, 0])).toEqual([[errorCodes.NOT_LEADER_OR_FOLLOWER, -1]])
    expect(await deleteRecords('away', [0, 0])).toEqual([[errorCodes.NOT_LEADER_OR_FOLLOWER, -1]])
    expect(await deleteRecords('compacted', [0, 0])).toEqual([[errorCodes.POLICY_VIOLATION, -1]])
    expect(await deleteRecords('both', [0, 0])).toEqual([[0, 0]])
    expect(await deleteRecords('__consumer_offsets', [0, 0], [1, 0])).toEqual([
      [errorCodes.INVALID_TOPIC_EXCEPTION, -1],
      unknown,
    ])
  })

  test('who may not delete the topic, whether it is there or not', async () => {
    const asked: string[] = []
    harness = await BrokerHarness.start({
      authorize: (_context, operation, resourceType, name) => {
        asked.push(`${operation} ${resourceType} ${name}`)
        return name !== 'secret'
      },
    })
    await harness.createTopic('open')
    expect(await deleteRecords('secret', [0, 0])).toEqual([[errorCodes.TOPIC_AUTHORIZATION_FAILED, -1]])
    expect(await deleteRecords('open', [0, 0])).toEqual([[0, 0]])
    expect(asked).toEqual(['Delete Topic secret', 'Delete Topic open'])
  })
})

describe('several replicas', () => {
  let topicId: string

  beforeEach(async () => {
    topicId = await harness.createTopic('wide', { replicas: [1, 2] })
    const partition = harness.partition('wide')
    partition.append(batchOf(['a', 'b', 'c']), { requiredAcks: 1, origin: 'client' })
    await harness.settle()
    partition.onFollowerFetch(2, -1, 3, 0)
  })

  const send = () => harness.send(deleteRecordsApi, 2, requestOf('wide', [[0, 2]], 500))

  test('the answer waits until the followers start there too', async () => {
    const waiting = send()
    await harness.settle()
    const partition = harness.partition('wide')
    partition.onFollowerFetch(2, -1, 3, 1)
    expect(partition.lowWatermarkWaits.size).toBe(1)
    partition.onFollowerFetch(2, -1, 3, 2)
    expect((await waiting).topics[0]!.partitions).toEqual([{ partitionIndex: 0, lowWatermark: 2, errorCode: 0 }])
    expect(partition.lowWatermarkWaits.size).toBe(0)
    expect(harness.clock.nextTimerMs()).toBeUndefined()
  })

  test('not for ever: the low watermark of the moment comes with REQUEST_TIMED_OUT', async () => {
    const waiting = send()
    await harness.settle()
    await harness.clock.advanceAsync(500)
    const expected = { partitionIndex: 0, lowWatermark: 0, errorCode: errorCodes.REQUEST_TIMED_OUT }
    expect((await waiting).topics[0]!.partitions).toEqual([expected])
    expect(harness.partition('wide').lowWatermarkWaits.size).toBe(0)
  })

  test('nor for a follower that is dead', async () => {
    const fencing = { brokerId: 2, brokerEpoch: 200, fenced: 1 }
    harness.commit([metadataRecord('BrokerRegistrationChangeRecord', 1, fencing)])
    const answer = await send()
    expect(answer.topics[0]!.partitions).toEqual([{ partitionIndex: 0, lowWatermark: 2, errorCode: 0 }])
  })

  test('who loses leadership meanwhile says so', async () => {
    const waiting = send()
    await harness.settle()
    harness.changePartition(topicId, 0, { leader: 2 })
    const expected = { partitionIndex: 0, lowWatermark: -1, errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER }
    expect((await waiting).topics[0]!.partitions).toEqual([expected])
  })
})
