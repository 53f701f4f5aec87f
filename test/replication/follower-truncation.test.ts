import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { LeaderEpochs } from '../../src/log/leader-epochs.ts'
import {
  type FollowerLogView,
  remedyOutOfRange,
  truncationAtDivergence,
  truncationBeforeFetch,
} from '../../src/replication/follower-truncation.ts'

/** A log of one record per element: the epoch in which it was written. */
class EpochLog implements FollowerLogView {
  readonly epochs: number[]
  highWatermark: number
  /** Epochs that began at the end without a record. */
  #empty: number | undefined

  constructor(epochs: readonly number[], highWatermark = 0, emptyEpoch?: number) {
    this.epochs = [...epochs]
    this.highWatermark = highWatermark
    this.#empty = emptyEpoch
  }

  get nextOffset(): number {
    return this.epochs.length
  }

  get #cache(): LeaderEpochs {
    const cache = new LeaderEpochs()
    for (const [offset, epoch] of this.epochs.entries()) if (epoch !== cache.latestEpoch) cache.assign(epoch, offset)
    if (this.#empty !== undefined) cache.assign(this.#empty, this.nextOffset)
    return cache
  }

  get latestEpoch(): number {
    return this.#cache.latestEpoch
  }

  endOffsetForEpoch(epoch: number) {
    return this.#cache.endOffsetFor(epoch, this.nextOffset)
  }

  truncateTo(offset: number): void {
    this.epochs.length = Math.min(offset, this.epochs.length)
    if (offset <= this.nextOffset) this.#empty = undefined
  }
}

describe('before the first fetch', () => {
  test('only a log without epochs is cut, to its high watermark', () => {
    const view = { nextOffset: 9, highWatermark: 4, latestEpoch: -1, endOffsetForEpoch: () => undefined }
    expect(truncationBeforeFetch(view)).toBe(4)
    expect(truncationBeforeFetch({ ...view, highWatermark: 9 })).toBeUndefined()
    expect(truncationBeforeFetch({ ...view, latestEpoch: 0 })).toBeUndefined()
  })
})

describe('where the logs part', () => {
  test('as Apache Kafka was seen to do it: epoch 5 up to offset 9, the leader has epoch 1 up to 6', () => {
    const log = new EpochLog([1, 1, 1, 1, 1, 1, 1, 1, 5])
    expect(truncationAtDivergence(log, { epoch: 1, endOffset: 6 })).toBe(6)
  })

  test('an epoch that only the leader knows: all above our own one below it goes first', () => {
    const log = new EpochLog([1, 1, 2, 2, 5, 5])
    expect(truncationAtDivergence(log, { epoch: 4, endOffset: 9 })).toBe(4)
  })

  test('a leader that knows no epoch, or no end', () => {
    const log = new EpochLog([1, 1, 2], 1)
    expect(truncationAtDivergence(log, { epoch: -1, endOffset: 2 })).toBe(2)
    expect(truncationAtDivergence(log, { epoch: 1, endOffset: -1 })).toBe(1)
  })

  test('however two logs grew, the follower ends where both are the same, and no record that both have is lost', () => {
    const random = new SeededRandom(5)
    for (let round = 0; round < 2000; round++) {
      const common = randomEpochs(random, [], 0)
      // A leader notes its own epoch, which is above all others, before it serves.
      const leader = new EpochLog(randomEpochs(random, common, 0), 0, 1000)
      const follower = new EpochLog(randomEpochs(random, common, 1), 0, random.integer(4) === 0 ? 999 : undefined)
      let cutsCount = 0
      for (;;) {
        const asked = follower.latestEpoch
        const end = asked < 0 ? undefined : leader.endOffsetForEpoch(asked)
        const isDiverging = end !== undefined && (end.epoch < asked || end.endOffset < follower.nextOffset)
        if (!isDiverging) break
        follower.truncateTo(truncationAtDivergence(follower, end))
        expect(++cutsCount).toBeLessThan(50)
      }
      expect(follower.epochs.length).toBeGreaterThanOrEqual(Math.min(common.length, leader.nextOffset))
      expect(leader.epochs.slice(0, follower.nextOffset)).toEqual(follower.epochs)
    }
  })
})

/** Goes on after `common`; the two sides use epochs of different parity, as two leaders never share one. */
function randomEpochs(random: SeededRandom, common: readonly number[], parity: number): number[] {
  const epochs = [...common]
  let epoch = (epochs.at(-1) ?? 0) + 2
  epoch += (epoch + parity) % 2
  for (let count = random.integer(8); count > 0; count--) {
    if (random.integer(3) === 0) epoch += 2 * (1 + random.integer(2))
    epochs.push(epoch)
  }
  return epochs
}

describe('out of range', () => {
  const log = { nextOffset: 10 }
  test('the leader ends before', () => {
    expect(remedyOutOfRange(log, 0, 7)).toEqual({ kind: 'truncate', offset: 7 })
  })
  test('the leader begins after', () => {
    expect(remedyOutOfRange(log, 15, 20)).toEqual({ kind: 'startOver', offset: 15 })
  })
  test('by now it has the offset', () => {
    expect(remedyOutOfRange(log, 10, 10)).toEqual({ kind: 'retry' })
  })
})
