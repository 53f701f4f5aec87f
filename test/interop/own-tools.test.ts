/**
 * The project's own tools with the names of Apache Kafka's print what the stock ones print for the same flags. What only
 * looks is asked of the same broker by both; what changes something is done by each to a topic or group of its own.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess, program, repositoryRoot } from './support/broker-process.ts'
import { kcatTool } from './support/run-tool.ts'
import { ToolProcess } from './support/tool-process.ts'

const kafkaTools = 'org.apache.kafka.tools'
const classes = {
  'kafka-topics': `${kafkaTools}.TopicCommand`,
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-consumer-groups': `${kafkaTools}.consumer.group.ConsumerGroupCommand`,
  'kafka-delete-records': `${kafkaTools}.DeleteRecordsCommand`,
  'kafka-log-dirs': `${kafkaTools}.LogDirsCommand`,
  'kafka-dump-log': `${kafkaTools}.DumpLogSegments`,
  'kafka-metadata-quorum': `${kafkaTools}.MetadataQuorumCommand`,
  'kafka-cluster': `${kafkaTools}.ClusterTool`,
  'kafka-broker-api-versions': `${kafkaTools}.BrokerApiVersionsCommand`,
} as const
type ToolName = keyof typeof classes

interface Ended {
  readonly code: number | null
  readonly output: string
  /** The first line. */
  readonly error: string
}

const scratch = mkdtempSync(join(tmpdir(), 'ottla-own-tools-'))
let broker: BrokerProcess
let server: readonly string[]

beforeAll(async () => {
  broker = await BrokerProcess.start(['offsets.topic.num.partitions=1'])
  server = ['--bootstrap-server', broker.bootstrap]
  await own('kafka-topics', '--create', '--topic', 'first', '--partitions', '3', '--config', 'retention.ms=100000000')
  await own('kafka-topics', '--create', '--topic', 'second')
  const lines = Array.from({ length: 30 }, (_, index) => `k${index}:v${index}`)
  await kcatTool(['-b', broker.bootstrap, '-P', '-t', 'first', '-K:'], `${lines.join('\n')}\n`)
})

afterAll(async () => {
  await broker.dispose()
  rmSync(scratch, { recursive: true, force: true })
})

async function end(command: string, words: readonly string[]): Promise<Ended> {
  const child = spawn(command, words)
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output, error: errors.trimStart().split('\n')[0]! }
}

function stock(tool: ToolName, ...words: readonly string[]): Promise<Ended> {
  return end(join(repositoryRoot, 'test/interop/reference/kafka.sh'), ['tool', classes[tool], ...server, ...words])
}

function own(tool: ToolName, ...words: readonly string[]): Promise<Ended> {
  return end(process.execPath, [join(dirname(program), tool), ...server, ...words])
}

/** Both on the same broker. */
async function expectSame(tool: ToolName, ...words: readonly string[]): Promise<string> {
  const [expected, actual] = await Promise.all([stock(tool, ...words), own(tool, ...words)])
  expect(actual, [tool, ...words].join(' ')).toEqual(expected)
  return actual.output
}

/** Each with a name of its own, of the same length, where `words` say NAME. */
async function expectSameChange(tool: ToolName, ...words: readonly string[]): Promise<string> {
  const withName = (name: string): string[] => words.map((word) => word.replace('NAME', name))
  const nameless = (ended: Ended): Ended => ({
    code: ended.code,
    output: ended.output.replaceAll(/stock-made|ottla-made/g, 'NAME').replaceAll(/TopicId: \S+/g, 'TopicId: ID'),
    error: ended.error.replaceAll(/stock-made|ottla-made/g, 'NAME'),
  })
  const expected = nameless(await stock(tool, ...withName('stock-made')))
  const actual = nameless(await own(tool, ...withName('ottla-made')))
  expect(actual, [tool, ...words].join(' ')).toEqual(expected)
  return actual.output
}

test('kafka-topics', async () => {
  expect(await expectSame('kafka-topics', '--list')).toContain('first\nsecond\n')
  expect(await expectSame('kafka-topics', '--describe')).toContain('PartitionCount: 3')
  await expectSame('kafka-topics', '--describe', '--topic', 'fir.*', '--at-min-isr-partitions', '--exclude-internal')
  await expectSame('kafka-topics', '--describe', '--topic', 'missing')
  await expectSame('kafka-topics', '--list', '--if-exists')
  await expectSame('kafka-topics', '--lisst')
  const named = ['--topic', 'NAME'] as const
  await expectSameChange('kafka-topics', '--create', ...named, '--partitions', '2', '--config', 'segment.ms=5000000')
  await expectSameChange('kafka-topics', '--create', ...named)
  await expectSameChange('kafka-topics', '--alter', ...named, '--partitions', '4')
  await expectSameChange('kafka-topics', '--describe', ...named)
  await expectSameChange('kafka-topics', '--create', '--topic', 'bad_NAME', '--config', 'nonsense=1')
  await expectSameChange('kafka-topics', '--delete', ...named)
})

test('kafka-configs', async () => {
  const topic = ['--entity-type', 'topics', '--entity-name'] as const
  expect(await expectSame('kafka-configs', '--describe', ...topic, 'second', '--all')).toContain('segment.bytes=')
  await expectSame('kafka-configs', '--describe', ...topic, 'missing')
  await expectSame('kafka-configs', '--describe', '--entity-type', 'brokers')
  await expectSame('kafka-configs', '--alter', ...topic, 'second', '--add-config', 'cleanup.policy=[compact,delete]')
  await expectSame('kafka-configs', '--alter', ...topic, 'second', '--delete-config', 'cleanup.policy')
  expect((await own('kafka-configs', '--describe', ...topic, 'second')).output).not.toContain('cleanup')
  await expectSame('kafka-configs', '--alter', ...topic, 'second', '--add-config', 'nothing')
  await expectSame('kafka-configs', '--describe', '--entity-type', 'nonsense')
})

test('kafka-consumer-groups', async () => {
  const words = [...server, '--topic', 'first', '--group', 'living', '--from-beginning']
  const member = ToolProcess.java(`${kafkaTools}.consumer.ConsoleConsumer`, words)
  let count = 0
  await member.line(() => ++count === 30)
  await expectSame('kafka-consumer-groups', '--describe', '--group', 'living', '--members', '--verbose')
  await expectSame('kafka-consumer-groups', '--delete', '--group', 'living')
  await expectSame('kafka-consumer-groups', '--reset-offsets', '--group', 'living', '--all-topics', '--to-latest')
  member.stop()
  await member.end()
  await expectSame('kafka-consumer-groups', '--list', '--state', '--type')
  await expectSame('kafka-consumer-groups', '--describe', '--all-groups', '--members')
  expect(await expectSame('kafka-consumer-groups', '--describe', '--group', 'living')).toMatch(/first +2 +/)
  const reset = ['--reset-offsets', '--group', 'living', '--topic', 'first'] as const
  await expectSame('kafka-consumer-groups', ...reset, '--shift-by', '-3', '--dry-run', '--export')
  await expectSame('kafka-consumer-groups', ...reset, '--to-offset', '2', '--execute')
  await expectSameChange(
    'kafka-consumer-groups',
    '--reset-offsets',
    '--group',
    'NAME',
    '--topic',
    'first',
    '--to-earliest',
    '--execute',
  )
  await expectSameChange('kafka-consumer-groups', '--delete-offsets', '--group', 'NAME', '--topic', 'first:0')
  await expectSameChange('kafka-consumer-groups', '--describe', '--group', 'NAME', '--offsets')
  await expectSameChange('kafka-consumer-groups', '--delete', '--group', 'NAME')
  await expectSame('kafka-consumer-groups', '--describe', '--group', 'living', '--members', '--offsets')
})

test('kafka-delete-records and kafka-log-dirs', async () => {
  const file = join(scratch, 'offsets.json')
  const partitions = [{ topic: 'first', partition: 0, offset: 1 }]
  writeFileSync(file, JSON.stringify({ partitions: [...partitions, { topic: 'first', partition: 1, offset: 99 }] }))
  // The stock tool's order is another each time.
  const sorted = ({ code, output }: Ended) => [code, ...output.split('\n').sort()]
  const deleted = sorted(await own('kafka-delete-records', '--offset-json-file', file))
  expect(deleted).toEqual(sorted(await stock('kafka-delete-records', '--offset-json-file', file)))
  expect(deleted).toContain('partition: first-0\tlow_watermark: 1')
  writeFileSync(file, JSON.stringify({ partitions: [...partitions, ...partitions] }))
  await expectSame('kafka-delete-records', '--offset-json-file', file)
  expect(await expectSame('kafka-log-dirs', '--describe', '--topic-list', 'first,second')).toContain('"first-2"')
})

test('kafka-dump-log', async () => {
  const dump = async (partition: string, ...words: string[]): Promise<void> => {
    // The broker goes on writing, and both are to see the same.
    const segment = '00000000000000000000.log'
    const frozen = join(scratch, segment)
    copyFileSync(join(broker.directory, partition, segment), frozen)
    const line = ['--files', frozen, ...words]
    const kafka = join(repositoryRoot, 'test/interop/reference/kafka.sh')
    const [expected, actual] = await Promise.all([
      end(kafka, ['tool', classes['kafka-dump-log'], ...line]),
      end(process.execPath, [join(dirname(program), 'kafka-dump-log'), ...line]),
    ])
    expect(expected.output.split('\n').length, partition).toBeGreaterThan(2)
    expect(actual, partition).toEqual(expected)
  }
  await dump('first-1', '--print-data-log')
  await dump('__consumer_offsets-0', '--offsets-decoder')
  await dump('__cluster_metadata-0', '--cluster-metadata-decoder')
})

test('kafka-cluster, kafka-metadata-quorum and kafka-broker-api-versions', async () => {
  await expectSame('kafka-broker-api-versions')
  const clusterTool = async (command: string, ...words: string[]): Promise<void> => {
    const line = [command, ...server, ...words]
    const kafka = join(repositoryRoot, 'test/interop/reference/kafka.sh')
    const [expected, actual] = await Promise.all([
      end(kafka, ['tool', classes['kafka-cluster'], ...line]),
      end(process.execPath, [join(dirname(program), 'kafka-cluster'), ...line]),
    ])
    expect(actual, command).toEqual(expected)
  }
  await clusterTool('cluster-id')
  await clusterTool('list-endpoints', '--include-fenced-brokers')
  await clusterTool('unregister', '--id', '77')
  // The log of metadata grows by itself.
  const still = ({ code, output }: Ended) => [code, output.replace(/HighWatermark: +\d+/, 'HighWatermark: N')]
  const status = ['describe', '--status'] as const
  expect(still(await own('kafka-metadata-quorum', ...status))).toEqual(
    still(await stock('kafka-metadata-quorum', ...status)),
  )
  await expectSame('kafka-metadata-quorum', 'describe', '--status', '--replication')
})
