import { beforeEach, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { FetchSession, nextEpoch } from '../../src/runtime/fetch/fetch-session.ts'
import { FetchSessionCache } from '../../src/runtime/fetch/fetch-session-cache.ts'
import { FetchTarget } from '../../src/runtime/fetch/fetch-target.ts'

const evictionMs = 120_000
let clock: VirtualClock
let cache: FetchSessionCache

beforeEach(() => {
  clock = new VirtualClock()
  cache = new FetchSessionCache({ sessionsMax: 2, clock, random: new SeededRandom(1) })
})

function create(size: number, isPrivileged = false): FetchSession | undefined {
  const session = cache.create(isPrivileged, false, size)
  for (let index = 0; index < size; index++) session?.add(FetchTarget.byName('orders', index))
  if (session !== undefined) cache.onUsed(session, 0)
  return session
}

function use(session: FetchSession): void {
  cache.onUsed(session, session.size)
}

test('a session that was not used for two minutes makes room, the longest unused first', () => {
  const first = create(5)!
  const second = create(5)!
  clock.advance(1000)
  use(first)
  clock.advance(evictionMs)
  expect(create(1)).toBeDefined()
  expect(cache.get(second.id)).toBeUndefined()
  expect(cache.get(first.id)).toBe(first)
})

test('a smaller one makes room for a larger one once it had its two minutes', () => {
  const small = create(1)!
  const large = create(9)!
  expect(create(5)).toBeUndefined()
  clock.advance(evictionMs)
  use(small)
  use(large)
  expect(create(5)).toBeUndefined()
  clock.advance(1)
  use(small)
  use(large)
  expect(create(1)).toBeUndefined()
  expect(create(5)).toBeDefined()
  expect(cache.get(small.id)).toBeUndefined()
  expect(cache.partitionsCount).toBe(14)
})

test("consumers' sessions make room for a follower's, not the other way round", () => {
  const follower = create(1, true)!
  const consumer = create(100)!
  clock.advance(evictionMs + 1)
  use(follower)
  use(consumer)
  expect(create(1, true)).toBeDefined()
  expect(cache.get(consumer.id)).toBeUndefined()
  expect(cache.get(follower.id)).toBe(follower)
  clock.advance(evictionMs + 1)
  for (const session of [follower]) use(session)
})

test('a consumer does not displace a follower', () => {
  const followers = [create(1, true)!, create(1, true)!]
  clock.advance(evictionMs + 1)
  for (const session of followers) use(session)
  expect(create(100)).toBeUndefined()
})

test('without slots there are no sessions', () => {
  const none = new FetchSessionCache({ sessionsMax: 0, clock, random: new SeededRandom(1) })
  expect(none.create(false, false, 1)).toBeUndefined()
})

test('ids are positive, and of one session each', () => {
  const many = new FetchSessionCache({ sessionsMax: 1000, clock, random: new SeededRandom(2) })
  const ids = new Set(Array.from({ length: 1000 }, () => many.create(false, false, 0)!.id))
  expect(ids.size).toBe(1000)
  expect(Math.min(...ids)).toBeGreaterThan(0)
})

test('the epoch after the largest is 1: 0 and -1 mean something else', () => {
  expect(nextEpoch(0)).toBe(1)
  expect(nextEpoch(2 ** 31 - 1)).toBe(1)
})

test('partitions keep their order through removals, and who got records goes to the end', () => {
  const session = new FetchSession({ id: 1, isPrivileged: false, usesTopicIds: false, nowMs: 0 })
  for (let index = 0; index < 5; index++) session.add(FetchTarget.byName('orders', index))
  const order = () => session.toRead().map((target) => target.index)
  const answer = {
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 1,
    lastStableOffset: 1,
    logStartOffset: 0,
    divergingEpoch: undefined,
    currentLeader: undefined,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: Buffer.from('x'),
  }
  session.onAnswered(session.get('orders', 1)!, answer)
  session.onAnswered(session.get('orders', 0)!, answer)
  session.onAnswered(session.get('orders', 2)!, { ...answer, records: Buffer.alloc(0) })
  expect(order()).toEqual([2, 3, 4, 1, 0])
  for (const index of [2, 0, 4]) session.remove('orders', index)
  expect(order()).toEqual([3, 1])
  const removed = FetchTarget.byName('orders', 4)
  session.onAnswered(removed, answer)
  expect(order()).toEqual([3, 1])
  for (const index of [1, 3]) session.remove('orders', index)
  expect(order()).toEqual([])
  session.add(FetchTarget.byName('orders', 9))
  expect(order()).toEqual([9])
})
