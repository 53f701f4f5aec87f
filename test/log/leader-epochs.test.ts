import { describe, expect, test } from 'vitest'
import { decodeEpochCheckpoint, encodeEpochCheckpoint } from '../../src/log/checkpoint-text.ts'
import { LeaderEpochs } from '../../src/log/leader-epochs.ts'

describe('leader epochs', () => {
  const known = () =>
    new LeaderEpochs([
      { epoch: 1, startOffset: 4 },
      { epoch: 5, startOffset: 10 },
      { epoch: 7, startOffset: 20 },
    ])

  test('where an epoch ended', () => {
    const epochs = known()
    expect(epochs.endOffsetFor(7, 33), 'the latest ends with the log').toEqual({ epoch: 7, endOffset: 33 })
    expect(epochs.endOffsetFor(5, 33)).toEqual({ epoch: 5, endOffset: 20 })
    expect(epochs.endOffsetFor(4, 33), 'an unknown one: the largest below').toEqual({ epoch: 1, endOffset: 10 })
    expect(epochs.endOffsetFor(0, 33), 'below all: where the first began').toEqual({ epoch: 0, endOffset: 4 })
    expect(epochs.endOffsetFor(8, 33), 'above all').toBeUndefined()
    expect(epochs.endOffsetFor(-1, 33)).toBeUndefined()
    expect(new LeaderEpochs().endOffsetFor(0, 33)).toBeUndefined()
  })

  test('a new epoch removes entries that contradict it', () => {
    const epochs = known()
    epochs.assign(8, 15)
    expect(epochs.entries).toEqual([
      { epoch: 1, startOffset: 4 },
      { epoch: 5, startOffset: 10 },
      { epoch: 8, startOffset: 15 },
    ])
    epochs.assign(9, 15)
    expect(epochs.latestEpoch, 'no record was written in epoch 8').toBe(9)
    expect(epochs.entries).toHaveLength(3)
  })

  test('the latest epoch is assigned once', () => {
    const epochs = known()
    epochs.assign(7, 25)
    expect(epochs.isDirty).toBe(false)
    epochs.assign(7, 18)
    expect(epochs.entries.at(-1)).toEqual({ epoch: 7, startOffset: 18 })
  })

  test('truncation from the end and from the start', () => {
    const epochs = known()
    epochs.truncateFromEnd(20)
    expect(epochs.latestEpoch).toBe(5)
    epochs.truncateFromStart(7)
    expect(epochs.entries).toEqual([
      { epoch: 1, startOffset: 7 },
      { epoch: 5, startOffset: 10 },
    ])
    epochs.truncateFromStart(10)
    expect(epochs.entries).toEqual([{ epoch: 5, startOffset: 10 }])
    expect(epochs.epochForOffset(9)).toBeUndefined()
    expect(epochs.epochForOffset(12)).toBe(5)
  })

  test('the checkpoint file', () => {
    const text = '0\n3\n1 4\n5 10\n7 20\n'
    expect(encodeEpochCheckpoint(known().entries)).toBe(text)
    expect(decodeEpochCheckpoint(text)).toEqual(known().entries)
    for (const damaged of [
      '',
      '0\n',
      '1\n0\n',
      '0\n3\n1 4\n5 10\n',
      `${text}9 1\n`,
      '0\n1\n1 x\n',
      text.slice(0, -1),
    ]) {
      expect(decodeEpochCheckpoint(damaged), JSON.stringify(damaged)).toBeUndefined()
    }
  })
})
