/**
 * A directory that Apache Kafka 4.3.1 wrote (12 batches of an idempotent producer, four transactions, two of them
 * aborted; a clean stop): it is opened as it is, and what we rebuild of it has Kafka's bytes.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { defaultLogConfig } from '../../src/config/log-config.ts'
import { NodeFileSystem } from '../../src/io/node-file-system.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { forEachBatch } from '../../src/protocol/record/batch-cursor.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'

const fixture = join(import.meta.dirname, 'fixtures/kafka-data')
const config = { ...defaultLogConfig, indexIntervalBytes: 512, segmentBytes: 1_048_576 }
let root: string
let manager: LogManager

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ottla-kafka-data-'))
  cpSync(fixture, root, { recursive: true })
})

afterEach(async () => {
  await manager.shutdown({ brokerEpoch: 1 })
  rmSync(root, { recursive: true })
})

/** Time stands still, but the end of a turn comes. */
const virtual = new VirtualClock(1_795_231_500_000)
const clock: Clock = {
  now: () => virtual.now(),
  monotonic: () => virtual.monotonic(),
  schedule: (delayMs, callback) => virtual.schedule(delayMs, callback),
  endOfTurn: (callback) => setImmediate(callback),
}

async function open() {
  manager = await LogManager.open({
    directories: [root],
    clusterId: 'aaaaaaaaQAeAAAAAAAAAAA',
    nodeId: 1,
    fileSystem: new NodeFileSystem(),
    clock,
    random: new SeededRandom(1),
    logger: silentLogger,
  })
  await manager.loadLogs({ configFor: () => config })
  return manager.log('orders', 0)!
}

const stored = (name: string) => readFileSync(join(root, 'orders-0', name))
const original = (name: string) => readFileSync(join(fixture, 'orders-0', name))
const indexNames = [
  '00000000000000000000.index',
  '00000000000000000000.timeindex',
  '00000000000000000062.index',
  '00000000000000000062.timeindex',
  '00000000000000000062.txnindex',
]

test('is opened after its clean stop', async () => {
  const log = await open()
  expect(manager.previousBrokerEpoch).toBe(13)
  expect([log.logStartOffset, log.highWatermark, log.lastStableOffset, log.logEndOffset]).toEqual([0, 72, 72, 72])
  expect([log.latestEpoch, log.segmentsCount]).toEqual([0, 2])
  const producers = [...log.activeProducers()].map((entry) => ({
    id: entry.producerId,
    epoch: entry.producerEpoch,
    lastSequence: entry.lastSequence,
    lastOffset: entry.lastOffset,
    coordinatorEpoch: entry.coordinatorEpoch,
  }))
  expect(producers).toEqual([
    { id: 0n, epoch: 0, lastSequence: 59, lastOffset: 59, coordinatorEpoch: -1 },
    { id: 2n, epoch: 1, lastSequence: 1, lastOffset: 70, coordinatorEpoch: 0 },
    { id: 4n, epoch: 0, lastSequence: 1, lastOffset: 64, coordinatorEpoch: 0 },
    { id: 6n, epoch: 0, lastSequence: 1, lastOffset: 67, coordinatorEpoch: 0 },
  ])
  expect(await log.abortedTransactions(0, 72)).toEqual([
    { producerId: 4n, firstOffset: 63, lastOffset: 65, lastStableOffset: 66 },
    { producerId: 6n, firstOffset: 66, lastOffset: 68, lastStableOffset: 69 },
  ])
  const offsets: number[] = []
  for (let offset = 0; offset < 72; ) {
    const bytes = await log.readBatches(offset, 72, 2000)
    forEachBatch(bytes, (_, at) => {
      expect(batch.isCrcValid(bytes, at)).toBe(true)
      offsets.push(batch.baseOffset(bytes, at))
      offset = batch.nextOffset(bytes, at)
    })
  }
  expect(offsets).toHaveLength(12 + 12)
  expect((await log.findOffsetByTimestamp(1_700_000_100_000))?.offset).toBe(60)
})

test('recovered without its indexes, it gets the same ones', async () => {
  for (const name of indexNames) rmSync(join(root, 'orders-0', name))
  rmSync(join(root, '.kafka_cleanshutdown'))
  rmSync(join(root, 'recovery-point-offset-checkpoint'))
  const log = await open()
  expect([log.logEndOffset, log.latestEpoch]).toEqual([72, 0])
  await log.close()
  for (const name of indexNames) expect(stored(name).equals(original(name)), name).toBe(true)
})

test('replayed without its snapshots, it has the same producers', async () => {
  for (const offset of [62, 72]) rmSync(join(root, 'orders-0', `${offset.toString().padStart(20, '0')}.snapshot`))
  const log = await open()
  await log.close()
  const name = '00000000000000000072.snapshot'
  const entries = (bytes: Buffer) =>
    Array.from({ length: 4 }, (_, index) => bytes.toString('hex', 10 + index * 46, 56 + index * 46)).sort()
  expect(stored(name).length).toBe(original(name).length)
  expect(entries(stored(name))).toEqual(entries(original(name)))
})
