import { beforeEach, describe, expect, test } from 'vitest'
import type { LogConfig } from '../../src/config/log-config.ts'
import { UnexpectedAppendOffsetError } from '../../src/log/log-append.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { FileRegion } from '../../src/log/records-slice.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import { buildTransactionMarker } from '../../src/protocol/record/control-record.ts'
import { directory, LogHarness, plainBatch } from './log-harness.ts'
import { errorOf } from './log-model.ts'

let harness: LogHarness
let log: PartitionLog

async function start(config: Partial<LogConfig> = {}): Promise<void> {
  harness = new LogHarness(config)
  await harness.makeRoot()
  log = await harness.open()
}

async function names(suffix: string): Promise<string[]> {
  const entries = await harness.drive(harness.disk.list(directory))
  return entries
    .map(({ name }) => name)
    .filter((name) => name.endsWith(suffix))
    .sort()
}

const client = { leaderEpoch: 3, origin: 'client' } as const
const upTo = (upToOffset: number, minOneBatch = true) => ({ upToOffset, minOneBatch })
const lastOffset = (bytes: Buffer) => batch.lastOffset(bytes, 0)

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await harness.drive(
    promise.then(
      () => new Error('it went well'),
      (reason: Error) => reason,
    ),
  )
  return error instanceof KafkaError ? error.error : error.message
}

describe('append', () => {
  beforeEach(() => start())

  test('gives offsets and the leader epoch at once, and the end offset moves when the bytes are written', async () => {
    const bytes = plainBatch(3, 1000)
    expect(log.append(bytes, client)).toEqual({
      baseOffset: 0,
      lastOffset: 2,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      isDuplicate: false,
    })
    expect(log.append(plainBatch(2, 1000), client)).toMatchObject({ baseOffset: 3, lastOffset: 4 })
    expect([log.nextOffset, log.logEndOffset]).toEqual([5, 0])
    await harness.drive(log.whenWritten())
    expect([log.nextOffset, log.logEndOffset, log.highWatermark]).toEqual([5, 5, 0])
    const stored = await harness.drive(log.readBatches(0, 5, 1))
    expect(stored.equals(bytes)).toBe(true)
    expect(batch.leaderEpoch(stored, 0)).toBe(3)
    expect(batch.isCrcValid(stored, 0)).toBe(true)
    expect(log.latestEpoch).toBe(3)
  })

  test('all appends of a turn are one write, those during a write are the next one', async () => {
    const advances: number[] = []
    log.setListener({ onAdvance: (offset) => advances.push(offset) })
    for (let count = 0; count < 5; count++) log.append(plainBatch(1, 1000), client)
    harness.clock.runTurn()
    for (let count = 0; count < 4; count++) log.append(plainBatch(1, 1000), client)
    await harness.drive(log.whenWritten())
    expect(advances).toEqual([5, 9])
  })

  test('LogAppendTime is stamped and told', async () => {
    log.updateConfig({ ...harness.config, messageTimestampType: 'LogAppendTime' })
    const now = harness.clock.now()
    expect(log.append(plainBatch(2, 5), client).logAppendTimeMs).toBe(now)
    await harness.drive(log.whenWritten())
    const bytes = await harness.drive(log.readBatches(0, 2, 1))
    expect(batch.maxTimestamp(bytes, 0)).toBe(now)
    expect(batch.timestampType(bytes, 0)).toBe(1)
    expect(batch.isCrcValid(bytes, 0)).toBe(true)
  })

  test('what does not fit a segment, or the queue, is refused and changes nothing', async () => {
    log.updateConfig({ ...harness.config, segmentBytes: 200 })
    expect(errorOf(() => log.append(plainBatch(1, 1, 300), client))).toBe('RECORD_LIST_TOO_LARGE')
    const small = await harness.open({ directory: '/data/orders-1', partition: 1, queuedBytesMax: 200 })
    small.append(plainBatch(1, 1), client)
    small.append(plainBatch(1, 1), client)
    expect(small.canAppend(100)).toBe(false)
    expect(errorOf(() => small.append(plainBatch(1, 1), client))).toBe('REQUEST_TIMED_OUT')
    await harness.drive(small.whenWritten())
    expect(small.append(plainBatch(1, 1), client).baseOffset).toBe(2)
  })

  test('a repeated batch is not written again', async () => {
    const build = () =>
      buildBatch({ timestamp: 7, producerId: 5n, producerEpoch: 0, baseSequence: 0, records: [{}, {}] })
    log.append(build(), client)
    await harness.append(log)
    const answer = { baseOffset: 0, lastOffset: 1, logAppendTimeMs: 7, isDuplicate: true }
    expect(log.append(build(), client)).toMatchObject(answer)
    expect(log.nextOffset).toBe(3)
  })

  test('a follower keeps offsets and epochs, with gaps, and does not go back', async () => {
    const at = (baseOffset: number, leaderEpoch: number) => buildBatch({ baseOffset, leaderEpoch, records: [{}, {}] })
    log.appendAsFollower(Buffer.concat([at(5, 1), at(7, 1), at(20, 4)]))
    expect(log.nextOffset).toBe(22)
    expect(log.epochs).toEqual([
      { epoch: 1, startOffset: 5 },
      { epoch: 4, startOffset: 20 },
    ])
    expect(() => log.appendAsFollower(at(21, 4))).toThrow(UnexpectedAppendOffsetError)
    await harness.drive(log.whenWritten())
    const bytes = await harness.drive(log.readBatches(9, 22, 1))
    expect(batch.baseOffset(bytes, 0), 'the first batch after the gap').toBe(20)
  })

  test('a follower takes more than a segment at once, a batch beyond segment.bytes, and leaves no gap between segments', async () => {
    const size = plainBatch(1, 1).length
    await start({ segmentBytes: size * 3 })
    const at = (baseOffset: number, valueSize = 0) =>
      buildBatch({ baseOffset, leaderEpoch: 1, records: [{ value: Buffer.alloc(valueSize) }] })
    const records = Buffer.concat([at(0), at(1), at(2), at(7), at(40), at(41, size * 9), at(42)])
    log.appendAsFollower(records)
    await harness.drive(log.whenWritten())
    expect(log.logEndOffset).toBe(43)
    expect(log.segmentsCount).toBeGreaterThan(3)
    expect(await names('.log'), 'the segment after offset 2 begins at 3, though nothing is below 7').toContain(
      '00000000000000000003.log',
    )
    const pieces: Buffer[] = []
    for (let offset = 0; offset < 43; offset = batch.nextOffset(pieces.at(-1)!, 0)) {
      pieces.push(await harness.drive(log.readBatches(offset, 43, 1)))
    }
    expect(Buffer.concat(pieces)).toEqual(records)
  })

  test('an epoch that began at the end of the log goes when the log is cut there', async () => {
    await harness.append(log, 3)
    log.assignEpochStart(5, 3)
    await harness.drive(log.truncateTo(3))
    expect(log.epochs).toEqual([{ epoch: 0, startOffset: 0 }])
    expect(log.logEndOffset).toBe(3)
  })
})

describe('segments', () => {
  test('roll by size', async () => {
    const size = plainBatch(1, 1).length
    await start({ segmentBytes: size * 3 })
    for (let count = 0; count < 7; count++) await harness.append(log)
    expect(await names('.log')).toEqual([
      '00000000000000000000.log',
      '00000000000000000003.log',
      '00000000000000000006.log',
    ])
    expect(await names('.snapshot')).toEqual(['00000000000000000003.snapshot', '00000000000000000006.snapshot'])
    expect(await names('index'), 'those of the active segment come with a flush or the end').toHaveLength(4)
  })

  test('roll by the time of the first batch, in record time', async () => {
    await start({ segmentMs: 1000 })
    await harness.append(log, 1, { timestamp: 50_000 })
    await harness.append(log, 1, { timestamp: 51_000 })
    expect(log.segmentsCount).toBe(1)
    await harness.append(log, 1, { timestamp: 51_001 })
    expect(log.segmentsCount).toBe(2)
  })

  test('a clean restart does not make the active segment young', async () => {
    await start({ segmentMs: 60_000, indexIntervalBytes: 1 })
    const timestamp = harness.clock.now()
    for (let count = 0; count < 5; count++) await harness.append(log, 1, { timestamp: timestamp + count })
    await harness.drive(log.close())
    harness.clock.advance(50_000)
    log = await harness.open({ hadCleanShutdown: true })
    await harness.append(log, 1, { timestamp: timestamp + 60_000 })
    expect(log.segmentsCount).toBe(1)
    await harness.append(log, 1, { timestamp: timestamp + 60_001 })
    expect(log.segmentsCount).toBe(2)
  })

  test('roll when an index is full, and before an offset is too far from the base', async () => {
    await start({ segmentIndexBytes: 24, indexIntervalBytes: 1 })
    for (let count = 0; count < 6; count++) await harness.append(log)
    expect(log.segmentsCount).toBeGreaterThan(1)
    const far = 0x7fffffff + 10_000
    log.appendAsFollower(buildBatch({ baseOffset: far, leaderEpoch: 0, records: [{}] }))
    await harness.drive(log.whenWritten())
    expect(await names('.log')).toContain(`${far.toString().padStart(20, '0')}.log`)
  })

  test('an empty one is not rolled', async () => {
    await start()
    log.roll()
    expect(log.segmentsCount).toBe(1)
    await harness.append(log)
    log.roll()
    log.roll()
    expect(log.segmentsCount).toBe(2)
  })
})

describe('read', () => {
  const size = plainBatch(2, 1).length

  async function fill(config: Partial<LogConfig> = {}, reopens = true): Promise<void> {
    await start({ indexIntervalBytes: size * 2, ...config })
    for (let count = 0; count < 20; count++) await harness.append(log, 2)
    if (!reopens) return
    await harness.drive(log.close())
    log = await harness.open({ hadCleanShutdown: true })
  }

  const read = (offset: number, sizeMax: number, options: { upToOffset: number; minOneBatch: boolean }) =>
    harness.drive(Promise.resolve(log.read(offset, sizeMax, options)).then((result) => result.readAll()))

  test.each([true, false])('whole batches from the one with the offset, file %s', async (fromFile) => {
    await fill({}, fromFile)
    expect(batch.baseOffset(await read(7, size * 4, upTo(40)), 0)).toBe(6)
    expect((await read(7, size * 3 + 5, upTo(40))).length).toBe(size * 3)
    expect((await read(7, 10, upTo(40))).length, 'one batch at least').toBe(size)
    expect((await read(7, 10, upTo(40, false))).length).toBe(0)
    expect((await read(7, size * 9, upTo(10))).length, 'up to an offset').toBe(size * 2)
    expect((await read(7, size * 9, upTo(11))).length, 'which lies inside a batch').toBe(size * 2)
    expect((await read(7, size * 9, upTo(7))).length).toBe(0)
    expect((await read(40, 1000, upTo(40))).length, 'at the end').toBe(0)
    expect((await read(0, 1e9, upTo(40))).length).toBe(size * 20)
  })

  test('the newest bytes are answered at once, older ones from the file', async () => {
    await fill({}, false)
    const tail = log.read(30, 1e6, upTo(40))
    expect(tail).not.toBeInstanceOf(Promise)
    await harness.drive(log.close())
    log = await harness.open({ hadCleanShutdown: true })
    const result = await harness.drive(log.read(30, 1e6, upTo(40)))
    expect(result.slices[0]).toBeInstanceOf(FileRegion)
    result.release()
  })

  test('a region that the disk has lost takes the log offline, one that the log gave up does not', async () => {
    await fill({}, false)
    await harness.drive(log.close())
    log = await harness.open({ hadCleanShutdown: true })
    const givenUp = await harness.drive(log.read(30, 1e6, upTo(40)))
    await harness.drive(log.truncateTo(20))
    await expect(harness.drive(givenUp.readAll())).rejects.toThrow('too early')
    expect(log.isOffline).toBe(false)
    const lost = await harness.drive(log.read(0, 1e6, upTo(20)))
    const file = await harness.drive(harness.disk.open(`${directory}/00000000000000000000.log`))
    await harness.drive(file.truncate(size))
    await expect(harness.drive(lost.readAll())).rejects.toThrow('00000000000000000000.log ends at')
    expect(log.isOffline).toBe(true)
  })

  test('outside of the log is out of range', async () => {
    await fill({}, false)
    log.updateHighWatermark(40)
    log.advanceLogStartOffset(5)
    expect(errorOf(() => log.read(4, 10, upTo(40)))).toBe('OFFSET_OUT_OF_RANGE')
    expect(errorOf(() => log.read(41, 10, upTo(40)))).toBe('OFFSET_OUT_OF_RANGE')
    expect(errorOf(() => log.advanceLogStartOffset(41))).toBe('OFFSET_OUT_OF_RANGE')
  })

  test('a region stays readable after its segment is deleted, until it is released', async () => {
    await fill({ segmentBytes: size * 5, fileDeleteDelayMs: 10 })
    const result = await harness.drive(log.read(0, 1e6, upTo(40)))
    log.updateHighWatermark(40)
    log.advanceLogStartOffset(25)
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(2)
    expect(await names('.deleted')).not.toEqual([])
    await harness.pass(20)
    expect(await names('.deleted')).toEqual([])
    const open = () => [...harness.disk.openPaths.values()]
    expect(open()).toContain(`${directory}/00000000000000000000.log`)
    const bytes = await harness.drive(result.readAll())
    expect(bytes.length).toBe(size * 5)
    expect(lastOffset(bytes)).toBe(1)
    expect(open()).not.toContain(`${directory}/00000000000000000000.log`)
    expect(await codeOf(Promise.resolve().then(() => log.read(0, 1, upTo(40))))).toBe('OFFSET_OUT_OF_RANGE')
  })
})

describe('high watermark and last stable offset', () => {
  test('stay within the log, and behind an open transaction', async () => {
    await start()
    await harness.append(log, 3)
    expect(log.updateHighWatermark(99)).toBe(3)
    const open = { timestamp: 1, producerId: 1n, producerEpoch: 0, baseSequence: 0, isTransactional: true }
    log.append(buildBatch({ ...open, records: [{}] }), client)
    await harness.append(log, 3)
    log.updateHighWatermark(7)
    expect([log.highWatermark, log.lastStableOffset, log.firstUnstableOffset]).toEqual([7, 3, 3])
    expect(log.updateHighWatermark(2)).toBe(2)
    expect(log.lastStableOffset).toBe(2)
  })
})

describe('retention', () => {
  const size = plainBatch(1, 1).length

  async function fill(config: Partial<LogConfig>, hoursAgo: readonly number[]): Promise<void> {
    await start({ segmentBytes: size, ...config })
    for (const hours of hoursAgo) await harness.append(log, 1, { timestamp: harness.clock.now() - hours * 3_600_000 })
    log.updateHighWatermark(log.logEndOffset)
  }

  test('by time, from the front only', async () => {
    await fill({ retentionMs: 3 * 3_600_000 }, [10, 9, 1, 8, 0])
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(2)
    expect([log.logStartOffset, log.segmentsCount]).toEqual([2, 3])
  })

  test('by time, all of the log: a new segment is rolled', async () => {
    await fill({ retentionMs: 3_600_000 }, [10, 9, 8])
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(3)
    expect([log.logStartOffset, log.logEndOffset, log.segmentsCount, log.sizeInBytes]).toEqual([3, 3, 1, 0])
    expect(await harness.append(log)).toBe(3)
    await harness.drive(log.close())
    log = await harness.open({ hadCleanShutdown: true })
    expect([log.logStartOffset, log.logEndOffset]).toEqual([3, 4])
  })

  test('by time, but a timestamp far in the future does not keep a segment for ever', async () => {
    await fill({ retentionMs: 3_600_000 }, [-1000, 0])
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now() + 3_500_000))).toBe(0)
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now() + 3_700_000))).toBe(2)
  })

  test('by time, also what compaction has emptied', async () => {
    await fill({ retentionMs: 3_600_000, isCompact: true, isDelete: true }, [10, 9, 0])
    await harness.drive(log.close())
    harness.disk.poke(`${directory}/00000000000000000000.log`, Buffer.alloc(0))
    for (const suffix of ['index', 'timeindex']) {
      harness.disk.poke(`${directory}/00000000000000000000.${suffix}`, Buffer.alloc(0))
    }
    harness.clock.advance(3_700_000)
    log = await harness.open({ hadCleanShutdown: true, highWatermark: 3 })
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(3)
  })

  test('a restart does not make old segments young', async () => {
    await fill({ retentionMs: 3_600_000 }, [-1000, 0])
    await harness.drive(log.close())
    harness.clock.advance(3_700_000)
    log = await harness.open({ hadCleanShutdown: true, highWatermark: 2 })
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(2)
  })

  test('by size', async () => {
    await fill({ retentionMs: -1, retentionBytes: size * 2 }, [0, 0, 0, 0, 0])
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(3)
    expect(log.sizeInBytes).toBe(size * 2)
  })

  test('not above the high watermark, and not of a compacted topic', async () => {
    await fill({ retentionMs: 3_600_000 }, [10, 9, 8])
    log.updateHighWatermark(1)
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(1)
    log.updateHighWatermark(3)
    log.updateConfig({ ...harness.config, isDelete: false, isCompact: true })
    expect(await harness.drive(log.deleteOldSegments(harness.clock.now()))).toBe(0)
  })
})

describe('truncation', () => {
  test('inside a batch takes the whole batch; the log goes on there', async () => {
    await start()
    await harness.append(log, 4)
    await harness.append(log, 4)
    await harness.drive(log.truncateTo(6))
    expect([log.logEndOffset, log.nextOffset, log.sizeInBytes]).toEqual([4, 4, plainBatch(4, 1).length])
    expect(await harness.append(log)).toBe(4)
  })

  test('below the start empties the log', async () => {
    await start()
    await harness.drive(log.truncateFullyAndStartAt(100))
    await harness.append(log)
    await harness.drive(log.truncateTo(40))
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([40, 40, 40])
    expect(await harness.append(log)).toBe(40)
  })

  test('tells so that checkpoints follow before anything is appended', async () => {
    await start()
    const seen: number[] = []
    const other = await harness.open({
      directory: '/data/orders-2',
      onTruncated: async () => void seen.push(other.recoveryPoint),
    })
    await harness.append(other, 5)
    await harness.append(other, 5)
    await harness.drive(other.flush())
    await harness.drive(other.truncateTo(5))
    expect(seen).toEqual([5])
  })
})

describe('flush', () => {
  test('with flush.messages the end offset moves after the flush', async () => {
    await start({ flushMessages: 1 })
    const seen: number[] = []
    log.setListener({ onAdvance: () => seen.push(log.logEndOffset) })
    harness.disk.addFault({ operation: 'sync', path: '.log', code: 'EIO' })
    log.append(plainBatch(1, 1), client)
    await harness.drive(log.whenWritten())
    expect(seen, 'a failed flush acknowledges nothing').toEqual([])
    expect(log.isOffline).toBe(true)
  })

  test('a log that always flushes tells of it', async () => {
    await start()
    const raft = await harness.open({ directory: '/data/__cluster_metadata-0', flushAlways: true })
    const events: string[] = []
    raft.setListener({
      onAdvance: (offset) => events.push(`written ${offset}`),
      onFlushed: (offset) => events.push(`flushed ${offset}`),
    })
    raft.append(plainBatch(2, 1), { leaderEpoch: 1, origin: 'raft' })
    raft.append(plainBatch(1, 1), { leaderEpoch: 1, origin: 'raft' })
    await harness.drive(raft.whenWritten())
    expect(events).toEqual(['written 3', 'flushed 3'])
    harness.crash('power')
    expect((await harness.open({ directory: '/data/__cluster_metadata-0', flushAlways: true })).flushedOffset).toBe(3)
  })
})

describe('a failing disk', () => {
  test.each([
    ['a full disk', { operation: 'write', path: '.log', code: 'ENOSPC', share: 0.5 }],
    ['a failed write', { operation: 'write', path: '.log', code: 'EIO' }],
  ])('%s takes the log offline; nothing is tried again, nothing acknowledged is lost', async (_name, fault) => {
    await start()
    const failures: string[] = []
    const advances: number[] = []
    await harness.append(log, 2)
    log.addFailureListener((error) => failures.push(error.message))
    log.setListener({ onAdvance: (offset) => advances.push(offset) })
    harness.disk.addFault(fault)
    log.append(plainBatch(2, 1, 9000), client)
    await harness.drive(log.whenWritten())
    expect(failures).toHaveLength(1)
    expect([log.isOffline, log.logEndOffset, advances]).toEqual([true, 2, []])
    expect(errorOf(() => log.append(plainBatch(1, 1), client))).toBe('KAFKA_STORAGE_ERROR')
    expect(errorOf(() => log.read(0, 1, upTo(2)))).toBe('KAFKA_STORAGE_ERROR')
    expect(await codeOf(log.close())).toBe('KAFKA_STORAGE_ERROR')
    harness.crash('process')
    log = await harness.open()
    expect(log.logEndOffset).toBe(2)
  })

  test('indexes that are damaged while the log is in use are made anew', async () => {
    await start({ segmentBytes: 1500, indexIntervalBytes: 100 })
    const timestamp = harness.clock.now()
    const transaction = { timestamp, producerId: 7n, producerEpoch: 0, isTransactional: true }
    log.append(buildBatch({ ...transaction, baseSequence: 0, records: [{}] }), client)
    for (let count = 0; count < 10; count++) await harness.append(log)
    const marker = { producerId: 7n, producerEpoch: 0, isCommit: false, coordinatorEpoch: 0, timestamp }
    log.append(buildTransactionMarker(marker), { leaderEpoch: 3, origin: 'coordinator' })
    for (let count = 0; count < 20; count++) await harness.append(log)
    await harness.drive(log.close())
    const index = (await names('index')).filter((name) => name.startsWith('00000000000000000000'))
    const originals = index.map((name) => Buffer.from(harness.disk.peek(`${directory}/${name}`)))
    expect(index).toHaveLength(3)
    log = await harness.open({ hadCleanShutdown: true, highWatermark: 32 })
    for (const name of index) harness.disk.poke(`${directory}/${name}`, Buffer.from('nonsense'))
    expect(batch.baseOffset(await harness.drive(log.readBatches(5, 32, 1)), 0)).toBe(5)
    expect(await harness.drive(log.abortedTransactions(0, 32))).toHaveLength(1)
    for (const [at, name] of index.entries()) {
      expect(harness.disk.peek(`${directory}/${name}`).equals(originals[at]!), name).toBe(true)
    }
    expect(log.isOffline).toBe(false)
  })

  test('a segment that cannot be read takes the log offline', async () => {
    await start()
    await harness.append(log, 2)
    await harness.drive(log.close())
    log = await harness.open({ hadCleanShutdown: true })
    harness.disk.addFault({ operation: 'read', path: '.log', code: 'EIO' })
    const result = Promise.resolve(log.read(0, 100, upTo(2)))
    expect(await codeOf(result)).toBe('KAFKA_STORAGE_ERROR')
    expect(log.isOffline).toBe(true)
  })
})
