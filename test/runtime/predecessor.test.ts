/** What a controller that takes over knows of the one before. */
import { expect, test } from 'vitest'
import { Predecessor } from '../../src/runtime/controller/predecessor.ts'

test('the leader before was last heard of when it last committed something', () => {
  const predecessor = new Predecessor(1)
  predecessor.onLeaderChange(2)
  predecessor.onCommitted(1000)
  predecessor.onCommitted(1500)
  predecessor.onLeaderChange(-1)
  predecessor.onCommitted(3000)
  predecessor.onLeaderChange(1)
  predecessor.onCommitted(4000)
  expect(predecessor.take(4000, 5000)).toEqual({ brokerId: 2, lastHeardMs: 1500 })
  expect(predecessor.take(4000, 5000)).toBeUndefined()
})

test('no more silence is told than a takeover takes, and none of a first leader', () => {
  const predecessor = new Predecessor(1)
  predecessor.onLeaderChange(1)
  predecessor.onCommitted(100)
  expect(predecessor.take(200, 5000)).toBeUndefined()
  predecessor.onLeaderChange(3)
  predecessor.onCommitted(1000)
  expect(predecessor.take(60_000, 4000)).toEqual({ brokerId: 3, lastHeardMs: 56_000 })
})
