/** `ottla quorum`, `brokers`, `reassign` and `elect`, and the tools of the same tasks, against a node in this process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { countsOf } from '../../../src/cli/admin/brokers.ts'
import { parseRate } from '../../../src/cli/admin/cluster-commands.ts'
import { progressText } from '../../../src/cli/admin/reassign-progress.ts'
import { main } from '../../../src/cli/main.ts'
import { runTool } from '../../../src/cli/tools/run-tool.ts'
import { metadataResponse } from '../../../src/protocol/api/03-metadata.ts'
import { decode, encode } from '../../../src/protocol/compile.ts'
import { ClientHarness } from '../../client/client-harness.ts'
import { MemoryStreams } from '../data/memory-streams.ts'

let harness: ClientHarness
let folder: string
let printed = ''
let told = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ottla-cluster-commands-'))
  harness = await ClientHarness.start()
  await harness.createTopic('orders', 2)
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += chunk
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    told += chunk
    return true
  })
})

afterAll(async () => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
  await harness.dispose()
})

afterEach(() => {
  printed = ''
  told = ''
})

async function ottla(...words: string[]): Promise<{ code: number; printed: string; told: string }> {
  printed = ''
  told = ''
  const code = await main([...words, '-b', harness.node.bootstrap])
  return { code, printed, told }
}

async function tool(name: string, ...words: string[]): Promise<{ code: number; printed: string; told: string }> {
  const streams = new MemoryStreams()
  const code = await runTool(name, words, streams)
  return { code, printed: streams.printed, told: streams.told }
}

test('quorum', async () => {
  expect((await ottla('quorum')).printed).toMatch(/^leader 1, epoch \d+, high watermark \d+\n\nNODE +ROLE/)
  expect((await ottla('quorum', 'replication')).printed).toMatch(/DIRECTORY/)
  expect(JSON.parse((await ottla('quorum', '--json')).printed)).toMatchObject({ leaderId: 1, voters: [{ id: 1 }] })
  expect(await ottla('quorum', 'remove-voter', '9')).toEqual({
    code: 1,
    printed: '',
    told: 'ottla: node 9 is no voter\n',
  })
  expect((await ottla('quorum', 'remove-voter', '1', '--dry-run')).printed).toMatch(
    /^would remove voter 1, directory \S{22}\n$/,
  )
})

test('brokers', async () => {
  const { brokers, partitionsWithoutLeader } = JSON.parse((await ottla('brokers', '--json')).printed) as {
    brokers: unknown[]
    partitionsWithoutLeader: number
  }
  expect(partitionsWithoutLeader).toBe(0)
  expect(brokers).toMatchObject([{ id: 1, isFenced: false, leaderCount: 2, replicaCount: 2, underReplicatedCount: 0 }])
  expect((await ottla('brokers')).printed).toMatch(/^BROKER .*\n1 .* live /)
  expect((await ottla('brokers', 'unregister', '1')).told).toContain('broker 1 is live')
  expect(await ottla('brokers', 'unregister', '9')).toMatchObject({ code: 1, told: expect.stringContaining('not') })
})

test('what a broker leads and holds', () => {
  const partitions = [
    { leaderId: 1, replicaNodes: [1, 2], isrNodes: [1] },
    { leaderId: 2, replicaNodes: [1, 2], isrNodes: [2] },
    { leaderId: 3, replicaNodes: [3], isrNodes: [3] },
  ].map((each, partitionIndex) => ({ ...each, partitionIndex }))
  const { topics } = decode(metadataResponse, 12, encode(metadataResponse, 12, { topics: [{ name: 't', partitions }] }))
  expect(countsOf(topics, 1)).toEqual({ leaderCount: 1, replicaCount: 2, underReplicatedCount: 1, outOfSyncCount: 1 })
  expect(countsOf(topics, 4)).toEqual({ leaderCount: 0, replicaCount: 0, underReplicatedCount: 0, outOfSyncCount: 0 })
})

test('reassign', async () => {
  expect((await ottla('reassign')).printed).toBe('nothing is under way\n')
  expect((await ottla('reassign', 'orders')).printed).toBe('all of them are where they should be\n')
  expect((await ottla('reassign', 'orders', '--json')).printed).toBe('{"version":1,"partitions":[]}\n')
  expect((await ottla('reassign', 'orders', '-r', '2')).told).toContain('2 replicas need as many brokers: there are 1')
  expect((await ottla('reassign', 'orders', '--to', '7')).told).toContain('no live broker 7')
  expect((await ottla('reassign', '--execute')).told).toContain('--execute needs topics or a --plan-file')
  expect((await ottla('reassign', '--execute', '--cancel')).told).toContain('exclude each other')
  expect((await ottla('reassign', '--cancel')).printed).toBe('nothing is under way\n')
  expect(await ottla('reassign', 'orders:1', '--verify')).toEqual({
    code: 0,
    printed: '1 of 1 partitions are where they should be\n',
    told: '',
  })
  expect((await ottla('reassign', '-p', join(folder, 'none'))).told).toContain('cannot read the plan')
})

test('rates', () => {
  expect(['7', '500k', '20M', '1G'].map(parseRate)).toEqual([7n, 500_000n, 20_000_000n, 1_000_000_000n])
  expect(() => parseRate('fast')).toThrow('--throttle fast')
  const move = {
    topic: 't',
    partition: 0,
    replicas: [1, 2],
    adding: [2],
    removing: [],
    bytes: 1_048_576,
    bytesTotal: 4_194_304,
  }
  expect(progressText([move, move])).toBe('2 partitions under way, 2.0 of 8.0 MB (25%)')
})

test('elect', async () => {
  expect((await ottla('elect', '--all')).printed).toBe('no election was needed\n')
  expect((await ottla('elect', 'orders:1', '--json')).printed).toContain('"result": "not needed"')
  expect((await ottla('elect')).told).toContain('elect needs topics')
  expect((await ottla('elect', 'nothing')).told).toBe('ottla: topic nothing does not exist\n')
})

test('kafka-leader-election', async () => {
  const server = ['--bootstrap-server', harness.node.bootstrap, '--election-type', 'preferred'] as const
  expect(await tool('kafka-leader-election', ...server, '--all-topic-partitions')).toEqual({
    code: 0,
    printed: '',
    told: '',
  })
  expect((await tool('kafka-leader-election', ...server, '--topic', 'orders', '--partition', '1')).printed).toBe(
    'Valid replica already elected for partitions orders-1\n',
  )
  const failed = await tool('kafka-leader-election', ...server, '--topic', 'none', '--partition', '1')
  expect(failed).toMatchObject({ code: 1, told: '1 replica(s) could not be elected\n' })
  expect(failed.printed).toMatch(/^Error completing leader election \(PREFERRED\) for partition: none-1: org\.apache/)
})

test('kafka-reassign-partitions', async () => {
  const run = (...words: string[]) =>
    tool('kafka-reassign-partitions', '--bootstrap-server', harness.node.bootstrap, ...words)
  expect((await run('--list')).printed).toBe('No partition reassignments found.\n')
  const topics = join(folder, 'topics.json')
  writeFileSync(topics, '{"topics":[{"topic":"orders"}],"version":1}')
  const generated = await run('--generate', '--topics-to-move-json-file', topics, '--broker-list', '1')
  const proposed = generated.printed.trimEnd().split('\n').at(-1)!
  expect(JSON.parse(proposed)).toMatchObject({ partitions: [{ replicas: [1], log_dirs: ['any'] }, { partition: 1 }] })
  const plan = join(folder, 'plan.json')
  writeFileSync(plan, proposed)
  expect((await run('--execute', '--reassignment-json-file', plan, '--throttle', '1000')).printed).toMatch(
    /Warning: .*\nThe inter-broker throttle limit was set to 1000 B\/s\nSuccessfully started partition reassignments for orders-0,orders-1\n$/,
  )
  const throttled = await tool(
    'kafka-configs',
    '--bootstrap-server',
    harness.node.bootstrap,
    '--describe',
    '--topic',
    'orders',
  )
  expect(throttled.printed).toContain('leader.replication.throttled.replicas=0:1,1:1')
  expect((await run('--verify', '--reassignment-json-file', plan)).printed).toContain(
    'Reassignment of partition orders-1 is completed.\n\nClearing broker-level throttles on broker 1\nClearing topic-level throttles on topic orders\n',
  )
  const cleared = await tool(
    'kafka-configs',
    '--bootstrap-server',
    harness.node.bootstrap,
    '--describe',
    '--topic',
    'orders',
  )
  expect(cleared.printed).not.toContain('throttled')
  expect((await run('--execute', '--list')).told).toContain('Command must include exactly one action')
})

test('kafka-storage', async () => {
  const data = join(folder, 'data')
  const properties = join(folder, 'node.properties')
  writeFileSync(
    properties,
    ['process.roles=broker,controller', 'node.id=7', `log.dirs=${data}`, 'controller.listener.names=CONTROLLER']
      .concat(['listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093'])
      .concat(['controller.quorum.bootstrap.servers=localhost:9093', ''])
      .join('\n'),
  )
  const format = ['format', '-c', properties, '-t', 'MkU3OEVBNTcwNTJENDM2Qg'] as const
  expect((await tool('kafka-storage', ...format)).told).toMatch(/^Because controller.quorum.voters is not set/)
  expect((await tool('kafka-storage', 'info', '-c', properties)).printed).toBe(
    `Found problem:\n  ${data} does not exist\n\n`,
  )
  const voters = '7@localhost:9093:JEXY6aqzQY-32P5TStzaFg,8@localhost:9095:MvDxzVmcRsaTz33bUuRU6A'
  expect((await tool('kafka-storage', ...format, '-I', voters)).printed).toContain(
    `Formatting dynamic metadata voter directory ${data} with metadata.version 4.3-IV0.\n`,
  )
  expect(readFileSync(join(data, 'meta.properties'), 'utf8')).toContain('directory.id=JEXY6aqzQY-32P5TStzaFg')
  expect((await tool('kafka-storage', ...format, '-s')).told).toMatch(/is already formatted\. Use --ignore-formatted/)
  expect((await tool('kafka-storage', ...format, '-s', '-g')).printed).toBe(
    'All of the log directories are already formatted.\n',
  )
  expect((await tool('kafka-storage', 'info', '-c', properties)).code).toBe(0)
  expect((await tool('kafka-storage', ...format, '-s', '-N')).told).toContain('not allowed with argument')
  expect((await tool('kafka-storage', 'random-uuid')).printed).toMatch(/^[\w-]{22}\n$/)
})
