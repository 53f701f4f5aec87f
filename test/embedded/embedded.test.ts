/** The library as an application's tests use it: with kafkajs, a real client, over real sockets. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { type EmbeddedBroker, type StartBrokerOptions, startBroker } from '../../src/embedded.ts'

const started: EmbeddedBroker[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map((broker) => broker.stop()))
})

async function start(options: StartBrokerOptions = {}): Promise<EmbeddedBroker> {
  const broker = await startBroker(options)
  started.push(broker)
  return broker
}

function clientOf(broker: EmbeddedBroker): Kafka {
  const retry = { initialRetryTime: 20, retries: 5 }
  return new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING, connectionTimeout: 30_000, retry })
}

async function send(broker: EmbeddedBroker, topic: string, values: readonly string[]): Promise<void> {
  const producer = clientOf(broker).producer({ allowAutoTopicCreation: false })
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value })) })
  await producer.disconnect()
}

/** Reads as many as there should be, in a group, and commits. */
async function receive(broker: EmbeddedBroker, topic: string, count: number, groupId = 'g'): Promise<string[]> {
  const consumer = clientOf(broker).consumer({ groupId, maxWaitTimeInMs: 50 })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
      values.push(String(message.value))
      if (values.length === count) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  return values
}

async function withAdmin<Result>(
  broker: EmbeddedBroker,
  use: (admin: ReturnType<Kafka['admin']>) => Promise<Result>,
): Promise<Result> {
  const admin = clientOf(broker).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

test('its topics are there, what is written is read, and nothing is left on the disk', async () => {
  const broker = await start({ topics: ['plain', { name: 'wide', partitions: 3, configs: { 'retention.ms': 1000 } }] })
  expect(broker.directory).toBeUndefined()
  await send(broker, 'plain', ['a', 'b'])
  expect(await receive(broker, 'plain', 2)).toEqual(['a', 'b'])
  await withAdmin(broker, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: ['wide'] })
    expect(topics[0]!.partitions).toHaveLength(3)
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'wide' }],
    })
    expect(resources[0]!.configEntries).toContainEqual(
      expect.objectContaining({ configName: 'retention.ms', configValue: '1000' }),
    )
  })
  expect(existsSync('/memory')).toBe(false)
})

test('a directory is found again by the next broker', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ottla-embedded-'))
  try {
    const first = await start({ directory, topics: ['kept'] })
    await send(first, 'kept', ['a'])
    expect(await receive(first, 'kept', 1)).toEqual(['a'])
    await expect(startBroker({ directory })).rejects.toThrow(/in use|lock/i)
    await first.stop()
    const second = await start({ directory })
    expect(second.clusterId).toBe(first.clusterId)
    await send(second, 'kept', ['b'])
    expect(await receive(second, 'kept', 1)).toEqual(['b'])
  } finally {
    await Promise.all(started.splice(0).map((broker) => broker.stop()))
    rmSync(directory, { recursive: true })
  }
})

test('several at once share nothing', async () => {
  const brokers = await Promise.all(Array.from({ length: 5 }, () => start({ topics: ['same'] })))
  expect(new Set(brokers.map(({ port }) => port)).size).toBe(5)
  expect(new Set(brokers.map(({ clusterId }) => clusterId)).size).toBe(5)
  await Promise.all(brokers.map((broker, index) => send(broker, 'same', [`of ${index}`])))
  const seen = await Promise.all(brokers.map((broker) => receive(broker, 'same', 1)))
  expect(seen).toEqual(brokers.map((_, index) => [`of ${index}`]))
})

test('reset forgets records, groups and topics, and creates those of the start anew', async () => {
  const broker = await start({ topics: [{ name: 'orders', partitions: 2 }] })
  for (const round of ['first', 'second', 'third']) {
    await broker.createTopics(['extra'])
    await send(broker, 'orders', [round])
    expect(await receive(broker, 'orders', 1)).toEqual([round])
    await broker.reset()
    await withAdmin(broker, async (admin) => {
      expect(await admin.listTopics()).toEqual(['orders'])
      expect((await admin.fetchTopicOffsets('orders')).map(({ high }) => high)).toEqual(['0', '0'])
      expect((await admin.listGroups()).groups).toEqual([])
    })
  }
})

test('reset takes back settings that were changed at run time, and keeps those of the start', async () => {
  const broker = await start({ topics: ['t'], settings: { 'log.retention.ms': 9_000_000 } })
  await withAdmin(broker, async (admin) => {
    const changes = [
      { name: 'log.retention.ms', value: '1000' },
      { name: 'message.max.bytes', value: '100' },
    ]
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 4, name: '1', configEntries: changes }] })
    await expect(send(broker, 't', ['x'.repeat(500)])).rejects.toThrow()
    await broker.reset()
    await send(broker, 't', ['x'.repeat(500)])
    const resources = [{ type: 4, name: '1' }]
    const { configEntries } = (await admin.describeConfigs({ includeSynonyms: false, resources })).resources[0]!
    const shown = (key: string) => configEntries.find(({ configName }) => configName === key)?.configValue
    expect(['log.retention.ms', 'message.max.bytes'].map(shown)).toEqual(['9000000', '1048588'])
  })
})

test('time that is put forward expires members and records', async () => {
  const settings = { 'log.retention.check.interval.ms': 60_000, 'log.segment.bytes': 1_048_576 }
  const topic = { name: 'short', configs: { 'retention.ms': 3_600_000, 'segment.ms': 60_000 } }
  const broker = await start({ topics: [topic], settings })
  const before = broker.clock.now()
  await send(broker, 'short', ['old'])
  const consumer = clientOf(broker).consumer({ groupId: 'gone', sessionTimeout: 30_000, heartbeatInterval: 29_000 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'short' })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({ eachMessage: async () => {} })
  await joined
  await withAdmin(broker, async (admin) => {
    const stateOf = async () => (await admin.describeGroups(['gone'])).groups[0]!.state
    expect(await stateOf()).toBe('Stable')
    await broker.clock.advance(31_000)
    expect(await stateOf()).toBe('Empty')
    expect((await admin.fetchTopicOffsets('short'))[0]).toMatchObject({ low: '0', high: '1' })
    await broker.clock.advance(2 * 3_600_000)
    expect((await admin.fetchTopicOffsets('short'))[0]).toMatchObject({ low: '1', high: '1' })
  })
  expect(broker.clock.now() - before).toBeGreaterThanOrEqual(7_231_000)
  await consumer.disconnect()
  // It is as well as before.
  await send(broker, 'short', ['new'])
})

test('what is wrong rejects with one line', async () => {
  const broker = await start()
  await expect(startBroker({ port: broker.port })).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+/)
  await expect(startBroker({ settings: { 'num.partitions': 'many' } })).rejects.toThrow(/num\.partitions/)
  await expect(startBroker({ topics: [{ name: 'a b' }] })).rejects.toMatchObject({ error: 'INVALID_TOPIC_EXCEPTION' })
  await expect(broker.createTopics(['a', 'a'])).rejects.toMatchObject({ error: 'INVALID_REQUEST' })
  const warnings: string[] = []
  await start({
    settings: { 'no.such.key': 1 },
    onLog: ({ level, message }) => void (level === 'warn' && warnings.push(message)),
  })
  expect(warnings).toEqual([expect.stringContaining('no.such.key')])
})

test('a setting without effect is told when it is set at run time, and no more than once', async () => {
  const warnings: string[] = []
  const broker = await start({ onLog: ({ level, message }) => void (level === 'warn' && warnings.push(message)) })
  await withAdmin(broker, async (admin) => {
    const configEntries = [{ name: 'num.io.threads', value: '12' }]
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 4, name: '1', configEntries }] })
  })
  await broker.createTopics(['a', 'b'])
  expect(warnings).toEqual(['set at run time, but without effect in this version: num.io.threads'])
})

test('a rebalance that waits for members goes on when time is put forward', async () => {
  const broker = await start({ topics: ['t'], settings: { 'group.initial.rebalance.delay.ms': 100_000 } })
  const consumer = clientOf(broker).consumer({ groupId: 'patient', rebalanceTimeout: 200_000 })
  await consumer.connect()
  await consumer.subscribe({ topic: 't' })
  const running = consumer.run({ eachMessage: async () => {} })
  await withAdmin(broker, async (admin) => {
    const stateOf = async () => (await admin.describeGroups(['patient'])).groups[0]!.state
    await expect.poll(stateOf).toBe('PreparingRebalance')
    await broker.clock.advance(100_000)
    await running
    expect(await stateOf()).toBe('Stable')
  })
  await consumer.disconnect()
})

test('memory that is used up is a full disk', async () => {
  const broker = await start({ memoryBytesMax: 4 * 1024 ** 2, topics: ['much'] })
  const producer = clientOf(broker).producer({ retry: { retries: 0 } })
  await producer.connect()
  const write = async (): Promise<never> => {
    for (;;) await producer.send({ topic: 'much', messages: [{ value: Buffer.alloc(500_000) }] })
  }
  await expect(write()).rejects.toThrow()
  await producer.disconnect()
})

test('await using stops it, and its port is free', async () => {
  let port = 0
  {
    await using broker = await startBroker()
    port = broker.port
  }
  const again = await start({ port })
  expect(again.port).toBe(port)
})

test('a hundred, one after another, leave no handles, timers or memory', async () => {
  const resources = (): number => process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length
  const round = async (): Promise<void> => {
    const broker = await startBroker({ topics: ['t'] })
    await send(broker, 't', ['a'])
    await broker.stop()
  }
  for (let count = 0; count < 10; count++) await round()
  const before = resources()
  for (let count = 0; count < 90; count++) await round()
  // The client's last sockets may be about to close. Turns are waited for, since a timer would be counted.
  const deadlineMs = performance.now() + 30_000
  while (resources() > before + 2 && performance.now() < deadlineMs) await new Promise(setImmediate)
  expect(resources()).toBeLessThanOrEqual(before + 2)
})
