// Which partitions of a fetch session are read, and that nothing is missed of those that are not: src/runtime/fetch/fetch-session.ts.
import { beforeEach, describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import type { FetchRequestInput, FetchResponse } from '../../src/protocol/api/01-fetch.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, fetchApi, type HarnessOptions } from './broker-harness.ts'

const partitionsCount = 4
let harness: BrokerHarness
let topicId: string

async function start(options: HarnessOptions = {}): Promise<void> {
  harness = await BrokerHarness.start(options)
  topicId = await harness.createTopic('orders', { partitions: partitionsCount })
}

beforeEach(() => start())

async function append(index: number, value = 'a'): Promise<void> {
  harness.partition('orders', index).append(batchOf([value]), { requiredAcks: 1, origin: 'client' })
  await harness.settle()
}

type Asked = readonly (readonly [partition: number, fetchOffset: number])[]

/** A reader with a session. */
class Reader {
  sessionId = 0
  /** That it believes in; -1: any, and followers serve it too. */
  leaderEpoch = -1
  #epoch = 0

  static async start(asked: Asked, fields: FetchRequestInput = {}): Promise<Reader> {
    const reader = new Reader()
    const response = await harness.drive(reader.fetch(asked, fields))
    reader.sessionId = response.sessionId
    return reader
  }

  fetch(asked: Asked = [], fields: FetchRequestInput = {}, version = 17): Promise<FetchResponse> {
    const limits = { currentLeaderEpoch: this.leaderEpoch, partitionMaxBytes: 10_000 }
    const partitions = asked.map(([partition, fetchOffset]) => ({ partition, fetchOffset, ...limits }))
    const topics = asked.length === 0 ? [] : [{ topicId, partitions }]
    const session = { sessionId: this.sessionId, sessionEpoch: this.#epoch++ }
    return harness.send(fetchApi, version, { maxWaitMs: 0, minBytes: 1, topics, ...session, ...fields })
  }

  /** One round that does not wait. */
  async round(asked?: Asked, fields?: FetchRequestInput): Promise<string[]> {
    return answered(await harness.drive(this.fetch(asked, fields)))
  }

  /** Indexes of the partitions that the next round reads. */
  get due(): number[] {
    return harness.fetchSessions
      .get(this.sessionId)!
      .toRead()
      .map((target) => target.index)
  }
}

function answered(response: FetchResponse): string[] {
  expect(response.errorCode).toBe(0)
  return response.responses.flatMap((topic) =>
    topic.partitions.map((one) => `${one.partitionIndex}:${one.errorCode}:${one.records?.length ?? 0}`),
  )
}

const all: Asked = Array.from({ length: partitionsCount }, (_, index) => [index, 0])
const size = batchOf(['a']).length

/** A reader that was told everything, and whose partitions rest. */
async function startResting(fields: FetchRequestInput = {}): Promise<Reader> {
  const reader = await Reader.start(all, fields)
  expect(reader.due).toEqual([0, 1, 2, 3])
  expect(await reader.round([], fields)).toEqual([])
  return reader
}

describe('a partition of which there is nothing to say', () => {
  test('rests until it has a record, and again when that was fetched', async () => {
    const reader = await startResting()
    expect(reader.due).toEqual([])
    await append(2)
    expect(reader.due).toEqual([2])
    expect(await reader.round()).toEqual([`2:0:${size}`])
    // Who does not say that it has it gets it again.
    expect(await reader.round()).toEqual([`2:0:${size}`])
    expect(await reader.round([[2, 1]])).toEqual([])
    expect(reader.due).toEqual([])
  })

  test('is read when the request names it', async () => {
    const reader = await startResting()
    expect(await reader.round([[1, 7]])).toEqual([`1:${errorCodes.OFFSET_OUT_OF_RANGE}:0`])
    expect(reader.due).toEqual([1])
  })

  test('wakes who waits, who counts the bytes of all', async () => {
    const reader = await startResting()
    const waiting = reader.fetch([], { maxWaitMs: 500, minBytes: 2 * size })
    await append(3)
    await append(1)
    // In the order of the session, not of the records.
    expect(answered(await harness.drive(waiting))).toEqual([`1:0:${size}`, `3:0:${size}`])
  })

  test('tells nothing when the time of who waits is up', async () => {
    const reader = await startResting()
    const waiting = reader.fetch([], { maxWaitMs: 500 })
    await harness.settle()
    harness.clock.advance(500)
    expect(answered(await harness.drive(waiting))).toEqual([])
  })

  test.each([
    ['another broker leads it', (): void => harness.changePartition(topicId, 0, { leader: 2 }), 'FENCED_LEADER_EPOCH'],
    ['its topic is deleted', (): void => void harness.deleteTopic(topicId), 'UNKNOWN_TOPIC_ID'],
    ['its disk fails', (): void => harness.partition('orders').goOffline(), 'KAFKA_STORAGE_ERROR'],
  ] as const)('wakes who waits when %s', async (_what, change, error) => {
    const reader = await startResting()
    reader.leaderEpoch = 0
    expect(await reader.round([[0, 0]])).toEqual([])
    const waiting = reader.fetch([], { maxWaitMs: 500 })
    await harness.settle()
    change()
    await harness.settle()
    const answers = answered(await harness.drive(waiting))
    expect(answers).toEqual([`0:${errorCodes[error]}:0`])
    // Until it is another answer.
    expect(await reader.round()).toContain(`0:${errorCodes[error]}:0`)
  })

  test('tells where its log starts: at once when records are deleted, within a second for retention', async () => {
    const reader = await startResting()
    await append(0)
    await reader.round()
    expect(await reader.round([[0, 1]])).toEqual([])
    harness.partition('orders').deleteRecords(1)
    expect(await reader.round()).toEqual(['0:0:0'])
    await append(0)
    expect(await reader.round([[0, 2]])).toEqual(['0:0:0'])
    expect(await reader.round()).toEqual([])
    harness.partition('orders').log!.advanceLogStartOffset(2)
    expect(await reader.round()).toEqual([])
    harness.clock.advance(1000)
    expect(await reader.round()).toEqual(['0:0:0'])
  })

  test('is read again by who sees other things than before', async () => {
    const producer = { producerId: 7n, producerEpoch: 0, baseSequence: 0, isTransactional: true }
    const records = batchOf(['in doubt'], producer)
    const transaction = { isTransactionVerified: true }
    harness.partition('orders').append(records, { requiredAcks: 1, origin: 'client', transaction })
    await harness.settle()
    const reader = await startResting({ isolationLevel: 1 })
    expect(await reader.round([], { isolationLevel: 1 })).toEqual([])
    expect(await reader.round([], { isolationLevel: 0 })).toEqual([`0:0:${records.length}`])
  })

  test('is not read past what a limit leaves', async () => {
    const reader = await startResting()
    for (const index of [0, 1, 2]) await append(index)
    expect(await reader.round([], { maxBytes: 1 })).toContain(`0:0:${size}`)
    expect(reader.due).toEqual([1, 2, 0])
    expect(await reader.round([[0, 1]], { maxBytes: 1 })).toContain(`1:0:${size}`)
    expect(await reader.round([[1, 1]], { maxBytes: 1 })).toContain(`2:0:${size}`)
    expect(await reader.round([[2, 1]])).toEqual([])
    expect(reader.due).toEqual([])
  })
})

test("a follower's partitions are due with each request, and rest only while it waits", async () => {
  await harness.createTopic('replicated', { replicas: [1, 2] })
  topicId = harness.partition('replicated').topicId
  const follower = { replicaState: { replicaId: 2, replicaEpoch: 200 } }
  const reader = await Reader.start([[0, 0]], follower)
  await reader.round([], follower)
  const waiting = reader.fetch([], { ...follower, maxWaitMs: 500 })
  await harness.settle()
  expect(reader.due).toEqual([])
  harness.clock.advance(500)
  await harness.drive(waiting)
  const replicas = harness.partition('replicated').replicas!
  const before = replicas.follower(2)!.lastCaughtUpMs
  harness.clock.advance(10)
  await reader.round([], follower)
  expect(replicas.follower(2)!.lastCaughtUpMs).toBeGreaterThan(before)
})

test('who may be sent to a nearer replica is asked about each time', async () => {
  const selector = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'
  await start({ config: { 'replica.selector.class': selector, 'broker.rack': 'a' } })
  const reader = await startResting()
  expect(reader.due).toEqual([0, 1, 2, 3])
})

describe('a session watches its partitions', () => {
  const watchesCount = () =>
    all.reduce((count, [index]) => count + harness.partition('orders', index).fetchWaits.size, 0)

  test('until it ends, or forgets them', async () => {
    const reader = await startResting()
    expect(watchesCount()).toBe(4)
    await reader.round([], { forgottenTopicsData: [{ topicId, partitions: [0, 2] }] })
    expect(watchesCount()).toBe(2)
    await reader.round([[0, 0]])
    expect(watchesCount()).toBe(3)
    harness.fetchSessions.remove(reader.sessionId)
    expect(watchesCount()).toBe(0)
  })

  test('once each, also when it is another partition of the same name', async () => {
    const named = { topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }] }
    const request = { maxWaitMs: 0, minBytes: 1 }
    const { sessionId } = await harness.call(fetchApi, 12, { ...request, sessionEpoch: 0, topics: [named] })
    const old = harness.partition('orders')
    await harness.deleteTopic(topicId)
    await harness.createTopic('orders', { partitions: partitionsCount })
    for (const sessionEpoch of [1, 2]) await harness.call(fetchApi, 12, { ...request, sessionId, sessionEpoch })
    expect([old.fetchWaits.size, harness.partition('orders').fetchWaits.size]).toEqual([0, 1])
  })

  test('for who waits when it is given up, and no longer', async () => {
    const reader = await startResting()
    const waiting = reader.fetch([], { maxWaitMs: 500, minBytes: 2 * size })
    await harness.settle()
    harness.fetchSessions.remove(reader.sessionId)
    await append(0)
    await append(3)
    expect(answered(await harness.drive(waiting))).toEqual([`0:0:${size}`, `3:0:${size}`])
    expect(watchesCount()).toBe(0)
  })

  test('of readers that lost each other too: both of one session are woken', async () => {
    const reader = await startResting()
    const first = reader.fetch([], { maxWaitMs: 500 })
    const second = reader.fetch([], { maxWaitMs: 500 })
    await append(1)
    expect((await harness.drive(first)).errorCode).toBe(errorCodes.INVALID_FETCH_SESSION_EPOCH)
    expect(answered(await harness.drive(second))).toEqual([`1:0:${size}`])
  })
})

describe('rounds of a session whose partitions rest are answered as those of one that reads all of them', () => {
  test.each([1, 2, 3, 4, 5, 6])('seed %i', async (seed) => {
    const random = new SeededRandom(seed)
    const [resting, reading] = [await Reader.start(all), await Reader.start(all)]
    const offsets = all.map(() => 0)
    let restsCount = 0
    for (let step = 0; step < 150; step++) {
      const index = random.integer(partitionsCount)
      const partition = harness.partition('orders', index)
      const choice = random.integer(12)
      if (choice < 3 && partition.state === 'leader') await append(index, 'x'.repeat(random.integer(300)))
      else if (choice === 3 && partition.state === 'leader') partition.deleteRecords(-1)
      else if (choice === 4) harness.changePartition(topicId, index, { leader: partition.leaderId === 1 ? 2 : 1 })
      else if (choice === 5) harness.clock.advance(random.integer(400))
      else {
        const { logStartOffset, logEndOffset } = partition.log!
        if (random.integer(3) > 0)
          offsets[index] = Math.min(Math.max(offsets[index]! + 1, logStartOffset), logEndOffset)
        const asked: Asked = random.integer(3) === 0 ? [] : [[index, offsets[index]!]]
        const isForgotten = random.integer(15) === 0
        const forgottenTopicsData = isForgotten ? [{ topicId, partitions: [random.integer(partitionsCount)] }] : []
        const fields = { maxBytes: random.integer(2) === 0 ? 200 : 10_000, forgottenTopicsData }
        const session = harness.fetchSessions.get(reading.sessionId)!
        for (const [each] of all) {
          const target = session.get(topicId, each)
          if (target !== undefined) session.touch(target)
        }
        restsCount += session.size - resting.due.length
        expect(await resting.round(asked, fields), `step ${step}`).toEqual(await reading.round(asked, fields))
        if (session.size < 2) for (const reader of [resting, reading]) await reader.round(all)
      }
    }
    expect(restsCount).toBeGreaterThan(20)
  })
})
