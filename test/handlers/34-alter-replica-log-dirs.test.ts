import { beforeEach, describe, expect, test } from 'vitest'
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from '../../src/protocol/api/34-alter-replica-log-dirs.ts'
import { describeLogDirsRequest, describeLogDirsResponse } from '../../src/protocol/api/35-describe-log-dirs.ts'
import { errorName } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, type HarnessOptions } from '../runtime/broker-harness.ts'

const alterReplicaLogDirsApi = [alterReplicaLogDirsRequest, alterReplicaLogDirsResponse] as const
const describeLogDirsApi = [describeLogDirsRequest, describeLogDirsResponse] as const

let harness: BrokerHarness

async function start(options: HarnessOptions = {}): Promise<void> {
  harness = await BrokerHarness.start({ logDirs: ['/one', '/two'], ...options })
  harness.onControllerRequest = async () => ({ errorCode: 0, directories: [] })
  await harness.createTopic('orders', { partitions: 2 })
}

beforeEach(() => start())

type Asked = readonly (readonly [path: string, topic: string, ...partitions: number[]])[]

async function alter(asked: Asked, version = 2) {
  const dirs = asked.map(([path, name, ...partitions]) => ({ path, topics: [{ name, partitions }] }))
  const { results } = await harness.call(alterReplicaLogDirsApi, version, { dirs })
  return results.flatMap(({ topicName, partitions }) =>
    partitions.map(({ partitionIndex, errorCode }) => `${topicName}-${partitionIndex} ${errorName(errorCode)}`),
  )
}

/** Where replicas are; a future one has an arrow. */
async function places(): Promise<string[]> {
  const { results } = await harness.call(describeLogDirsApi, 5, { topics: null })
  return results
    .flatMap(({ logDir, topics }) =>
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, isFutureKey }) => {
          return `${name}-${partitionIndex} ${isFutureKey ? '> ' : ''}${logDir}`
        }),
      ),
    )
    .sort()
}

async function whenMoved(): Promise<void> {
  for (let count = 0; harness.mover.movesCount > 0 && count < 100; count++) await harness.settle()
  expect(harness.mover.movesCount).toBe(0)
}

describe('replicas move', () => {
  test.each([1, 2])('to where they are sent, version %i', async (version) => {
    expect(await places()).toEqual(['orders-0 /one', 'orders-1 /two'])
    const asked: Asked = [
      ['/two', 'orders', 0],
      ['/one', 'orders', 1],
    ]
    expect(await alter(asked, version)).toEqual(['orders-0 NONE', 'orders-1 NONE'])
    await whenMoved()
    expect(await places()).toEqual(['orders-0 /two', 'orders-1 /one'])
  })

  test('and are shown as future replicas, with how far they are behind, until they are there', async () => {
    harness.onControllerRequest = () => new Promise(() => {})
    harness.partition('orders').append(batchOf(['a', 'b']), { requiredAcks: 1, origin: 'client' })
    await harness.settle()
    await alter([['/two', 'orders', 0]])
    await harness.settle()
    expect(await places()).toEqual(['orders-0 /one', 'orders-0 > /two', 'orders-1 /two'].sort())
    harness.partition('orders').append(batchOf(['c']), { requiredAcks: 1, origin: 'client' })
    await harness.settle()
    const { results } = await harness.call(describeLogDirsApi, 5, { topics: [{ topic: 'orders', partitions: [0] }] })
    const future = results.find(({ logDir }) => logDir === '/two')!.topics[0]!.partitions[0]!
    expect(future).toMatchObject({ isFutureKey: true, offsetLag: 1 })
  })

  test('nowhere when they are there already; the last of two directories counts', async () => {
    const asked: Asked = [
      ['/two', 'orders', 0],
      ['/one', 'orders', 0, 0],
    ]
    expect(await alter(asked)).toEqual(['orders-0 NONE'])
    expect(harness.mover.movesCount).toBe(0)
    expect(await alter([['/one', 'orders']])).toEqual([])
  })

  test('back when the present directory is named, elsewhere when another one is, though the controller is gone', async () => {
    await start({ logDirs: ['/one', '/two', '/three'] })
    harness.onControllerRequest = () => new Promise(() => {})
    await alter([['/two', 'orders', 0]])
    await harness.settle()
    expect(await alter([['/two', 'orders', 0]])).toEqual(['orders-0 NONE'])
    expect(await alter([['/one', 'orders', 0]])).toEqual(['orders-0 NONE'])
    expect(await places()).toEqual(['orders-0 /one', 'orders-1 /two'])
    await alter([['/two', 'orders', 0]])
    expect(await alter([['/three', 'orders', 0]])).toEqual(['orders-0 NONE'])
    expect(await places()).toEqual(['orders-0 /one', 'orders-0 > /three', 'orders-1 /two'].sort())
  })
})

test('a replica that is not here is made there when it comes', async () => {
  await harness.createTopic('away', { replicas: [2], leader: 2 })
  expect(
    await alter([
      ['/two', 'away', 0],
      ['/two', 'coming', 0, 1, 2],
    ]),
  ).toEqual(['away-0 REPLICA_NOT_AVAILABLE', ...[0, 1, 2].map((index) => `coming-${index} UNKNOWN_TOPIC_OR_PARTITION`)])
  await harness.createTopic('coming', { partitions: 3 })
  expect((await places()).filter((place) => place.startsWith('coming'))).toEqual(
    [0, 1, 2].map((index) => `coming-${index} /two`),
  )
})

describe('refused', () => {
  test('directories that are none, names too long for a future log', async () => {
    for (const path of ['/three', '/one/', ''])
      expect(await alter([[path, 'orders', 0]])).toEqual(['orders-0 LOG_DIR_NOT_FOUND'])
    const name = 'x'.repeat(249)
    expect(await alter([['/nowhere', name, 0]])).toEqual([`${name}-0 INVALID_TOPIC_EXCEPTION`])
    expect(await alter([['/one', 'orders', 9]])).toEqual(['orders-9 UNKNOWN_TOPIC_OR_PARTITION'])
  })

  test('cordoned directories', async () => {
    await start({ config: { 'log.dirs': '/one,/two', 'cordoned.log.dirs': '/one' } })
    expect(await alter([['/one', 'orders', 0]])).toEqual(['orders-0 INVALID_REPLICA_ASSIGNMENT'])
  })

  test('offline directories, offline replicas, and all moves while a directory is offline', async () => {
    await start({ logDirs: ['/one', '/two', '/three'] })
    harness.logs.handleDirectoryFailure('/two', new Error('broken'))
    expect(await alter([['/two', 'orders', 0]])).toEqual(['orders-0 KAFKA_STORAGE_ERROR'])
    expect(await alter([['/three', 'orders', 0, 1]])).toEqual([
      'orders-0 KAFKA_STORAGE_ERROR',
      'orders-1 KAFKA_STORAGE_ERROR',
    ])
    expect(await alter([['/one', 'orders', 0]])).toEqual(['orders-0 NONE'])
  })

  test('who may not alter the cluster', async () => {
    const asked: string[] = []
    await start({
      authorize: (_context, operation, resourceType, name) => {
        asked.push(`${operation} ${resourceType} ${name}`)
        return false
      },
    })
    expect(await alter([['/two', 'orders', 0, 1]])).toEqual([
      'orders-0 CLUSTER_AUTHORIZATION_FAILED',
      'orders-1 CLUSTER_AUTHORIZATION_FAILED',
    ])
    expect(asked).toEqual(['Alter Cluster kafka-cluster'])
    expect(harness.mover.movesCount).toBe(0)
  })
})
