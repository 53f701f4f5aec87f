/**
 * The machine dies at every disk operation of a cleaning, one run each: what the log says of each key is right after the
 * restart, nothing after the cleaned part is lost, no left-over files stay, and the next cleaning ends the job.
 */
import { describe, expect, test } from 'vitest'
import { buildTransactionMarker } from '../../../src/protocol/record/control-record.ts'
import { batchOf, CleanerHarness } from './cleaner-harness.ts'

const finalView = ['a=3', 'b=2', 'c=9', 'd=1', 'e=1', 'f=1', 'g=2']

/** Several segments with replaced records, tombstones, a committed and an aborted transaction; the end is not cleaned. */
async function fill(harness: CleanerHarness): Promise<void> {
  const transactional = (producerId: bigint, baseSequence: number) => ({
    producerId,
    producerEpoch: 0,
    baseSequence,
    isTransactional: true,
  })
  const end = async (producerId: bigint, isCommit: boolean): Promise<void> => {
    const timestamp = harness.clock.now()
    harness.append1(
      buildTransactionMarker({ producerId, producerEpoch: 0, isCommit, coordinatorEpoch: 0, timestamp }),
      'coordinator',
    )
    await harness.settle()
  }
  await harness.put(['a=1', 'b=1', 'x=1'])
  await harness.put(['a=9', 'b=9'], transactional(5n, 0))
  await harness.roll()
  await end(5n, false)
  await harness.put(['c=1', 'x'])
  await harness.put(['b=2', 'd=1'], transactional(6n, 0))
  await end(6n, true)
  await harness.roll()
  await harness.put(['a=2', 'c=2'], { compressionType: 1 })
  await harness.put(['y=1'], { producerId: 7n, producerEpoch: 0, baseSequence: 0 })
  await harness.put(['y', 'a=3', 'e=1', 'g=1'])
  await harness.roll()
  await harness.put(['c=9', 'f=1', 'g=2'])
  await harness.drive(harness.log.flush())
}

async function view(harness: CleanerHarness): Promise<string[]> {
  const aborted = await harness.drive(harness.log.abortedTransactions(0, harness.log.lastStableOffset))
  const values = new Map<string, string | undefined>()
  for (const text of await harness.records()) {
    const [offset, rest] = text.split(' ') as [string, string]
    const isAborted = aborted.some(({ firstOffset, lastOffset }) => +offset >= firstOffset && +offset < lastOffset)
    const [key, value] = rest.split('=') as [string, string | undefined]
    if (!isAborted) values.set(key, value)
  }
  return [...values].flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).sort()
}

async function checkAfterCrash(harness: CleanerHarness, kind: 'process' | 'power', endOffset: number): Promise<void> {
  await harness.restartAfterCrash(kind)
  expect(harness.log.logEndOffset, 'the end').toBe(endOffset)
  expect(await view(harness), 'the view').toEqual(finalView)
  expect((await harness.files()).filter((name) => /cleaned|swap|deleted/.test(name))).toEqual([])
  const producers = [...harness.log.activeProducers()].map(
    ({ producerId, lastSequence }) => `${producerId} ${lastSequence}`,
  )
  expect(producers.sort(), 'the producers').toEqual(['5 1', '6 1', '7 0'])
  await harness.clean()
  expect(await view(harness), 'the view after another cleaning').toEqual(finalView)
  expect((await harness.records()).length, 'what another cleaning leaves').toBeLessThanOrEqual(12)
  harness.append1(batchOf(['z=1']))
  await harness.settle()
  expect(harness.log.logEndOffset).toBe(endOffset + 1)
}

describe.each(['process', 'power'] as const)('a crash of the %s', (kind) => {
  test.each([0, 1, 2])('at any operation of a cleaning, segments of size %i', async (size) => {
    for (let count = 0, isEverWhole = false; !isEverWhole; count++) {
      const harness = new CleanerHarness({ segmentBytes: [250, 450, 10_000][size]!, indexIntervalBytes: 0 }, count)
      await harness.makeRoot()
      await harness.begin()
      await fill(harness)
      const endOffset = harness.log.logEndOffset
      harness.disk.dieAfter(count)
      await harness.clean()
      isEverWhole = !harness.disk.isDead
      await checkAfterCrash(harness, kind, endOffset)
    }
  })

  test('at any operation of the restart after a crash in the swap', async () => {
    for (let count = 0, isEverWhole = false; !isEverWhole; count++) {
      const harness = new CleanerHarness({ segmentBytes: 10_000 }, count)
      await harness.makeRoot()
      await harness.begin()
      await fill(harness)
      const endOffset = harness.log.logEndOffset
      // At one of the renames.
      const fault = {
        operation: 'rename',
        path: ['.swap', '.log', '.index', '.timeindex', '.txnindex'][count % 5]!,
        code: 'EIO',
      }
      harness.disk.addFault(fault)
      await harness.clean()
      harness.crash(kind)
      harness.disk.dieAfter(count)
      await harness.begin().catch(() => undefined)
      isEverWhole = !harness.disk.isDead
      await checkAfterCrash(harness, kind, endOffset)
    }
  })
})
