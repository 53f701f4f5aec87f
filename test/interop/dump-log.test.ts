/**
 * Apache Kafka's own kafka-dump-log reads everything that a stopped ottla left: segments of every codec, their indexes,
 * the producers' snapshots, __consumer_offsets, the metadata log and its snapshots; and finds in them what clients wrote.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { javaTool, kcatTool, pythonClient } from './support/run-tool.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const recordsPerCodec = 40
let broker: BrokerProcess

function dumpLog(...words: readonly string[]): Promise<string> {
  return javaTool('org.apache.kafka.tools.DumpLogSegments', words)
}

function files(partition: string, suffix: string): string[] {
  const directory = join(broker.directory, partition)
  const names = readdirSync(directory).filter((name) => name.endsWith(suffix))
  return names.sort().map((name) => join(directory, name))
}

/** The lines of records that were printed, each as its `key: value` pairs. */
function records(output: string): string[] {
  return output.split('\n').filter((line) => line.startsWith('| offset:'))
}

function batches(output: string): string[] {
  return output.split('\n').filter((line) => line.startsWith('baseOffset:'))
}

beforeAll(async () => {
  broker = await BrokerProcess.start([
    'offsets.topic.num.partitions=1',
    // Every change of metadata is worth a snapshot.
    'metadata.log.max.record.bytes.between.snapshots=1000',
  ])
  const admin = new Kafka({
    brokers: [broker.bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 30_000,
  }).admin()
  await admin.connect()
  const configEntries = [{ name: 'segment.bytes', value: String(1024 * 1024) }]
  await admin.createTopics({ topics: [{ topic: 'segmented', configEntries }, { topic: 'gone' }] })
  await admin.deleteTopics({ topics: ['gone'] })
  await admin.disconnect()
  for (const codec of codecs) {
    const lines = Array.from({ length: recordsPerCodec }, (_, index) => `key-${index}:${codec}-${index}`)
    await kcatTool(['-b', broker.bootstrap, '-P', '-t', 'codecs', '-z', codec, '-K:'], `${lines.join('\n')}\n`)
  }
  await pythonClient('create', broker.bootstrap, 'idempotent', '1')
  await pythonClient('produce', broker.bootstrap, 'idempotent', '500', 'none')
  await pythonClient('consume', broker.bootstrap, 'idempotent', 'dumped-group', '200')
  const line = `${'x'.repeat(10_000)}\n`
  // A segment of one batch has an empty index: the batches are kept small.
  const small = ['-X', 'linger.ms=5', '-X', 'batch.num.messages=10']
  await kcatTool(['-b', broker.bootstrap, '-P', '-t', 'segmented', ...small], line.repeat(300))
  expect(await broker.stop()).toBe(0)
})

afterAll(async () => {
  await broker.dispose()
})

test('segments of every codec, record by record', async () => {
  const output = await dumpLog('--deep-iteration', '--print-data-log', '--files', files('codecs-0', '.log').join())
  const found = records(output).map((line) => /offset: (\d+) .* key: (\S+) payload: (\S+)/.exec(line)!.slice(1, 4))
  const written = codecs.flatMap((codec) =>
    Array.from({ length: recordsPerCodec }, (_, index) => [`key-${index}`, `${codec}-${index}`]),
  )
  expect(found).toEqual(written.map(([key, value], offset) => [String(offset), key, value]))
  const seen = batches(output)
  expect(new Set(seen.map((line) => /compresscodec: (\w+)/.exec(line)![1]))).toEqual(new Set(codecs))
  expect(seen.every((line) => line.includes('isvalid: true'))).toBe(true)
})

test('segments that rolled, their offset indexes and time indexes', async () => {
  const logs = files('segmented-0', '.log')
  expect(logs.length).toBeGreaterThan(2)
  const output = await dumpLog('--files', logs.join())
  let next = 0
  for (const line of batches(output)) {
    const [, base, last] = /baseOffset: (\d+) lastOffset: (\d+)/.exec(line)!
    expect(Number(base)).toBe(next)
    expect(line).toContain('isvalid: true')
    next = Number(last) + 1
  }
  expect(next).toBe(300)
  const indexes = [...files('segmented-0', '.index'), ...files('segmented-0', '.timeindex')]
  // Without an option every entry is compared with the log.
  const compared = await dumpLog('--files', indexes.join())
  expect(compared).toMatch(/offset: \d+ position: \d+/)
  expect(compared).toMatch(/timestamp: \d+ offset: \d+/)
  expect(compared).not.toMatch(/mismatch|out of order|not found|Exception/i)
  const sane = await dumpLog('--index-sanity-check', '--files', indexes.join())
  expect(sane.match(/passed sanity check|is empty/g)?.length).toBe(indexes.length)
})

test('the state of an idempotent producer', async () => {
  const [snapshot] = files('idempotent-0', '.snapshot')
  const output = await dumpLog('--files', snapshot!)
  expect(output).toMatch(/producerId: \d+ producerEpoch: 0 .*lastSequence: 499 lastOffset: 499 /)
})

test('__consumer_offsets: the group and what it committed', async () => {
  const output = await dumpLog(
    '--offsets-decoder',
    '--print-data-log',
    '--files',
    files('__consumer_offsets-0', '.log')[0]!,
  )
  const own = records(output).filter((line) => line.includes('"group":"dumped-group"'))
  const commit = own.findLast((line) => line.includes('"topic":"idempotent","partition":0'))
  expect(commit).toMatch(/"offset":200,/)
  expect(
    own.some((line) => line.includes('"protocolType":"consumer"') && line.includes('"protocol":"cooperative-sticky"')),
  ).toBe(true)
  expect(output).not.toMatch(/exception|error/i)
})

test('the metadata log and its snapshots', async () => {
  const output = await dumpLog('--cluster-metadata-decoder', '--files', files('__cluster_metadata-0', '.log').join())
  const types = new Set([...output.matchAll(/"type":"([A-Z_]+)"/g)].map((match) => match[1]))
  for (const type of [
    'FEATURE_LEVEL_RECORD',
    'REGISTER_BROKER_RECORD',
    'REGISTER_CONTROLLER_RECORD',
    'BROKER_REGISTRATION_CHANGE_RECORD',
    'TOPIC_RECORD',
    'PARTITION_RECORD',
    'CONFIG_RECORD',
    'PRODUCER_IDS_RECORD',
    'REMOVE_TOPIC_RECORD',
  ])
    expect(types).toContain(type)
  expect(output).toContain('LeaderChange')
  expect(batches(output).every((line) => line.includes('isvalid: true'))).toBe(true)
  const snapshots = files('__cluster_metadata-0', '.checkpoint')
  expect(snapshots.length).toBeGreaterThan(1)
  const last = await dumpLog('--cluster-metadata-decoder', '--files', snapshots.at(-1)!)
  expect(last).toContain('SnapshotHeader')
  expect(last).toContain('SnapshotFooter')
  expect(last).toMatch(/"type":"TOPIC_RECORD","version":0,"data":\{"name":"segmented"/)
  expect(last).not.toContain('"name":"gone"')
})
