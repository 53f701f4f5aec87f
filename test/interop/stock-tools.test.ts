/** The stock tools of Apache Kafka 4.3.1, each with what an administrator would do with it, and what it must print. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { javaTool } from './support/run-tool.ts'
import { ToolProcess } from './support/tool-process.ts'

const tools = 'org.apache.kafka.tools'
let broker: BrokerProcess
let server: readonly string[]

beforeAll(async () => {
  broker = await BrokerProcess.start()
  server = ['--bootstrap-server', broker.bootstrap]
})

afterAll(async () => {
  await broker.dispose()
})

const topics = (...words: string[]) => javaTool(`${tools}.TopicCommand`, [...server, ...words])
const configs = (...words: string[]) => javaTool('kafka.admin.ConfigCommand', [...server, ...words])
const groups = (...words: string[]) => javaTool(`${tools}.consumer.group.ConsumerGroupCommand`, [...server, ...words])
const offsets = (...words: string[]) => javaTool(`${tools}.GetOffsetShell`, [...server, ...words])
const consume = (...words: string[]) => javaTool(`${tools}.consumer.ConsoleConsumer`, [...server, ...words])
const produce = (input: string, ...words: string[]) =>
  javaTool(`${tools}.ConsoleProducer`, [...server, '--request-timeout-ms', '60000', ...words], input)

/** A table's rows without its header, each cut into its words. */
function rows(output: string): string[][] {
  return output
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== undefined && first !== '' && first === first.toLowerCase())
}

test('kafka-topics creates, widens, describes, lists and deletes', async () => {
  expect(
    await topics('--create', '--topic', 'topic', '--partitions', '2', '--config', 'retention.ms=100000'),
  ).toContain('Created topic topic.')
  await expect(topics('--create', '--topic', 'topic')).rejects.toThrow("Topic 'topic' already exists.")
  await expect(topics('--create', '--topic', 'wide', '--replication-factor', '2')).rejects.toThrow(
    'Unable to replicate the partition 2 time(s)',
  )
  await topics('--alter', '--topic', 'topic', '--partitions', '3')
  const described = await topics('--describe', '--topic', 'topic')
  expect(described).toMatch(/PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention.ms=100000/)
  expect(described.match(/Leader: 1\s+Replicas: 1\s+Isr: 1/g)?.length).toBe(3)
  expect((await topics('--list')).split('\n')).toContain('topic')
  await topics('--delete', '--topic', 'topic')
  expect((await topics('--list')).split('\n')).not.toContain('topic')
})

test('the console tools carry keys, headers and timestamps, and read one partition from an offset', async () => {
  await topics('--create', '--topic', 'console', '--partitions', '1')
  const parse = ['parse.key=true', 'parse.headers=true'].flatMap((property) => ['--reader-property', property])
  await produce('h1:a,h2:b\tk1\tv1\nh1:c\tk2\tv2\nh1:d\tk3\tv3\n', '--topic', 'console', ...parse)
  const print = ['print.key=true', 'print.headers=true', 'print.offset=true', 'print.partition=true'].flatMap(
    (property) => ['--formatter-property', property],
  )
  const all = await consume('--topic', 'console', '--from-beginning', '--max-messages', '3', ...print)
  expect(all.trim().split('\n')).toEqual([
    'Partition:0\tOffset:0\th1:a,h2:b\tk1\tv1',
    'Partition:0\tOffset:1\th1:c\tk2\tv2',
    'Partition:0\tOffset:2\th1:d\tk3\tv3',
  ])
  const one = ['--topic', 'console', '--partition', '0', '--offset', '1', '--max-messages', '1']
  expect(await consume(...one)).toBe('v2\n')
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'])
    await produce(`${codec}\n`, '--topic', 'console', '--compression-codec', codec)
  const compressed = ['--topic', 'console', '--partition', '0', '--offset', '3', '--max-messages', '4']
  expect(await consume(...compressed)).toBe('gzip\nsnappy\nlz4\nzstd\n')
})

test('a group of the console consumer resumes where it committed, across a kill -9', async () => {
  await produce('one\ntwo\nthree\n', '--topic', 'resumed')
  const read = () => consume('--topic', 'resumed', '--group', 'resuming', '--from-beginning', '--max-messages', '2')
  expect(await read()).toBe('one\ntwo\n')
  await broker.kill()
  await broker.restart()
  await produce('four\n', '--topic', 'resumed')
  expect(await read()).toBe('three\nfour\n')
})

test('kafka-get-offsets finds ends, starts and times', async () => {
  await topics('--create', '--topic', 'offsets', '--partitions', '2')
  await produce('a\nb\nc\n', '--topic', 'offsets')
  const latest = (await offsets('--topic', 'offsets')).trim().split('\n')
  expect(latest.map((line) => Number(line.split(':')[2])).reduce((sum, offset) => sum + offset)).toBe(3)
  expect(await offsets('--topic', 'offsets', '--time', 'earliest')).toBe('offsets:0:0\noffsets:1:0\n')
  // A partition without a record of that time or later is left out.
  expect(await offsets('--topic', 'offsets', '--time', '1000')).toMatch(/^(offsets:[01]:0\n){1,2}$/)
  expect(await offsets('--topic', 'offsets', '--time', '99999999999999')).toBe('')
})

test('kafka-configs: topics and brokers, without a restart', async () => {
  await topics('--create', '--topic', 'configured')
  const topic = ['--entity-type', 'topics', '--entity-name', 'configured']
  await configs('--alter', ...topic, '--add-config', 'max.message.bytes=2000,cleanup.policy=[compact,delete]')
  const described = await configs('--describe', ...topic)
  expect(described).toContain('max.message.bytes=2000 sensitive=false')
  expect(described).toContain('cleanup.policy=compact,delete sensitive=false')
  const large = () => produce(`${'x'.repeat(3000)}\n`, '--topic', 'configured', '--sync')
  await expect(large()).rejects.toThrow('RecordTooLargeException')
  expect(await offsets('--topic', 'configured')).toBe('configured:0:0\n')
  await configs('--alter', ...topic, '--delete-config', 'max.message.bytes,cleanup.policy')
  expect(await configs('--describe', ...topic)).not.toContain('max.message.bytes')
  await expect(configs('--alter', ...topic, '--add-config', 'retention.ms=soon')).rejects.toThrow(/Invalid value soon/)

  await configs('--alter', '--entity-type', 'brokers', '--entity-default', '--add-config', 'message.max.bytes=1500')
  expect(await configs('--describe', '--entity-type', 'brokers', '--entity-default')).toContain(
    'message.max.bytes=1500 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:message.max.bytes=1500}',
  )
  await expect(large()).rejects.toThrow('RecordTooLargeException')
  expect(await offsets('--topic', 'configured')).toBe('configured:0:0\n')
  await configs('--alter', '--entity-type', 'brokers', '--entity-default', '--delete-config', 'message.max.bytes')
  await large()
  expect(await offsets('--topic', 'configured')).toBe('configured:0:1\n')
  await expect(
    configs('--alter', '--entity-type', 'brokers', '--entity-name', '1', '--add-config', 'log.dirs=/elsewhere'),
  ).rejects.toThrow(/log.dirs/)
})

test('kafka-consumer-groups lists, describes, resets and deletes', async () => {
  await topics('--create', '--topic', 'grouped', '--partitions', '1')
  await produce('a\nb\nc\n', '--topic', 'grouped')
  await consume('--topic', 'grouped', '--group', 'stock', '--from-beginning', '--max-messages', '2')
  expect((await groups('--list')).trim().split('\n')).toContain('stock')
  const described = rows(await groups('--describe', '--group', 'stock')).find(([name]) => name === 'stock')!
  expect(described.slice(0, 6)).toEqual(['stock', 'grouped', '0', '2', '3', '1'])
  expect(await groups('--describe', '--group', 'stock', '--state')).toMatch(/stock\s.*\sEmpty\s+0/)
  const topic = ['--group', 'stock', '--topic', 'grouped']
  await groups('--reset-offsets', ...topic, '--to-offset', '1', '--execute')
  expect(await consume('--topic', 'grouped', '--group', 'stock', '--max-messages', '1')).toBe('b\n')
  expect(await groups('--delete', '--group', 'stock')).toContain("Deletion of requested consumer groups ('stock') was")
  expect(await groups('--describe', '--group', 'stock')).toContain('Group stock not found')
})

test('kafka-consumer-groups shows the members of a group that lives, and lets nobody reset or delete it', async () => {
  await topics('--create', '--topic', 'living', '--partitions', '2')
  await produce('a\n', '--topic', 'living')
  const member = ToolProcess.java(`${tools}.consumer.ConsoleConsumer`, [
    ...[...server, '--topic', 'living', '--group', 'alive', '--from-beginning'],
    ...['--command-property', 'client.id=listener', '--command-property', 'auto.commit.interval.ms=100'],
  ])
  await member.line((line) => line === 'a')
  const members = rows(await groups('--describe', '--group', 'alive', '--members', '--verbose'))
  const [, consumerId, host, clientId, partitions] = members.find(([name]) => name === 'alive')!
  expect(consumerId).toMatch(/^listener-[0-9a-f-]{36}$/)
  expect([host, clientId, partitions]).toEqual(['/127.0.0.1', 'listener', '2'])
  expect(await groups('--describe', '--group', 'alive', '--state')).toMatch(/alive\s.*\srange\s+Stable\s+1/)
  const reset = () =>
    groups('--reset-offsets', '--group', 'alive', '--topic', 'living', '--to-earliest', '--execute').catch(String)
  expect(await reset()).toContain('can only be reset if the group')
  expect(await groups('--delete', '--group', 'alive').catch(String)).toContain('GroupNotEmptyException')
  member.stop()
  await member.end()
  expect(rows(await reset()).filter(([name]) => name === 'alive')).toEqual([
    ['alive', 'living', '0', '0'],
    ['alive', 'living', '1', '0'],
  ])
})

test('the performance tools write and read all they were told', async () => {
  const count = ['--num-records', '20000']
  const written = await javaTool(`${tools}.ProducerPerformance`, [
    ...['--topic', 'perf', '--record-size', '100', '--throughput', '-1', ...count, ...server],
  ])
  expect(written).toContain('20000 records sent')
  const read = await javaTool(`${tools}.ConsumerPerformance`, [...server, '--topic', 'perf', ...count])
  const header = read.split('\n')[0]!.split(', ')
  const values = read.trim().split('\n').at(-1)!.split(', ')
  expect(values[header.indexOf('data.consumed.in.nMsg')]).toBe('20000')
})

test('kafka-broker-api-versions and kafka-cluster', async () => {
  const versions = await javaTool(`${tools}.BrokerApiVersionsCommand`, server)
  expect(versions).toContain('Produce(0): 0 to 13 [usable: 13]')
  expect(versions).toContain('Fetch(1): 4 to 18 [usable: 18]')
  expect(await javaTool(`${tools}.ClusterTool`, ['cluster-id', ...server])).toMatch(/^Cluster ID: [\w-]{22}$/m)
})
