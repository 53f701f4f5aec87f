import { describe, expect, test } from 'vitest'
import { OffsetIndex } from '../../src/log/offset-index.ts'
import { TimeIndex } from '../../src/log/time-index.ts'
import { TransactionIndex } from '../../src/log/transaction-index.ts'

describe('offset index', () => {
  const filled = () => {
    const index = new OffsetIndex(100)
    index.append(109, 500)
    index.append(119, 1500)
    index.append(129, 2500)
    return index
  }

  test('has the bytes of an .index file: offsets relative to the base, then positions', () => {
    expect(filled().encoded().toString('hex')).toBe('00000009000001f400000013000005dc0000001d000009c4')
  })

  test('leads to a batch at or before the one that holds an offset', () => {
    const index = filled()
    expect(index.lookup(100)).toBe(0)
    expect(index.lookup(108)).toBe(0)
    expect(index.lookup(109)).toBe(500)
    expect(index.lookup(128)).toBe(1500)
    expect(index.lookup(5000)).toBe(2500)
  })

  test('finds the last batch start that is not above a position', () => {
    const index = filled()
    expect(index.floorPosition(499)).toBe(0)
    expect(index.floorPosition(500)).toBe(500)
    expect(index.floorPosition(2499)).toBe(1500)
    expect(index.floorPosition(99999)).toBe(2500)
  })

  test('truncates by offset and by size', () => {
    const byOffset = filled()
    byOffset.truncateTo(119)
    expect(byOffset.entriesCount).toBe(1)
    const bySize = filled()
    bySize.truncateToSize(2500)
    expect(bySize.entriesCount).toBe(2)
    bySize.truncateToSize(0)
    expect(bySize.entriesCount).toBe(0)
    expect(bySize.lookup(200)).toBe(0)
  })

  test('knows offsets that are too far from its base, and when it is full', () => {
    const index = filled()
    expect(index.canHold(99)).toBe(false)
    expect(index.canHold(100 + 0x7fffffff)).toBe(true)
    expect(index.canHold(101 + 0x7fffffff)).toBe(false)
    expect(index.isFull(32)).toBe(false)
    expect(index.isFull(31)).toBe(true)
  })

  test('survives a round trip through its file', () => {
    const bytes = Buffer.from(filled().encoded())
    expect(OffsetIndex.isSane(bytes, 3000)).toBe(true)
    const again = new OffsetIndex(100, bytes)
    expect(again.entry(2)).toEqual({ offset: 129, position: 2500 })
    again.append(139, 2900)
    expect(again.lookup(139)).toBe(2900)
  })

  test('is not sane when it points outside of the log, goes back, is cut or was never trimmed', () => {
    const bytes = Buffer.from(filled().encoded())
    expect(OffsetIndex.isSane(bytes, 2500)).toBe(false)
    expect(OffsetIndex.isSane(bytes.subarray(0, 20), 3000)).toBe(false)
    expect(OffsetIndex.isSane(Buffer.concat([bytes, Buffer.alloc(16)]), 3000)).toBe(false)
    expect(OffsetIndex.isSane(Buffer.concat([bytes.subarray(8), bytes.subarray(0, 8)]), 3000)).toBe(false)
  })
})

describe('time index', () => {
  const filled = () => {
    const index = new TimeIndex(10)
    index.maybeAppend(1000, 14)
    index.maybeAppend(900, 19)
    index.maybeAppend(2000, 24)
    return index
  }

  test('takes only timestamps that are greater than the last', () => {
    expect(filled().encoded().toString('hex')).toBe('00000000000003e800000004' + '00000000000007d00000000e')
  })

  test('says up to which offset nothing is later than a timestamp', () => {
    const index = filled()
    expect(index.lookup(999)).toBe(10)
    expect(index.lookup(1000)).toBe(14)
    expect(index.lookup(1999)).toBe(14)
    expect(index.lookup(2000)).toBe(24)
  })

  test('truncates by offset', () => {
    const index = filled()
    index.truncateTo(24)
    expect(index.lastEntry).toEqual({ timestamp: 1000, offset: 14 })
    index.truncateTo(0)
    expect(index.lastEntry).toEqual({ timestamp: -1, offset: 10 })
  })

  test('keeps room for the closing entry', () => {
    expect(filled().isFull(48)).toBe(false)
    expect(filled().isFull(47)).toBe(true)
  })

  test('stores the largest int64 that a client can send', () => {
    const index = new TimeIndex(0)
    index.maybeAppend(Number(2n ** 63n - 1n), 0)
    expect(index.encoded().readBigInt64BE(0)).toBe(2n ** 63n - 1n)
    expect(TimeIndex.isSane(index.encoded())).toBe(true)
  })
})

describe('transaction index', () => {
  const first = { producerId: 4n, firstOffset: 63, lastOffset: 65, lastStableOffset: 66 }
  const second = { producerId: 6n, firstOffset: 60, lastOffset: 70, lastStableOffset: 71 }

  test('has the bytes of a .txnindex file', () => {
    const index = new TransactionIndex([first])
    expect(index.encode().toString('hex')).toBe(
      `0000${'0000000000000004'}${'000000000000003f'}${'0000000000000041'}${'0000000000000042'}`,
    )
    expect(TransactionIndex.decode(index.encode())?.entries).toEqual([first])
  })

  test('finds the transactions that touch a range, and says when no later segment has another', () => {
    const index = new TransactionIndex([first, second])
    const collect = (from: number, to: number) => {
      const found: (typeof first)[] = []
      const isComplete = index.collect(from, to, found)
      return { found, isComplete }
    }
    expect(collect(61, 64)).toEqual({ found: [first], isComplete: true })
    expect(collect(66, 70)).toEqual({ found: [second], isComplete: true })
    expect(collect(66, 100)).toEqual({ found: [second], isComplete: false })
    expect(collect(71, 100)).toEqual({ found: [], isComplete: false })
  })

  test('is not decoded from other bytes', () => {
    const bytes = new TransactionIndex([first, second]).encode()
    expect(TransactionIndex.decode(bytes.subarray(0, 40))).toBeUndefined()
    expect(TransactionIndex.decode(new TransactionIndex([second, first]).encode())).toBeUndefined()
    bytes.writeInt16BE(1, 0)
    expect(TransactionIndex.decode(bytes)).toBeUndefined()
  })
})
