import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FetchedRecords, Fetcher } from '../../src/client/fetcher.ts'
import { GroupConsumer } from '../../src/client/group-consumer.ts'
import { commitOffsets, fetchOffsets } from '../../src/client/group-offsets.ts'
import type { KafkaClient } from '../../src/client/kafka-client.ts'
import { listOffsets, offsetSpecs } from '../../src/client/list-offsets.ts'
import { Producer } from '../../src/client/producer.ts'
import { NodeCodecs } from '../../src/io/codecs/node-codecs.ts'
import { createPartitionsRequest } from '../../src/protocol/api/37-create-partitions.ts'
import { brokerHeartbeatRequest } from '../../src/protocol/api/63-broker-heartbeat.ts'
import { type CompressionType, compressionTypes } from '../../src/protocol/record/compression.ts'
import { ClientHarness } from './client-harness.ts'

let harness: ClientHarness
let client: KafkaClient
beforeAll(async () => {
  harness = await ClientHarness.start({ 'message.max.bytes': '200000' })
  client = harness.client()
})
afterAll(() => harness.dispose())

async function readAll(topic: string, partitions: number[], count: number): Promise<FetchedRecords[]> {
  await client.topic(topic)
  const fetcher = new Fetcher(client, { codecs: new NodeCodecs(), checksCrc: true })
  for (const partition of partitions) fetcher.assign(topic, partition, 0)
  const seen: FetchedRecords[] = []
  let total = 0
  while (total < count) {
    await fetcher.poll((fetched) => {
      seen.push(fetched)
      total += fetched.records.length
      return true
    })
  }
  return seen
}

test.each(Object.entries(compressionTypes))('%s batches come back in order', async (name, compressionType) => {
  const topic = `compressed-${name}`
  await harness.createTopic(topic)
  const producer = await Producer.open(client, {
    codecs: new NodeCodecs(),
    compressionType: compressionType as CompressionType,
    batchSize: 2000,
  })
  await producer.prepare(topic)
  const offsets: number[] = []
  for (let index = 0; index < 300; index++) {
    const record = {
      value: Buffer.from(`value ${index} ${'x'.repeat(40)}`),
      headers: [{ key: 'h', value: Buffer.from(`${index}`) }],
    }
    producer.append(topic, record, (error, _partition, offset) => offsets.push(error === undefined ? offset : -1))
  }
  await producer.flush()
  expect(offsets).toEqual(Array.from({ length: 300 }, (_, index) => index))
  const fetched = await readAll(topic, [0], 300)
  const values = fetched.flatMap(({ records }) => records.map(({ value }) => `${value}`.split(' ')[1]))
  expect(values).toEqual(offsets.map(String))
  expect(`${fetched[0]!.records[0]!.headers[0]!.value}`).toBe('0')
})

test('keys choose partitions as the Java client does, a refused batch leaves the next its sequence', async () => {
  await harness.createTopic('keyed', 3)
  const producer = await Producer.open(client, { batchSize: 500_000 })
  await producer.prepare('keyed')
  const outcome = (value: Buffer): Promise<string> =>
    new Promise((resolve) => {
      const record = { key: Buffer.from('foobar'), value }
      producer.append('keyed', record, (error, partition, offset) =>
        resolve(error === undefined ? `${partition}@${offset}` : error.message),
      )
      void producer.flush()
    })
  expect(await outcome(Buffer.from('1'))).toBe('0@0')
  expect(await outcome(Buffer.alloc(300_000))).toMatch(/larger|too large|MESSAGE_TOO_LARGE/i)
  expect(await outcome(Buffer.from('2'))).toBe('0@1')
  expect(() => producer.append('keyed', { partition: 3, value: null })).toThrow('no partition 3')
})

test('a batch that the broker finds too large is sent in parts, in order', async () => {
  await harness.createTopic('parts')
  const producer = await Producer.open(client, { batchSize: 1_000_000, lingerMs: 1000 })
  await producer.prepare('parts')
  const offsets: (number | string)[] = []
  for (const size of [50_000, 90_000, 300_000, 90_000, 90_000, 1])
    producer.append('parts', { value: Buffer.alloc(size) }, (error, _partition, offset) =>
      offsets.push(error === undefined ? offset : 'refused'),
    )
  await producer.flush()
  expect(offsets).toEqual([0, 1, 'refused', 2, 3, 4])
  const fetched = await readAll('parts', [0], 5)
  expect(fetched.flatMap(({ records }) => records.map(({ value }) => value!.length))).toEqual([
    50_000, 90_000, 90_000, 90_000, 1,
  ])
})

test.each([true, false])(
  'several batches are under way and keep their order when some are refused (idempotent: %s)',
  async (isIdempotent) => {
    const topic = `under-way-${isIdempotent}`
    await harness.createTopic(topic)
    const producer = await Producer.open(client, { batchSize: 200, lingerMs: 0, isIdempotent })
    await producer.prepare(topic)
    const written: number[] = []
    const refused: number[] = []
    const send = (index: number, size: number): void =>
      producer.append(topic, { key: Buffer.from(`${index}`), value: Buffer.alloc(size) }, (error) =>
        (error === undefined ? written : refused).push(index),
      )
    for (let index = 0; index < 200; index++) send(index, index % 9 === 4 ? 300_000 : 150)
    await producer.flush()
    const isSmall = (index: number): boolean => index % 9 !== 4
    const all = Array.from({ length: 200 }, (_, index) => index)
    expect(refused).toEqual(all.filter((index) => !isSmall(index)))
    const fetched = await readAll(topic, [0], written.length)
    const keys = fetched.flatMap(({ records }) => records.map(({ key }) => Number(`${key}`)))
    expect(keys.toSorted((left, right) => left - right)).toEqual(all.filter(isSmall))
    // Without sequence numbers those behind a refused one are written at once.
    expect(keys).toEqual(all.filter(isSmall))
  },
)

test('without acknowledgements records arrive too', async () => {
  await harness.createTopic('untold')
  const producer = await Producer.open(client, { acks: 0 })
  await producer.prepare('untold')
  producer.append('untold', { value: Buffer.from('a') })
  await producer.flush()
  const [fetched] = await readAll('untold', [0], 1)
  expect(`${fetched!.records[0]!.value}`).toBe('a')
})

test('a broker that was restarted is found again, and nothing is lost, doubled or out of order', async () => {
  await harness.createTopic('restarted')
  const producer = await Producer.open(client, { batchSize: 300, lingerMs: 0 })
  await producer.prepare('restarted')
  const failures: Error[] = []
  const count = 600
  let restarting: Promise<void> | undefined
  for (let index = 0; index < count; index++) {
    producer.append('restarted', { value: Buffer.from(`${index}`.padEnd(90)) }, (error) => {
      if (error !== undefined) failures.push(error)
      if (index === 100) restarting = harness.node.restart()
    })
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await producer.flush()
  await restarting
  expect(failures).toEqual([])
  const fetched = await readAll('restarted', [0], count)
  const values = fetched.flatMap(({ records }) => records.map(({ value }) => Number(`${value}`)))
  expect(values).toEqual(Array.from({ length: count }, (_, index) => index))
})

test('offsets by time', async () => {
  await harness.createTopic('timed')
  const producer = await Producer.open(client, { lingerMs: 0 })
  await producer.prepare('timed')
  for (const timestamp of [1000, 2000, 3000]) {
    producer.append('timed', { value: null, timestamp })
    await producer.flush()
  }
  const partition = { topic: 'timed', partition: 0 }
  const at = async (timestamp: bigint): Promise<number> =>
    (await listOffsets(client, [partition], timestamp))[0]!.offset
  expect(await at(offsetSpecs.earliest)).toBe(0)
  expect(await at(offsetSpecs.latest)).toBe(3)
  expect(await at(1500n)).toBe(1)
  expect(await at(9000n)).toBe(-1)
  expect(await at(offsetSpecs.maxTimestamp)).toBe(2)
})

test('two members share a topic, the one that stays takes over, and the next starts at the commit', async () => {
  await harness.createTopic('shared', 2)
  const producer = await Producer.open(client, {})
  await producer.prepare('shared')
  const send = async (texts: string[]): Promise<void> => {
    for (const [index, text] of texts.entries())
      producer.append('shared', { partition: index % 2, value: Buffer.from(text) })
    await producer.flush()
  }
  const options = {
    groupId: 'sharing',
    startsAt: 'earliest',
    heartbeatIntervalMs: 50,
    maxWaitMs: 20,
    subscribedTopics: async () => ['shared'],
  } as const
  const assignments = new Map<string, string>()
  const consumerNamed = (name: string): GroupConsumer =>
    new GroupConsumer(harness.client(), {
      ...options,
      onAssigned: (assigned) => assignments.set(name, JSON.stringify(assigned.flatMap((each) => [...each.partitions]))),
    })
  const first = consumerNamed('first')
  const second = consumerNamed('second')
  const seen: string[] = []
  const take = ({ records }: FetchedRecords): boolean => seen.push(...records.map(({ value }) => `${value}`)) > 0
  await send(['a', 'b'])
  while (seen.length < 2) await first.poll(take)
  expect(assignments.get('first')).toBe('[0,1]')
  const areBothIn = (): boolean => assignments.get('first') !== '[0,1]' && assignments.has('second')
  const pollUntilBothAreIn = async (consumer: GroupConsumer): Promise<void> => {
    while (!areBothIn()) await consumer.poll(take)
  }
  await Promise.all([first, second].map(pollUntilBothAreIn))
  expect([assignments.get('first'), assignments.get('second')].sort()).toEqual(['[0]', '[1]'])
  await second.close()
  while (assignments.get('first') !== '[0,1]') await first.poll(take)
  await send(['c', 'd'])
  while (seen.length < 4) await first.poll(take)
  await first.close()
  expect(seen.slice(0, 2).sort()).toEqual(['a', 'b'])
  expect(seen.slice(2).sort()).toEqual(['c', 'd'])
  expect((await fetchOffsets(client, 'sharing')).map(({ partition, offset }) => [partition, offset])).toEqual([
    [0, 2],
    [1, 2],
  ])
  await commitOffsets(client, 'sharing', [{ topic: 'shared', partition: 0, offset: 1 }])
  const third = consumerNamed('third')
  const again: string[] = []
  while (again.length < 1) await third.poll(({ records }) => again.push(...records.map(({ value }) => `${value}`)) > 0)
  await third.close()
  expect(again).toEqual(['c'])
})

test('what the broker does not serve is said by name', async () => {
  const connection = await client.connectionTo('any')
  expect(() => connection.versionOf(brokerHeartbeatRequest)).toThrow('does not serve BrokerHeartbeat')
  expect(connection.versionOf(createPartitionsRequest)).toBe(3)
})

test('nobody at the bootstrap server is told in one line', async () => {
  const lost = harness.client({ bootstrap: [{ host: '127.0.0.1', port: 1 }], bootstrapTimeoutMs: 0 })
  await expect(lost.loadTopics(null)).rejects.toThrow('cannot reach 127.0.0.1:1: nobody listens there')
})
