import { describe, expect, test } from 'vitest'
import type { LogConfig } from '../../../src/config/log-config.ts'
import type { CleaningControl, CleaningRunner } from '../../../src/log/cleaner/cleaning-task.ts'
import type { PartitionLog } from '../../../src/log/partition-log.ts'
import * as batch from '../../../src/protocol/record/batch-header.ts'
import { decodeRecords } from '../../../src/protocol/record/record.ts'
import { topicId } from '../log-harness.ts'
import { batchOf, CleanerHarness, codecs } from './cleaner-harness.ts'

async function harnessWith(config: Partial<LogConfig> = {}): Promise<CleanerHarness> {
  const harness = new CleanerHarness(config)
  await harness.makeRoot()
  await harness.begin()
  return harness
}

/** Lets the test act in the middle of a cleaning: before a segment is put in place. */
function pausing(harness: CleanerHarness, onReplace: () => Promise<void>): void {
  harness.wrapRunner = (runner): CleaningRunner => ({
    run: (task, control) => {
      const paused: CleaningControl = {
        isAborted: () => control.isAborted(),
        onAbort: (abort) => control.onAbort(abort),
        replaceSegments: async (cleaned) => {
          await onReplace()
          await control.replaceSegments(cleaned)
        },
      }
      return runner.run(task, paused)
    },
    close: () => runner.close(),
  })
}

const checkpoint = (harness: CleanerHarness): string => harness.disk.peek('/data/cleaner-offset-checkpoint').toString()

describe('a cleaning', () => {
  test('leaves the last record of each key, and everything of the active segment', async () => {
    const harness = await harnessWith()
    await harness.put(['a=1', 'b=1'])
    await harness.put(['a=2', 'c=1'])
    await harness.roll()
    await harness.put(['b=2', 'b=3'])
    expect(await harness.clean()).toBe(1)
    expect(await harness.records()).toEqual(['1 b=1', '2 a=2', '3 c=1', '4 b=2', '5 b=3'])
    expect(await harness.clean()).toBe(0)
    await harness.roll()
    expect(await harness.clean()).toBe(1)
    expect(await harness.records()).toEqual(['2 a=2', '3 c=1', '5 b=3'])
  })

  test('joins small segments, removes what they were made of, and notes how far it came as Kafka does', async () => {
    const harness = await harnessWith()
    for (let index = 0; index < 5; index++) {
      await harness.put([`a=${index}`])
      await harness.roll()
    }
    expect(harness.log.segmentsCount).toBe(6)
    await harness.clean()
    expect(harness.log.segmentsCount).toBe(2)
    expect(checkpoint(harness)).toBe('0\n1\norders 0 5\n')
    const files = await harness.files()
    expect(files.filter((name) => name.endsWith('.log'))).toEqual([
      '00000000000000000000.log',
      '00000000000000000005.log',
    ])
    expect(files.filter((name) => /deleted|cleaned|swap/.test(name))).toEqual([])
    expect(files).not.toContain('00000000000000000002.snapshot')
  })

  test('goes on where the one before ended, after a restart too', async () => {
    const harness = await harnessWith()
    await harness.put(['a=1'])
    await harness.roll()
    await harness.clean()
    await harness.restartCleanly()
    expect(harness.log.compaction.cleanerOffset).toBe(1)
    expect(await harness.clean()).toBe(0)
    await harness.put(['a=2'])
    await harness.roll()
    expect(await harness.clean()).toBe(1)
    expect(await harness.records()).toEqual(['1 a=2'])
  })

  test('that cannot hold all keys at once takes several', async () => {
    const harness = await harnessWith({ segmentBytes: 100_000 })
    for (let index = 0; index < 300; index++) await harness.put([`k${index % 100}=${index}`])
    await harness.roll()
    harness.settings = { ...harness.settings, dedupeBufferBytes: 24 * 32 }
    expect(await harness.clean()).toBeGreaterThan(3)
    expect(await harness.records()).toEqual(
      Array.from({ length: 100 }, (_, index) => `${index + 200} k${index}=${index + 200}`),
    )
  })

  test('takes tombstones when delete.retention.ms has passed since they were first cleaned', async () => {
    const harness = await harnessWith({ deleteRetentionMs: 60_000 })
    await harness.put(['a=1', 'b=1'])
    await harness.put(['a'])
    await harness.roll()
    await harness.clean()
    expect(await harness.records()).toEqual(['1 b=1', '2 a'])
    harness.clock.advance(59_000)
    await harness.put(['c=1'])
    await harness.roll()
    await harness.clean()
    expect(await harness.records()).toEqual(['1 b=1', '2 a', '3 c=1'])
    harness.clock.advance(1000)
    await harness.put(['c=2'])
    await harness.roll()
    await harness.clean()
    expect(await harness.records()).toEqual(['1 b=1', '4 c=2'])
  })

  test('touches nothing above the last stable offset', async () => {
    const harness = await harnessWith()
    await harness.put(['a=1'])
    await harness.put(['x=1'], { producerId: 5n, producerEpoch: 0, baseSequence: 0, isTransactional: true })
    await harness.roll()
    await harness.put(['a=2'])
    await harness.roll()
    expect(await harness.clean()).toBe(0)
    expect(await harness.records()).toEqual(['0 a=1', '1 x=1', '2 a=2'])
  })

  test('touches nothing above the high watermark', async () => {
    const harness = await harnessWith()
    await harness.put(['a=1'])
    harness.log.roll()
    harness.append1(batchOf(['a=2']))
    harness.log.roll()
    await harness.drive(harness.log.whenWritten())
    expect(await harness.clean()).toBe(1)
    expect(await harness.records()).toEqual(['0 a=1', '1 a=2'])
    await harness.settle()
    await harness.clean()
    expect(await harness.records()).toEqual(['1 a=2'])
  })

  test('keeps a producer that left nothing but replaced records: it goes on after a restart', async () => {
    const harness = await harnessWith()
    const producer = { producerId: 5n, producerEpoch: 1, baseSequence: 0 }
    await harness.put(['a=1', 'a=2'], producer)
    await harness.put(['a=3'])
    await harness.roll()
    await harness.put(['b=1'])
    await harness.clean()
    expect(await harness.records()).toEqual(['2 a=3', '3 b=1'])
    for (const name of await harness.files()) {
      if (name.endsWith('.snapshot')) await harness.drive(harness.disk.remove(`/data/orders-0/${name}`))
    }
    await harness.restartAfterCrash('process')
    expect([...harness.log.activeProducers()]).toMatchObject([{ producerId: 5n, lastSequence: 1, lastOffset: 1 }])
  })
})

describe('which log is due', () => {
  test('min.cleanable.dirty.ratio: the dirty part must be more than that of all', async () => {
    const harness = await harnessWith({ minCleanableDirtyRatio: 0.5 })
    const value = 'x'.repeat(50)
    for (let index = 0; index < 4; index++) await harness.put([`k${index}=${value}`])
    await harness.roll()
    expect(await harness.clean()).toBe(1)
    for (let index = 0; index < 4; index++) {
      await harness.put([`l${index}=${value}`])
      await harness.roll()
      expect(await harness.clean()).toBe(0)
    }
    await harness.put([`m=${value}`])
    await harness.roll()
    expect(await harness.clean()).toBe(1)
  })

  test('min.compaction.lag.ms: what is younger stays', async () => {
    const harness = await harnessWith({ minCompactionLagMs: 10_000 })
    await harness.put(['a=1'])
    await harness.put(['a=2'])
    await harness.roll()
    harness.clock.advance(5000)
    await harness.put(['a=3'])
    await harness.roll()
    harness.clock.advance(4999)
    expect(await harness.clean()).toBe(0)
    harness.clock.advance(1)
    expect(await harness.clean()).toBe(1)
    expect(await harness.records()).toEqual(['1 a=2', '2 a=3'])
    harness.clock.advance(5000)
    await harness.clean()
    expect(await harness.records()).toEqual(['2 a=3'])
  })

  test('max.compaction.lag.ms: what is older is cleaned whatever the ratio says, and segments roll in time for it', async () => {
    const harness = await harnessWith({
      minCleanableDirtyRatio: 0.99,
      maxCompactionLagMs: 10_000,
      segmentBytes: 100_000,
    })
    await harness.put(['a=1'])
    await harness.roll()
    harness.config = { ...harness.config, minCleanableDirtyRatio: 1 }
    harness.log.updateConfig(harness.config)
    expect(await harness.clean()).toBe(0)
    harness.clock.advance(10_000)
    expect(await harness.clean()).toBe(0)
    harness.clock.advance(1)
    expect(await harness.clean()).toBe(1)
    await harness.put(['a=2'])
    harness.clock.advance(10_001)
    await harness.put(['a=3'])
    expect(harness.log.segmentsCount).toBe(3)
    harness.clock.advance(10_001)
    expect(await harness.clean()).toBe(1)
  })

  test.each([1, 2, 5])('log.cleaner.threads=%i: so many logs at once, the dirtiest first', async (threadsCount) => {
    const harness = new CleanerHarness()
    const underWay = new Set<string>()
    const begun: string[] = []
    let most = 0
    harness.settings = { ...harness.settings, threadsCount }
    harness.wrapRunner = (runner) => ({
      run: async (task, control) => {
        begun.push(task.name)
        most = Math.max(most, underWay.add(task.name).size)
        const outcome = await runner.run(task, control)
        underWay.delete(task.name)
        return outcome
      },
      close: () => runner.close(),
    })
    await harness.makeRoot()
    await harness.begin()
    const logs: PartitionLog[] = []
    for (const partition of [0, 1, 2]) {
      harness.log = await harness.drive(harness.manager.getOrCreateLog('orders', partition, topicId, harness.config))
      logs.push(harness.log)
      await harness.put(['a=1', 'b=1'])
      await harness.roll()
    }
    await harness.clean()
    for (const [partition, dirtyCount] of [1, 9, 4].entries()) {
      harness.log = logs[partition]!
      for (let count = 0; count < dirtyCount; count++) await harness.put([`a=${count}`])
      await harness.roll()
    }
    begun.length = 0
    harness.cleaner.start()
    await harness.pass(20_000)
    expect(most).toBe(Math.min(threadsCount, 3))
    expect(begun).toEqual(['orders-1', 'orders-2', 'orders-0'])
    await harness.drive(harness.cleaner.close())
  })

  test('a topic that is not compacted is left alone', async () => {
    const harness = await harnessWith({ isCompact: false, isDelete: true })
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    expect(await harness.clean()).toBe(0)
  })

  test('it looks every log.cleaner.backoff.ms', async () => {
    const harness = await harnessWith()
    harness.cleaner.start()
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    await harness.pass(14_000)
    expect((await harness.records()).length).toBe(2)
    await harness.pass(2000)
    expect(await harness.records()).toEqual(['1 a=2'])
    await harness.put(['a=3'])
    await harness.roll()
    harness.settings = { ...harness.settings, backoffMs: 1000 }
    harness.cleaner.onSettingsChanged()
    await harness.pass(2000)
    expect(await harness.records()).toEqual(['2 a=3'])
    await harness.drive(harness.cleaner.close())
    await harness.put(['a=4'])
    await harness.roll()
    await harness.pass(60_000)
    expect((await harness.records()).length).toBe(2)
  })
})

describe('retention', () => {
  test('compact,delete: the cleaner compacts, and deletes what is too old', async () => {
    const harness = await harnessWith({ isDelete: true, retentionMs: 100_000, segmentBytes: 100 })
    harness.cleaner.start()
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    await harness.pass(50_000)
    expect(await harness.records()).toEqual(['1 a=2'])
    await harness.put(['b=1'])
    await harness.roll()
    await harness.pass(66_000)
    expect(harness.log.logStartOffset).toBe(2)
    expect(await harness.records()).toEqual(['2 b=1'])
    await harness.drive(harness.cleaner.close())
  })

  test('what is too old goes before a cleaning begins: a log that is always dirty is not kept for ever', async () => {
    const harness = new CleanerHarness({ isDelete: true, retentionMs: 10_000, segmentBytes: 100 })
    const startOffsets: number[] = []
    harness.wrapRunner = (runner) => ({
      run: (task, control) => {
        startOffsets.push(harness.log.logStartOffset)
        return runner.run(task, control)
      },
      close: () => runner.close(),
    })
    await harness.makeRoot()
    await harness.begin()
    harness.cleaner.start()
    await harness.put(['a=1'])
    await harness.roll()
    harness.clock.advance(10_500)
    await harness.put(['b=1'])
    await harness.roll()
    await harness.pass(8000)
    expect(startOffsets).toEqual([1])
    await harness.drive(harness.cleaner.close())
  })

  test('compact: age takes nothing, DeleteRecords does', async () => {
    const harness = await harnessWith({ retentionMs: 1000, retentionBytes: 1 })
    harness.cleaner.start()
    await harness.put(['a=1'])
    await harness.roll()
    await harness.put(['b=1'])
    await harness.roll()
    await harness.pass(60_000)
    expect((await harness.records()).length).toBe(2)
    harness.log.advanceLogStartOffset(2)
    await harness.pass(20_000)
    expect(harness.log.firstSegmentOffset).toBe(2)
    await harness.drive(harness.cleaner.close())
  })
})

test('readers see what compaction left, also of what was in memory still', async () => {
  const harness = new CleanerHarness()
  harness.tailBytesMax = 1_000_000
  await harness.makeRoot()
  await harness.begin()
  for (const value of [1, 2, 3]) await harness.put([`a=${value}`, `b=${value}`])
  await harness.roll()
  await harness.put(['a=4'])
  await harness.clean()
  const read: string[] = []
  for (let offset = 0; offset < harness.log.logEndOffset; ) {
    const bytes = await harness.drive(harness.log.readBatches(offset, harness.log.logEndOffset, 10_000))
    for (let at = 0; at < bytes.length; at += batch.batchSizeInBytes(bytes, at)) {
      for (const { key, value } of decodeRecords(bytes, at, codecs)) read.push(`${key}=${value}`)
      offset = batch.nextOffset(bytes, at)
    }
  }
  expect(read).toEqual(['a=3', 'b=3', 'a=4'])
  // The active segment's are where they were.
  expect(harness.log.readTail(6)).toHaveLength(1)
  expect(harness.log.readTail(5)).toBeUndefined()
})

describe('a log that changes while it is cleaned', () => {
  test('goes on with appends and reads', async () => {
    const harness = new CleanerHarness()
    await harness.makeRoot()
    pausing(harness, async () => {
      harness.append1(batchOf(['d=1']))
      const bytes = await harness.log.readBatches(0, harness.log.logEndOffset, 10_000)
      expect(bytes.length).toBeGreaterThan(0)
    })
    await harness.begin()
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    await harness.clean()
    await harness.settle()
    expect(await harness.records()).toEqual(['1 a=2', '2 d=1'])
  })

  test('truncated within the part: the cleaning comes to nothing, the next one does it', async () => {
    const harness = new CleanerHarness()
    await harness.makeRoot()
    let isCut = false
    pausing(harness, async () => {
      if (isCut) return
      isCut = true
      await harness.log.truncateTo(2)
      // As long as what was cut, and rolled: by its looks the segment is the old one.
      harness.append1(batchOf(['b=9'], { timestamp: 1 }))
      harness.log.roll()
      await harness.log.whenWritten()
      harness.log.updateHighWatermark(harness.log.logEndOffset)
    })
    await harness.begin()
    await harness.put(['a=1'])
    await harness.put(['a=2'])
    await harness.put(['b=1'])
    await harness.roll()
    expect(await harness.clean()).toBe(2)
    expect(await harness.records()).toEqual(['1 a=2', '2 b=9'])
    expect(harness.messages).toEqual([])
  })

  test('deleted from the front: likewise', async () => {
    const harness = new CleanerHarness()
    await harness.makeRoot()
    let isDone = false
    pausing(harness, async () => {
      if (isDone) return
      isDone = true
      harness.log.advanceLogStartOffset(1)
      await harness.log.deleteOldSegments(harness.clock.now())
    })
    await harness.begin()
    for (const each of ['a=1', 'b=1', 'b=2']) {
      await harness.put([each])
      await harness.roll()
    }
    await harness.clean()
    expect(await harness.records()).toEqual(['2 b=2'])
    expect(harness.messages).toEqual([])
  })

  test('deleted as a whole: nothing is left and nothing is told', async () => {
    const harness = new CleanerHarness()
    await harness.makeRoot()
    pausing(harness, () => harness.manager.deleteLog('orders', 0))
    await harness.begin()
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    await harness.clean()
    expect(harness.manager.logsCount).toBe(0)
    expect(checkpoint(harness)).toBe('0\n0\n')
    await harness.pass(2000)
    expect((await harness.drive(harness.disk.list('/data'))).filter(({ isDirectory }) => isDirectory)).toEqual([])
    expect(harness.messages).toEqual([])
  })

  test('a stop does not wait for the cleaning', async () => {
    const harness = new CleanerHarness()
    await harness.makeRoot()
    harness.settings = { ...harness.settings, ioBytesPerSecondMax: 1 }
    await harness.begin()
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    harness.cleaner.start()
    await harness.pass(20_000)
    expect(harness.cleaner.cleaningsCount).toBe(1)
    const closing = harness.cleaner.close()
    await harness.pass(1_000_000)
    await harness.drive(closing)
    expect(await harness.records()).toEqual(['0 a=1', '1 a=2'])
    expect((await harness.files()).filter((name) => name.includes('cleaned'))).toEqual([])
  })
})

describe('failures', () => {
  test('a damaged log is left alone, the log goes on', async () => {
    const harness = await harnessWith()
    await harness.put(['a=1', 'a=2'])
    await harness.put(['b=1'])
    await harness.roll()
    const path = '/data/orders-0/00000000000000000000.log'
    const bytes = Buffer.from(harness.disk.peek(path))
    bytes[70]! ^= 1
    harness.disk.poke(path, bytes)
    await harness.restartCleanly()
    expect(await harness.clean()).toBe(1)
    expect(harness.cleaner.isUncleanable(harness.log)).toBe(true)
    expect(harness.messages.join()).toContain('left alone')
    expect(await harness.clean()).toBe(0)
    await harness.put(['c=1'])
    expect(harness.log.isOffline).toBe(false)
  })

  test('a full disk ends the cleaning, not the log', async () => {
    const harness = await harnessWith()
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    harness.disk.addFault({ operation: 'write', path: '.cleaned', code: 'ENOSPC' })
    await harness.drive(harness.log.compaction.findSection(harness.clock.now()))
    expect(await harness.clean()).toBe(2)
    expect(harness.messages).toEqual(['a log could not be cleaned'])
    expect(await harness.records()).toEqual(['1 a=2'])
  })

  test('a disk that fails takes its directory offline', async () => {
    const harness = await harnessWith()
    await harness.put(['a=1', 'a=2'])
    await harness.roll()
    harness.disk.addFault({ operation: 'write', path: '.cleaned', code: 'EIO' })
    await harness.clean()
    expect(harness.log.isOffline).toBe(true)
  })
})
