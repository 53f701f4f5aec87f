/**
 * One binary heap of timers for the whole process: adding costs log n, cancelling marks the entry and lets it fall out
 * when it is due, or when more than half of the heap is cancelled. Entries due at the same time run in the order in
 * which they were added.
 */
import type { Timer } from './clock.ts'

class HeapTimer implements Timer {
  readonly dueMs: number
  readonly order: number
  callback: (() => void) | undefined
  readonly #heap: TimerHeap

  constructor(heap: TimerHeap, dueMs: number, order: number, callback: () => void) {
    this.#heap = heap
    this.dueMs = dueMs
    this.order = order
    this.callback = callback
  }

  cancel(): void {
    if (this.callback === undefined) return
    this.callback = undefined
    this.#heap.onCancelled()
  }
}

export class TimerHeap {
  #entries: HeapTimer[] = []
  #cancelledCount = 0
  #order = 0

  add(dueMs: number, callback: () => void): Timer {
    const timer = new HeapTimer(this, dueMs, this.#order++, callback)
    this.#entries.push(timer)
    this.#siftUp(this.#entries.length - 1)
    return timer
  }

  /** Timers that are set and not cancelled. */
  get count(): number {
    return this.#entries.length - this.#cancelledCount
  }

  /** When the first timer that was not cancelled is due; undefined when there is none. */
  nextDueMs(): number | undefined {
    for (let top = this.#entries[0]; top !== undefined; top = this.#entries[0]) {
      if (top.callback !== undefined) return top.dueMs
      this.#removeTop()
      this.#cancelledCount--
    }
    return undefined
  }

  /** Runs every timer due at or before `nowMs`; one that a callback adds with a time in the past waits for the next call. */
  runDue(nowMs: number): void {
    const orderLimit = this.#order
    for (let dueMs = this.nextDueMs(); dueMs !== undefined && dueMs <= nowMs; dueMs = this.nextDueMs()) {
      const top = this.#entries[0]!
      if (top.order >= orderLimit) return
      const callback = top.callback!
      top.callback = undefined
      this.#removeTop()
      callback()
    }
  }

  onCancelled(): void {
    this.#cancelledCount++
    if (this.#cancelledCount < 64 || this.#cancelledCount * 2 < this.#entries.length) return
    this.#entries = this.#entries.filter((entry) => entry.callback !== undefined)
    this.#cancelledCount = 0
    for (let index = (this.#entries.length >> 1) - 1; index >= 0; index--) this.#siftDown(index)
  }

  #before(left: HeapTimer, right: HeapTimer): boolean {
    return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order)
  }

  #removeTop(): void {
    const last = this.#entries.pop()!
    if (this.#entries.length === 0) return
    this.#entries[0] = last
    this.#siftDown(0)
  }

  #siftUp(start: number): void {
    const entries = this.#entries
    const moving = entries[start]!
    let index = start
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = entries[parentIndex]!
      if (!this.#before(moving, parent)) break
      entries[index] = parent
      index = parentIndex
    }
    entries[index] = moving
  }

  #siftDown(start: number): void {
    const entries = this.#entries
    const moving = entries[start]!
    let index = start
    for (;;) {
      let childIndex = index * 2 + 1
      if (childIndex >= entries.length) break
      const right = entries[childIndex + 1]
      if (right !== undefined && this.#before(right, entries[childIndex]!)) childIndex++
      const child = entries[childIndex]!
      if (!this.#before(child, moving)) break
      entries[index] = child
      index = childIndex
    }
    entries[index] = moving
  }
}
