import { expect, test } from 'vitest'
import { VirtualClock } from '../../../src/base/virtual-clock.ts'
import { IoThrottle } from '../../../src/log/cleaner/io-throttle.ts'

/** Goes through `chunks` as fast as it is allowed to; returns the milliseconds that took. */
async function run(clock: VirtualClock, throttle: IoThrottle, chunks: number[]): Promise<number> {
  const startMs = clock.monotonic()
  for (const size of chunks) {
    const waiting = throttle.note(size)
    if (waiting === undefined) continue
    clock.advance(clock.nextTimerMs()! - clock.monotonic())
    await waiting
  }
  return clock.monotonic() - startMs
}

test('keeps the average at the limit', async () => {
  const clock = new VirtualClock()
  const spentMs = await run(clock, new IoThrottle(clock, 1_000_000), Array(1000).fill(10_000))
  // The last third of a second is not paid for yet.
  expect(spentMs).toBeGreaterThan(9_600)
  expect(spentMs).toBeLessThanOrEqual(10_100)
})

test('a single large chunk is paid for in full', async () => {
  const clock = new VirtualClock()
  expect(await run(clock, new IoThrottle(clock, 1000), [5000, 1])).toBe(5000)
})

test('who is slower than the limit never waits, and a pause earns no burst', async () => {
  const clock = new VirtualClock()
  const throttle = new IoThrottle(clock, 1000)
  for (let index = 0; index < 100; index++) {
    expect(throttle.note(5)).toBe(undefined)
    clock.advance(10)
  }
  clock.advance(60_000)
  expect(throttle.note(1)).toBe(undefined)
  expect(await run(clock, throttle, [1000])).toBe(1000)
})

test('without a limit nobody waits', () => {
  const throttle = new IoThrottle(new VirtualClock(), Number.MAX_VALUE)
  for (let index = 0; index < 100; index++) expect(throttle.note(2 ** 40)).toBe(undefined)
})
