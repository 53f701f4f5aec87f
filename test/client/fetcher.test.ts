import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fetcher } from '../../src/client/fetcher.ts'
import { GroupConsumer } from '../../src/client/group-consumer.ts'
import { fetchOffsets } from '../../src/client/group-offsets.ts'
import { Producer } from '../../src/client/producer.ts'
import { ClientHarness } from './client-harness.ts'

let harness: ClientHarness
beforeAll(async () => {
  harness = await ClientHarness.start()
})
afterAll(() => harness.dispose())

async function write(topic: string, partition: number, texts: readonly string[]): Promise<void> {
  const producer = await Producer.open(harness.client(), {})
  await producer.prepare(topic)
  for (const text of texts) producer.append(topic, { partition, value: Buffer.from(text) })
  await producer.flush()
}

test('who takes no more finds every partition where it stopped, also inside a batch', async () => {
  await harness.createTopic('stopped', 2)
  await write('stopped', 0, ['a', 'b', 'c'])
  await write('stopped', 1, ['d'])
  const client = harness.client()
  await client.topic('stopped')
  const fetcher = new Fetcher(client)
  for (const partition of [0, 1]) fetcher.assign('stopped', partition, 0)
  const seen: string[] = []
  while (seen.length === 0)
    await fetcher.poll(({ topic, partition, records }) => {
      seen.push(`${records[0]!.value}`)
      fetcher.seek(topic, partition, records[0]!.offset + 1)
      return false
    })
  while (seen.length < 4) await fetcher.poll(({ records }) => seen.push(...records.map(({ value }) => `${value}`)) > 0)
  expect(seen.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  expect(fetcher.isAtEnd).toBe(true)
})

test('a position that the log does not have is put right for its partition alone, or told', async () => {
  await harness.createTopic('beyond', 2)
  await write('beyond', 0, ['a', 'b'])
  await write('beyond', 1, ['c', 'd'])
  const client = harness.client()
  await client.topic('beyond')
  const fetcher = new Fetcher(client, { resetsTo: 'earliest' })
  fetcher.assign('beyond', 0, 100)
  fetcher.assign('beyond', 1, 1)
  const seen: string[] = []
  while (seen.length < 3) await fetcher.poll(({ records }) => seen.push(...records.map(({ value }) => `${value}`)) > 0)
  expect(seen.toSorted()).toEqual(['a', 'b', 'd'])
  const strictClient = harness.client()
  await strictClient.topic('beyond')
  const strict = new Fetcher(strictClient)
  strict.assign('beyond', 0, 100)
  await expect(strict.poll(() => true)).rejects.toThrow('beyond-0 has no offset 100')
})

test('a group consumer commits what was used, and takes up a topic that is created while it waits', async () => {
  const consumer = new GroupConsumer(harness.client(), {
    groupId: 'waiting',
    startsAt: 'earliest',
    metadataMaxAgeMs: 10,
    maxWaitMs: 10,
    subscribedTopics: async () => ['later'],
  })
  await consumer.poll(() => true)
  await harness.createTopic('later')
  await write('later', 0, ['a', 'b', 'c'])
  const seen: string[] = []
  while (seen.length === 0)
    await consumer.poll(({ topic, partition, records }) => {
      seen.push(`${records[0]!.value}`)
      consumer.seek(topic, partition, records[0]!.offset + 1)
      return false
    })
  await consumer.close()
  expect(seen).toEqual(['a'])
  expect(await fetchOffsets(harness.client(), 'waiting')).toMatchObject([{ topic: 'later', partition: 0, offset: 1 }])
})
