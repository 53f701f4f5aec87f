import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import { BatchFilter, type BatchFilterOptions } from '../../../src/log/cleaner/batch-filter.ts'
import { CleanedTransactions } from '../../../src/log/cleaner/cleaned-transactions.ts'
import { OffsetMap } from '../../../src/log/cleaner/offset-map.ts'
import type { AbortedTransaction } from '../../../src/log/transaction-index.ts'
import { buildBatch, type NewBatch, type NewRecord } from '../../../src/protocol/record/batch-builder.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import type { CompressionType } from '../../../src/protocol/record/compression.ts'
import { buildTransactionMarker } from '../../../src/protocol/record/control-record.ts'
import { decodeRecords } from '../../../src/protocol/record/record.ts'

const codecs = new NodeCodecs()
const nowMs = 1_700_000_000_000
const dayMs = 86_400_000

/** Last offsets by key; all up to `endOffset` is known. */
function mapOf(offsets: Record<string, number>, endOffset = 1000): OffsetMap {
  const map = new OffsetMap(0, { sizeMax: 24_000, loadFactor: 0.9, random: new SeededRandom(1) })
  for (const [key, offset] of Object.entries(offsets)) map.put(Buffer.from(key), 0, key.length, offset)
  map.endOffset = endOffset
  return map
}

function filterWith(options: Partial<BatchFilterOptions> & { map: OffsetMap; aborted?: AbortedTransaction[] }) {
  const kept: AbortedTransaction[] = []
  const transactions = new CleanedTransactions(options.aborted ?? [], (transaction) => kept.push(transaction))
  const filter = new BatchFilter({
    transactions,
    lastProducerRecords: new Map(),
    upperBoundOffset: 1000,
    deleteRetentionMs: dayMs,
    nowMs,
    codecs,
    ...options,
  })
  return { filter, kept }
}

const record = (key: string | null, value: string | null, more: Partial<NewRecord> = {}): NewRecord => ({
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  ...more,
})
const build = (records: readonly NewRecord[], fields: Partial<NewBatch> = {}): Buffer =>
  buildBatch({ baseOffset: 10, leaderEpoch: 3, timestamp: nowMs - 5000, codecs, ...fields, records })
const view = (bytes: Buffer) =>
  decodeRecords(bytes, 0, codecs).map(({ offset, key, value }) => `${offset} ${key}=${value}`)

describe('records', () => {
  test('stay as they are, not copied, when none is replaced', () => {
    const bytes = build([record('a', '1'), record('b', '2')])
    const { filter } = filterWith({ map: mapOf({ a: 10, b: 11 }) })
    const result = filter.filter(Buffer.concat([Buffer.alloc(5), bytes, Buffer.alloc(7)]), 5)!
    expect(result.equals(bytes)).toBe(true)
    expect([filter.recordsRead, filter.recordsWritten]).toEqual([2, 2])
  })

  test.each([0, 1, 2, 3, 4] as CompressionType[])('of codec %i go when replaced; the others keep all', (codec) => {
    const headers = [{ key: 'trace', value: Buffer.from('x') }]
    const bytes = build(
      [record('a', 'old'), record('b', 'kept', { headers, timestamp: nowMs - 9000 }), record('a', 'new')],
      { compressionType: codec, producerId: 7n, producerEpoch: 2, baseSequence: 40 },
    )
    const { filter } = filterWith({ map: mapOf({ a: 12, b: 11 }) })
    const result = filter.filter(bytes, 0)!
    expect(view(result)).toEqual(['11 b=kept', '12 a=new'])
    expect(decodeRecords(result, 0, codecs)[0]).toMatchObject({ timestamp: BigInt(nowMs - 9000), headers })
    expect(batch.isCrcValid(result, 0)).toBe(true)
    expect(batch.compressionType(result, 0)).toBe(codec)
    expect([batch.baseOffset(result, 0), batch.lastOffset(result, 0)]).toEqual([10, 12])
    expect([batch.producerId(result, 0), batch.producerEpoch(result, 0)]).toEqual([7n, 2])
    expect([batch.baseSequence(result, 0), batch.lastSequence(result, 0)]).toEqual([40, 42])
    expect(batch.leaderEpoch(result, 0)).toBe(3)
  })

  test('the end of a batch stays where it was though its last record goes', () => {
    const { filter } = filterWith({ map: mapOf({ a: 10, b: 500 }) })
    const result = filter.filter(build([record('a', '1'), record('b', '2')]), 0)!
    expect(view(result)).toEqual(['10 a=1'])
    expect(batch.lastOffset(result, 0)).toBe(11)
  })

  test('a batch that loses all of them goes', () => {
    const { filter } = filterWith({ map: mapOf({ a: 500 }) })
    expect(filter.filter(build([record('a', '1')]), 0)).toBe(undefined)
    expect([filter.recordsRead, filter.recordsWritten]).toEqual([1, 0])
  })

  test('a key that is not in the dirty part stays', () => {
    const { filter } = filterWith({ map: mapOf({}) })
    expect(view(filter.filter(build([record('a', '1')]), 0)!)).toEqual(['10 a=1'])
  })

  test('what lies beyond the end of the map stays, whatever the map says', () => {
    const { filter } = filterWith({ map: mapOf({ a: 500 }, 11) })
    const bytes = build([record('a', '1'), record('a', '2'), record(null, '3')])
    expect(view(filter.filter(bytes, 0)!)).toEqual(['11 a=2', '12 null=3'])
  })

  test('without a key go and are counted', () => {
    const { filter } = filterWith({ map: mapOf({ a: 11 }) })
    expect(view(filter.filter(build([record(null, 'x'), record('a', '1')]), 0)!)).toEqual(['11 a=1'])
    expect(filter.invalidRecordsCount).toBe(1)
  })

  test('of LogAppendTime keep their time', () => {
    const bytes = build([record('a', '1'), record('b', '2')], { logAppendTimeMs: nowMs - 777 })
    const { filter } = filterWith({ map: mapOf({ a: 500, b: 11 }) })
    const result = filter.filter(bytes, 0)!
    expect(batch.timestampType(result, 0)).toBe(batch.timestampTypes.LOG_APPEND_TIME)
    expect(decodeRecords(result, 0, codecs)).toMatchObject([{ offset: 11, timestamp: BigInt(nowMs - 777) }])
  })

  test('max timestamp is that of what is left', () => {
    const bytes = build([record('a', '1', { timestamp: nowMs }), record('b', '2', { timestamp: nowMs - 100 })])
    const { filter } = filterWith({ map: mapOf({ a: 500, b: 11 }) })
    expect(batch.maxTimestamp(filter.filter(bytes, 0)!, 0)).toBe(nowMs - 100)
  })

  test('timestamps beyond what a number holds keep every bit', () => {
    const far = 2n ** 62n + 1n
    const bytes = build([record('a', '1', { timestamp: far }), record('b', '2', { timestamp: far + 2n })])
    const { filter } = filterWith({ map: mapOf({ a: 500, b: 11 }) })
    expect(decodeRecords(filter.filter(bytes, 0)!, 0, codecs)[0]!.timestamp).toBe(far + 2n)
  })

  test('a damaged batch is not given a new checksum', () => {
    const bytes = build([record('a', '1'), record('b', 'value')])
    bytes[bytes.length - 2]! ^= 1
    const { filter } = filterWith({ map: mapOf({ a: 500, b: 11 }) })
    expect(() => filter.filter(bytes, 0)).toThrow('damaged')
  })
})

describe('tombstones', () => {
  const map = () => mapOf({ a: 10, b: 11 })
  const tombstones = () => build([record('a', null), record('b', '2')], { timestamp: nowMs - 5000 })

  test('get a delete horizon at the first cleaning, and keep their timestamps', () => {
    const { filter } = filterWith({ map: map() })
    const result = filter.filter(tombstones(), 0)!
    expect(view(result)).toEqual(['10 a=null', '11 b=2'])
    expect(batch.hasDeleteHorizon(result, 0)).toBe(true)
    expect(batch.baseTimestamp(result, 0)).toBe(nowMs + dayMs)
    expect(decodeRecords(result, 0, codecs).map(({ timestamp }) => Number(timestamp))).toEqual(
      Array(2).fill(nowMs - 5000),
    )
    expect(batch.maxTimestamp(result, 0)).toBe(nowMs - 5000)
  })

  test('stay untouched until the horizon, and go then', () => {
    const first = filterWith({ map: map() }).filter.filter(tombstones(), 0)!
    const early = filterWith({ map: map(), nowMs: nowMs + dayMs - 1 }).filter.filter(first, 0)!
    expect(early.equals(first)).toBe(true)
    const late = filterWith({ map: map(), nowMs: nowMs + dayMs }).filter.filter(first, 0)!
    expect(view(late)).toEqual(['11 b=2'])
  })

  test('a horizon that is there is kept when the batch is built anew', () => {
    const first = filterWith({ map: map() }).filter.filter(tombstones(), 0)!
    const { filter } = filterWith({ map: mapOf({ a: 10, b: 500 }), nowMs: nowMs + 5000 })
    const second = filter.filter(first, 0)!
    expect(view(second)).toEqual(['10 a=null'])
    expect(batch.baseTimestamp(second, 0)).toBe(nowMs + dayMs)
  })

  test('go at once when a later record of their key is there', () => {
    const { filter } = filterWith({ map: mapOf({ a: 500, b: 11 }) })
    const result = filter.filter(tombstones(), 0)!
    expect(view(result)).toEqual(['11 b=2'])
    expect(batch.hasDeleteHorizon(result, 0)).toBe(false)
  })

  test('with delete.retention.ms=0 go with the next cleaning', () => {
    const first = filterWith({ map: map(), deleteRetentionMs: 0 }).filter.filter(tombstones(), 0)!
    expect(view(filterWith({ map: map() }).filter.filter(first, 0)!)).toEqual(['11 b=2'])
  })
})

describe('transactions', () => {
  const data = (baseOffset: number, producerId = 5n) =>
    build([record('a', `${baseOffset}`)], {
      baseOffset,
      producerId,
      producerEpoch: 1,
      baseSequence: 0,
      isTransactional: true,
    })
  const marker = (offset: number, isCommit: boolean, producerId = 5n) =>
    buildTransactionMarker(
      { producerId, producerEpoch: 1, isCommit, coordinatorEpoch: 0, timestamp: nowMs - 5000 },
      offset,
      3,
    )
  const aborted = (firstOffset: number, lastOffset: number, producerId = 5n): AbortedTransaction => ({
    producerId,
    firstOffset,
    lastOffset,
    lastStableOffset: lastOffset + 1,
  })

  test('aborted data goes; its marker stays for those who read the data already', () => {
    const { filter, kept } = filterWith({ map: mapOf({ a: 10 }), aborted: [aborted(10, 12)] })
    expect(filter.filter(data(10), 0)).toBe(undefined)
    expect(filter.filter(data(11, 6n), 0)).not.toBe(undefined)
    expect(filter.filter(marker(12, false), 0)!.equals(marker(12, false))).toBe(true)
    expect(kept).toEqual([aborted(10, 12)])
  })

  test('the marker of an aborted transaction without data gets a horizon, leaves the index, and goes after it', () => {
    const options = () => ({ map: mapOf({}), aborted: [aborted(10, 12)] })
    const first = filterWith(options())
    const marked = first.filter.filter(marker(12, false), 0)!
    expect(first.kept).toEqual([])
    expect(batch.hasDeleteHorizon(marked, 0)).toBe(true)
    expect(batch.isControl(marked, 0)).toBe(true)
    expect(batch.recordsCount(marked, 0)).toBe(1)
    const early = filterWith({ ...options(), nowMs: nowMs + dayMs - 1 }).filter
    expect(early.filter(marked, 0)!.equals(marked)).toBe(true)
    const late = filterWith({ ...options(), nowMs: nowMs + dayMs }).filter
    expect(late.filter(marked, 0)).toBe(undefined)
  })

  test('the marker of a committed one goes likewise, once no data is left', () => {
    const both = filterWith({ map: mapOf({ a: 10 }) }).filter
    both.filter(data(10), 0)
    expect(batch.hasDeleteHorizon(both.filter(marker(12, true), 0)!, 0)).toBe(false)
    const marked = filterWith({ map: mapOf({}) }).filter.filter(marker(12, true), 0)!
    expect(batch.hasDeleteHorizon(marked, 0)).toBe(true)
    expect(filterWith({ map: mapOf({}), nowMs: nowMs + dayMs }).filter.filter(marked, 0)).toBe(undefined)
  })

  test('a marker is not dropped while data that was read before it is kept, though its horizon has passed', () => {
    const marked = filterWith({ map: mapOf({}) }).filter.filter(marker(12, true), 0)!
    const { filter } = filterWith({ map: mapOf({ a: 10 }), nowMs: nowMs + dayMs })
    expect(filter.filter(data(10), 0)).not.toBe(undefined)
    expect(filter.filter(marked, 0)!.equals(marked)).toBe(true)
  })

  test('two transactions of one producer, aborted then committed, are told apart', () => {
    const { filter } = filterWith({ map: mapOf({ a: 12 }), aborted: [aborted(10, 11)] })
    expect(filter.filter(data(10), 0)).toBe(undefined)
    expect(filter.filter(marker(11, false), 0)).not.toBe(undefined)
    expect(view(filter.filter(data(12), 0)!)).toEqual(['12 a=12'])
  })

  test('control batches that are no markers stay', () => {
    const bytes = buildBatch({
      baseOffset: 4,
      isControl: true,
      timestamp: 1,
      records: [{ key: Buffer.from([0, 0, 0, 2]) }],
    })
    expect(
      filterWith({ map: mapOf({}) })
        .filter.filter(bytes, 0)!
        .equals(bytes),
    ).toBe(true)
  })
})

describe('empty batches', () => {
  const idempotent = () =>
    build([record('a', '1'), record('a', '2')], { producerId: 9n, producerEpoch: 4, baseSequence: 6 })
  const replaced = { a: 500 }

  test("stay while they hold a producer's last sequence", () => {
    const lastProducerRecords = new Map([[9n, { producerEpoch: 4, lastDataOffset: 11 }]])
    const { filter } = filterWith({ map: mapOf(replaced), lastProducerRecords })
    const result = filter.filter(idempotent(), 0)!
    expect(result.length).toBe(batch.batchHeaderSize)
    expect(batch.recordsCount(result, 0)).toBe(0)
    expect(batch.isCrcValid(result, 0)).toBe(true)
    expect([batch.baseOffset(result, 0), batch.lastOffset(result, 0)]).toEqual([10, 11])
    expect([batch.producerId(result, 0), batch.producerEpoch(result, 0), batch.lastSequence(result, 0)]).toEqual([
      9n,
      4,
      7,
    ])
    expect(batch.maxTimestamp(result, 0)).toBe(nowMs - 5000)
    // The next cleaning meets it again.
    const again = filterWith({ map: mapOf(replaced), lastProducerRecords }).filter
    expect(again.filter(result, 0)!.equals(result)).toBe(true)
    const later = new Map([[9n, { producerEpoch: 4, lastDataOffset: 600 }]])
    expect(filterWith({ map: mapOf(replaced), lastProducerRecords: later }).filter.filter(result, 0)).toBe(undefined)
  })

  test('compressed ones become bare headers', () => {
    const bytes = build([record('a', '1')], { producerId: 9n, producerEpoch: 4, baseSequence: 6, compressionType: 4 })
    const lastProducerRecords = new Map([[9n, { producerEpoch: 4, lastDataOffset: 10 }]])
    const result = filterWith({ map: mapOf(replaced), lastProducerRecords }).filter.filter(bytes, 0)!
    expect([result.length, batch.compressionType(result, 0)]).toEqual([batch.batchHeaderSize, 0])
  })

  test('stay at the end of the part that is cleaned', () => {
    const { filter } = filterWith({ map: mapOf(replaced), upperBoundOffset: 12 })
    const result = filter.filter(build([record('a', '1'), record('a', '2')]), 0)!
    expect([batch.recordsCount(result, 0), batch.nextOffset(result, 0)]).toEqual([0, 12])
  })

  test('of markers stay while nothing but the epoch is left of their producer', () => {
    const bytes = buildTransactionMarker(
      { producerId: 9n, producerEpoch: 4, isCommit: true, coordinatorEpoch: 0, timestamp: nowMs },
      10,
      3,
    )
    const lastProducerRecords = new Map([[9n, { producerEpoch: 4, lastDataOffset: -1 }]])
    const marked = filterWith({ map: mapOf({}) }).filter.filter(bytes, 0)!
    const late = { map: mapOf({}), nowMs: nowMs + dayMs }
    const result = filterWith({ ...late, lastProducerRecords }).filter.filter(marked, 0)!
    expect([batch.recordsCount(result, 0), batch.isControl(result, 0), batch.producerEpoch(result, 0)]).toEqual([
      0,
      true,
      4,
    ])
    expect(
      filterWith({ ...late, lastProducerRecords })
        .filter.filter(result, 0)!
        .equals(result),
    ).toBe(true)
    expect(filterWith(late).filter.filter(result, 0)).toBe(undefined)
  })
})
