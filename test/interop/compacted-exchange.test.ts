/**
 * A log that ottla compacted is Apache Kafka's: kafka-dump-log finds nothing wrong with it, the broker serves the same
 * view by key from it, and goes on with compaction where ottla's checkpoint ends; and ottla with what Apache Kafka compacted.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopic } from '../../src/client/admin-topics.ts'
import { KafkaClient } from '../../src/client/kafka-client.ts'
import { Producer } from '../../src/client/producer.ts'
import { NodeCodecs } from '../../src/io/codecs/node-codecs.ts'
import type { CompressionType } from '../../src/protocol/record/compression.ts'
import { BrokerProcess } from './support/broker-process.ts'
import { KafkaOnDirectory } from './support/kafka-on-directory.ts'
import { javaTool, kcatTool } from './support/run-tool.ts'

const topic = 'compacted'
const keysCount = 1000
const cleanerSettings = ['log.cleaner.backoff.ms=200']
const expected = new Map<string, string>()
let broker: BrokerProcess
let kafka: KafkaOnDirectory | undefined

beforeAll(async () => {
  broker = await BrokerProcess.start(['offsets.topic.num.partitions=1', ...cleanerSettings])
})
afterAll(async () => {
  await kafka?.kill()
  await broker?.dispose()
})

/** Updates in a codec, a tombstone among ten, the last one of its key in `expected`. */
async function update(round: number, compressionType: CompressionType): Promise<void> {
  const client = new KafkaClient({ bootstrap: [{ host: '127.0.0.1', port: broker.port }] })
  try {
    const configs = new Map([
      ['cleanup.policy', 'compact'],
      ['segment.bytes', '1048576'],
      ['min.cleanable.dirty.ratio', '0.01'],
      ['delete.retention.ms', '0'],
    ])
    if (round === 0) await createTopic(client, { name: topic, numPartitions: 1, replicationFactor: 1, configs })
    const producer = await Producer.open(client, { compressionType, codecs: new NodeCodecs() })
    await producer.prepare(topic)
    for (let index = 0; index < 4000; index++) {
      const key = `key-${(index * 7 + round) % keysCount}`
      const isTombstone = index % 10 === 3
      // Hardly compressible, so that segments fill whatever the codec.
      const value = `${round}-${index}-${Array.from({ length: 30 }, () => Math.random().toString(36).slice(2)).join('')}`
      producer.append(topic, { key: Buffer.from(key), value: isTombstone ? null : Buffer.from(value) })
      if (isTombstone) expected.delete(key)
      else expected.set(key, value)
    }
    await producer.flush()
  } finally {
    client.close()
  }
}

async function view(): Promise<{ view: Map<string, string>; recordsCount: number }> {
  const words = ['-C', '-t', topic, '-p', '0', '-e', '-q', '-o', 'beginning', '-f', '%k:%S:%s\\n']
  const lines = (await kcatTool(['-b', broker.bootstrap, ...words])).trim().split('\n')
  const values = new Map<string, string>()
  for (const line of lines) {
    const [key, size, value] = line.split(':')
    if (size === '-1') values.delete(key!)
    else values.set(key!, value!)
  }
  return { view: values, recordsCount: lines.length }
}

const directory = (): string => join(broker.directory, `${topic}-0`)
const segments = (): string[] => readdirSync(directory()).filter((name) => name.endsWith('.log'))

/** Where all below is clean, as the checkpoint file says it. */
function cleanerOffset(): number {
  const path = join(broker.directory, 'cleaner-offset-checkpoint')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return Number(new RegExp(`^${topic} 0 (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}

/** Resolves when the cleaner has reached the active segment. */
async function cleaned(): Promise<void> {
  const deadlineMs = Date.now() + 120_000
  const active = (): number => Number.parseInt(segments().sort().at(-1)!, 10)
  while (cleanerOffset() < active()) {
    if (Date.now() > deadlineMs) throw new Error(`cleaned up to ${cleanerOffset()}, the active segment is ${active()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('Apache Kafka reads what ottla compacted, and ottla what Apache Kafka compacted', async () => {
  for (const [round, codec] of ([0, 1, 2, 3, 4] as const).entries()) await update(round, codec)
  await cleaned()
  expect((await view()).view).toEqual(expected)
  expect(await broker.stop()).toBe(0)
  const dumped = await javaTool('org.apache.kafka.tools.DumpLogSegments', [
    '--deep-iteration',
    '--files',
    readdirSync(directory())
      .filter((name) => /\.(log|index|timeindex|snapshot)$/.test(name))
      .map((name) => join(directory(), name))
      .join(','),
  ])
  expect(dumped).not.toMatch(/isvalid: false|Found timestamp mismatch|Non-consecutive|Index position|mismatch|corrupt/i)
  expect(dumped.match(/isvalid: true/g)!.length).toBeGreaterThan(20)

  kafka = await KafkaOnDirectory.start(broker, { settings: cleanerSettings })
  // Not asked of ottla itself: it has the newest records, replaced or not, in memory.
  const compacted = await view()
  expect(compacted.view).toEqual(expected)
  expect(compacted.recordsCount).toBeLessThan(20_000 / 2)
  const cleanedByOttla = cleanerOffset()
  await update(5, 3)
  await cleaned()
  expect(cleanerOffset()).toBeGreaterThan(cleanedByOttla)
  expect((await view()).view).toEqual(expected)
  await kafka.stop()

  await broker.restart()
  expect((await view()).view).toEqual(expected)
  const cleanedByKafka = cleanerOffset()
  await update(6, 2)
  await cleaned()
  expect(cleanerOffset()).toBeGreaterThan(cleanedByKafka)
  expect((await view()).view).toEqual(expected)
})
