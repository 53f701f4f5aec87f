/**
 * The records of one partition in a Fetch answer: slices of memory and regions of files, which the connection sends one
 * after another and then releases. What answers hold in memory while slow sockets drain is counted by one budget.
 *
 * Whoever gets an answer must send or drop it and release each of its regions exactly once, also when the connection is
 * gone: file handles and the budget depend on it.
 */
import { assert } from '../../base/assert.ts'
import type { ReadResult, RecordsSlice } from '../../log/records-slice.ts'
import type { RecordsRegion } from '../../protocol/records-region.ts'

/** Below this the bytes go into the frame itself: a region costs more than the copy. */
export const copiedSizeMax = 1023

export class FetchedRecords implements RecordsRegion {
  readonly sizeInBytes: number
  /** In order: bytes, or regions of a file with `read(buffer, offset)`. */
  readonly slices: readonly RecordsSlice[]
  readonly #result: ReadResult
  readonly #budget: FetchBudget
  #isReleased = false

  constructor(result: ReadResult, budget: FetchBudget) {
    this.sizeInBytes = result.sizeInBytes
    this.slices = result.slices
    this.#result = result
    this.#budget = budget
    budget.take(result.sizeInBytes)
  }

  /** The answer is sent, or will not be. */
  release(): void {
    assert(!this.#isReleased, 'fetched records are released once')
    this.#isReleased = true
    this.#result.release()
    this.#budget.give(this.sizeInBytes)
  }
}

/**
 * Bytes that all answers under way may have together. A fetch takes what is left; when nothing is, it waits for an
 * answer to be sent, in order of arrival.
 */
export class FetchBudget {
  readonly #sizeMax: number
  #takenBytes = 0
  #waits: (() => void)[] = []

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get takenBytes(): number {
    return this.#takenBytes
  }

  /** Zero or less: the next fetch waits. */
  get leftBytes(): number {
    return this.#sizeMax - this.#takenBytes
  }

  take(sizeInBytes: number): void {
    this.#takenBytes += sizeInBytes
  }

  give(sizeInBytes: number): void {
    this.#takenBytes -= sizeInBytes
    assert(this.#takenBytes >= 0, 'no more is given back than was taken')
    while (this.#waits.length > 0 && this.leftBytes > 0) this.#waits.shift()!()
  }

  /** Resolves when something is left. */
  whenLeft(): Promise<void> {
    return new Promise((resolve) => {
      this.#waits.push(resolve)
    })
  }
}
