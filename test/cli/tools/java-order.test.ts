import { expect, test } from 'vitest'
import { inHashMapOrder } from '../../../src/cli/tools/java-order.ts'

test('names come out as out of a HashMap', () => {
  // What Java 17 prints for new HashMap<>() with these keys.
  expect(inHashMapOrder(['t.a', 'x', 'foo_bar', '__consumer_offsets'])).toEqual([
    'foo_bar',
    't.a',
    'x',
    '__consumer_offsets',
  ])
})

test('a map that grows has other buckets, and each name once', () => {
  const names = Array.from({ length: 40 }, (_, index) => `topic-${index}`)
  const ordered = inHashMapOrder([...names, ...names])
  expect(ordered.toSorted()).toEqual(names.toSorted())
  expect(ordered).not.toEqual(names)
})
