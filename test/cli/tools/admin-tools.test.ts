/**
 * The administrators' tools with the names of Apache Kafka's, against a node in this process. That they print what the
 * stock ones print is test/interop/own-tools.test.ts's to say; here are their effects and exit codes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runTool, toolNames } from '../../../src/cli/tools/run-tool.ts'
import { fetchOffsets } from '../../../src/client/group-offsets.ts'
import { Producer } from '../../../src/client/producer.ts'
import { NodeCodecs } from '../../../src/io/codecs/node-codecs.ts'
import { ClientHarness } from '../../client/client-harness.ts'
import { MemoryStreams } from '../data/memory-streams.ts'

let harness: ClientHarness
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-tools-'))
  harness = await ClientHarness.start()
  await harness.createTopic('t', 2)
  const producer = await Producer.open(harness.client(), { codecs: new NodeCodecs() })
  await producer.prepare('t')
  for (let index = 0; index < 10; index++)
    producer.append('t', { value: Buffer.from('v'), partition: index % 2 }, () => {})
  await producer.flush()
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await harness.dispose()
})

async function run(tool: string, ...words: string[]): Promise<{ code: number; printed: string; told: string }> {
  const streams = new MemoryStreams()
  const code = await runTool(tool, ['--bootstrap-server', harness.node.bootstrap, ...words], streams)
  return { code, printed: streams.printed, told: streams.told }
}

test.each(toolNames)('%s explains itself, and refuses what it does not know', async (tool) => {
  const alone = async (word: string) => {
    const streams = new MemoryStreams()
    const code = await runTool(tool, [word], streams)
    return { code, text: streams.printed + streams.told }
  }
  expect((await alone('--help')).text).toMatch(/\n-.* +\S/)
  const wrong = await alone('--nonsense')
  expect(wrong.code).toBe(1)
  expect(wrong.text.split('\n')[0]).toContain('nonsense is not a recognized option')
  expect((await alone('--version')).text).toMatch(/^4\.3\.1/)
})

test('kafka-topics', async () => {
  expect((await run('kafka-topics', '--create', '--topic', 'made', '--partitions', '3')).printed).toBe(
    'Created topic made.\n',
  )
  const listed = await run('kafka-topics', '--list', '--exclude-internal')
  expect(listed).toEqual({ code: 0, printed: 'made\nt\n', told: '' })
  const described = await run('kafka-topics', '--describe', '--topic', 'made')
  expect(described.printed).toMatch(
    /^Topic: made\tTopicId: [\w-]{22}\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: /,
  )
  expect(described.printed).toContain(
    '\tTopic: made\tPartition: 2\tLeader: 1\tReplicas: 1\tIsr: 1\tElr: \tLastKnownElr: \n',
  )
  expect(await run('kafka-topics', '--delete', '--topic', 'made')).toEqual({ code: 0, printed: '', told: '' })
  expect(await run('kafka-topics', '--delete', '--topic', 'made')).toEqual({
    code: 1,
    printed: "Error while executing topic command : Topic 'made' does not exist as expected\n",
    told: '',
  })
})

test('kafka-configs', async () => {
  const topic = ['--entity-type', 'topics', '--entity-name', 't'] as const
  const altered = await run('kafka-configs', '--alter', ...topic, '--add-config', 'cleanup.policy=[compact,delete]')
  expect(altered).toEqual({ code: 0, printed: 'Completed updating config for topic t.\n', told: '' })
  expect((await run('kafka-configs', '--describe', '--topic', 't')).printed).toBe(
    'Dynamic configs for topic t are:\n  cleanup.policy=compact,delete sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, DEFAULT_CONFIG:log.cleanup.policy=delete}\n',
  )
  const refused = await run('kafka-configs', '--alter', ...topic, '--add-config', 'retention.ms=soon')
  expect(refused.code).toBe(1)
  expect(refused.told).toContain('Invalid value soon for configuration retention.ms')
})

test('kafka-consumer-groups', async () => {
  const reset = ['--reset-offsets', '--group', 'g', '--topic', 't:1'] as const
  expect((await run('kafka-consumer-groups', ...reset, '--to-offset', '3')).told).toContain(
    '--execute option is missing',
  )
  expect(await fetchOffsets(harness.client(), 'g')).toEqual([])
  expect((await run('kafka-consumer-groups', ...reset, '--to-offset', '3', '--execute')).printed).toMatch(
    /\ng +t +1 +3\n$/,
  )
  expect(await fetchOffsets(harness.client(), 'g')).toMatchObject([{ topic: 't', partition: 1, offset: 3 }])
  expect((await run('kafka-consumer-groups', '--describe', '--group', 'g')).printed).toMatch(
    /\ng +t +1 +3 +5 +2 +- +- +-\n$/,
  )
  expect((await run('kafka-consumer-groups', '--delete', '--group', 'g')).printed).toBe(
    "Deletion of requested consumer groups ('g') was successful.\n",
  )
})

test('kafka-delete-records and kafka-log-dirs', async () => {
  const file = join(folder, 'offsets.json')
  writeFileSync(file, JSON.stringify({ partitions: [{ topic: 't', partition: 0, offset: 2 }] }))
  expect((await run('kafka-delete-records', '--offset-json-file', file)).printed).toContain(
    'partition: t-0\tlow_watermark: 2\n',
  )
  const dirs = await run('kafka-log-dirs', '--describe', '--topic-list', 't')
  expect(JSON.parse(dirs.printed.split('\n')[2]!)).toMatchObject({
    brokers: [{ broker: 1, logDirs: [{ error: null, logDir: harness.node.directory, partitions: [{}, {}] }] }],
  })
})

test('kafka-cluster and kafka-metadata-quorum', async () => {
  expect((await run('kafka-cluster', 'cluster-id')).printed).toMatch(/^Cluster ID: [\w-]{22}\n$/)
  expect((await run('kafka-cluster', 'list-endpoints')).printed).toMatch(
    /\n1 +127\.0\.0\.1 \d+ +null +unfenced +broker/,
  )
  expect((await run('kafka-cluster', 'lost')).told).toContain("invalid choice: 'lost'")
  expect((await run('kafka-metadata-quorum', 'describe', '--status')).printed).toMatch(
    /^ClusterId: +[\w-]{22}\nLeaderId: +1\n/,
  )
  expect((await run('kafka-metadata-quorum', 'describe')).code).toBe(1)
  const dry = ['remove-controller', '-i', '2', '-d', 'AAAAAAAAAAAAAAAAAAAAAQ', '--dry-run']
  expect((await run('kafka-metadata-quorum', ...dry)).printed).toContain('DRY RUN of removing')
})

test('kafka-dump-log reads the files of a segment', async () => {
  const file = join(harness.node.directory, 't-1', '00000000000000000000.log')
  const streams = new MemoryStreams()
  expect(await runTool('kafka-dump-log', ['--files', file, '--print-data-log'], streams)).toBe(0)
  expect(streams.printed.split('\n').slice(0, 2)).toEqual([`Dumping ${file}`, 'Log starting offset: 0'])
  expect(streams.printed).toMatch(/\n\| offset: 4 CreateTime: \d+ keySize: -1 valueSize: 1 .* payload: v\n/)
})

test('a client setting that cannot be met is refused', async () => {
  const file = join(folder, 'client.properties')
  writeFileSync(file, 'security.protocol=SSL\n')
  const refused = await run('kafka-topics', '--list', '--command-config', file)
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.printed).toContain('security.protocol=SSL: this client speaks PLAINTEXT alone')
})
