// Waiting fetches where something happens meanwhile: src/runtime/fetch/delayed-fetch.ts.
import { describe, expect, test, vi } from 'vitest'
import type { FetchRequestInput, FetchResponse } from '../../src/protocol/api/01-fetch.ts'
import { buildTransactionMarker } from '../../src/protocol/record/control-record.ts'
import { ConnectionFetches, DelayedFetch } from '../../src/runtime/fetch/delayed-fetch.ts'
import { FetchTarget } from '../../src/runtime/fetch/fetch-target.ts'
import { ListedTargets } from '../../src/runtime/fetch/fetch-targets.ts'
import { BrokerHarness, batchOf, fetchApi } from './broker-harness.ts'

let harness: BrokerHarness
let topicId: string

async function start(options: Parameters<typeof BrokerHarness.start>[0] = {}): Promise<void> {
  harness = await BrokerHarness.start(options)
  topicId = await harness.createTopic('orders', { partitions: 2 })
}

function append(value: string, index = 0): void {
  harness.partition('orders', index).append(batchOf([value]), { requiredAcks: 1, origin: 'client' })
}

function wait(fields: FetchRequestInput, fetchOffset = 0, partitions: readonly number[] = [0]) {
  const asked = partitions.map((partition) => ({ partition, fetchOffset, partitionMaxBytes: 1_000_000 }))
  const request = { maxWaitMs: 500, minBytes: 1, topics: [{ topicId, partitions: asked }], ...fields }
  const state = { isAnswered: false, answer: harness.send(fetchApi, 17, request) }
  void state.answer.then(() => {
    state.isAnswered = true
  })
  return state
}

function sizes(response: FetchResponse): number[] {
  return response.responses.flatMap((topic) => topic.partitions.map((one) => one.records?.length ?? -1))
}

describe('what is appended while files are read', () => {
  test('is not missed', async () => {
    await start({ tailBytesMax: 0 })
    append('a'.repeat(1000))
    append('b'.repeat(1000))
    await harness.settle()
    const size = batchOf(['a'.repeat(1000)]).length
    const { log } = harness.partition('orders')
    const read = vi.spyOn(log!, 'read')
    let goOn = () => {}
    const untilAppended = new Promise<void>((resolve) => {
      goOn = resolve
    })
    read.mockImplementationOnce(async (...asked) => {
      const result = await log!.read(...asked)
      await untilAppended
      return result
    })
    const fetched = wait({ minBytes: 3 * size })
    await harness.settle()
    append('c'.repeat(1000))
    await harness.settle()
    expect(fetched.isAnswered).toBe(false)
    goOn()
    await harness.settle()
    expect(fetched.isAnswered).toBe(true)
    expect(sizes(await fetched.answer)).toEqual([3 * size])
    expect(harness.partition('orders').fetchWaits.size).toBe(0)
    expect(harness.fetchBudget.takenBytes).toBe(0)
  })

  test('does not keep time from running out', async () => {
    await start({ tailBytesMax: 0 })
    append('a')
    await harness.settle()
    const fetched = wait({ minBytes: 10_000, maxWaitMs: 5 })
    harness.clock.advance(5)
    await harness.settle()
    expect(sizes(await harness.drive(fetched.answer))).toEqual([batchOf(['a']).length])
  })

  test('a connection that closes then gets nothing, and nothing is held', async () => {
    await start({ tailBytesMax: 0 })
    append('a'.repeat(2000))
    await harness.settle()
    const connection = harness.connect()
    const asked = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
    const request = { maxWaitMs: 500, minBytes: 9000, topics: [{ topicId, partitions: asked }] }
    const answer = harness.send(fetchApi, 17, request, connection)
    await Promise.resolve()
    connection.close()
    await harness.drive(answer)
    expect(harness.partition('orders').fetchWaits.size).toBe(0)
    expect(harness.fetchBudget.takenBytes).toBe(0)
    expect(harness.clock.nextTimerMs()).toBeUndefined()
  })
})

test('a connection holds its fetches no longer than they wait', async () => {
  await start()
  const connection = new ConnectionFetches()
  const target = FetchTarget.byName('orders', 0)
  target.maxBytes = 1000
  const reader = { replicaId: -1, replicaEpoch: -1, place: undefined }
  const params = { ...reader, isReadCommitted: false, maxBytes: 1000, onlyChanges: false }
  const order = { params, targets: new ListedTargets([target]), minBytes: 1, maxWaitMs: 500 }
  const fetched = DelayedFetch.fetch(harness.broker.fetches, order, connection)
  expect(fetched).toBeInstanceOf(Promise)
  expect(connection.count).toBe(1)
  append('a')
  await harness.settle()
  expect((await fetched).sizeInBytes).toBe(batchOf(['a']).length)
  expect(connection.count).toBe(0)
})

describe('many readers of one partition', () => {
  test('all wake, and wait again for more', async () => {
    await start()
    const size = batchOf(['a']).length
    const quick = Array.from({ length: 20 }, () => wait({}))
    const patient = Array.from({ length: 20 }, () => wait({ minBytes: 2 * size }))
    await harness.settle()
    append('a')
    await harness.settle()
    expect(quick.every((one) => one.isAnswered)).toBe(true)
    expect(patient.some((one) => one.isAnswered)).toBe(false)
    expect(harness.partition('orders').fetchWaits.size).toBe(20)
    append('b')
    await harness.settle()
    expect(patient.every((one) => one.isAnswered)).toBe(true)
  })
})

describe('a reader of both partitions that one limit cuts off', () => {
  test('is answered when what counts as enough cannot be read', async () => {
    await start()
    const size = batchOf(['a']).length
    const fetched = wait({ minBytes: 2 * size, maxBytes: 2 * size }, 0, [0, 1])
    append('a'.repeat(300))
    await harness.settle()
    expect(fetched.isAnswered).toBe(true)
    expect(sizes(await fetched.answer)[0]).toBeGreaterThan(2 * size)
  })
})

describe('an open transaction', () => {
  const producer = { producerId: 7n, producerEpoch: 0 }

  async function begin(): Promise<void> {
    await start()
    const records = batchOf(['in doubt'], { ...producer, baseSequence: 0, isTransactional: true })
    const transaction = { isTransactionVerified: true }
    harness.partition('orders').append(records, { requiredAcks: 1, origin: 'client', transaction })
    await harness.settle()
  }

  async function end(isCommit: boolean): Promise<void> {
    const marker = buildTransactionMarker({ ...producer, isCommit, coordinatorEpoch: 0, timestamp: 1 })
    harness.partition('orders').append(marker, { requiredAcks: -1, origin: 'coordinator' })
    await harness.settle()
  }

  test('is hidden from read_committed until it ends, with all that came after it', async () => {
    await begin()
    const fetched = wait({ isolationLevel: 1, minBytes: 400 })
    append('z'.repeat(200))
    await harness.settle()
    expect(fetched.isAnswered).toBe(false)
    const { log } = harness.partition('orders')
    expect([log!.highWatermark, log!.lastStableOffset]).toEqual([2, 0])
    await end(true)
    expect(fetched.isAnswered).toBe(true)
    const [partition] = (await fetched.answer).responses[0]!.partitions
    expect(partition).toMatchObject({ highWatermark: 3, lastStableOffset: 3, abortedTransactions: [] })
    expect(partition!.records!.length).toBeGreaterThan(400)
  })

  test('that is aborted is listed for read_committed alone', async () => {
    await begin()
    await end(false)
    const committed = await harness.drive(wait({ isolationLevel: 1 }).answer)
    expect(committed.responses[0]!.partitions[0]!.abortedTransactions).toEqual([{ producerId: 7n, firstOffset: 0 }])
    const all = await harness.drive(wait({}).answer)
    expect(all.responses[0]!.partitions[0]!.abortedTransactions).toBeNull()
  })
})
