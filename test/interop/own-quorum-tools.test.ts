/**
 * The project's own tools change who votes in a dynamic quorum that lives: kafka-metadata-quorum, as the stock one is
 * called, and `ottla quorum`. Nodes are ottla's, unless OTTLA_CLUSTER_SOFTWARE says kafka.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { program } from './support/broker-process.ts'
import { Cluster, combinedNodes, steadySettings } from './support/cluster.ts'
import type { ClusterNode } from './support/cluster-node.ts'
import { run } from './support/run-tool.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: combinedNodes(3),
    quorum: 'dynamic',
    settings: steadySettings,
  })
})

afterAll(() => cluster?.dispose())

interface Quorum {
  readonly leader: number
  readonly voters: readonly number[]
}

const stockNamed = (...words: readonly string[]): Promise<string> =>
  run(process.execPath, [join(dirname(program), 'kafka-metadata-quorum'), ...words])
const quorum = (...words: readonly string[]): Promise<string> =>
  run(process.execPath, [program, 'quorum', ...words, '--bootstrap-server', cluster.bootstrap])

async function told(): Promise<Quorum> {
  const status = await stockNamed('--bootstrap-server', cluster.bootstrap, 'describe', '--status')
  const listed = JSON.parse(status.match(/CurrentVoters:\s+(.*)/)![1]!) as { id: number }[]
  return { leader: Number(status.match(/LeaderId:\s+(\d+)/)![1]), voters: listed.map(({ id }) => id).sort() }
}

function directoryIdOf(node: ClusterNode): string {
  return readFileSync(join(node.directory, 'meta.properties'), 'utf8').match(/directory\.id=(.*)/)![1]!
}

const others = (ids: readonly number[], id: number): number[] => ids.filter((each) => each !== id)

/** A voter that leads, or one that follows. */
async function pick(isLeader: boolean): Promise<ClusterNode> {
  const { leader, voters } = await told()
  return cluster.node(isLeader ? leader : others(voters, leader)[0]!)
}

async function expectAllVote(): Promise<void> {
  expect((await told()).voters).toEqual([1, 2, 3])
}

test('kafka-metadata-quorum removes a follower and adds it again', async () => {
  await expectAllVote()
  const node = await pick(false)
  const words = ['--controller-id', String(node.id), '--controller-directory-id', directoryIdOf(node)]
  const controllers = ['--bootstrap-controller', cluster.bootstrapControllers]
  await stockNamed(...controllers, 'remove-controller', ...words, '--dry-run')
  await expectAllVote()
  expect(await stockNamed(...controllers, 'remove-controller', ...words)).toMatch(
    new RegExp(`Removed\\s+KRaft controller ${node.id}`),
  )
  expect((await told()).voters).toEqual(others([1, 2, 3], node.id))
  const added = await stockNamed(...controllers, '--command-config', node.properties, 'add-controller')
  expect(added).toMatch(new RegExp(`Added controller ${node.id}`))
  await expectAllVote()
})

test('ottla quorum takes the vote from the leader, another leads, and gives it back', async () => {
  const node = await pick(true)
  await quorum('remove-voter', String(node.id))
  await cluster.until('another leads', async () => {
    const { leader, voters } = await told()
    return leader !== node.id && !voters.includes(node.id)
  })
  // The quorum of two decides, and the node that does not vote serves as a broker.
  await cluster.createTopic('of-two', 3)
  await expect(quorum('remove-voter', String(node.id))).rejects.toThrow(`${node.id}`)
  await quorum('add-voter', node.properties)
  await expectAllVote()
  await expect(quorum('add-voter', node.properties)).rejects.toThrow(/already/i)
})
