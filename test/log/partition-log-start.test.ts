import { describe, expect, test } from 'vitest'
import type { LogConfig } from '../../src/config/log-config.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import { directory, LogHarness, plainBatch } from './log-harness.ts'

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

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await harness.drive(
    promise.then(
      () => new Error('it went well'),
      (reason: Error) => reason,
    ),
  )
  return error instanceof KafkaError ? error.error : error.message
}

describe('start', () => {
  test('a topic id that does not match is refused', async () => {
    await start()
    expect(await codeOf(harness.open({ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }))).toBe('INCONSISTENT_TOPIC_ID')
    expect((await harness.open({ topicId: undefined })).topicId).toBe(log.topicId)
  })

  test('after a clean stop nothing is scanned; a damaged byte in the middle is not even seen', async () => {
    await start()
    for (let count = 0; count < 50; count++) await harness.append(log, 1, { size: 2000 })
    await harness.drive(log.close())
    const path = `${directory}/00000000000000000000.log`
    const bytes = Buffer.from(harness.disk.peek(path))
    bytes[5000] = bytes[5000]! ^ 1
    harness.disk.poke(path, bytes)
    log = await harness.open({ hadCleanShutdown: true })
    expect(log.logEndOffset).toBe(50)
    await harness.drive(log.close())
    log = await harness.open()
    expect(log.logEndOffset, 'after an unclean one it cuts the log').toBeLessThan(3)
  })

  test.each([
    ['batches', 1_000_000],
    ['segments', 200],
  ])(
    '%s that a start cut off do not come back behind what is written in their place, whatever a loss of power leaves',
    async (_name, segmentBytes) => {
      for (let seed = 0; seed < 20; seed++) {
        harness = new LogHarness({ segmentBytes }, seed)
        await harness.makeRoot()
        log = await harness.open()
        for (let count = 0; count < 3; count++) await harness.append(log)
        await harness.drive(log.close())
        const path = `${directory}/00000000000000000000.log`
        const bytes = Buffer.from(harness.disk.peek(path))
        const second = batch.batchSizeInBytes(bytes, 0)
        bytes[second + 70] = bytes[second + 70]! ^ 1
        harness.disk.poke(path, bytes)
        // Whose removal would flush the directory by the way.
        for (const name of await names('.snapshot')) await harness.drive(harness.disk.remove(`${directory}/${name}`))
        await harness.drive(harness.disk.syncDirectory(directory))
        log = await harness.open()
        expect(log.logEndOffset).toBe(1)
        await harness.append(log)
        harness.crash('power')
        log = await harness.open()
        expect(log.logEndOffset, `seed ${seed}`).toBeLessThan(3)
      }
    },
  )

  test('an empty log costs no flush and no look into its files, whatever its indexes say', async () => {
    await start({ indexIntervalBytes: 1 })
    log.assignEpochStart(4, 0)
    expect(log.areEpochsDirty).toBe(false)
    await harness.drive(log.close())
    expect([...(await names('checkpoint')), ...(await names('.snapshot'))]).toEqual([])
    for (const hadCleanShutdown of [true, false]) {
      harness.disk.poke(`${directory}/00000000000000000000.index`, Buffer.alloc(4096, 1))
      log = await harness.open({ hadCleanShutdown })
      expect([log.logEndOffset, log.epochs]).toEqual([0, []])
      if (hadCleanShutdown) await harness.drive(log.close())
    }
    for (let count = 0; count < 5; count++) log.append(plainBatch(1, 1), client)
    await harness.drive(log.whenWritten())
    expect(log.areEpochsDirty).toBe(true)
    await harness.drive(log.close())
    expect(harness.disk.peek(`${directory}/leader-epoch-checkpoint`).toString()).toBe('0\n1\n3 0\n')
    expect(harness.disk.peek(`${directory}/00000000000000000000.index`)).toHaveLength(4 * 8)
    log = await harness.open({ hadCleanShutdown: true })
    expect([log.logEndOffset, log.latestEpoch]).toEqual([5, 3])
  })

  test('an emptied log gives up the epochs it had', async () => {
    await start()
    await harness.append(log, 3)
    await harness.drive(log.flush())
    await harness.drive(log.truncateFullyAndStartAt(0))
    await harness.drive(log.close())
    expect((await harness.open({ hadCleanShutdown: true })).epochs).toEqual([])
  })

  test('a torn tail is cut, and the log goes on after what is whole', async () => {
    await start()
    await harness.append(log, 2)
    await harness.append(log, 3)
    harness.crash('process')
    const path = `${directory}/00000000000000000000.log`
    harness.disk.poke(path, Buffer.from(harness.disk.peek(path).subarray(0, -1)))
    log = await harness.open()
    expect([log.logEndOffset, log.sizeInBytes]).toEqual([2, plainBatch(2, 1).length])
    expect(await harness.append(log)).toBe(2)
  })

  test('what follows a gap goes: the end of an older segment was lost with the power', async () => {
    const size = plainBatch(1, 1).length
    await start({ segmentBytes: size * 3 })
    for (let count = 0; count < 8; count++) await harness.append(log)
    harness.crash('process')
    const path = `${directory}/00000000000000000003.log`
    harness.disk.poke(path, Buffer.from(harness.disk.peek(path).subarray(0, size * 2)))
    log = await harness.open()
    expect([log.logEndOffset, log.segmentsCount]).toEqual([5, 2])
    expect(await harness.append(log)).toBe(5)
  })

  test('a gap or damage in what was flushed long ago costs nothing that comes after it', async () => {
    const size = plainBatch(1, 1).length
    await start({ segmentBytes: size * 3, isCompact: true })
    for (let count = 0; count < 11; count++) await harness.append(log)
    const recoveryPoint = await harness.drive(log.flush())
    await harness.append(log)
    harness.crash('process')
    const second = `${directory}/00000000000000000003.log`
    // Compaction took the last record; then the topic became one that is not compacted, and an index was lost.
    harness.disk.poke(second, Buffer.from(harness.disk.peek(second).subarray(0, size * 2)))
    await harness.drive(harness.disk.remove(`${directory}/00000000000000000000.index`))
    harness.config = { ...harness.config, isCompact: false }
    log = await harness.open({ recoveryPoint })
    expect([log.logEndOffset, log.segmentsCount]).toEqual([12, 4])
    await harness.drive(log.close())
    const damaged = Buffer.from(harness.disk.peek(second))
    damaged[size + 70]! ^= 1
    harness.disk.poke(second, damaged)
    await harness.drive(harness.disk.remove(`${directory}/00000000000000000000.index`))
    log = await harness.open({ recoveryPoint: 12, hadCleanShutdown: true })
    expect([log.logEndOffset, log.segmentsCount]).toEqual([12, 4])
    expect((await harness.drive(log.readBatches(4, 12, 1))).readInt32BE(4), 'the next one that is whole').toBe(6)
  })

  test('a compacted log may have gaps', async () => {
    const size = plainBatch(1, 1).length
    await start({ segmentBytes: size * 3, isCompact: true })
    for (let count = 0; count < 8; count++) await harness.append(log)
    harness.crash('process')
    const path = `${directory}/00000000000000000003.log`
    harness.disk.poke(path, Buffer.from(harness.disk.peek(path).subarray(0, size * 2)))
    log = await harness.open()
    expect([log.logEndOffset, log.segmentsCount]).toEqual([8, 3])
  })

  test('missing, damaged or preallocated indexes are rebuilt', async () => {
    await start({ segmentBytes: 1000, indexIntervalBytes: 1 })
    for (let count = 0; count < 40; count++) await harness.append(log)
    await harness.drive(log.close())
    const index = `${directory}/00000000000000000000.index`
    const original = Buffer.from(harness.disk.peek(index))
    for (const damage of [Buffer.alloc(0), original.subarray(0, 9), Buffer.concat([original, Buffer.alloc(800)])]) {
      harness.disk.poke(index, damage)
      log = await harness.open()
      await harness.drive(log.close())
      expect(harness.disk.peek(index).equals(original)).toBe(true)
    }
    await harness.drive(harness.disk.remove(index))
    log = await harness.open({ hadCleanShutdown: true })
    expect(log.logEndOffset).toBe(40)
    expect(harness.disk.peek(index).equals(original)).toBe(true)
  })

  test('what an interrupted compaction left is put right', async () => {
    await start({ segmentBytes: 300 })
    for (let count = 0; count < 9; count++) await harness.append(log)
    await harness.drive(log.close())
    const first = `${directory}/00000000000000000000.log`
    const cleaned = Buffer.from(harness.disk.peek(first))
    harness.disk.poke(`${first}.swap`, cleaned)
    harness.disk.poke(`${directory}/00000000000000000006.log.cleaned`, Buffer.from('half'))
    harness.disk.poke(`${directory}/00000000000000000003.log.deleted`, Buffer.from('old'))
    await harness.drive(harness.disk.remove(first))
    log = await harness.open({ hadCleanShutdown: true })
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 9])
    expect((await names('')).filter((name) => /swap|cleaned|deleted/.test(name))).toEqual([])
  })
})

describe('timestamps', () => {
  test('the first record at or after a time, and the one with the largest', async () => {
    await start({ segmentBytes: 400, indexIntervalBytes: 100 })
    for (let count = 0; count < 12; count++) {
      const records = [100, 300, 200].map((delta) => ({ timestamp: count * 1000 + delta, value: Buffer.alloc(20) }))
      log.append(buildBatch({ records }), client)
      await harness.drive(log.whenWritten())
    }
    const find = (timestamp: number) => harness.drive(log.findOffsetByTimestamp(timestamp))
    expect(await find(0)).toEqual({ offset: 0, timestamp: 100n, leaderEpoch: 3 })
    expect(await find(5000)).toEqual({ offset: 15, timestamp: 5100n, leaderEpoch: 3 })
    expect(await find(5101)).toEqual({ offset: 16, timestamp: 5300n, leaderEpoch: 3 })
    expect(await find(5301)).toEqual({ offset: 18, timestamp: 6100n, leaderEpoch: 3 })
    expect(await find(11_301)).toBeUndefined()
    expect(await harness.drive(log.findMaxTimestamp())).toEqual({ offset: 34, timestamp: 11_300n, leaderEpoch: 3 })
    log.updateHighWatermark(36)
    log.advanceLogStartOffset(16)
    expect(await find(0)).toMatchObject({ offset: 16, timestamp: 5300n })
  })
})
