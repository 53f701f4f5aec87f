/**
 * The segments of one log in order. There is always one; the last one is active.
 */
import { assert } from '../base/assert.ts'
import type { LogSegment } from './log-segment.ts'

export class LogSegments {
  #segments: LogSegment[] = []
  #replacementsCount = 0

  get all(): readonly LogSegment[] {
    return this.#segments
  }

  get count(): number {
    return this.#segments.length
  }

  get first(): LogSegment {
    return this.#segments[0]!
  }

  get active(): LogSegment {
    return this.#segments[this.#segments.length - 1]!
  }

  get sizeInBytes(): number {
    let size = 0
    for (const segment of this.#segments) size += segment.size
    return size
  }

  /** How often compaction has put a segment in the place of others: who read meanwhile may have missed some. */
  get replacementsCount(): number {
    return this.#replacementsCount
  }

  add(segment: LogSegment): void {
    assert(
      this.#segments.length === 0 || segment.baseOffset > this.active.baseOffset,
      `segment ${segment.baseOffset} comes after those that are there`,
    )
    this.#segments.push(segment)
  }

  /** Index of the segment that `offset` falls into; -1 when it lies before the first. */
  floorIndex(offset: number): number {
    const segments = this.#segments
    let high = segments.length
    if (high > 0 && segments[high - 1]!.baseOffset <= offset) return high - 1
    let low = 0
    while (low < high) {
      const middle = (low + high) >>> 1
      if (segments[middle]!.baseOffset <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  at(index: number): LogSegment | undefined {
    return this.#segments[index]
  }

  /** The segment after `segment`; undefined for the active one, or when it is gone. */
  after(segment: LogSegment): LogSegment | undefined {
    const index = this.floorIndex(segment.baseOffset)
    return this.#segments[index] === segment ? this.#segments[index + 1] : undefined
  }

  /** Takes out the first `count`. */
  removeFirst(count: number): LogSegment[] {
    return this.#segments.splice(0, count)
  }

  /** Puts `segment` in the place of `count` others from `index` on, which it begins with; returns those. */
  replace(index: number, count: number, segment: LogSegment): LogSegment[] {
    assert(this.#segments[index]?.baseOffset === segment.baseOffset, `a segment at ${segment.baseOffset} is replaced`)
    assert(index + count < this.#segments.length, 'the active segment is not replaced')
    this.#replacementsCount++
    return this.#segments.splice(index, count, segment)
  }

  /** Takes out those from `index` on. */
  removeFrom(index: number): LogSegment[] {
    return this.#segments.splice(index)
  }
}
