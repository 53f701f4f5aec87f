import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { TimerHeap } from '../../src/base/timer-heap.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'

test('timers run in order of their time, then of their adding, and cancelled ones never', () => {
  const random = new SeededRandom(1)
  for (let round = 0; round < 50; round++) {
    const heap = new TimerHeap()
    const expected: { dueMs: number; order: number }[] = []
    const ran: { dueMs: number; order: number }[] = []
    const timers = Array.from({ length: 300 }, (_, order) => {
      const dueMs = random.integer(40)
      return { dueMs, order, timer: heap.add(dueMs, () => ran.push({ dueMs, order })) }
    })
    for (const { dueMs, order, timer } of timers) {
      if (random.integer(3) > 0) timer.cancel()
      else expected.push({ dueMs, order })
    }
    expect(heap.count).toBe(expected.length)
    for (let nowMs = 0; nowMs <= 40; nowMs += 5) heap.runDue(nowMs)
    expected.sort((left, right) => left.dueMs - right.dueMs || left.order - right.order)
    expect(ran).toEqual(expected)
    expect(heap.count).toBe(0)
  }
})

test('a callback that adds a timer that is already due does not starve the caller', () => {
  const heap = new TimerHeap()
  let runs = 0
  const again = (): void => {
    runs++
    heap.add(0, again)
  }
  heap.add(0, again)
  heap.runDue(10)
  expect(runs).toBe(1)
})

test('the virtual clock shows each timer its own time and runs what was put off to the end of the turn', () => {
  const clock = new VirtualClock(1_000)
  const seen: string[] = []
  clock.schedule(10, () => {
    seen.push(`ten ${clock.now()}`)
    clock.endOfTurn(() => seen.push(`after ten ${clock.monotonic()}`))
  })
  const cancelled = clock.schedule(5, () => seen.push('never'))
  cancelled.cancel()
  clock.schedule(20, () => seen.push(`twenty ${clock.now()}`))
  clock.advance(15)
  expect(seen).toEqual(['ten 1010', 'after ten 10'])
  clock.advance(5)
  expect(seen.at(-1)).toBe('twenty 1020')
})
