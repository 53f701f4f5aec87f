/**
 * What administrators do beyond topics, groups and settings, by the stock tools of Apache Kafka 4.3.1: records deleted, log
 * directories, producers, offsets of a group and the quorum looked at.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { javaTool } from './support/run-tool.ts'

const tools = 'org.apache.kafka.tools'
let broker: BrokerProcess
let server: readonly string[]
let otherDirectory: string

beforeAll(async () => {
  otherDirectory = mkdtempSync(join(tmpdir(), 'ottla-interop-'))
  broker = await BrokerProcess.start([], [otherDirectory])
  server = ['--bootstrap-server', broker.bootstrap]
})

afterAll(async () => {
  await broker.dispose()
  rmSync(otherDirectory, { recursive: true, force: true })
})

const run = (tool: string, ...words: string[]) => javaTool(tool, [...server, ...words])
const configs = (...words: string[]) => run('kafka.admin.ConfigCommand', ...words)
const groups = (...words: string[]) => run(`${tools}.consumer.group.ConsumerGroupCommand`, ...words)
const consume = (...words: string[]) => run(`${tools}.consumer.ConsoleConsumer`, ...words)

async function produce(topic: string, lines: readonly string[]): Promise<void> {
  const words = [...server, '--topic', topic, '--sync', '--request-timeout-ms', '60000']
  await javaTool(`${tools}.ConsoleProducer`, words, lines.map((line) => `${line}\n`).join(''))
}

test('kafka-delete-records', async () => {
  await produce('deleted', ['a', 'b', 'c'])
  const file = join(otherDirectory, 'offsets.json')
  const deleteTo = (offset: number) => {
    const partitions = [{ topic: 'deleted', partition: 0, offset }]
    writeFileSync(file, JSON.stringify({ partitions, version: 1 }))
    return run(`${tools}.DeleteRecordsCommand`, '--offset-json-file', file)
  }
  expect(await deleteTo(2)).toContain('partition: deleted-0\tlow_watermark: 2')
  expect(await deleteTo(9)).toMatch(/partition: deleted-0\terror: .*OffsetOutOfRangeException/)
  expect(await consume('--topic', 'deleted', '--from-beginning', '--max-messages', '1')).toBe('c\n')
  expect(await deleteTo(-1)).toContain('partition: deleted-0\tlow_watermark: 3')
  const earliest = await run(`${tools}.GetOffsetShell`, '--topic', 'deleted', '--time', 'earliest')
  expect(earliest).toBe('deleted:0:3\n')
})

test('kafka-log-dirs finds every replica in one of the directories', async () => {
  await run(`${tools}.TopicCommand`, '--create', '--topic', 'placed', '--partitions', '4')
  await produce('placed', ['a'])
  const output = await run(`${tools}.LogDirsCommand`, '--describe', '--topic-list', 'placed')
  const { brokers } = JSON.parse(output.split('\n').find((line) => line.startsWith('{'))!) as LogDirs
  expect(brokers.map((one) => one.broker)).toEqual([1])
  const { logDirs } = brokers[0]!
  // In the order in which the tool's hash map has them.
  expect(logDirs.map(({ logDir }) => logDir).sort()).toEqual([broker.directory, otherDirectory].sort())
  expect(logDirs.map(({ error }) => error)).toEqual([null, null])
  const replicas = logDirs.flatMap(({ partitions }) => partitions)
  expect(replicas.map(({ partition }) => partition).sort()).toEqual(['placed-0', 'placed-1', 'placed-2', 'placed-3'])
  expect(replicas.every(({ offsetLag, isFuture }) => offsetLag === 0 && !isFuture)).toBe(true)
  expect(replicas.filter(({ size }) => size > 0).length).toBe(1)
})

interface LogDirs {
  readonly brokers: readonly {
    readonly broker: number
    readonly logDirs: readonly {
      readonly logDir: string
      readonly error: string | null
      readonly partitions: readonly {
        readonly partition: string
        readonly size: number
        readonly offsetLag: number
        readonly isFuture: boolean
      }[]
    }[]
  }[]
}

test('kafka-consumer-groups --delete-offsets', async () => {
  for (const topic of ['kept', 'forgotten']) await produce(topic, ['a'])
  const include = ['--include', 'kept|forgotten', '--from-beginning', '--max-messages', '2']
  await consume(...include, '--group', 'forgetful')
  const words = ['--group', 'forgetful', '--topic', 'forgotten', '--topic', 'nowhere:0']
  const deleted = await groups('--delete-offsets', ...words).catch(String)
  expect(deleted).toMatch(/forgotten\s+0\s+Successful/)
  expect(deleted).toMatch(/nowhere\s+0\s+Error: .*UnknownTopicOrPartition/)
  const described = await groups('--describe', '--group', 'forgetful')
  expect(described).toMatch(/forgetful\s+kept\s+0\s+1\s+1/)
  expect(described).not.toContain('forgotten')
})

test('kafka-transactions describe-producers', async () => {
  await produce('written', ['a', 'b'])
  const described = await run(
    `${tools}.TransactionsCommand`,
    ...['describe-producers', '--topic', 'written', '--partition', '0'],
  )
  const row = described.trim().split('\n').at(-1)!.trim().split(/\s+/)
  expect(row).toMatchObject({ 1: '0', 2: '-1', 3: '1', 5: 'None' })
})

test('what has settings is listed: kafka-client-metrics and kafka-configs', async () => {
  const metrics = (...words: string[]) => run(`${tools}.ClientMetricsCommand`, ...words)
  await metrics('--alter', '--name', 'subscription', '--interval', '5000')
  await configs(
    ...['--alter', '--entity-type', 'groups', '--entity-name', 'tuned'],
    ...['--add-config', 'consumer.session.timeout.ms=50000'],
  )
  expect(await metrics('--list')).toBe('subscription\n')
  const described = await configs('--describe', '--entity-type', 'groups')
  expect(described).toContain('Dynamic configs for group tuned are:')
  expect(await configs('--describe', '--entity-type', 'client-metrics')).toContain('interval.ms=5000')
})

test('kafka-metadata-quorum describes the quorum of one', async () => {
  const quorum = (...words: string[]) => run(`${tools}.MetadataQuorumCommand`, 'describe', ...words)
  const status = await quorum('--status')
  expect(status).toMatch(/^LeaderId:\s+1$/m)
  expect(status).toMatch(/^MaxFollowerLag:\s+0$/m)
  expect(status).toMatch(/^CurrentVoters:\s+\[{"id": 1, "directoryId": "[\w-]{22}"}\]$/m)
  expect(status).toMatch(/^CurrentObservers:\s+\[\]$/m)
  expect(await quorum('--replication')).toMatch(/^1\s+[\w-]{22}\s+\d+\s+0\s+\d{13}\s+\d{13}\s+Leader\s*$/m)
})
