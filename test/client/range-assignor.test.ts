import { expect, test } from 'vitest'
import {
  assignRanges,
  decodeAssignment,
  decodeSubscribedTopics,
  encodeAssignment,
  encodeSubscription,
} from '../../src/client/range-assignor.ts'

function member(memberId: string, topics: string[], groupInstanceId: string | null = null) {
  return { memberId, groupInstanceId, metadata: encodeSubscription(topics) }
}

test('the first members get one more when the partitions do not divide', () => {
  const assigned = assignRanges([member('b', ['t', 'u']), member('a', ['t'])], (topic) => (topic === 't' ? 5 : 1))
  expect([...assigned]).toEqual([
    [
      'b',
      [
        { topic: 't', partitions: [3, 4] },
        { topic: 'u', partitions: [0] },
      ],
    ],
    ['a', [{ topic: 't', partitions: [0, 1, 2] }]],
  ])
})

test('static members come first, by their instance ids; nobody gets an empty range', () => {
  const members = [member('a', ['t']), member('z', ['t'], 'i2'), member('y', ['t'], 'i1')]
  const assigned = assignRanges(members, () => 2)
  expect(assigned.get('y')).toEqual([{ topic: 't', partitions: [0] }])
  expect(assigned.get('z')).toEqual([{ topic: 't', partitions: [1] }])
  expect(assigned.get('a')).toEqual([])
})

test('subscriptions and assignments survive their bytes', () => {
  expect(decodeSubscribedTopics(encodeSubscription(['b', 'a']))).toEqual(['a', 'b'])
  expect(decodeAssignment(encodeAssignment([{ topic: 't', partitions: [1, 2] }]))).toEqual([
    { topic: 't', partitions: [1, 2] },
  ])
  expect(decodeAssignment(Buffer.alloc(0))).toEqual([])
})
