/** The stock tools of Apache Kafka against three brokers: what an administrator of a cluster does with them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster, combinedNodes, steadySettings } from './support/cluster.ts'
import type { ClusterNode } from './support/cluster-node.ts'
import { ClusterTools } from './support/cluster-tools.ts'
import { javaTool, kcatTool } from './support/run-tool.ts'

let cluster: Cluster
let tools: ClusterTools

beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: combinedNodes(3),
    quorum: 'dynamic',
    // Every change of metadata is worth a snapshot.
    settings: [...steadySettings, 'metadata.log.max.record.bytes.between.snapshots=2000'],
  })
  tools = new ClusterTools(cluster)
})

afterAll(async () => {
  await cluster.dispose()
})

test('kafka-topics creates with the default of three replicas, spreads the leaders, lists and describes', async () => {
  await tools.topics('--create', '--topic', 'three', '--partitions', '3')
  expect((await tools.topics('--list')).split('\n')).toContain('three')
  const described = await tools.topics('--describe', '--topic', 'three')
  expect(described).toMatch(/PartitionCount: 3\s+ReplicationFactor: 3/)
  const leaders = [...described.matchAll(/Leader: (\d)\s+Replicas: \d,\d,\d/g)].map(([, leader]) => leader)
  expect(leaders.sort()).toEqual(['1', '2', '3'])
  await cluster.awaitInSync('three')
  expect(await tools.topics('--describe', '--under-replicated-partitions')).toBe('')
})

test('kafka-reassign-partitions moves data, kafka-leader-election elects the preferred leaders', async () => {
  await tools.topics('--create', '--topic', 'moving', '--replica-assignment', '1:2,2:3')
  const input = Array.from({ length: 1000 }, (_, index) => `record-${index}`)
  const kcat = ['-b', cluster.bootstrap, '-t', 'moving']
  await kcatTool([...kcat, '-P', '-X', 'acks=all'], `${input.join('\n')}\n`)
  const file = await tools.reassign('moving', [
    [3, 1],
    [1, 2],
  ])
  expect(await tools.verify(file)).toMatch(/moving-0 is completed(.|\n)*moving-1 is completed/)
  await tools.electPreferred('moving')
  const described = await tools.topics('--describe', '--topic', 'moving')
  expect(described).toMatch(/Partition: 0\s+Leader: 3\s+Replicas: 3,1/)
  expect(described).toMatch(/Partition: 1\s+Leader: 1\s+Replicas: 1,2/)
  const read = await kcatTool([...kcat, '-C', '-e', '-q', '-o', 'beginning'])
  expect(new Set(read.trim().split('\n'))).toEqual(new Set(input))
})

test('the tools that ask all brokers hear from each', async () => {
  const versions = await tools.tool('BrokerApiVersionsCommand')
  expect(versions.match(/\(id: \d rack: null isFenced: false\) ->/g)?.length).toBe(3)
  const directories = await tools.tool('LogDirsCommand', '--describe', '--topic-list', 'three')
  expect(JSON.parse(directories.split('\n').at(-2)!).brokers).toHaveLength(3)
  const endpoints = await javaTool('org.apache.kafka.tools.ClusterTool', [
    ...['list-endpoints', '--bootstrap-server', cluster.bootstrap],
  ])
  for (const node of cluster.brokers) expect(endpoints).toContain(node.host)
})

test('kafka-consumer-groups works with groups of several coordinators, kafka-configs with the whole cluster', async () => {
  await tools.topics('--create', '--topic', 'grouped', '--partitions', '1')
  const kcat = ['-b', cluster.bootstrap]
  await kcatTool([...kcat, '-P', '-t', 'grouped', '-X', 'acks=all'], 'a\nb\nc\n')
  const names = Array.from({ length: 6 }, (_, index) => `group-${index}`)
  const read = (name: string) => [...kcat, '-G', name, '-e', '-q', '-X', 'auto.offset.reset=earliest', 'grouped']
  await Promise.all(names.map((name) => kcatTool(read(name))))
  const groups = (...words: string[]) => tools.tool('consumer.group.ConsumerGroupCommand', ...words)
  expect((await groups('--list')).trim().split('\n').sort()).toEqual(names)
  const state = await groups('--describe', '--all-groups', '--state')
  const coordinators = [...state.matchAll(/group-\d\s+\S+\s+\((\d)\)/g)].map(([, id]) => id)
  expect(coordinators).toHaveLength(names.length)
  expect(new Set(coordinators).size).toBeGreaterThan(1)
  await groups('--reset-offsets', '--all-groups', '--topic', 'grouped', '--to-offset', '1', '--execute')
  const described = await groups('--describe', '--all-groups')
  expect(described.match(/group-\d\s+grouped\s+0\s+1\s+3\s+2\s/g)).toHaveLength(names.length)
  await groups('--delete', '--all-groups')
  expect((await groups('--list')).trim()).toBe('')

  const configs = (...words: string[]) =>
    javaTool('kafka.admin.ConfigCommand', ['--bootstrap-server', cluster.bootstrap, ...words])
  const all = ['--entity-type', 'brokers', '--entity-default']
  await configs('--alter', ...all, '--add-config', 'message.max.bytes=2000000')
  const ofAll = await configs('--describe', '--entity-type', 'brokers', '--all')
  // Of each broker, and the default itself.
  expect(ofAll.match(/message.max.bytes=2000000 sensitive=false/g)).toHaveLength(cluster.brokers.length + 1)
})

async function voters(): Promise<{ leader: number; voters: number[]; observers: number[] }> {
  const status = await tools.quorum('describe', '--status')
  const ids = (name: string) =>
    [...status.match(new RegExp(`${name}:\\s+(.*)`))![1]!.matchAll(/"id": (\d+)/g)].map(([, id]) => Number(id)).sort()
  const leader = Number(status.match(/LeaderId:\s+(\d+)/)![1])
  return { leader, voters: ids('CurrentVoters'), observers: ids('CurrentObservers') }
}

function directoryIdOf(node: ClusterNode): string {
  return readFileSync(join(node.directory, 'meta.properties'), 'utf8').match(/directory\.id=(.*)/)![1]!
}

test('kafka-metadata-quorum describes the quorum, removes a voter and adds it again', async () => {
  const before = await voters()
  expect(before.voters).toEqual([1, 2, 3])
  expect(await tools.quorum('describe', '--replication')).toMatch(/\d\s+\S+\s+\d+\s+0\s+.*Leader/)
  const follower = cluster.node(before.voters.find((id) => id !== before.leader)!)
  const words = ['--controller-id', String(follower.id), '--controller-directory-id', directoryIdOf(follower)]
  expect(await tools.quorum('remove-controller', ...words)).toMatch(
    new RegExp(`Removed\\s+KRaft controller ${follower.id}`),
  )
  expect((await voters()).voters).toEqual([1, 2, 3].filter((id) => id !== follower.id))
  // It is one from its next fetch on.
  await expect.poll(async () => (await voters()).observers).toContain(follower.id)
  const added = await javaTool('org.apache.kafka.tools.MetadataQuorumCommand', [
    ...['--bootstrap-controller', cluster.bootstrapControllers, '--command-config', follower.properties],
    'add-controller',
  ])
  expect(added).toMatch(new RegExp(`Added controller ${follower.id}`))
  expect((await voters()).voters).toEqual([1, 2, 3])
})

test('kafka-dump-log reads the metadata log and its snapshots of every node', async () => {
  await Promise.all([...cluster.nodes.values()].map((node) => node.stop()))
  for (const node of cluster.nodes.values()) {
    const directory = join(node.directory, '__cluster_metadata-0')
    const names = readdirSync(directory)
    const files = names.filter((name) => name.endsWith('.log') || name.endsWith('.checkpoint'))
    expect(files.filter((name) => name.endsWith('.checkpoint') && !name.startsWith('0'.repeat(20)))).not.toEqual([])
    const paths = files.map((name) => join(directory, name)).join(',')
    const words = ['--cluster-metadata-decoder', '--files', paths]
    const dumped = await javaTool('org.apache.kafka.tools.DumpLogSegments', words)
    expect(dumped).not.toMatch(/isvalid: false|Error|Could not/)
    expect(dumped).toMatch(/"type":"REGISTER_BROKER_RECORD"/)
    expect(dumped).toMatch(/"type":"TOPIC_RECORD".*"name":"three"/)
    expect(dumped).toMatch(/SnapshotHeader/)
    expect(dumped).toMatch(/KRaftVoters/)
  }
})
