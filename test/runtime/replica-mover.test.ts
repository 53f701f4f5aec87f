/**
 * Replicas that move between log directories: what readers and writers see meanwhile, what the controller is told, and
 * what is left after a crash at any moment.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Uuid } from '../../src/base/uuid.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import type { AssignReplicasToDirsRequest } from '../../src/protocol/api/73-assign-replicas-to-dirs.ts'
import * as batch from '../../src/protocol/record/batch-header.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import { BrokerHarness, batchOf, fetchApi, produceApi } from './broker-harness.ts'

let harness: BrokerHarness
let topicId: Uuid
let partition: Partition
/** Where the controller has the replica, in the order in which it was told. */
let recorded: Uuid[]

async function start(config: Readonly<Record<string, string>> = {}): Promise<void> {
  harness = await BrokerHarness.start({ logDirs: ['/one', '/two'], config })
  recorded = []
  harness.onControllerRequest = async (_apiKey, request) => {
    for (const { id } of (request as AssignReplicasToDirsRequest).directories) recorded.push(id)
    return { errorCode: 0, directories: [] }
  }
  topicId = await harness.createTopic('orders')
  partition = harness.partition('orders')
}

beforeEach(() => start())

let answer: (response: object) => void

/** The controller hears what it is told, and does not answer yet. */
function holdController(): void {
  harness.onControllerRequest = (_apiKey, request) => {
    for (const { id } of (request as AssignReplicasToDirsRequest).directories) recorded.push(id)
    return new Promise((resolve) => {
      answer = resolve
    })
  }
}

async function answerController(): Promise<void> {
  answer({ errorCode: 0, directories: [] })
  await harness.settle()
}

async function append(...values: string[]): Promise<void> {
  for (const value of values) partition.append(batchOf([value]), { requiredAcks: 1, origin: 'client' })
  await harness.settle()
}

const directory = (path: string) => harness.logs.directories.find((one) => one.path === path)!
const placeOf = (log: PartitionLog) => harness.logs.directoryOf(log)?.path

function move(path = '/two'): Promise<void> {
  return harness.drive(harness.mover.start(partition, directory(path)))
}

async function whenMoved(): Promise<void> {
  for (let count = 0; harness.mover.movesCount > 0 && count < 200; count++) await harness.settle()
  expect(harness.mover.movesCount).toBe(0)
}

/** All batches as they are on the disk. */
async function contentOf(log: PartitionLog): Promise<Buffer> {
  return harness.drive(log.readBatches(log.logStartOffset, log.logEndOffset, 1 << 20))
}

describe('a moved replica', () => {
  test('has the same batches, epochs, start, end and producers', async () => {
    const idempotent = { producerId: 5n, producerEpoch: 0 }
    partition.append(batchOf(['a', 'b'], { ...idempotent, baseSequence: 0 }), { requiredAcks: 1, origin: 'client' })
    await append('c')
    harness.changePartition(topicId, 0, { leader: 1 })
    await append('d', 'e')
    harness.changePartition(topicId, 0, { leader: 1 })
    partition.deleteRecords(1)
    const former = partition.log!
    const [content, epochs] = [await contentOf(former), [...former.epochs]]
    await move()
    await whenMoved()
    const log = partition.log!
    expect([placeOf(log), log.directory]).toEqual(['/two', '/two/orders-0'])
    expect(await contentOf(log)).toEqual(content)
    expect(log.epochs).toEqual(epochs)
    expect([log.logStartOffset, log.highWatermark, log.logEndOffset, log.lastStableOffset]).toEqual([1, 5, 5, 5])
    const repeated = batchOf(['a', 'b'], { ...idempotent, baseSequence: 0 })
    const result = partition.append(repeated, { requiredAcks: 1, origin: 'client' })
    expect(result).toMatchObject({ isDuplicate: true, baseOffset: 0 })
    await append('f')
    expect(partition.highWatermark).toBe(6)
    expect(harness.logs.log('orders', 0)).toBe(log)
  })

  test('is where the controller was told before, and its former log is gone', async () => {
    await append('a')
    holdController()
    await move()
    await harness.settle()
    expect(placeOf(partition.log!)).toBe('/one')
    expect(harness.controllerRequests.at(-1)!.request).toMatchObject({
      brokerId: 1,
      directories: [{ id: directory('/two').directoryId, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }],
    })
    await append('b')
    await answerController()
    await whenMoved()
    expect(placeOf(partition.log!)).toBe('/two')
    expect(partition.highWatermark).toBe(2)
    const left = (await harness.disk.list('/one')).map(({ name }) => name).filter((name) => name.startsWith('orders'))
    expect(left).toEqual([expect.stringMatching(/^orders-0\.[0-9a-f]{32}-delete$/)])
    expect(directory('/one').logs.size).toBe(0)
  })

  test('of a log that starts in the middle starts there', async () => {
    partition.append(batchOf(['a', 'b', 'c']), { requiredAcks: 1, origin: 'client' })
    await append('d')
    partition.deleteRecords(2)
    await move()
    await whenMoved()
    expect(partition.log!.logStartOffset).toBe(2)
    expect(batch.baseOffset(await contentOf(partition.log!), 0)).toBe(0)
    partition.deleteRecords(-1)
    await move('/one')
    await whenMoved()
    expect([partition.log!.logStartOffset, partition.log!.logEndOffset]).toEqual([4, 4])
  })

  test('was written and read all the time: nothing is lost, nothing comes twice, no reader is thrown back', async () => {
    const connection = harness.connect()
    const seen: number[] = []
    let answered = 0
    const produce = async () => {
      for (let count = 0; count < 300; count++) {
        const topicData = [{ name: 'orders', partitionData: [{ index: 0, records: batchOf([`${count}`]) }] }]
        const { responses } = await harness.send(produceApi, 9, { acks: -1, timeoutMs: 1000, topicData })
        expect(responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: count })
        answered++
      }
    }
    const consume = async () => {
      while (seen.length < 300) {
        const asked = [{ partition: 0, fetchOffset: seen.length, partitionMaxBytes: 1 << 20 }]
        const request = { maxWaitMs: 1000, minBytes: 1, topics: [{ topic: 'orders', partitions: asked }] }
        const answer = (await harness.send(fetchApi, 11, request, connection)).responses[0]!.partitions[0]!
        expect(answer.errorCode).toBe(0)
        const records = answer.records as Buffer
        for (let at = 0; at < records.length; at += batch.batchSizeInBytes(records, at)) {
          seen.push(batch.baseOffset(records, at))
        }
      }
    }
    const clients = Promise.all([produce(), consume()])
    for (const path of ['/two', '/one', '/two']) {
      await move(path)
      await whenMoved()
    }
    await harness.drive(clients)
    expect(answered).toBe(300)
    expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index))
    expect(placeOf(partition.log!)).toBe('/two')
  })

  test('is not cleaned before it has arrived', async () => {
    await append('a')
    holdController()
    const { compaction } = partition.log!
    await move()
    await harness.settle()
    expect(compaction.isPaused).toBe(true)
    await harness.drive(harness.mover.cancel(partition))
    expect(compaction.isPaused).toBe(false)
  })

  test('waits for its turn, and no faster than allowed', async () => {
    await start({
      'num.replica.alter.log.dirs.threads': '1',
      'replica.alter.log.dirs.io.max.bytes.per.second': '1000',
    })
    await harness.createTopic('bills')
    const value = 'x'.repeat(1500)
    await append(value)
    await move()
    await harness.drive(harness.mover.start(harness.partition('bills'), directory('/one')))
    await harness.settle()
    expect(harness.mover.movesCount).toBe(2)
    await harness.clock.advanceAsync(1400)
    await harness.settle()
    expect(placeOf(partition.log!)).toBe('/one')
    expect(placeOf(harness.partition('bills').log!)).toBe('/two')
    await harness.clock.advanceAsync(400)
    await whenMoved()
    expect(placeOf(partition.log!)).toBe('/two')
    expect(placeOf(harness.partition('bills').log!)).toBe('/one')
  })
})

describe('a move ends without a trace', () => {
  const namesIn = async (path: string) =>
    (await harness.disk.list(path)).map(({ name }) => name).filter((name) => name.startsWith('orders'))

  test('when it is given up after the controller was told: it is told again', async () => {
    await append('a')
    holdController()
    await move()
    await harness.settle()
    await harness.drive(harness.mover.cancel(partition))
    await answerController()
    await harness.settle()
    expect(recorded).toEqual([directory('/two').directoryId, directory('/one').directoryId])
    expect(await namesIn('/two')).toEqual([expect.stringMatching(/-delete$/)])
    expect(placeOf(partition.log!)).toBe('/one')
    await append('b')
    expect(partition.highWatermark).toBe(2)
  })

  test('when the topic is deleted', async () => {
    await append('a')
    holdController()
    await move()
    await harness.settle()
    await harness.deleteTopic(topicId)
    await answerController()
    await whenMoved()
    for (const path of ['/one', '/two']) expect(await namesIn(path)).toEqual([expect.stringMatching(/-delete$/)])
    expect(directory('/two').logs.size).toBe(0)
  })

  test('when the directory that it goes to fails', async () => {
    await append('a')
    holdController()
    await move()
    await harness.settle()
    harness.logs.handleDirectoryFailure('/two', new Error('broken'))
    await answerController()
    await whenMoved()
    await append('b')
    expect([partition.state, partition.highWatermark]).toEqual(['leader', 2])
  })

  test('when the directory that it comes from fails: the partition is offline', async () => {
    await append('a')
    holdController()
    await move()
    await harness.settle()
    harness.logs.handleDirectoryFailure('/one', new Error('broken'))
    await answerController()
    await whenMoved()
    expect(partition.state).toBe('offline')
  })
})

test('DeleteRecords waits for the log that is to come', async () => {
  await append('a', 'b')
  holdController()
  await move()
  await harness.settle()
  expect(partition.deleteRecords(1)).toEqual({ startOffset: 1, lowWatermark: 0 })
  const told: number[] = []
  const onLowWatermark = (lowWatermark: number) => told.push(lowWatermark)
  partition.lowWatermarkWaits.add({ onLowWatermark, onFailed: () => {} })
  await harness.clock.advanceAsync(200)
  await harness.settle()
  expect(told).toContain(1)
  await answerController()
  await whenMoved()
  expect(partition.log!.logStartOffset).toBe(1)
})

describe('a follower that moves', () => {
  test('loses in its new directory what its leader made it cut', async () => {
    await append('a', 'b', 'c', 'd')
    harness.changePartition(topicId, 0, { leader: 2 })
    holdController()
    await move()
    await harness.settle()
    const log = partition.log!
    await harness.drive(log.truncateTo(2))
    const replaced = batchOf(['x'])
    batch.setBaseOffset(replaced, 0, 2)
    batch.setLeaderEpoch(replaced, 0, 1)
    log.appendAsFollower(replaced)
    await harness.settle()
    await answerController()
    await whenMoved()
    expect(placeOf(partition.log!)).toBe('/two')
    const content = await contentOf(partition.log!)
    const epochs: number[] = []
    for (let at = 0; at < content.length; at += batch.batchSizeInBytes(content, at)) {
      epochs.push(batch.leaderEpoch(content, at))
    }
    expect(epochs).toEqual([0, 0, 1])
    expect(partition.log!.epochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 1, startOffset: 2 },
    ])
  })
})

describe('a crash', () => {
  /** Opens what is left; the metadata has what the controller was told last. */
  async function reopen(): Promise<LogManager> {
    harness = Object.assign(harness, { clock: new VirtualClock() })
    const logs = await harness.drive(
      LogManager.open({
        directories: ['/one', '/two'],
        clusterId: 'vPeOCWypqUOSepEvx0cbog',
        nodeId: 1,
        fileSystem: harness.disk.mount(),
        clock: harness.clock,
        random: new SeededRandom(2),
        logger: silentLogger,
      }),
    )
    const { config } = partition.log!
    await harness.drive(logs.loadLogs({ configFor: () => config, assignedDirectory: () => recorded.at(-1) }))
    return logs
  }

  /** Turns of the event loop between two appends: so that every step of a move meets some of them. */
  const paces = [4, 15]

  async function step(turns: number): Promise<void> {
    for (let count = 0; count < turns; count++) {
      await Promise.resolve()
      harness.clock.runTurn()
    }
  }

  function appendIfPossible(): void {
    try {
      if (partition.state === 'leader') partition.append(batchOf(['x']), { requiredAcks: 1, origin: 'client' })
    } catch {
      // The disk is dead.
    }
  }

  /** Moves while it appends until the disk dies after `count` operations, or all is done. Returns what was promised. */
  async function moveUntilDeath(count: number, pace: number): Promise<{ acknowledged: number; flushed: number }> {
    await start()
    await append('a', 'b', 'c')
    await harness.drive(partition.log!.flush())
    harness.disk.dieAfter(count)
    const { mover } = harness
    void mover.start(partition, directory('/two')).catch(() => {})
    let [acknowledged, flushed] = [3, 3]
    let stepsCount = 0
    for (let idle = 0; idle < 20; idle = mover.movesCount === 0 || harness.disk.isDead ? idle + 1 : 0) {
      if (++stepsCount < 60) appendIfPossible()
      await step(pace)
      if (partition.state !== 'leader') continue
      acknowledged = Math.max(acknowledged, partition.highWatermark)
      flushed = Math.max(flushed, partition.log!.recoveryPoint)
      if (stepsCount % 5 === 0) void partition.log!.flush().catch(() => {})
    }
    return { acknowledged, flushed }
  }

  test.each(['process', 'power'] as const)(
    'of the %s at any step of a move takes nothing that was kept',
    async (kind) => {
      for (const pace of paces) {
        for (let count = 0, isDone = false; !isDone; count++) {
          const promised = await moveUntilDeath(count, pace)
          isDone = !harness.disk.isDead
          harness.disk.crash(kind)
          const logs = await reopen()
          const log = logs.log('orders', 0)!
          const which = `after ${count} operations, pace ${pace}`
          expect(log.logEndOffset, which).toBeGreaterThanOrEqual(
            kind === 'process' ? promised.acknowledged : promised.flushed,
          )
          const content = await harness.drive(log.readBatches(0, log.logEndOffset, 1 << 20))
          let endOffset = 0
          for (let at = 0; at < content.length; at += batch.batchSizeInBytes(content, at)) {
            expect(batch.baseOffset(content, at), which).toBe(endOffset++)
          }
          const live = logs.directories
            .flatMap((one) => [...one.logs])
            .filter((one) => one.directory.endsWith('orders-0'))
          expect(live, which).toEqual([log])
          const isThere = recorded.length === 0 || logs.directoryOf(log)!.directoryId === recorded.at(-1)
          expect(isThere || logs.futures.get('orders', 0) !== undefined, which).toBe(true)
          expect(count).toBeLessThan(2000)
        }
      }
    },
  )
})
