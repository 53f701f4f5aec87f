/** The cleaner of a whole node in this process: from sources it cleans without threads, on a disk as in memory. */
import { afterEach, expect, test } from 'vitest'
import { createTopic } from '../../src/client/admin-topics.ts'
import { Fetcher } from '../../src/client/fetcher.ts'
import { KafkaClient } from '../../src/client/kafka-client.ts'
import { listOffsets, offsetSpecs } from '../../src/client/list-offsets.ts'
import { Producer } from '../../src/client/producer.ts'
import { BrokerConfig } from '../../src/config/broker-config.ts'
import { startBroker } from '../../src/embedded.ts'
import { cleanerSettings } from '../../src/node-cleaner.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/api/44-incremental-alter-configs.ts'
import { StartedNode } from '../clients/started-node.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const settings = { 'log.cleaner.backoff.ms': '20', 'log.cleaner.min.cleanable.ratio': '0.1' }

function clientOf(port: number): KafkaClient {
  const client = new KafkaClient({ bootstrap: [{ host: '127.0.0.1', port }] })
  ends.push(() => client.close())
  return client
}

/** Three segments of updates of ten keys. */
async function write(client: KafkaClient): Promise<void> {
  const configs = new Map([
    ['cleanup.policy', 'compact'],
    ['segment.bytes', '1048576'],
  ])
  await createTopic(client, { name: 'compacted', numPartitions: 1, replicationFactor: 1, configs })
  const producer = await Producer.open(client)
  await producer.prepare('compacted')
  for (let index = 0; index < 300; index++) {
    producer.append('compacted', { key: Buffer.from(`key-${index % 10}`), value: Buffer.alloc(10_000, index) })
  }
  await producer.flush()
}

async function countRecords(client: KafkaClient): Promise<number> {
  const fetcher = new Fetcher(client)
  await client.topic('compacted')
  fetcher.assign('compacted', 0, 0)
  let count = 0
  while (!fetcher.isAtEnd) {
    await fetcher.poll(({ records }) => {
      count += records.length
      return true
    })
  }
  return count
}

/** The active segment holds at most 104 records of 10,000 bytes. */
async function isCompacted(client: KafkaClient): Promise<void> {
  await expect.poll(() => countRecords(client), { timeout: 50_000, interval: 50 }).toBeLessThanOrEqual(104 + 10)
  const [end] = await listOffsets(client, [{ topic: 'compacted', partition: 0 }], offsetSpecs.latest)
  expect(end!.offset).toBe(300)
}

test('a node on a disk compacts', async () => {
  const node = await StartedNode.start(settings)
  ends.push(() => node.dispose())
  const client = clientOf(node.port)
  await write(client)
  await isCompacted(client)
})

test('a node in memory compacts', async () => {
  const broker = await startBroker({ settings })
  ends.push(() => broker.stop())
  const client = clientOf(broker.port)
  await write(client)
  await isCompacted(client)
})

test('a backoff that is altered counts at once', async () => {
  const node = await StartedNode.start({ ...settings, 'log.cleaner.backoff.ms': '86400000' })
  ends.push(() => node.dispose())
  const client = clientOf(node.port)
  await write(client)
  expect(await countRecords(client)).toBe(300)
  const exchange = { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse }
  const configs = [{ name: 'log.cleaner.backoff.ms', configOperation: 0, value: '20' }]
  const { responses } = await client.ask(
    exchange,
    { resources: [{ resourceType: 4, resourceName: '', configs }] },
    'any',
  )
  expect(responses[0]!.errorCode).toBe(0)
  await isCompacted(client)
})

test('every setting of the cleaner is the one of its key', () => {
  const values = {
    'log.dirs': '/data',
    listeners: 'PLAINTEXT://:9092',
    'log.cleaner.threads': '3',
    'log.cleaner.backoff.ms': '11',
    'log.cleaner.dedupe.buffer.size': '20000000',
    'log.cleaner.io.buffer.load.factor': '0.5',
    'log.cleaner.io.buffer.size': '600000',
    'log.cleaner.io.max.bytes.per.second': '1000000.5',
  }
  expect(cleanerSettings(BrokerConfig.from(new Map(Object.entries(values))))).toEqual({
    threadsCount: 3,
    backoffMs: 11,
    dedupeBufferBytes: 20_000_000,
    dedupeBufferLoadFactor: 0.5,
    ioBufferBytes: 600_000,
    ioBytesPerSecondMax: 1_000_000.5,
  })
})
