// The lists in which requests wait at a partition: src/runtime/replica/offset-wait-queue.ts and src/runtime/replica/appended-sizes.ts.
import { describe, expect, test } from 'vitest'
import { AppendedSizes } from '../../src/runtime/replica/appended-sizes.ts'
import { type OffsetWait, OffsetWaitQueue } from '../../src/runtime/replica/offset-wait-queue.ts'

class RecordedWait implements OffsetWait {
  readonly endOffset: number
  isSettled = false
  readonly #ends: string[]

  constructor(endOffset: number, ends: string[]) {
    this.endOffset = endOffset
    this.#ends = ends
  }

  onReached(): void {
    this.isSettled = true
    this.#ends.push(`reached ${this.endOffset}`)
  }

  onFailed(error: number): void {
    this.isSettled = true
    this.#ends.push(`failed ${this.endOffset} ${error}`)
  }
}

describe('OffsetWaitQueue', () => {
  test('tells those whose offset is reached, in order, once', () => {
    const ends: string[] = []
    const queue = new OffsetWaitQueue()
    for (const endOffset of [1, 3, 3, 5]) queue.push(new RecordedWait(endOffset, ends))
    queue.reach(0)
    expect(ends).toEqual([])
    queue.reach(3)
    expect(ends).toEqual(['reached 1', 'reached 3', 'reached 3'])
    expect(queue.count).toBe(1)
    queue.reach(9)
    expect(ends.at(-1)).toBe('reached 5')
    expect(queue.count).toBe(0)
  })

  test('drops those that gave up', () => {
    const ends: string[] = []
    const queue = new OffsetWaitQueue()
    const waits = [5, 6, 7].map((endOffset) => new RecordedWait(endOffset, ends))
    for (const wait of waits) queue.push(wait)
    waits[0]!.isSettled = true
    waits[1]!.isSettled = true
    queue.reach(1)
    expect(queue.count).toBe(1)
    queue.failAll(6)
    expect(ends).toEqual(['failed 7 6'])
    expect(queue.count).toBe(0)
  })

  test('stays small under a steady stream', () => {
    const ends: string[] = []
    const queue = new OffsetWaitQueue()
    for (let offset = 1; offset <= 10_000; offset++) {
      queue.push(new RecordedWait(offset, ends))
      queue.reach(offset - 10)
      expect(queue.count).toBeLessThanOrEqual(10)
    }
    queue.reach(10_000)
    expect(ends).toHaveLength(10_000)
    expect(ends.at(-1)).toBe('reached 10000')
  })
})

describe('AppendedSizes', () => {
  test('counts every byte once for each end', () => {
    const sizes = new AppendedSizes()
    sizes.push(1, 100)
    sizes.push(4, 50)
    sizes.push(5, 7)
    expect([sizes.takeWritten(4), sizes.takeReplicated(1)]).toEqual([150, 100])
    expect([sizes.takeWritten(4), sizes.takeReplicated(3)]).toEqual([0, 0])
    sizes.push(6, 1)
    expect([sizes.takeWritten(6), sizes.takeReplicated(6)]).toEqual([8, 58])
    expect([sizes.takeWritten(6), sizes.takeReplicated(6)]).toEqual([0, 0])
  })

  test('joins appends where the high watermark stands still, and loses none', () => {
    const sizes = new AppendedSizes()
    let written = 0
    for (let offset = 1; offset <= 5000; offset++) {
      sizes.push(offset, 2)
      written += sizes.takeWritten(offset - 3)
    }
    written += sizes.takeWritten(5000)
    expect(written).toBe(10_000)
    expect(sizes.takeReplicated(5000)).toBe(10_000)
  })
})
