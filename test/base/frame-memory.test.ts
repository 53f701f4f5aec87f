import { expect, test } from 'vitest'
import { FrameMemory } from '../../src/base/frame-memory.ts'

const large = 100_000

test('a frame is used again when all who had it have released it', () => {
  const memory = new FrameMemory()
  const frame = memory.take(large)
  expect(frame.length).toBe(large)
  const records = frame.subarray(10, 20)
  memory.hold(records)
  memory.release(frame)
  expect(memory.take(large).buffer).not.toBe(frame.buffer)
  expect(memory.idleBytes).toBe(0)
  memory.release(records)
  expect(memory.idleBytes).toBeGreaterThanOrEqual(large)
  // Of about the same size.
  const next = memory.take(large + 1000)
  expect(next.buffer).toBe(frame.buffer)
  expect(next.length).toBe(large + 1000)
  expect(memory.idleBytes).toBe(0)
})

test('at most a fourth of a frame is wasted', () => {
  const memory = new FrameMemory()
  for (let size = 8 * 1024; size < 1_000_000; size = Math.ceil(size * 1.01)) {
    const { byteLength } = memory.take(size).buffer
    expect(byteLength).toBeGreaterThanOrEqual(size)
    expect(byteLength).toBeLessThanOrEqual(size * 1.25)
  }
})

test('what lies idle is bounded; the sizes that were not used for longest go first', () => {
  const memory = new FrameMemory(1_000_000)
  const short = [1, 2, 3, 4].map(() => memory.take(65_536))
  for (const frame of short) memory.release(frame)
  expect(memory.idleBytes).toBe(4 * 65_536)
  const long = [1, 2, 3].map(() => memory.take(262_144))
  for (const frame of long) memory.release(frame)
  expect(memory.idleBytes).toBe(3 * 262_144 + 3 * 65_536)
  const longer = memory.take(524_288)
  memory.release(longer)
  expect(memory.idleBytes).toBe(524_288 + 262_144)
  expect(memory.take(524_288).buffer).toBe(longer.buffer)
})

test('a frame beyond the bound is not kept', () => {
  const memory = new FrameMemory(1_000_000)
  memory.release(memory.take(1_000_001))
  expect(memory.idleBytes).toBe(0)
})

test('other bytes are held and released without an effect', () => {
  const memory = new FrameMemory()
  const other = Buffer.alloc(large)
  memory.hold(other)
  memory.release(other)
  memory.release(other)
  memory.release(memory.take(10))
  expect(memory.idleBytes).toBe(0)
})

test('to release once too often, or to hold what was released, is a mistake of ours', () => {
  const memory = new FrameMemory()
  const frame = memory.take(large)
  memory.release(frame)
  expect(() => memory.release(frame)).toThrow('released')
  expect(() => memory.hold(frame)).toThrow('held')
})

test('tests see who reads on: frames of any size are overwritten when they are released', () => {
  const memory = new FrameMemory()
  memory.overwriteReleased()
  const frame = memory.take(3).fill('a')
  memory.hold(frame)
  memory.release(frame)
  expect(frame.toString()).toBe('aaa')
  memory.release(frame)
  expect(frame.includes('a')).toBe(false)
})
