// Fetch sessions (KIP-227) through the handler src/handlers/01-fetch.ts.
import { beforeEach, describe, expect, test } from 'vitest'
import type { FetchRequestInput, FetchResponse } from '../../src/protocol/api/01-fetch.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, fetchApi, produceApi } from '../runtime/broker-harness.ts'

let harness: BrokerHarness
let topicId: string

beforeEach(async () => {
  harness = await BrokerHarness.start({ config: { 'max.incremental.fetch.session.cache.slots': '2' } })
  topicId = await harness.createTopic('orders', { partitions: 3 })
})

async function produce(value: string, index = 0): Promise<void> {
  const topicData = [{ name: 'orders', partitionData: [{ index, records: batchOf([value]) }] }]
  await harness.call(produceApi, 9, { acks: 1, timeoutMs: 1000, topicData })
}

type Asked = readonly [partition: number, fetchOffset: number]

function fetch(asked: readonly Asked[], fields: FetchRequestInput = {}, version = 17): Promise<FetchResponse> {
  const partitions = asked.map(([partition, fetchOffset]) => ({ partition, fetchOffset, partitionMaxBytes: 10_000 }))
  const topics = asked.length === 0 ? [] : [{ topicId, topic: 'orders', partitions }]
  return harness.call(fetchApi, version, { maxWaitMs: 0, minBytes: 1, topics, ...fields })
}

function answered(response: FetchResponse): string[] {
  return response.responses.flatMap((topic) =>
    topic.partitions.map(
      (one) => `${one.partitionIndex}:${one.errorCode}:${one.records?.length === 0 ? 'none' : 'records'}`,
    ),
  )
}

async function begin(asked: readonly Asked[]): Promise<number> {
  const response = await fetch(asked, { sessionEpoch: 0 })
  expect(response.errorCode).toBe(0)
  expect(response.sessionId).toBeGreaterThan(0)
  return response.sessionId
}

describe('an incremental fetch', () => {
  test('answers only what is new', async () => {
    const sessionId = await begin([
      [0, 0],
      [1, 0],
      [2, 0],
    ])
    expect(answered(await fetch([], { sessionId, sessionEpoch: 1 }))).toEqual([])
    await produce('a', 1)
    const second = await fetch([], { sessionId, sessionEpoch: 2 })
    expect(second.sessionId).toBe(sessionId)
    expect(answered(second)).toEqual(['1:0:records'])
    expect(answered(await fetch([], { sessionId, sessionEpoch: 3 }))).toEqual(['1:0:records'])
    expect(answered(await fetch([[1, 1]], { sessionId, sessionEpoch: 4 }))).toEqual([])
  })

  test('tells a high watermark that moved although there are no records, once', async () => {
    await produce('a')
    const sessionId = await begin([[0, 1]])
    await produce('b')
    expect(answered(await fetch([[0, 2]], { sessionId, sessionEpoch: 1 }))).toEqual(['0:0:none'])
    expect(answered(await fetch([], { sessionId, sessionEpoch: 2 }))).toEqual([])
  })

  test('repeats errors, and what follows them', async () => {
    const sessionId = await begin([[0, 9]])
    const outOfRange = `0:${errorCodes.OFFSET_OUT_OF_RANGE}:none`
    expect(answered(await fetch([], { sessionId, sessionEpoch: 1 }))).toEqual([outOfRange])
    expect(answered(await fetch([], { sessionId, sessionEpoch: 2 }))).toEqual([outOfRange])
    expect(answered(await fetch([[0, 0]], { sessionId, sessionEpoch: 3 }))).toEqual(['0:0:none'])
    expect(answered(await fetch([], { sessionId, sessionEpoch: 4 }))).toEqual([])
    expect(answered(await fetch([[0, 9]], { sessionId, sessionEpoch: 5 }))).toEqual([outOfRange])
    expect(answered(await fetch([[0, 0]], { sessionId, sessionEpoch: 6 }))).toEqual(['0:0:none'])
  })

  test('takes partitions in and forgets them', async () => {
    for (const index of [0, 1, 2]) await produce('a', index)
    const sessionId = await begin([[0, 0]])
    const added = await fetch(
      [
        [1, 0],
        [2, 0],
      ],
      { sessionId, sessionEpoch: 1 },
    )
    expect(answered(added).sort()).toEqual(['0:0:records', '1:0:records', '2:0:records'])
    const forgottenTopicsData = [{ topicId, partitions: [0, 2, 7] }]
    const left = await fetch([], { sessionId, sessionEpoch: 2, forgottenTopicsData })
    expect(answered(left)).toEqual(['1:0:records'])
    expect(harness.fetchSessions.partitionsCount).toBe(1)
  })

  test('without partitions ends its session', async () => {
    const sessionId = await begin([[0, 0]])
    const forgottenTopicsData = [{ topicId, partitions: [0] }]
    expect((await fetch([], { sessionId, sessionEpoch: 1, forgottenTopicsData })).sessionId).toBe(0)
    expect(harness.fetchSessions.size).toBe(0)
    const after = await fetch([], { sessionId, sessionEpoch: 2 })
    expect(after.errorCode).toBe(errorCodes.FETCH_SESSION_ID_NOT_FOUND)
  })

  test('lets all partitions have their turn under a limit', async () => {
    for (const index of [0, 1, 2]) await produce('a', index)
    const sessionId = await begin([])
    const first = await fetch(
      [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
      { sessionId, sessionEpoch: 1, maxBytes: 1 },
    )
    const second = await fetch([], { sessionId, sessionEpoch: 2, maxBytes: 1 })
    const third = await fetch([], { sessionId, sessionEpoch: 3, maxBytes: 1 })
    const withRecords = [first, second, third].map((one) => answered(one).filter((text) => text.endsWith('records')))
    expect(withRecords).toEqual([['0:0:records'], ['1:0:records'], ['2:0:records']])
  })

  test('waits like another', async () => {
    const sessionId = await begin([
      [0, 0],
      [1, 0],
    ])
    const waiting = harness.send(fetchApi, 17, { maxWaitMs: 500, minBytes: 1, sessionId, sessionEpoch: 1 })
    await harness.settle()
    await produce('a', 1)
    expect(answered(await harness.drive(waiting))).toEqual(['1:0:records'])
  })

  test('finds a topic that was made anew under its name', async () => {
    const { sessionId } = await fetch([[0, 0]], { sessionEpoch: 0 }, 12)
    await harness.deleteTopic(topicId)
    const gone = await fetch([], { sessionId, sessionEpoch: 1 }, 12)
    expect(answered(gone)).toEqual([`0:${errorCodes.UNKNOWN_TOPIC_OR_PARTITION}:none`])
    topicId = await harness.createTopic('orders')
    await produce('a')
    expect(answered(await fetch([], { sessionId, sessionEpoch: 2 }, 12))).toEqual(['0:0:records'])
  })
})

describe('a session', () => {
  test('is refused with an epoch that is not the next one', async () => {
    const sessionId = await begin([[0, 0]])
    const refused = await fetch([], { sessionId, sessionEpoch: 7 })
    expect(refused).toMatchObject({ errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH, sessionId: 0 })
    expect((await fetch([], { sessionId, sessionEpoch: 1 })).errorCode).toBe(0)
  })

  test('is refused with topics named otherwise', async () => {
    const sessionId = await begin([[0, 0]])
    const refused = await fetch([], { sessionId, sessionEpoch: 1 }, 12)
    expect(refused.errorCode).toBe(errorCodes.FETCH_SESSION_TOPIC_ID_ERROR)
  })

  test.each([
    [12345, 1],
    [0, 3],
    [0, -5],
  ])('with id %i and epoch %i is not found', async (sessionId, sessionEpoch) => {
    const refused = await fetch([[0, 0]], { sessionId, sessionEpoch })
    expect(refused.errorCode).toBe(errorCodes.FETCH_SESSION_ID_NOT_FOUND)
  })

  test('ends with the final epoch, and makes room for the one that replaces it', async () => {
    const first = await begin([[0, 0]])
    const last = await fetch([[0, 0]], { sessionId: first, sessionEpoch: -1 })
    expect(last.sessionId).toBe(0)
    expect(answered(last)).toEqual(['0:0:none'])
    expect(harness.fetchSessions.size).toBe(0)
    const second = await begin([[0, 0]])
    const third = await fetch([[0, 0]], { sessionId: second, sessionEpoch: 0 })
    expect(third.sessionId).not.toBe(second)
    expect(harness.fetchSessions.size).toBe(1)
  })

  test('is not given when there is no room', async () => {
    await begin([[0, 0]])
    await begin([[0, 0]])
    const third = await fetch([[0, 0]], { sessionEpoch: 0 })
    expect(third).toMatchObject({ errorCode: 0, sessionId: 0 })
    expect(answered(third)).toEqual(['0:0:none'])
    harness.clock.advance(120_001)
    expect(await begin([[0, 0]])).toBeGreaterThan(0)
    expect(harness.fetchSessions).toMatchObject({ size: 2, evictionsCount: 1 })
  })

  test('that another request overtook gets no answer', async () => {
    const sessionId = await begin([[0, 0]])
    const waiting = harness.send(fetchApi, 17, { maxWaitMs: 500, minBytes: 1, sessionId, sessionEpoch: 1 })
    await harness.settle()
    expect((await fetch([], { sessionId, sessionEpoch: 2 })).errorCode).toBe(0)
    await produce('a'.repeat(5000))
    const overtaken = await harness.drive(waiting)
    expect(overtaken.errorCode).toBe(errorCodes.INVALID_FETCH_SESSION_EPOCH)
    expect(harness.fetchBudget.takenBytes).toBe(0)
  })

  test('lists a partition once however often it was asked for', async () => {
    const sessionId = await begin([
      [0, 0],
      [0, 0],
      [1, 0],
    ])
    expect(harness.fetchSessions.partitionsCount).toBe(2)
    expect((await fetch([], { sessionId, sessionEpoch: 1 })).errorCode).toBe(0)
  })
})
