/** Produce, InitProducerId and what appends refuse. */
import { apiKeys } from '../../../src/protocol/api/index.ts'
import { buildBatch, type NewBatch } from '../../../src/protocol/record/batch-builder.ts'
import { requestFrame } from '../../server/server-harness.ts'
import type { Answer, Probe, Prober } from './prober.ts'

export const unknownTopicId = 'b3R0bGEtdW5rbm93bi1pZA'

export async function createTopic(
  prober: Prober,
  name: string,
  configs: Readonly<Record<string, string>> = {},
  numPartitions = 1,
): Promise<void> {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
  const topics = [{ name, numPartitions, replicationFactor: 1, configs: pairs }]
  await prober.probe(`create ${name}`, 'CreateTopics', 7, { topics, timeoutMs: 30_000 })
  // Apache Kafka answers before the leaders serve.
  await prober.settled(async () => {
    const asked = [{ partitionIndex: numPartitions - 1, timestamp: -1n, currentLeaderEpoch: -1 }]
    const answer = await prober.ask('ListOffsets', 7, { replicaId: -1, topics: [{ name, partitions: asked }] })
    return partitionsOf(answer, 'topics', 'partitions')[0]?.errorCode === 0
  })
}

function partitionsOf(answer: Answer | undefined, outer: string, inner: string): readonly Answer[] {
  const topics = (answer?.[outer] ?? []) as readonly Answer[]
  return topics.flatMap((topic) => topic[inner] as readonly Answer[])
}

export async function topicIdOf(prober: Prober, name: string): Promise<string> {
  const answer = await prober.ask('Metadata', 12, { topics: [{ name }], allowAutoTopicCreation: false })
  const topics = (answer?.topics ?? []) as readonly Answer[]
  return (topics[0]?.topicId ?? '') as string
}

export function oneRecord(value = 'value', fields: Partial<NewBatch> = {}): Buffer {
  return buildBatch({
    timestamp: Date.now(),
    records: [{ key: Buffer.from('key'), value: Buffer.from(value) }],
    ...fields,
  })
}

export function produceRequest(name: string, records: Buffer | null, index = 0, acks = -1): object {
  return { acks, timeoutMs: 10_000, topicData: [{ name, partitionData: [{ index, records }] }] }
}

function mutated(batch: Buffer, mutate: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(batch)
  mutate(bytes)
  return bytes
}

const refusals: Probe = {
  name: 'produce-refusals',
  async run(prober) {
    const topic = `${prober.prefix}topic`
    await createTopic(prober, topic, { 'max.message.bytes': '1000' })
    const good = oneRecord()
    await prober.probeVersions('good', 'Produce', () => produceRequest(topic, good), 3)
    for (const version of [0, 1, 2]) {
      const frame = requestFrame(apiKeys.Produce, 3, 1, produceRequest(topic, good))
      frame.writeInt16BE(version, 6)
      await prober.probeFrame(`too old, ${version}`, frame)
    }
    const topicId = await topicIdOf(prober, topic)
    const byId = (id: string, index: number) => ({
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ topicId: id, partitionData: [{ index, records: good }] }],
    })
    await prober.probe('by id', 'Produce', 13, byId(topicId, 0))
    await prober.probe('unknown id', 'Produce', 13, byId(unknownTopicId, 0))
    await prober.probe('zero id', 'Produce', 13, byId('AAAAAAAAAAAAAAAAAAAAAA', 0))
    await prober.probe('partition of id', 'Produce', 13, byId(topicId, 7))
    await prober.probe('unknown topic', 'Produce', 9, produceRequest(`${prober.prefix}none`, good))
    await prober.probe('unknown partition', 'Produce', 11, produceRequest(topic, good, 3))
    await prober.probe('negative partition', 'Produce', 11, produceRequest(topic, good, -1))
    for (const acks of [2, -2]) await prober.probe(`acks=${acks}`, 'Produce', 9, produceRequest(topic, good, 0, acks))
    await prober.probe('acks=2, unknown', 'Produce', 9, produceRequest(`${prober.prefix}none`, good, 0, 2))
    await prober.probe('acks=1', 'Produce', 9, produceRequest(topic, good, 0, 1))
    await prober.probe('no topics', 'Produce', 9, { acks: -1, timeoutMs: 1000, topicData: [] })
    await prober.probe('no partitions', 'Produce', 9, { acks: -1, topicData: [{ name: topic, partitionData: [] }] })
    await prober.probe('too large', 'Produce', 9, produceRequest(topic, oneRecord('x'.repeat(2000))))
    await prober.probe('empty records', 'Produce', 9, produceRequest(topic, Buffer.alloc(0)))
    await prober.probe('two batches', 'Produce', 9, produceRequest(topic, Buffer.concat([good, good])))
    await prober.probe(
      'bad crc',
      'Produce',
      9,
      produceRequest(
        topic,
        mutated(good, (b) => b.writeUInt32BE(1, 17)),
      ),
    )
    for (const magic of [0, 1, 3, -1]) {
      const records = mutated(good, (b) => b.writeInt8(magic, 16))
      await prober.probe(`magic ${magic}`, 'Produce', 9, produceRequest(topic, records))
    }
    await prober.probe('cut short', 'Produce', 9, produceRequest(topic, good.subarray(0, good.length - 3)))
    await prober.probe('cut in the header', 'Produce', 9, produceRequest(topic, good.subarray(0, 20)))
    await prober.probe('garbage behind', 'Produce', 9, produceRequest(topic, Buffer.concat([good, Buffer.alloc(5)])))
    const based = oneRecord('value', { baseOffset: 5 })
    await prober.probe('base offset', 'Produce', 9, produceRequest(topic, based))
    await prober.probe('control', 'Produce', 9, produceRequest(topic, oneRecord('v', { isControl: true })))
    await prober.probe('no records', 'Produce', 9, produceRequest(topic, buildBatch({ timestamp: 1, records: [] })))
    const future = oneRecord('v', { timestamp: Date.now() + 7_200_000 })
    await prober.probe('two hours ahead', 'Produce', 9, produceRequest(topic, future))
    await prober.probe('no timestamp', 'Produce', 9, produceRequest(topic, oneRecord('v', { timestamp: -1 })))
    await prober.probe('after it all', 'Produce', 9, produceRequest(topic, good))
  },
}

const unanswered: Probe = {
  name: 'produce-unanswered',
  async run(prober) {
    const topic = `${prober.prefix}topic`
    await createTopic(prober, topic)
    await prober.tell('Produce', 9, produceRequest(topic, oneRecord(), 0, 0))
    // Nobody promises when it can be seen.
    const partitions = [{ partitionIndex: 0, timestamp: -1n, currentLeaderEpoch: -1 }]
    const latest = { replicaId: -1, topics: [{ name: topic, partitions }] }
    await prober.settled(async () => {
      const answer = await prober.ask('ListOffsets', 7, latest)
      return Number(partitionsOf(answer, 'topics', 'partitions')[0]?.offset) === 1
    })
    await prober.probe('after acks=0', 'ListOffsets', 7, latest)
    await prober.tell('Produce', 9, produceRequest(`${prober.prefix}none`, oneRecord(), 0, 0))
    await prober.probe('after acks=0 with an error', 'ApiVersions', 0, {})
  },
}

const topicSettings: Probe = {
  name: 'produce-topic-settings',
  async run(prober) {
    const fetch = (topic: string) => ({
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1_000_000,
      replicaId: -1,
      topics: [
        {
          topic,
          partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000, currentLeaderEpoch: -1 }],
        },
      ],
    })
    const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      appendtime: { 'message.timestamp.type': 'LogAppendTime' },
      compact: { 'cleanup.policy': 'compact' },
      gzip: { 'compression.type': 'gzip' },
      past: { 'message.timestamp.before.max.ms': '1000' },
    }
    for (const [name, configs] of Object.entries(settings)) {
      const topic = `${prober.prefix}${name}`
      await createTopic(prober, topic, configs)
      await prober.probe(`${name} good`, 'Produce', 9, produceRequest(topic, oneRecord()))
      const keyless = buildBatch({
        timestamp: Date.now() - 60_000,
        records: [{ key: Buffer.from('k') }, { value: Buffer.from('v') }, { value: Buffer.from('w') }],
      })
      await prober.probe(`${name} no key, old`, 'Produce', 9, produceRequest(topic, keyless))
      await prober.probe(`${name} fetched`, 'Fetch', 11, fetch(topic))
    }
    const few = `${prober.prefix}few`
    await createTopic(prober, few, { 'min.insync.replicas': '2' })
    await prober.probe('too few replicas', 'Produce', 9, produceRequest(few, oneRecord()))
    await prober.probe('too few replicas, acks=1', 'Produce', 9, produceRequest(few, oneRecord(), 0, 1))
  },
}

const sequences: Probe = {
  name: 'produce-sequences',
  async run(prober) {
    for (const timestampType of ['CreateTime', 'LogAppendTime']) {
      const topic = `${prober.prefix}${timestampType}`
      await createTopic(prober, topic, { 'message.timestamp.type': timestampType })
      const init = await prober.probe('id', 'InitProducerId', 4, {
        transactionTimeoutMs: 60_000,
        producerId: -1n,
        producerEpoch: -1,
      })
      const producerId = init!.producerId as bigint
      const send = (step: string, producerEpoch: number, baseSequence: number, id = producerId, count = 1) => {
        const records = Array.from({ length: count }, () => ({ value: Buffer.from('v') }))
        const batch = buildBatch({ timestamp: 1_000_000, records, producerId: id, producerEpoch, baseSequence })
        return prober.probe(step, 'Produce', 9, produceRequest(topic, batch))
      }
      await send('unknown producer begins at 5', 0, 5, producerId + 1000n)
      await send('first', 0, 0)
      await send('repeated', 0, 0)
      await send('gap', 0, 2)
      for (let sequence = 1; sequence < 7; sequence++) await send(`sequence ${sequence}`, 0, sequence)
      await send('repeated, last', 0, 6)
      await send('repeated, fifth last', 0, 2)
      await send('repeated, sixth last', 0, 1)
      await send('repeated, overlapping', 0, 5, producerId, 2)
      await send('new epoch in the middle', 1, 7)
      await send('new epoch', 1, 0)
      await send('old epoch', 0, 7)
      await send('epoch -1', -1, 1)
      await send('sequence -1', 1, -1)
      await send('wrapped', 1, 2_147_483_647)
      await send('next', 1, 1)
    }
  },
}

/** Apache Kafka fetches its ids when they are first asked for. */
export async function untilProducerIds(prober: Prober): Promise<void> {
  await prober.settled(async () => {
    const answer = await prober.ask('InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 60_000 })
    return answer?.errorCode === 0
  })
}

const producerIds: Probe = {
  name: 'init-producer-id',
  async run(prober) {
    const base = { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1n, producerEpoch: -1 }
    await untilProducerIds(prober)
    await prober.probeVersions('new', 'InitProducerId', () => base)
    await prober.probe('known id', 'InitProducerId', 4, { ...base, producerId: 5n, producerEpoch: 3 })
    await prober.probe('id without epoch', 'InitProducerId', 4, { ...base, producerId: 5n })
    await prober.probe('epoch without id', 'InitProducerId', 4, { ...base, producerEpoch: 5 })
    await prober.probe('timeout 0', 'InitProducerId', 4, { ...base, transactionTimeoutMs: 0 })
    await prober.probe('empty transactional id', 'InitProducerId', 4, { ...base, transactionalId: '' })
  },
}

export const produceProbes: readonly Probe[] = [refusals, unanswered, topicSettings, sequences, producerIds]
