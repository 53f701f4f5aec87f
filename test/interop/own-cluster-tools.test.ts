/**
 * The project's own tools of a cluster's administrator print what the stock ones print, against the same three brokers:
 * Apache Kafka's, unless OTTLA_CLUSTER_SOFTWARE says ottla's. What changes something is done by each to a topic of its own.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { program, repositoryRoot } from './support/broker-process.ts'
import { Cluster, combinedNodes, steadySettings } from './support/cluster.ts'
import type { Software } from './support/cluster-node.ts'

const kafkaTools = 'org.apache.kafka.tools'
const classes = {
  'kafka-reassign-partitions': `${kafkaTools}.reassign.ReassignPartitionsCommand`,
  'kafka-leader-election': `${kafkaTools}.LeaderElectionCommand`,
  'kafka-metadata-quorum': `${kafkaTools}.MetadataQuorumCommand`,
  'kafka-topics': `${kafkaTools}.TopicCommand`,
  'kafka-log-dirs': `${kafkaTools}.LogDirsCommand`,
  'kafka-get-offsets': `${kafkaTools}.GetOffsetShell`,
  'kafka-storage': 'kafka.tools.StorageTool',
} as const
type ToolName = keyof typeof classes

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly error: string
}

let cluster: Cluster
let server: readonly string[]

beforeAll(async () => {
  const software = (process.env.OTTLA_CLUSTER_SOFTWARE ?? 'kafka') as Software
  cluster = await Cluster.start({
    nodes: combinedNodes(3, software),
    settings: steadySettings,
  })
  server = ['--bootstrap-server', cluster.bootstrap]
  for (const name of ['stock-made', 'ottla-made'])
    await own('kafka-topics', ...server, '--create', '--topic', name, '--replica-assignment', '1:2,2:3')
})

afterAll(() => cluster?.dispose())

/** Without stack traces, which ours do not print; of standard error the first line. */
async function end(command: string, words: readonly string[]): Promise<Ended> {
  const child = spawn(command, words)
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  const isOfTrace = (line: string): boolean =>
    /^\s+at |^Caused by: |^(org|java)\.[\w.]+Exception: |^\s+\.\.\. /.test(line)
  const lines = output.split('\n').filter((line) => !isOfTrace(line))
  return { code, output: lines.join('\n').trimEnd(), error: errors.split('\n')[0]! }
}

function stock(tool: ToolName, ...words: readonly string[]): Promise<Ended> {
  return end(join(repositoryRoot, 'test/interop/reference/kafka.sh'), ['tool', classes[tool], ...words])
}

function own(tool: ToolName, ...words: readonly string[]): Promise<Ended> {
  return end(process.execPath, [join(dirname(program), tool), ...words])
}

async function expectSame(tool: ToolName, ...words: readonly string[]): Promise<string> {
  const expected = await stock(tool, ...server, ...words)
  const actual = await own(tool, ...server, ...words)
  expect(actual, [tool, ...words].join(' ')).toEqual(expected)
  return actual.output
}

/** Each with a topic of its own where `words` say NAME. */
async function expectSameChange(tool: ToolName, ...words: readonly string[]): Promise<string> {
  const withName = (name: string): string[] => words.map((word) => word.replace('NAME', name))
  const nameless = ({ code, output, error }: Ended): Ended => {
    const hide = (text: string): string => text.replaceAll(/stock-made|ottla-made/g, 'NAME')
    return { code, output: hide(output), error: hide(error) }
  }
  const expected = nameless(await stock(tool, ...server, ...withName('stock-made')))
  const actual = nameless(await own(tool, ...server, ...withName('ottla-made')))
  expect(actual, [tool, ...words].join(' ')).toEqual(expected)
  return actual.output
}

/** A file for each of the two topics; the name has NAME. */
function writePlans(name: string, replicas: readonly number[][]): string {
  for (const topic of ['stock-made', 'ottla-made']) {
    const partitions = replicas.map((each, partition) => ({ topic, partition, replicas: each }))
    writeFileSync(join(cluster.directory, `${name}-${topic}.json`), JSON.stringify({ version: 1, partitions }))
  }
  return join(cluster.directory, `${name}-NAME.json`)
}

test('kafka-reassign-partitions', async () => {
  await expectSame('kafka-reassign-partitions', '--list')
  await expectSame('kafka-reassign-partitions', '--list', '--throttle', '5')
  await expectSame('kafka-reassign-partitions', '--list', '--verify')
  const plan = [
    '--reassignment-json-file',
    writePlans('plan', [
      [3, 1],
      [1, 2],
    ]),
  ]
  await expectSameChange('kafka-reassign-partitions', ...['--verify', ...plan])
  const begun = await expectSameChange('kafka-reassign-partitions', '--execute', ...plan, '--throttle', '1000000')
  expect(begun).toContain('Successfully started partition reassignments for NAME-0,NAME-1')
  for (const topic of ['stock-made', 'ottla-made']) await cluster.awaitInSync(topic)
  await cluster.until('nothing is under way', async () =>
    (await own('kafka-reassign-partitions', ...server, '--list')).output.startsWith('No partition'),
  )
  expect(await expectSameChange('kafka-reassign-partitions', '--verify', ...plan)).toContain('NAME-1 is completed.')
  await expectSameChange('kafka-reassign-partitions', '--cancel', ...plan)
  const fewer = ['--reassignment-json-file', writePlans('fewer', [[3]])]
  const kept = await expectSameChange(
    'kafka-reassign-partitions',
    '--execute',
    ...fewer,
    '--disallow-replication-factor-change',
  )
  expect(kept).toContain('The replication factor is changed from 2 to 1')
  for (const [name, replicas] of [
    ['unknown', [3, 9]],
    ['twice', [1, 1]],
    ['none', []],
  ] as const)
    await expectSameChange(
      'kafka-reassign-partitions',
      '--execute',
      '--reassignment-json-file',
      writePlans(name, [[...replicas]]),
    )
  await expectSame('kafka-reassign-partitions', '--execute', '--reassignment-json-file', '/nowhere')
})

test('kafka-leader-election', async () => {
  const preferred = ['--election-type', 'preferred'] as const
  await own('kafka-leader-election', ...server, ...preferred, '--all-topic-partitions')
  await expectSame('kafka-leader-election', ...preferred, '--all-topic-partitions')
  expect(await expectSameChange('kafka-leader-election', ...preferred, '--topic', 'NAME', '--partition', '0')).toBe(
    'Valid replica already elected for partitions NAME-0',
  )
  await expectSameChange('kafka-leader-election', '--election-type', 'unclean', '--topic', 'NAME', '--partition', '0')
  await expectSameChange('kafka-leader-election', ...preferred, '--topic', 'NAME', '--partition', '7')
  await expectSame('kafka-leader-election', ...preferred, '--topic', 'none')
  await expectSame('kafka-leader-election', '--election-type', 'wild', '--all-topic-partitions')
  const file = writePlans('elect', [[1], [1]])
  // The order is that of a hash map, which depends on the name: both ask for the same topic.
  const ofOne = file.replace('NAME', 'stock-made')
  await expectSame('kafka-leader-election', ...preferred, '--path-to-json-file', ofOne)
  await expectSame('kafka-leader-election', ...preferred, '--path-to-json-file', '/nowhere')
})

test('what only looks, at three brokers', async () => {
  await expectSame('kafka-topics', '--describe', '--topic', 'stock-made')
  await expectSame('kafka-log-dirs', '--describe', '--topic-list', 'stock-made,ottla-made')
  await expectSame('kafka-get-offsets', '--topic', 'stock-made')
  await expectSame('kafka-metadata-quorum', 'describe', '--status', '--replication')
  const uncounted = ({ code, output }: Ended) => [
    code,
    output.replaceAll(/(Watermark|Lag|LagTimeMs|Epoch): +-?\d+/g, '$1'),
  ]
  const status = [...server, 'describe', '--status'] as const
  expect(uncounted(await own('kafka-metadata-quorum', ...status))).toEqual(
    uncounted(await stock('kafka-metadata-quorum', ...status)),
  )
})

test('kafka-storage', async () => {
  const same = async (...words: string[]): Promise<void> =>
    expect(await own('kafka-storage', ...words)).toEqual(await stock('kafka-storage', ...words))
  const data = join(cluster.directory, 'own-storage')
  const properties = join(cluster.directory, 'own-storage.properties')
  writeFileSync(
    properties,
    `process.roles=broker,controller\nnode.id=7\nlog.dirs=${data}\ncontroller.listener.names=CONTROLLER
listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\ncontroller.quorum.bootstrap.servers=localhost:9093\n`,
  )
  const format = ['format', '-c', properties, '-t', 'MkU3OEVBNTcwNTJENDM2Qg']
  await same('info', '-c', properties)
  await same(...format)
  expect((await own('kafka-storage', ...format, '-s')).code).toBe(0)
  await same(...format, '-s')
  await same(...format, '-s', '-g')
  await same('info', '-c', properties)
  await same('version-mapping')
})
