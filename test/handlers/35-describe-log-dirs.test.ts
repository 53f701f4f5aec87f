import { beforeEach, describe, expect, test } from 'vitest'
import { describeLogDirsRequest, describeLogDirsResponse } from '../../src/protocol/api/35-describe-log-dirs.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { BrokerHarness, batchOf, type HarnessOptions, produceApi } from '../runtime/broker-harness.ts'

const describeLogDirsApi = [describeLogDirsRequest, describeLogDirsResponse] as const

let harness: BrokerHarness

async function start(options: HarnessOptions = {}): Promise<void> {
  harness = await BrokerHarness.start({ logDirs: ['/one', '/two'], ...options })
  await harness.createTopic('orders', { partitions: 3 })
  await harness.createTopic('bills')
}

beforeEach(() => start())

type Topics = { topic: string; partitions: number[] }[] | null

async function describeLogDirs(topics: Topics = null, version = 5) {
  return harness.call(describeLogDirsApi, version, { topics })
}

/** Path and what lies there. */
async function placesOf(topics: Topics): Promise<Record<string, string[]>> {
  const { results } = await describeLogDirs(topics)
  return Object.fromEntries(
    results.map(({ logDir, topics: found }) => [
      logDir,
      found
        .flatMap(({ name, partitions }) => partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`))
        .sort(),
    ]),
  )
}

describe('the directories', () => {
  test.each([1, 2, 3, 4, 5])('with their disks, version %i', async (version) => {
    const { results } = await describeLogDirs([], version)
    const space = version < 4 ? { totalBytes: -1, usableBytes: -1 } : { totalBytes: 1_000_000, usableBytes: 900_000 }
    const common = { errorCode: 0, topics: [], ...space, isCordoned: false }
    expect(results).toEqual([
      { ...common, logDir: '/one' },
      { ...common, logDir: '/two' },
    ])
  })

  test('with all replicas, or those that are asked for and here', async () => {
    expect(await placesOf(null)).toEqual({ '/one': ['orders-0', 'orders-2'], '/two': ['bills-0', 'orders-1'] })
    const asked = [
      { topic: 'orders', partitions: [2, 7, -1] },
      { topic: 'nowhere', partitions: [0] },
      { topic: 'bills', partitions: [] },
      { topic: 'orders', partitions: [1] },
    ]
    expect(await placesOf(asked)).toEqual({ '/one': ['orders-2'], '/two': ['orders-1'] })
  })

  test('cordoned ones say so and get no new replicas while there is another', async () => {
    await start({ config: { 'log.dirs': '/one,/two', 'cordoned.log.dirs': '/one' } })
    const { results } = await describeLogDirs([])
    expect(results.map(({ isCordoned }) => isCordoned)).toEqual([true, false])
    expect(await placesOf(null)).toEqual({ '/one': [], '/two': ['bills-0', 'orders-0', 'orders-1', 'orders-2'] })
    await start({ config: { 'cordoned.log.dirs': '*' } })
    expect((await describeLogDirs([])).results.map(({ isCordoned }) => isCordoned)).toEqual([true, true])
    expect(await placesOf(null)).toEqual({ '/one': ['orders-0', 'orders-2'], '/two': ['bills-0', 'orders-1'] })
  })

  test('an offline one has an error and nothing else, wherever it failed', async () => {
    await start({ config: { 'cordoned.log.dirs': '*' } })
    harness.logs.handleDirectoryFailure('/one', new Error('broken'))
    const space = { totalBytes: -1, usableBytes: -1 }
    const nothing = { errorCode: errorCodes.KAFKA_STORAGE_ERROR, topics: [], ...space, isCordoned: false }
    const { results } = await describeLogDirs()
    expect(results[0]).toMatchObject({ logDir: '/one', ...nothing })
    expect(results[1]).toMatchObject({ logDir: '/two', errorCode: 0 })
    harness.disk.addFault({ operation: 'space', path: '/two', code: 'EIO' })
    expect((await describeLogDirs()).results[1]).toMatchObject({ logDir: '/two', ...nothing })
    expect((await describeLogDirs()).results[1]).toMatchObject({ logDir: '/two', errorCode: 0 })
  })
})

describe('a replica', () => {
  const replicaOf = async (topic: string) => {
    const { results } = await describeLogDirs([{ topic, partitions: [0] }])
    return results.flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions))
  }

  test('has the size of its segments and is not behind itself', async () => {
    const records = batchOf(['a', 'b'])
    const topicData = [{ name: 'bills', partitionData: [{ index: 0, records }] }]
    await harness.call(produceApi, 9, { acks: 1, timeoutMs: 1000, topicData })
    const partitionSize = records.length
    expect(await replicaOf('bills')).toEqual([{ partitionIndex: 0, partitionSize, offsetLag: 0, isFutureKey: false }])
  })

  test('that is not served has no lag', async () => {
    const topicId = 'vPeOCWypqUOSepEvx0cbog'
    await harness.drive(harness.logs.getOrCreateLog('stray', 0, topicId, harness.partition('bills').log!.config))
    expect(await replicaOf('stray')).toEqual([
      { partitionIndex: 0, partitionSize: 0, offsetLag: -1, isFutureKey: false },
    ])
  })
})

test.each([2, 3])('is refused to who may not describe the cluster, version %i', async (version) => {
  const asked: string[] = []
  await start({
    authorize: (_context, operation, resourceType, name) => {
      asked.push(`${operation} ${resourceType} ${name}`)
      return false
    },
  })
  const errorCode = version < 3 ? 0 : errorCodes.CLUSTER_AUTHORIZATION_FAILED
  expect(await describeLogDirs(null, version)).toEqual({ throttleTimeMs: 0, errorCode, results: [] })
  expect(asked).toEqual(['Describe Cluster kafka-cluster'])
})
