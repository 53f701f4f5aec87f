/**
 * The stock tools that change what the controller keeps: features, leaders, assignments, quotas, levels of loggers. Each
 * does what an administrator of one broker may do with it, and must print what it prints against Apache Kafka.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokerProcess } from './support/broker-process.ts'
import { javaTool } from './support/run-tool.ts'

const tools = 'org.apache.kafka.tools'
const files = mkdtempSync(join(tmpdir(), 'ottla-tools-'))
let broker: BrokerProcess
let server: readonly string[]

beforeAll(async () => {
  broker = await BrokerProcess.start()
  server = ['--bootstrap-server', broker.bootstrap]
})

afterAll(async () => {
  await broker.dispose()
  rmSync(files, { recursive: true, force: true })
})

const features = (...words: string[]) => javaTool(`${tools}.FeatureCommand`, [...server, ...words])
const elect = (...words: string[]) => javaTool(`${tools}.LeaderElectionCommand`, [...server, ...words])
const configs = (...words: string[]) => javaTool('kafka.admin.ConfigCommand', [...server, ...words])
const reassign = (...words: string[]) => javaTool(`${tools}.reassign.ReassignPartitionsCommand`, [...server, ...words])

function fileOf(name: string, content: object): string {
  const path = join(files, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}

test('kafka-features describes, lowers, raises, and refuses what would lose metadata', async () => {
  expect(await features('downgrade', '--feature', 'group.version=0')).toBe('group.version was downgraded to 0.\n')
  expect(await features('describe')).toMatch(/^Feature: group\.version\s.*FinalizedVersionLevel: 0\s/m)
  expect(await features('upgrade', '--release-version', '4.3')).toBe(
    [
      'eligible.leader.replicas.version was upgraded to 1.',
      'group.version was upgraded to 1.',
      'kraft.version was upgraded to 1.',
      'metadata.version was upgraded to 30.',
      'share.version was upgraded to 1.',
      'streams.version was upgraded to 1.',
      'transaction.version was upgraded to 2.\n',
    ].join('\n'),
  )
  await expect(features('downgrade', '--release-version', '4.2')).rejects.toThrow(
    'Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested downgrade because it might ' +
      'delete metadata information.',
  )
})

test('kafka-leader-election and kafka-reassign-partitions', async () => {
  const topic = ['--topic', 'moved', '--partitions', '2']
  await javaTool(`${tools}.TopicCommand`, [...server, '--create', ...topic])
  const preferred = ['--election-type', 'preferred']
  expect(await elect(...preferred, '--all-topic-partitions')).toBe('')
  expect(await elect(...preferred, '--topic', 'moved', '--partition', '0')).toBe(
    'Valid replica already elected for partitions moved-0\n',
  )
  const toMove = fileOf('topics.json', { version: 1, topics: [{ topic: 'moved' }] })
  const generated = await reassign('--topics-to-move-json-file', toMove, '--broker-list', '1', '--generate')
  const [, proposal] = generated.split('Proposed partition reassignment configuration\n')
  const plan = JSON.parse(proposal!)
  expect(plan.partitions).toMatchObject([0, 1].map((partition) => ({ topic: 'moved', partition, replicas: [1] })))
  const planned = ['--reassignment-json-file', fileOf('plan.json', plan)]
  expect(await reassign(...planned, '--execute')).toContain('Successfully started partition reassignments for moved-0,')
  expect(await reassign(...planned, '--verify')).toContain('Reassignment of partition moved-1 is completed.')
  expect(await reassign('--list')).toBe('No partition reassignments found.\n')
  expect(await reassign(...planned, '--cancel')).toContain('None of the specified partition reassignments are active.')
})

test('kafka-configs: quotas of users, clients and addresses, and credentials', async () => {
  const user = ['--entity-type', 'users', '--entity-name', 'alice']
  const client = ['--entity-type', 'clients', '--entity-name', 'reports']
  const address = ['--entity-type', 'ips', '--entity-name', '127.0.0.1']
  await Promise.all([
    configs('--alter', ...user, '--add-config', 'producer_byte_rate=1000'),
    configs('--alter', ...user, '--add-config', 'SCRAM-SHA-256=[iterations=8192,password=secret]'),
    configs('--alter', ...user, ...client, '--add-config', 'consumer_byte_rate=2000'),
    configs('--alter', ...address, '--add-config', 'connection_creation_rate=100'),
  ])
  const described = await Promise.all([
    configs('--describe', '--entity-type', 'users'),
    configs('--describe', '--entity-type', 'users', '--entity-type', 'clients'),
    configs('--describe', ...address),
  ])
  expect(described).toEqual([
    "Quota configs for user-principal 'alice' are producer_byte_rate=1000.0\n" +
      "SCRAM credential configs for user-principal 'alice' are SCRAM-SHA-256=iterations=8192\n",
    "Quota configs for user-principal 'alice', client-id 'reports' are consumer_byte_rate=2000.0\n",
    "Quota configs for ip '127.0.0.1' are connection_creation_rate=100.0\n",
  ])
})

test('kafka-configs: the level of a logger takes effect at once', async () => {
  const loggers = ['--entity-type', 'broker-loggers', '--entity-name', '1']
  await configs('--alter', ...loggers, '--add-config', 'root=WARN,ottla.broker=DEBUG')
  const described = await configs('--describe', ...loggers)
  expect(described).toContain('  root=WARN sensitive=false synonyms={}\n')
  expect(described).toContain('  ottla.server=WARN sensitive=false synonyms={}\n')
  await expect.poll(() => broker.output).toContain('the level of a logger has changed name=ottla.broker level=DEBUG')
  await expect(configs('--alter', ...loggers, '--add-config', 'kafka=DEBUG')).rejects.toThrow(
    'Invalid broker logger(s): kafka',
  )
})

test('kafka-acls says that there is no authorizer, kafka-cluster unregisters whom it knows', async () => {
  await expect(javaTool(`${tools}.AclCommand`, [...server, '--list'])).rejects.toThrow(
    'SecurityDisabledException: No Authorizer is configured on the broker',
  )
  await expect(javaTool(`${tools}.ClusterTool`, ['unregister', ...server, '--id', '7'])).rejects.toThrow(
    'Broker ID 7 is not currently registered',
  )
})
