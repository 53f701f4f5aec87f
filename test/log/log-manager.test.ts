import { beforeEach, describe, expect, test } from 'vitest'
import { type LogFields, type Logger, silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { randomUuid } from '../../src/base/uuid.ts'
import { defaultLogConfig, type LogConfig } from '../../src/config/log-config.ts'
import { formatLogDirectory, readMetaProperties } from '../../src/log/log-directory.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import type { LogManagerOptions } from '../../src/log/log-manager-options.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { KafkaError } from '../../src/protocol/errors.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { LogHarness, plainBatch, topicId } from './log-harness.ts'

const otherId = 'AAAAAAAAAAAAAAAAAAAABQ'
const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg'
let harness: LogHarness
let config: LogConfig
let messages: string[]

beforeEach(async () => {
  harness = new LogHarness()
  config = { ...defaultLogConfig, fileDeleteDelayMs: 1000 }
  messages = []
  await harness.drive(harness.disk.makeDirectory('/a'))
})

const logger: Logger = {
  ...silentLogger,
  error: (message: string, fields?: LogFields) => void messages.push(`${message} ${JSON.stringify(fields)}`),
}

async function open(options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  const manager = await openUnread(options)
  await harness.drive(manager.loadLogs({ configFor: () => config }))
  return manager
}

/** Its logs are not loaded. */
async function openUnread(options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  return harness.drive(
    LogManager.open({
      directories: ['/a', '/b'],
      clusterId,
      nodeId: 1,
      fileSystem: harness.disk.mount(),
      clock: harness.clock,
      random: harness.random,
      logger,
      ...options,
    }),
  )
}

const make = (manager: LogManager, partition: number, id = topicId) =>
  harness.drive(manager.getOrCreateLog('orders', partition, id, config))

async function append(log: PartitionLog, count = 1): Promise<void> {
  log.append(plainBatch(count, harness.clock.now()), { leaderEpoch: 0, origin: 'client' })
  await harness.drive(log.whenWritten())
  log.updateHighWatermark(log.logEndOffset)
}

const shutdown = (manager: LogManager, brokerEpoch = 7) => harness.drive(manager.shutdown({ brokerEpoch }))
const names = async (path: string) =>
  (await harness.drive(harness.disk.list(path)))
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.'))
    .sort()
const text = (path: string) => harness.disk.peek(path).toString()

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await harness.drive(
    promise.then(
      () => new Error('it went well'),
      (reason: Error) => reason,
    ),
  )
  return error instanceof KafkaError ? error.error : error.message
}

describe('directories', () => {
  test('are made, formatted and locked', async () => {
    const manager = await open()
    const meta = await harness.drive(readMetaProperties(harness.disk, '/b'))
    expect(meta).toEqual({ clusterId, nodeId: 1, directoryId: manager.directories[1]!.directoryId })
    expect(manager.directories[0]!.directoryId).not.toBe(meta!.directoryId)
    expect(await failure(open())).toContain('ELOCKED')
    await shutdown(manager)
    await shutdown(await open())
  })

  test('of another cluster or node are refused, and left unlocked', async () => {
    const meta = { clusterId, nodeId: 2, directoryId: randomUuid(new SeededRandom(1)) }
    await harness.drive(formatLogDirectory(harness.disk, '/b', meta))
    expect(await failure(open())).toContain('/b belongs to node 2, not to node 1')
    expect(await failure(open({ nodeId: 2, clusterId: 'other' }))).toContain('not to other')
    expect(await failure(formatLogDirectory(harness.disk, '/b', meta))).toContain('formatted already')
    await open({ nodeId: 2 })
  })

  test('new partitions go where the fewest are, or where they are wanted', async () => {
    const manager = await open()
    for (let partition = 0; partition < 4; partition++) await make(manager, partition)
    expect(manager.logsInDirectory('/a')).toHaveLength(2)
    const { directoryId } = manager.directories[1]!
    const log = await harness.drive(manager.getOrCreateLog('orders', 9, topicId, config, directoryId))
    expect(log.directory).toBe('/b/orders-9')
    expect(await make(manager, 9)).toBe(log)
  })

  test('a partition of one that failed is not made anew in another', async () => {
    let manager = await open()
    const [, second] = manager.directories
    const { directoryId } = second!
    manager.handleDirectoryFailure('/b', new Error('pulled out'))
    expect(await failure(manager.getOrCreateLog('orders', 0, topicId, config, directoryId))).toBe('KAFKA_STORAGE_ERROR')
    await shutdown(manager)
    harness.disk.addFault({ operation: 'readFile', path: '/b/meta.properties', code: 'EIO' })
    manager = await open()
    expect(await failure(manager.getOrCreateLog('orders', 0, topicId, config, directoryId))).toBe('KAFKA_STORAGE_ERROR')
    expect((await make(manager, 0)).directory, 'one that lies nowhere yet').toBe('/a/orders-0')
  })

  test('one that the operator took away is replaced', async () => {
    const manager = await open()
    const gone = randomUuid(new SeededRandom(7))
    const log = await harness.drive(manager.getOrCreateLog('orders', 0, topicId, config, gone))
    expect(log.directory).toBe('/a/orders-0')
  })

  test('logs asked for at the same time are made once', async () => {
    const manager = await open()
    const logs = await harness.drive(
      Promise.all([0, 0, 0].map((partition) => manager.getOrCreateLog('orders', partition, topicId, config))),
    )
    expect(new Set(logs).size).toBe(1)
  })
})

describe('stop and start', () => {
  test('after a clean stop everything is where it was', async () => {
    let manager = await open()
    for (let partition = 0; partition < 3; partition++) await append(await make(manager, partition), partition + 1)
    manager.log('orders', 2)!.advanceLogStartOffset(2)
    expect(manager.previousBrokerEpoch).toBe(-1)
    await shutdown(manager, 615)
    expect(text('/a/.kafka_cleanshutdown')).toBe('{"version":0,"brokerEpoch":615}')
    expect(text('/a/recovery-point-offset-checkpoint')).toBe('0\n2\norders 0 1\norders 2 3\n')
    expect(text('/a/replication-offset-checkpoint')).toBe('0\n2\norders 0 1\norders 2 3\n')
    expect(text('/a/log-start-offset-checkpoint')).toBe('0\n1\norders 2 2\n')
    harness.crash('power')
    manager = await open()
    expect(manager.previousBrokerEpoch).toBe(615)
    expect(await names('/a')).not.toContain('.kafka_cleanshutdown')
    const log = manager.log('orders', 2)!
    expect([log.logStartOffset, log.highWatermark, log.logEndOffset, log.topicId]).toEqual([2, 3, 3, topicId])
    harness.crash('process')
    expect((await open()).previousBrokerEpoch, 'the mark holds for one start').toBe(-1)
  })

  // Simulation: a broker that was killed, and then failed to start, counted as one that had stopped cleanly.
  test('who stops before its logs were read leaves them as clean as they were', async () => {
    let manager = await open()
    await append(await make(manager, 0), 1)
    await shutdown(manager, 615)
    const checkpoint = text('/a/recovery-point-offset-checkpoint')
    manager = await openUnread()
    await shutdown(manager, -1)
    expect(text('/a/.kafka_cleanshutdown')).toBe('{"version":0,"brokerEpoch":615}')
    expect(text('/a/recovery-point-offset-checkpoint')).toBe(checkpoint)
    manager = await openUnread()
    await shutdown(manager, 617)
    expect(text('/a/.kafka_cleanshutdown'), 'registered meanwhile').toBe('{"version":0,"brokerEpoch":617}')
    manager = await open()
    expect(manager.previousBrokerEpoch).toBe(617)
    harness.crash('process')
    manager = await openUnread()
    await shutdown(manager, 620)
    expect((await open()).previousBrokerEpoch).toBe(-1)
  })

  test('after a kill every written record is there, and the high watermark of the last checkpoint', async () => {
    let manager = await open()
    manager.start()
    const log = await make(manager, 0)
    await append(log, 5)
    await harness.pass(5_000)
    await append(log, 2)
    harness.crash('process')
    manager = await open()
    expect([manager.log('orders', 0)!.logEndOffset, manager.log('orders', 0)!.highWatermark]).toEqual([7, 5])
  })

  test('damaged checkpoints cost a scan, not data', async () => {
    let manager = await open()
    await append(await make(manager, 0), 4)
    await shutdown(manager)
    for (const name of [
      'recovery-point-offset-checkpoint',
      'replication-offset-checkpoint',
      'orders-0/leader-epoch-checkpoint',
    ]) {
      harness.disk.poke(`/a/${name}`, Buffer.from('0\n1\n'))
    }
    manager = await open()
    const log = manager.log('orders', 0)!
    expect([log.logEndOffset, log.latestEpoch]).toEqual([4, 0])
  })

  test('the metadata log, deleted and foreign directories are not loaded', async () => {
    let manager = await open()
    await append(await make(manager, 0))
    const raft = await harness.drive(manager.openMetadataLog({ directory: manager.directories[0]! }))
    raft.append(plainBatch(2, 1), { leaderEpoch: 1, origin: 'raft' })
    await harness.drive(raft.whenWritten())
    expect(raft.flushedOffset).toBe(2)
    await harness.drive(raft.close())
    await shutdown(manager)
    const hex = '0123456789abcdef0123456789abcdef'
    for (const name of [`orders-4.${hex}-delete`, `orders-5.${hex}-stray`, 'lost+found', 'orders-6.x-future']) {
      await harness.drive(harness.disk.makeDirectory(`/a/${name}`))
    }
    manager = await open()
    expect([...manager.logs].map(({ topic, partition }) => `${topic}-${partition}`)).toEqual(['orders-0'])
    await harness.pass(60_000)
    expect(await names('/a')).not.toContain(`orders-4.${hex}-delete`)
    expect(await names('/a')).toContain(`orders-5.${hex}-stray`)
  })
})

describe('deleted and stray', () => {
  test('a deleted log is gone at once, its files a while later, and a new one of the name starts empty', async () => {
    const manager = await open()
    const log = await make(manager, 0)
    await append(log, 3)
    await harness.drive(manager.deleteLog('orders', 0))
    expect(manager.log('orders', 0)).toBeUndefined()
    expect(log.isOffline).toBe(true)
    expect((await names('/a')).find((name) => name.startsWith('orders'))).toMatch(/^orders-0\.[0-9a-f]{32}-delete$/)
    const again = await make(manager, 0, otherId)
    expect([again.logEndOffset, again.highWatermark]).toEqual([0, 0])
    await append(again)
    await harness.pass(1_000)
    expect((await names('/a')).filter((name) => name.startsWith('orders'))).toEqual(['orders-0'])
    expect(again.logEndOffset).toBe(1)
  })

  test('offsets of a deleted log do not haunt a new one of its name after a crash', async () => {
    let manager = await open()
    await append(await make(manager, 0), 50)
    await shutdown(manager)
    manager = await open()
    await harness.drive(manager.deleteLog('orders', 0))
    await append(await make(manager, 0, otherId), 3)
    harness.crash('process')
    manager = await open()
    const log = manager.log('orders', 0)!
    expect([log.topicId, log.logEndOffset, log.highWatermark, log.recoveryPoint]).toEqual([otherId, 3, 0, 0])
  })

  test('a directory of another topic id is put aside, never served', async () => {
    let manager = await open()
    await append(await make(manager, 0), 3)
    await shutdown(manager)
    manager = await open()
    const log = await make(manager, 0, otherId)
    expect([log.topicId, log.logEndOffset]).toEqual([otherId, 0])
    const stray = (await names('/a')).find((name) => name.endsWith('-stray'))
    expect(stray).toMatch(/^orders-0\.[0-9a-f]{32}-stray$/)
    expect(harness.disk.peek(`/a/${stray}/00000000000000000000.log`).length).toBeGreaterThan(0)
  })

  test('what the metadata does not know is put aside at the start', async () => {
    let manager = await open()
    for (const partition of [0, 1]) await append(await make(manager, partition))
    await shutdown(manager)
    manager = await harness.drive(
      LogManager.open({
        directories: ['/a', '/b'],
        clusterId,
        nodeId: 1,
        fileSystem: harness.disk.mount(),
        clock: harness.clock,
        random: harness.random,
        logger,
      }),
    )
    const isStray = (id: string, _topic: string, partition: number) => id === topicId && partition === 1
    await harness.drive(manager.loadLogs({ configFor: () => config, isStray }))
    expect(manager.logsCount).toBe(1)
    expect((await names('/b')).some((name) => name.endsWith('-stray'))).toBe(true)
  })

  test('of two directories of one partition the second is put aside', async () => {
    let manager = await open({ directories: ['/a'] })
    await append(await make(manager, 0), 2)
    await shutdown(manager)
    manager = await open({ directories: ['/b'] })
    await append(await make(manager, 0), 1)
    await shutdown(manager)
    manager = await open()
    expect(manager.logsCount).toBe(1)
    expect(messages.join()).toContain('two log directories')
    await append(manager.log('orders', 0)!)
  })
})

describe('a failing directory', () => {
  test('takes its own logs down and no others; new partitions go elsewhere; it gets no clean mark', async () => {
    const failed: string[] = []
    let manager = await open({ onDirectoryFailure: ({ path }) => failed.push(path) })
    for (let partition = 0; partition < 4; partition++) await append(await make(manager, partition))
    harness.disk.addFault({ operation: 'write', path: '/a/orders-0/', code: 'EIO' })
    await append(manager.log('orders', 0)!)
    expect(failed).toEqual(['/a'])
    expect([0, 1, 2, 3].map((partition) => manager.log('orders', partition)!.isOffline)).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(messages.filter((message) => message.startsWith('a log directory goes offline'))).toHaveLength(1)
    await append(manager.log('orders', 1)!)
    expect((await make(manager, 4)).directory).toBe('/b/orders-4')
    expect((await make(manager, 5)).directory).toBe('/b/orders-5')
    await shutdown(manager)
    expect((await harness.drive(harness.disk.list('/a'))).map(({ name }) => name)).not.toContain('.kafka_cleanshutdown')
    expect(text('/b/.kafka_cleanshutdown')).toContain('"brokerEpoch":7')
    manager = await open()
    expect(manager.previousBrokerEpoch, 'not all directories agree').toBe(-1)
    expect(manager.log('orders', 0)!.logEndOffset).toBe(1)
  })

  test('one that cannot be read at the start leaves the others to serve', async () => {
    let manager = await open()
    for (const partition of [0, 1]) await append(await make(manager, partition))
    await shutdown(manager)
    harness.disk.addFault({ operation: 'readFile', path: '/a/orders-0/', code: 'EIO' })
    manager = await open()
    expect(manager.directories.map(({ isOnline }) => isOnline)).toEqual([false, true])
    expect(manager.log('orders', 1)!.logEndOffset).toBe(1)
    await shutdown(manager)
    harness.disk.addFault({ operation: 'readFile', path: '/a/meta.properties', code: 'EIO' })
    manager = await open()
    expect(manager.unusableDirectories.map(({ path }) => path)).toEqual(['/a'])
    expect(manager.previousBrokerEpoch).toBe(-1)
  })

  test('without any directory there is no start, and no partition', async () => {
    harness.disk.addFault({ operation: 'readFile', path: '/a/meta.properties', code: 'EIO' })
    expect(await failure(open({ directories: ['/a'] }))).toContain('EIO')
    const manager = await open({ directories: ['/b'] })
    manager.handleDirectoryFailure('/b', new Error('pulled out'))
    expect(await failure(manager.getOrCreateLog('orders', 0, topicId, config))).toBe('KAFKA_STORAGE_ERROR')
  })

  test('a log that cannot be made takes its directory offline', async () => {
    const manager = await open()
    harness.disk.addFault({ operation: 'makeDirectory', path: '/a/orders-0', code: 'ENOSPC' })
    expect(await failure(manager.getOrCreateLog('orders', 0, topicId, config))).toBe('KAFKA_STORAGE_ERROR')
    expect((await make(manager, 0)).directory).toBe('/b/orders-0')
  })
})

describe('in the background', () => {
  test('retention, flush.ms, epochs, idle producers', async () => {
    const manager = await open()
    manager.start()
    config = { ...config, segmentMs: 1000, retentionMs: 100_000, flushMs: 3_000 }
    const log = await make(manager, 0)
    await append(log)
    await harness.pass(2_000)
    await append(log)
    await harness.pass(1)
    expect([log.segmentsCount, log.recoveryPoint]).toEqual([2, 1])
    await harness.pass(5_000)
    expect(log.recoveryPoint).toBe(2)
    expect(text('/a/orders-0/leader-epoch-checkpoint')).toBe('0\n1\n0 0\n')
    await harness.pass(300_000)
    expect([log.logStartOffset, log.segmentsCount]).toEqual([2, 1])
    await harness.pass(60_000)
    expect(text('/a/recovery-point-offset-checkpoint')).toBe('0\n1\norders 0 2\n')
  })

  test('idle producers go by the expiration of now, which may change', async () => {
    let expirationMs = 3_600_000
    const manager = await open({ producerIdExpirationMs: () => expirationMs })
    manager.start()
    const log = await make(manager, 0)
    const batch = { producerId: 5n, producerEpoch: 0, baseSequence: 0, records: [{}] }
    log.append(buildBatch({ timestamp: harness.clock.now(), ...batch }), { leaderEpoch: 0, origin: 'client' })
    await harness.pass(601_000)
    expect(log.producersCount).toBe(1)
    expirationMs = 60_000
    await harness.pass(601_000)
    expect(log.producersCount).toBe(0)
  })
})
