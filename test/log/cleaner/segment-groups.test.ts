import { expect, test } from 'vitest'
import { groupSegments } from '../../../src/log/cleaner/segment-groups.ts'

const limits = { segmentBytes: 100, segmentIndexBytes: 50 }
const segment = (baseOffset: number, size: number, offsetIndexSize = 1, timeIndexSize = 1) => ({
  baseOffset,
  size,
  offsetIndexSize,
  timeIndexSize,
})
const baseOffsets = (groups: { baseOffset: number }[][]) => groups.map((group) => group.map((each) => each.baseOffset))

test('neighbours become one as long as they fit together', () => {
  const groups = groupSegments([segment(0, 40), segment(10, 60), segment(20, 1), segment(30, 99)], 40, limits)
  expect(baseOffsets(groups)).toEqual([
    [0, 10],
    [20, 30],
  ])
})

test('either index keeps within its limit', () => {
  expect(baseOffsets(groupSegments([segment(0, 1, 30), segment(10, 1, 21)], 20, limits))).toEqual([[0], [10]])
  expect(baseOffsets(groupSegments([segment(0, 1, 1, 30), segment(10, 1, 1, 21)], 20, limits))).toEqual([[0], [10]])
})

test('what is too large alone stays alone', () => {
  expect(baseOffsets(groupSegments([segment(0, 500), segment(10, 1), segment(20, 500)], 30, limits))).toEqual([
    [0],
    [10],
    [20],
  ])
})

test('no more offsets than an index can tell apart', () => {
  const far = 2 ** 31
  expect(baseOffsets(groupSegments([segment(0, 1), segment(5, 1)], far, limits))).toEqual([[0, 5]])
  expect(baseOffsets(groupSegments([segment(0, 1), segment(5, 1)], far + 1, limits))).toEqual([[0], [5]])
  expect(baseOffsets(groupSegments([segment(0, 1), segment(5, 1), segment(far + 9, 1)], far + 10, limits))).toEqual([
    [0],
    [5],
    [far + 9],
  ])
})

test('a segment that lost all joins its neighbours wherever it ends', () => {
  expect(baseOffsets(groupSegments([segment(0, 1), segment(5, 0)], 2 ** 40, limits))).toEqual([[0, 5]])
})
