/** kafkajs, unchanged, against a whole node: topics, records, groups, administration, and a restart in between. */
import { CompressionTypes, ConfigResourceTypes, type EachMessagePayload, Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StartedNode } from './started-node.ts'

let node: StartedNode

beforeAll(async () => {
  node = await StartedNode.start()
})

afterAll(async () => {
  await node.dispose()
})

/** kafkajs waits for a fetch under way when it leaves, and learns of a rebalance by its heartbeat. */
const quick = { maxWaitTimeInMs: 100, heartbeatInterval: 200 }

function client(): Kafka {
  return new Kafka({
    clientId: 'kafkajs-test',
    brokers: [node.bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 30_000,
    retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 8 },
  })
}

async function withProducer(
  use: (producer: Producer) => Promise<void>,
  options: { idempotent?: boolean } = {},
): Promise<void> {
  const producer = client().producer(options)
  await producer.connect()
  try {
    await use(producer)
  } finally {
    await producer.disconnect()
  }
}

/** Reads `count` records in a group and commits each; resolves with them. */
async function consume(groupId: string, topic: string, count: number): Promise<EachMessagePayload[]> {
  const consumer = client().consumer({ ...quick, groupId })
  const seen: EachMessagePayload[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachMessage: async (payload) => {
          if (seen.length === count) return
          seen.push(payload)
          const offset = String(BigInt(payload.message.offset) + 1n)
          await consumer.commitOffsets([{ topic, partition: payload.partition, offset }])
          if (seen.length === count) resolve()
        },
      })
      .catch(reject)
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  })
  await consumer.disconnect()
  return seen
}

const texts = (seen: readonly EachMessagePayload[]): string[] => seen.map(({ message }) => String(message.value))

test('what was written with every acknowledgement and codec is read, and a group resumes after a restart', async () => {
  await withProducer(async (producer) => {
    for (const acks of [-1, 1]) {
      const [metadata] = await producer.send({ topic: 'written', acks, messages: [{ value: `acks ${acks}` }] })
      expect(metadata).toMatchObject({ topicName: 'written', partition: 0, errorCode: 0 })
    }
    await producer.send({ topic: 'written', acks: 0, messages: [{ value: 'acks 0' }] })
    await producer.send({
      topic: 'written',
      compression: CompressionTypes.GZIP,
      messages: [{ key: 'k', value: 'gzip', headers: { colour: 'blue' }, timestamp: '1700000000000' }],
    })
    const last = await producer.send({ topic: 'written', messages: [{ key: 'k', value: null }] })
    expect(last[0]!.baseOffset).toBe('4')
  })
  const first = await consume('resuming', 'written', 2)
  expect(texts(first)).toEqual(['acks -1', 'acks 1'])
  await node.restart()
  const second = await consume('resuming', 'written', 3)
  expect(texts(second)).toEqual(['acks 0', 'gzip', 'null'])
  const { key, value, headers, timestamp, offset } = second[1]!.message
  expect([String(key), String(value), String(headers?.colour), timestamp, offset]).toEqual([
    'k',
    'gzip',
    'blue',
    '1700000000000',
    '3',
  ])
  expect(second[2]!.message.value).toBeNull()
})

test('an idempotent producer gets consecutive offsets, also after a restart', async () => {
  await withProducer(
    async (producer) => {
      for (let index = 0; index < 20; index++) {
        const [metadata] = await producer.send({ topic: 'idempotent', acks: -1, messages: [{ value: `${index}` }] })
        expect(metadata!.baseOffset).toBe(`${index}`)
        if (index === 9) await node.restart()
      }
    },
    { idempotent: true },
  )
  expect(texts(await consume('idempotent-group', 'idempotent', 20))).toEqual(
    Array.from({ length: 20 }, (_, index) => `${index}`),
  )
})

test('two members share the partitions, and one inherits them all when the other leaves', async () => {
  const admin = client().admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'shared', numPartitions: 4 }] })
  const members = [
    client().consumer({ ...quick, groupId: 'pair' }),
    client().consumer({ ...quick, groupId: 'pair' }),
  ] as const
  const assignments = members.map(() => [] as number[])
  let onChange: () => void = () => {}
  for (const [index, member] of members.entries()) {
    member.on(member.events.GROUP_JOIN, ({ payload }) => {
      assignments[index] = payload.memberAssignment.shared ?? []
      onChange()
    })
    await member.connect()
    await member.subscribe({ topic: 'shared' })
  }
  const until = (isDone: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      onChange = () => {
        if (isDone()) resolve()
      }
      onChange()
    })
  for (const member of members) await member.run({ eachMessage: async () => {} })
  await until(() => assignments[0]!.length === 2 && assignments[1]!.length === 2)
  expect([...assignments[0]!, ...assignments[1]!].sort()).toEqual([0, 1, 2, 3])
  const { groups } = await admin.describeGroups(['pair'])
  expect(groups[0]).toMatchObject({ groupId: 'pair', state: 'Stable', protocolType: 'consumer' })
  expect(groups[0]!.members.length).toBe(2)
  await members[0].disconnect()
  await until(() => assignments[1]!.length === 4)
  expect([...assignments[1]!].sort()).toEqual([0, 1, 2, 3])
  await members[1].disconnect()
  await admin.disconnect()
})

test('the administrator creates, describes, changes and deletes', async () => {
  const admin = client().admin()
  await admin.connect()
  const topic = {
    topic: 'administered',
    numPartitions: 2,
    configEntries: [{ name: 'retention.ms', value: '60000' }],
  }
  expect(await admin.createTopics({ topics: [topic], waitForLeaders: true })).toBe(true)
  expect(await admin.createTopics({ topics: [topic] })).toBe(false)
  expect(await admin.listTopics()).toContain('administered')
  await admin.createPartitions({ topicPartitions: [{ topic: 'administered', count: 3 }] })
  const { topics } = await admin.fetchTopicMetadata({ topics: ['administered'] })
  expect(topics[0]!.partitions.map(({ leader, isr }) => [leader, isr])).toEqual([
    [1, [1]],
    [1, [1]],
    [1, [1]],
  ])
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: 'administered',
        configEntries: [{ name: 'max.message.bytes', value: '2000' }],
      },
    ],
  })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 'administered' }],
  })
  const entries = new Map(resources[0]!.configEntries.map((entry) => [entry.configName, entry]))
  expect(entries.get('max.message.bytes')).toMatchObject({ configValue: '2000', isDefault: false })
  // AlterConfigs replaces all that was set.
  expect(entries.get('retention.ms')).toMatchObject({ configValue: '604800000' })
  await withProducer(async (producer) => {
    const tooLarge = { topic: 'administered', messages: [{ partition: 0, value: 'x'.repeat(3000) }] }
    await expect(producer.send(tooLarge)).rejects.toThrow(/larger than the max message size/)
    for (const timestamp of ['1000', '2000', '3000'])
      await producer.send({ topic: 'administered', messages: [{ partition: 1, value: timestamp, timestamp }] })
  })
  const offsets = await admin.fetchTopicOffsets('administered')
  expect(offsets.map(({ partition, high, low }) => [partition, low, high]).sort()).toEqual([
    [0, '0', '0'],
    [1, '0', '3'],
    [2, '0', '0'],
  ])
  const byTime = await admin.fetchTopicOffsetsByTimestamp('administered', 1500)
  expect(byTime.find(({ partition }) => partition === 1)!.offset).toBe('1')
  await admin.deleteTopics({ topics: ['administered'] })
  expect(await admin.listTopics()).not.toContain('administered')
  await admin.disconnect()
})

test('groups are listed, described and deleted, and their offsets can be set and read', async () => {
  await withProducer(async (producer) => {
    await producer.send({ topic: 'grouped', messages: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] })
  })
  await consume('to-delete', 'grouped', 2)
  const admin = client().admin()
  await admin.connect()
  expect((await admin.listGroups()).groups).toContainEqual({ groupId: 'to-delete', protocolType: 'consumer' })
  const fetched = await admin.fetchOffsets({ groupId: 'to-delete', topics: ['grouped'] })
  expect(fetched).toEqual([{ topic: 'grouped', partitions: [{ partition: 0, offset: '2', metadata: null }] }])
  await admin.setOffsets({ groupId: 'to-delete', topic: 'grouped', partitions: [{ partition: 0, offset: '1' }] })
  expect(texts(await consume('to-delete', 'grouped', 1))).toEqual(['b'])
  expect(await admin.deleteGroups(['to-delete'])).toEqual([{ groupId: 'to-delete', errorCode: 0 }])
  await expect(admin.deleteGroups(['to-delete'])).rejects.toMatchObject({
    groups: [{ groupId: 'to-delete', errorCode: 69 }],
  })
  expect((await admin.listGroups()).groups.map(({ groupId }) => groupId)).not.toContain('to-delete')
  await admin.disconnect()
})

test("what is not there is told with Kafka's errors", async () => {
  const admin = client().admin()
  await admin.connect()
  await expect(admin.deleteTopics({ topics: ['never-was'] })).rejects.toMatchObject({
    cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
  })
  await expect(
    admin.createTopics({ topics: [{ topic: 'two-replicas', numPartitions: 1, replicationFactor: 2 }] }),
  ).rejects.toMatchObject({ errors: [{ type: 'INVALID_REPLICATION_FACTOR' }] })
  await expect(admin.createTopics({ topics: [{ topic: 'no/such/name' }] })).rejects.toMatchObject({
    errors: [{ type: 'INVALID_TOPIC_EXCEPTION' }],
  })
  await admin.disconnect()
})

test('a topic and a partition that are not there are not made up', async () => {
  const other = await StartedNode.start({ 'auto.create.topics.enable': 'false' })
  const kafka = new Kafka({
    brokers: [other.bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 30_000,
    retry: { retries: 0 },
  })
  const admin = kafka.admin()
  const producer = kafka.producer()
  await admin.connect()
  await producer.connect()
  await expect(admin.fetchTopicMetadata({ topics: ['missing'] })).rejects.toMatchObject({
    type: 'UNKNOWN_TOPIC_OR_PARTITION',
  })
  await expect(producer.send({ topic: 'missing', messages: [{ value: 'v' }] })).rejects.toMatchObject({
    cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
  })
  await admin.createTopics({ topics: [{ topic: 'narrow', numPartitions: 1 }] })
  // kafkajs drops what has no leader to go to, and says so by an empty answer.
  expect(await producer.send({ topic: 'narrow', messages: [{ partition: 7, value: 'v' }] })).toEqual([])
  const offsets = await admin.fetchTopicOffsets('narrow')
  expect(offsets).toEqual([{ partition: 0, offset: '0', high: '0', low: '0' }])
  expect(await admin.listTopics()).toEqual(['narrow'])
  await producer.disconnect()
  await admin.disconnect()
  await other.dispose()
})

test('a node that has stopped leaves no socket behind', async () => {
  const other = await StartedNode.start()
  const producer = new Kafka({
    brokers: [other.bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 30_000,
  }).producer()
  await producer.connect()
  await producer.send({ topic: 't', messages: [{ value: 'v' }] })
  const { port } = other
  const own = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
  const before = own()
  await producer.disconnect()
  await other.dispose()
  expect(own()).toBe(before - 1)
  await expect(
    new Kafka({
      brokers: [`127.0.0.1:${port}`],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 30_000,
      retry: { retries: 0 },
    })
      .admin()
      .connect(),
  ).rejects.toThrow(/ECONNREFUSED/)
})
