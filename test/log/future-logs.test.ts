// What the start makes of what a move between log directories left; test/runtime/replica-mover.test.ts has the moves.
import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../src/base/logger.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Uuid } from '../../src/base/uuid.ts'
import { VirtualClock } from '../../src/base/virtual-clock.ts'
import { defaultLogConfig } from '../../src/config/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import { FaultyFileSystem } from './faulty-file-system.ts'

const topicId = 'vPeOCWypqUOSepEvx0cbog'
const otherId = 'q0wOs-mtSrSM1hiojdmvMg'
const hex = '0123456789abcdef0123456789abcdef'

let clock: VirtualClock
let disk: FaultyFileSystem
let manager: LogManager

async function drive<Result>(promise: Promise<Result>): Promise<Result> {
  let isSettled = false
  const watched = promise.finally(() => {
    isSettled = true
  })
  watched.catch(() => undefined)
  while (!isSettled) {
    await Promise.resolve()
    clock.runTurn()
  }
  return watched
}

async function open(): Promise<void> {
  clock = new VirtualClock()
  manager = await drive(
    LogManager.open({
      directories: ['/one', '/two'],
      clusterId: topicId,
      nodeId: 1,
      fileSystem: disk.mount(),
      clock,
      random: new SeededRandom(disk.operationsCount),
      logger: silentLogger,
    }),
  )
}

interface Metadata {
  readonly assigned?: '/one' | '/two'
  readonly isStray?: boolean
}

/** A process dies, and another one starts with what the metadata says. */
async function restart({ assigned, isStray = false }: Metadata): Promise<void> {
  disk.crash('process')
  await open()
  const assignedId = idOf(assigned)
  await drive(
    manager.loadLogs({
      configFor: () => defaultLogConfig,
      assignedDirectory: () => assignedId,
      isStray: () => isStray,
    }),
  )
}

function idOf(path: string | undefined): Uuid | undefined {
  return manager.directories.find((directory) => directory.path === path)?.directoryId
}

async function write(log: PartitionLog, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const records = buildBatch({ timestamp: 1, records: [{ value: Buffer.from('x') }] })
    log.append(records, { leaderEpoch: 0, origin: 'client' })
  }
  await drive(log.whenWritten())
}

/** Moves a directory of a partition as a crash may have left it. */
async function rename(from: string, to: string): Promise<void> {
  await drive(disk.rename(from, to))
}

const future = `orders-0.${hex}-future`

/** A live log in /one and a future one in /two, of so many records. */
async function logsOf(present: number, copied: number, copiedId: Uuid = topicId): Promise<void> {
  disk = new FaultyFileSystem(new SeededRandom(1))
  await open()
  const inOne = await drive(manager.getOrCreateLog('orders', 0, topicId, defaultLogConfig, idOf('/one')))
  await write(inOne, present)
  await rename('/one/orders-0', '/one/aside')
  const inTwo = await drive(manager.getOrCreateLog('bills', 0, copiedId, defaultLogConfig, idOf('/two')))
  await write(inTwo, copied)
  disk.crash('process')
  await rename('/one/aside', '/one/orders-0')
  await rename('/two/bills-0', `/two/${future}`)
}

async function namesIn(path: string): Promise<string[]> {
  const names = (await drive(disk.list(path))).map(({ name }) => name).filter((name) => name.startsWith('orders'))
  return names.map((name) => name.replace(/\.[0-9a-f]{32}-/, '.-')).sort()
}

const live = () => manager.log('orders', 0)!
const moving = () => manager.futures.get('orders', 0)

beforeEach(() => logsOf(3, 2))

describe('a future log', () => {
  test('that is shorter goes on, whatever the metadata says', async () => {
    for (const assigned of ['/one', '/two'] as const) {
      await restart({ assigned })
      expect([live().directory, live().logEndOffset]).toEqual(['/one/orders-0', 3])
      expect([moving()?.directory, moving()?.logEndOffset]).toEqual([`/two/${future}`, 2])
      expect([...manager.logs]).toEqual([live()])
    }
  })

  test('that has all takes over where the metadata wants it, not elsewhere', async () => {
    await logsOf(3, 3)
    await restart({ assigned: '/one' })
    expect(live().directory).toBe('/one/orders-0')
    await restart({ assigned: '/two' })
    expect([live().directory, live().logEndOffset, moving()]).toEqual(['/two/orders-0', 3, undefined])
    expect([await namesIn('/one'), await namesIn('/two')]).toEqual([['orders-0.-delete'], ['orders-0']])
    await write(live(), 1)
    expect(live().logEndOffset).toBe(4)
  })

  test('takes over alone when the directory of the present one is gone', async () => {
    await rename('/one/orders-0', '/one/gone')
    await restart({ assigned: '/two' })
    expect([live().directory, live().logEndOffset]).toEqual(['/two/orders-0', 2])
  })

  test('goes when its topic is another one, or the replica is none of this node', async () => {
    await logsOf(3, 2, otherId)
    await restart({ assigned: '/two' })
    expect(moving()).toBeUndefined()
    expect(await namesIn('/two')).toEqual(['orders-0.-delete'])
    await logsOf(3, 2)
    await restart({ assigned: '/two', isStray: true })
    expect([await namesIn('/one'), await namesIn('/two')]).toEqual([['orders-0.-stray'], ['orders-0.-delete']])
  })

  test('without an id is that of the present one: Apache Kafka writes it later', async () => {
    await drive(disk.remove(`/two/${future}/partition.metadata`))
    await restart({ assigned: '/one' })
    expect(moving()?.topicId).toBe(topicId)
  })

  test('goes with its topic', async () => {
    await restart({ assigned: '/one' })
    await drive(manager.deleteLog('orders', 0))
    expect([await namesIn('/one'), await namesIn('/two')]).toEqual([['orders-0.-delete'], ['orders-0.-delete']])
    expect(moving()).toBeUndefined()
  })
})

describe('two live logs', () => {
  async function twoLive(present: number, moved: number): Promise<void> {
    await logsOf(present, moved)
    await rename(`/two/${future}`, '/two/orders-0')
  }

  test('the longer one stays', async () => {
    await twoLive(3, 4)
    await restart({ assigned: '/two' })
    expect([live().directory, await namesIn('/one')]).toEqual(['/two/orders-0', ['orders-0.-delete']])
    await twoLive(4, 3)
    await restart({ assigned: '/one' })
    expect([live().directory, await namesIn('/two')]).toEqual(['/one/orders-0', ['orders-0.-delete']])
  })

  test('of two that are as long the one that the metadata names', async () => {
    await twoLive(3, 3)
    await restart({ assigned: '/two' })
    expect([live().directory, await namesIn('/one')]).toEqual(['/two/orders-0', ['orders-0.-delete']])
  })

  test('the shorter one where the metadata wants the replica is filled up', async () => {
    await twoLive(3, 2)
    await restart({ assigned: '/two' })
    expect(live().directory).toBe('/one/orders-0')
    expect([moving()?.logEndOffset, await namesIn('/two')]).toEqual([2, ['orders-0.-future']])
    await restart({ assigned: '/two' })
    expect([live().logEndOffset, moving()?.logEndOffset]).toEqual([3, 2])
  })

  test('which nobody moved: the shorter one is kept where nobody serves it', async () => {
    await twoLive(3, 2)
    await restart({})
    expect([live().directory, await namesIn('/two')]).toEqual(['/one/orders-0', ['orders-0.-stray']])
  })
})
