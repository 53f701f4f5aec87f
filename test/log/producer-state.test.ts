import { beforeEach, describe, expect, test } from 'vitest'
import { decodeProducerSnapshot } from '../../src/log/producer-snapshot.ts'
import { type ProducerCheckOptions, ProducerState } from '../../src/log/producer-state.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { setBaseOffset } from '../../src/protocol/record/batch-header.ts'
import { buildTransactionMarker } from '../../src/protocol/record/control-record.ts'
import { errorOf } from './log-model.ts'

let state: ProducerState
let nextOffset: number

beforeEach(() => {
  state = new ProducerState()
  nextOffset = 100
})

interface Spec {
  readonly sequence: number
  readonly count?: number
  readonly epoch?: number
  readonly producerId?: bigint
  readonly isTransactional?: boolean
}

function data({ sequence, count = 1, epoch = 0, producerId = 9n, isTransactional = false }: Spec): Buffer {
  const records = Array.from({ length: count }, () => ({ value: Buffer.alloc(1) }))
  return buildBatch({
    timestamp: 1000,
    producerId,
    producerEpoch: epoch,
    baseSequence: sequence,
    isTransactional,
    records,
  })
}

function marker(isCommit: boolean, epoch = 0, coordinatorEpoch = 0, producerId = 9n): Buffer {
  return buildTransactionMarker({ producerId, producerEpoch: epoch, isCommit, coordinatorEpoch, timestamp: 2000 })
}

const check = (bytes: Buffer, options: Partial<ProducerCheckOptions> = {}) =>
  state.check(bytes, 0, { origin: 'client', ...options })

function append(bytes: Buffer, options: Partial<ProducerCheckOptions> = {}) {
  const known = check(bytes, options)
  if (known !== undefined) return known
  setBaseOffset(bytes, 0, nextOffset)
  const completed = state.replay(bytes, 0)
  nextOffset = state.endOffset
  return completed
}

describe('sequences', () => {
  test('the next sequence is taken, a gap and a step back are refused', () => {
    append(data({ sequence: 0, count: 3 }))
    expect(errorOf(() => check(data({ sequence: 4 })))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(errorOf(() => check(data({ sequence: 1 })))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(errorOf(() => append(data({ sequence: 3 })))).toBeUndefined()
  })

  test('an unknown producer may start anywhere', () => {
    expect(errorOf(() => append(data({ sequence: 4711 })))).toBeUndefined()
  })

  test('one of the last five batches is answered with its offsets, an older one is out of order', () => {
    for (let sequence = 0; sequence < 12; sequence += 2) append(data({ sequence, count: 2 }))
    expect(append(data({ sequence: 2, count: 2 }))).toEqual({ firstOffset: 102, lastOffset: 103, timestamp: 1000 })
    expect(append(data({ sequence: 10, count: 2 }))).toMatchObject({ firstOffset: 110, lastOffset: 111 })
    expect(errorOf(() => check(data({ sequence: 0, count: 2 })))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(
      errorOf(() => check(data({ sequence: 10, count: 1 }))),
      'another size is another batch',
    ).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  test('after 2^31-1 comes 0, also within a batch', () => {
    append(data({ sequence: 0x7ffffffe, count: 2 }))
    append(data({ sequence: 0 }))
    expect(errorOf(() => append(data({ sequence: 1 })))).toBeUndefined()
    state = new ProducerState()
    append(data({ sequence: 0x7fffffff, count: 3 }))
    expect(state.entry(9n)?.lastSequence).toBe(1)
    expect(append(data({ sequence: 0x7fffffff, count: 3 }))).toMatchObject({ lastOffset: state.endOffset - 1 })
    expect(errorOf(() => append(data({ sequence: 2 })))).toBeUndefined()
  })

  test('a new epoch starts at 0 and fences the old one', () => {
    append(data({ sequence: 0, epoch: 1 }))
    expect(errorOf(() => check(data({ sequence: 1, epoch: 2 })))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    append(data({ sequence: 0, epoch: 2 }))
    expect(errorOf(() => check(data({ sequence: 1, epoch: 1 })))).toBe('INVALID_PRODUCER_EPOCH')
    expect(
      errorOf(() => check(data({ sequence: 0, epoch: 1 }))),
      'a repetition of the old epoch too',
    ).toBe('INVALID_PRODUCER_EPOCH')
  })

  test('a coordinator has no sequences, but epochs count', () => {
    append(data({ sequence: 5, epoch: 3 }))
    expect(errorOf(() => check(data({ sequence: 99, epoch: 3 }), { origin: 'coordinator' }))).toBeUndefined()
    expect(errorOf(() => check(data({ sequence: 99, epoch: 2 }), { origin: 'coordinator' }))).toBe(
      'INVALID_PRODUCER_EPOCH',
    )
  })

  test('ids beyond 2^53 are told apart', () => {
    append(data({ sequence: 7, producerId: 2n ** 63n - 1n }))
    append(data({ sequence: 0, producerId: 2n ** 63n - 2n }))
    expect(state.entry(2n ** 63n - 1n)?.lastSequence).toBe(7)
    expect(state.entry(2n ** 63n - 2n)?.lastSequence).toBe(0)
  })

  test('an idle producer is forgotten, one with an open transaction is not', () => {
    append(data({ sequence: 0 }))
    append(data({ sequence: 0, producerId: 10n, isTransactional: true }))
    state.removeExpired(1000 + 499, 500)
    expect(state.producersCount).toBe(2)
    state.removeExpired(1000 + 500, 500)
    expect([...state.producers].map(({ producerId }) => producerId)).toEqual([10n])
  })
})

describe('transactions', () => {
  const open = (sequence: number, producerId = 9n) => append(data({ sequence, isTransactional: true, producerId }))

  test('an open transaction holds the first unstable offset until its marker is below the high watermark', () => {
    append(data({ sequence: 0, producerId: 8n }))
    open(0)
    open(1)
    expect(state.firstUnstableOffset).toBe(101)
    const completed = append(marker(false), { origin: 'coordinator' })
    expect(completed).toEqual({
      producerId: 9n,
      firstOffset: 101,
      lastOffset: 103,
      isAborted: true,
      lastStableOffset: 104,
    })
    expect(state.firstUndecidedOffset).toBeUndefined()
    expect(state.firstUnstableOffset).toBe(101)
    state.onHighWatermark(103)
    expect(state.firstUnstableOffset).toBe(101)
    state.onHighWatermark(104)
    expect(state.firstUnstableOffset).toBeUndefined()
  })

  test('the last stable offset of a marker is where another transaction is still open', () => {
    open(0)
    open(0, 10n)
    expect(append(marker(true), { origin: 'coordinator' })).toMatchObject({ isAborted: false, lastStableOffset: 101 })
    expect(append(marker(true, 0, 0, 10n), { origin: 'coordinator' })).toMatchObject({ lastStableOffset: 104 })
  })

  test('a marker without data completes nothing', () => {
    expect(append(marker(false), { origin: 'coordinator' })).toBeUndefined()
    expect(state.firstUnstableOffset).toBeUndefined()
    expect(state.hasOngoingTransaction(9n, 0)).toBe(false)
  })

  test('outside of a transaction the coordinator must have confirmed it', () => {
    const batch = data({ sequence: 0, isTransactional: true })
    expect(errorOf(() => check(batch, { isTransactionVerified: false }))).toBe('INVALID_TXN_STATE')
    append(batch, { isTransactionVerified: true })
    expect(
      errorOf(() => check(data({ sequence: 1, isTransactional: true }), { isTransactionVerified: false })),
    ).toBeUndefined()
  })

  test('a batch outside of the transaction is refused while it is open', () => {
    open(0)
    expect(errorOf(() => check(data({ sequence: 1 })))).toBe('INVALID_TXN_STATE')
  })

  test('markers of an old producer or coordinator are refused', () => {
    append(data({ sequence: 0, epoch: 5, isTransactional: true }))
    expect(errorOf(() => check(marker(true, 4), { origin: 'coordinator' }))).toBe('INVALID_PRODUCER_EPOCH')
    append(marker(true, 5, 3), { origin: 'coordinator' })
    expect(errorOf(() => check(marker(true, 5, 2), { origin: 'coordinator' }))).toBe('TRANSACTION_COORDINATOR_FENCED')
  })

  test('transaction version 2: a marker raises the epoch, and only its repetition may have the same', () => {
    append(data({ sequence: 0, epoch: 5, isTransactional: true }))
    const options = { origin: 'coordinator', transactionVersion: 2 } as const
    expect(errorOf(() => check(marker(true, 5), options))).toBe('INVALID_PRODUCER_EPOCH')
    append(marker(true, 6), options)
    expect(errorOf(() => check(marker(true, 6), options))).toBeUndefined()
    expect(errorOf(() => check(marker(true, 5), options))).toBe('INVALID_PRODUCER_EPOCH')
  })

  test('with epoch bumps an unknown producer starts at 0, and nothing overtakes what waits for verification', () => {
    const waiting = { lowestSequence: 3, supportsEpochBump: false }
    expect(errorOf(() => check(data({ sequence: 4, isTransactional: true }), waiting))).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    )
    expect(errorOf(() => check(data({ sequence: 3, isTransactional: true }), waiting))).toBeUndefined()
    const bumping = { lowestSequence: 3, supportsEpochBump: true }
    expect(errorOf(() => check(data({ sequence: 3, isTransactional: true }), bumping))).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    )
    expect(errorOf(() => check(data({ sequence: 0, isTransactional: true }), bumping))).toBeUndefined()
  })
})

describe('snapshots', () => {
  test('an empty one has ten known bytes', () => {
    expect(state.encodeSnapshot().toString('hex')).toBe('000148674bc700000000')
  })

  test('a state comes back with its last batches and open transactions', () => {
    append(data({ sequence: 0, count: 4, producerId: 2n ** 62n }))
    append(data({ sequence: 9, epoch: 2, isTransactional: true }))
    append(marker(true, 3, 7, 11n), { origin: 'coordinator' })
    const bytes = state.encodeSnapshot()
    expect(bytes.length).toBe(10 + 3 * 46)
    const again = new ProducerState()
    again.reset(state.endOffset, decodeProducerSnapshot(bytes)!)
    expect(again.encodeSnapshot().equals(bytes)).toBe(true)
    expect(again.firstUnstableOffset).toBe(104)
    expect(again.hasOngoingTransaction(9n, 2)).toBe(true)
    state = again
    expect(append(data({ sequence: 0, count: 4, producerId: 2n ** 62n }))).toMatchObject({ firstOffset: 100 })
  })

  test('damage is noticed', () => {
    append(data({ sequence: 0 }))
    const bytes = state.encodeSnapshot()
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at] = damaged[at]! ^ 0x10
      expect(decodeProducerSnapshot(damaged), `byte ${at}`).toBeUndefined()
      expect(decodeProducerSnapshot(bytes.subarray(0, at)), `cut at ${at}`).toBeUndefined()
    }
  })
})
