import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { FollowerFetchSession } from '../../src/replication/follower-session.ts'
import { FetchContext } from '../../src/runtime/fetch/fetch-context.ts'
import type { FetchReader } from '../../src/runtime/fetch/fetch-reader.ts'
import { FetchSessionCache } from '../../src/runtime/fetch/fetch-session-cache.ts'

const [one, two] = ['1'.repeat(22), '2'.repeat(22)]

function at(fetchOffset: number) {
  return { currentLeaderEpoch: 3, fetchOffset, lastFetchedEpoch: 2, logStartOffset: 0, partitionMaxBytes: 100 }
}

describe('a session', () => {
  test('names everything at first, then what changed, then what goes', () => {
    const session = new FollowerFetchSession()
    session.set(one, 0, at(5))
    session.set(one, 1, at(6))
    expect(session.next()).toEqual({
      ...{ sessionId: 0, sessionEpoch: 0, forgottenTopicsData: [] },
      topics: [
        {
          topicId: one,
          partitions: [
            { partition: 0, ...at(5) },
            { partition: 1, ...at(6) },
          ],
        },
      ],
    })
    expect(session.onAnswer(0, 77)).toBe(true)
    expect(session.next()).toEqual({ sessionId: 77, sessionEpoch: 1, topics: [], forgottenTopicsData: [] })
    session.onAnswer(0, 77)
    session.set(one, 0, at(5))
    session.set(one, 1, at(8))
    session.set(two, 0, at(0))
    session.remove(one, 0)
    expect(session.next()).toEqual({
      ...{ sessionId: 77, sessionEpoch: 2 },
      topics: [
        { topicId: one, partitions: [{ partition: 1, ...at(8) }] },
        { topicId: two, partitions: [{ partition: 0, ...at(0) }] },
      ],
      forgottenTopicsData: [{ topicId: one, partitions: [0] }],
    })
  })

  test('a partition that goes and comes back between two requests is not forgotten', () => {
    const session = new FollowerFetchSession()
    session.set(one, 0, at(5))
    session.next()
    session.onAnswer(0, 77)
    session.remove(one, 0)
    session.set(one, 0, at(5))
    expect(session.next()).toMatchObject({ topics: [{ topicId: one }], forgottenTopicsData: [] })
  })

  test('an error ends it: of an unknown session nothing is left to end', () => {
    const session = new FollowerFetchSession()
    session.set(one, 0, at(5))
    session.next()
    session.onAnswer(0, 77)
    expect(session.onAnswer(errorCodes.INVALID_FETCH_SESSION_EPOCH, 0)).toBe(false)
    expect(session.next()).toMatchObject({ sessionId: 77, sessionEpoch: 0, topics: [{ topicId: one }] })
    session.onAnswer(0, 78)
    expect(session.onAnswer(errorCodes.FETCH_SESSION_ID_NOT_FOUND, 0)).toBe(false)
    expect(session.next()).toMatchObject({ sessionId: 0, sessionEpoch: 0, topics: [{ topicId: one }] })
  })

  test('without a session of the leader every request names everything', () => {
    const session = new FollowerFetchSession()
    session.set(one, 0, at(5))
    session.next()
    expect(session.onAnswer(0, 0)).toBe(true)
    expect(session.next()).toMatchObject({ sessionId: 0, sessionEpoch: 0, topics: [{ topicId: one }] })
  })

  test('the leader always reads what the follower wants, whatever is lost on the way', () => {
    const random = new SeededRandom(3)
    const cache = new FetchSessionCache({ sessionsMax: 3, clock: new VirtualClock(), random })
    const session = new FollowerFetchSession()
    const wanted = new Map<string, number>()
    for (let step = 0; step < 3000; step++) {
      for (let change = random.integer(4); change > 0; change--) {
        const [topicId, index] = [random.integer(2) === 0 ? one : two, random.integer(5)]
        if (random.integer(3) === 0) {
          session.remove(topicId, index)
          wanted.delete(`${topicId} ${index}`)
        } else {
          session.set(topicId, index, at(step))
          wanted.set(`${topicId} ${index}`, step)
        }
      }
      if (session.size === 0) continue
      if (random.integer(40) === 0) cache.remove(session.id)
      const { topics, ...request } = session.next()
      if (random.integer(20) === 0) {
        // The request is lost.
        session.reset()
        continue
      }
      const unset = { replicaDirectoryId: 'A'.repeat(22), highWatermark: 2 ** 63 }
      const facts = {
        ...request,
        ...{ isFollower: true, usesTopicIds: true, view: 1 },
        topics: topics.map(({ topicId, partitions }) => {
          return { topic: '', topicId, partitions: partitions.map((partition) => ({ ...unset, ...partition })) }
        }),
        forgottenTopicsData: request.forgottenTopicsData.map((topic) => ({ topic: '', ...topic })),
      }
      const context = FetchContext.open(cache, facts, () => 'orders')
      if (!(context instanceof FetchContext)) {
        session.onAnswer(context, 0)
        continue
      }
      const read = new Map(
        context.targets.toRead().map((target) => [`${target.topicId} ${target.index}`, target.fetchOffset]),
      )
      expect(read).toEqual(wanted)
      const { sessionId, error } = context.close({ answers: [], answeredTargets: [] } as unknown as FetchReader)
      // The answer may be lost too.
      if (random.integer(20) === 0) session.reset()
      else session.onAnswer(error, sessionId)
    }
  })
})
