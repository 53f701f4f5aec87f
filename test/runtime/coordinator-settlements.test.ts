import { beforeEach, describe, expect, test } from 'vitest'
import { type Settlement, SettlementQueue } from '../../src/runtime/coordinator/coordinator-settlements.ts'

let queue: SettlementQueue

const ends = (settlements: readonly Settlement[]) => settlements.map(({ endOffset }) => endOffset)

beforeEach(() => {
  queue = new SettlementQueue()
  for (const endOffset of [1, 2, 2, 5, 9]) {
    queue.push({ endOffset, deadlineMs: endOffset * 10, onSettled() {}, onUndone() {} })
  }
})

describe('what waits for the high watermark', () => {
  test('is reached in order, once', () => {
    expect(ends(queue.takeReached(0))).toEqual([])
    expect(ends(queue.takeReached(2))).toEqual([1, 2, 2])
    expect(ends(queue.takeReached(4))).toEqual([])
    expect(queue.nextDeadlineMs).toBe(50)
    expect(ends(queue.takeReached(9))).toEqual([5, 9])
    expect(queue.isEmpty).toBe(true)
  })

  test('is late once, and not reached afterwards', () => {
    expect(ends(queue.takeLate(9))).toEqual([])
    expect(ends(queue.takeLate(20))).toEqual([1, 2, 2])
    expect(ends(queue.takeLate(20))).toEqual([])
    expect(queue.nextDeadlineMs).toBe(50)
    expect(queue.isEmpty).toBe(false)
    expect(ends(queue.takeReached(1))).toEqual([])
    expect(ends(queue.takeReached(5))).toEqual([5])
    expect(ends(queue.takeLate(90))).toEqual([9])
    expect(ends(queue.takeReached(9))).toEqual([])
    expect(queue.isEmpty).toBe(true)
  })

  test('is lost above an offset, but for who was told already that it is late', () => {
    queue.takeLate(20)
    expect(ends(queue.takeAbove(1))).toEqual([5, 9])
    expect(ends(queue.takeAbove(1))).toEqual([])
    expect(ends(queue.takeReached(1))).toEqual([])
    expect(queue.isEmpty).toBe(true)
  })

  test('is all told when there is no log any more', () => {
    queue.takeLate(10)
    expect(ends(queue.takeAll())).toEqual([2, 2, 5, 9])
    expect(queue.isEmpty).toBe(true)
    expect(queue.nextDeadlineMs).toBeUndefined()
  })
})
