/** Faults of single nodes of a cluster: they are repaired from the leader or reported, and never spread. */
import { randomBytes } from 'node:crypto'
import { openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorCodes } from '../../src/protocol/errors.ts'
import { differingReplicas } from './cluster/log-checks.ts'
import { Cluster, clusterId, defaultSoftware, separateNodes } from './support/cluster.ts'
import type { ClusterNode } from './support/cluster-node.ts'
import { kcatTool } from './support/run-tool.ts'
import { SmallDisk } from './support/small-disk.ts'

let cluster: Cluster
let disk: SmallDisk

beforeAll(async () => {
  disk = await SmallDisk.mount(16, 8)
  const nodes = separateNodes(3, 2)
  const third = { id: 3, roles: 'broker', software: defaultSoftware, otherDirectories: [disk.path] } as const
  cluster = await Cluster.start({ nodes: [...nodes, third] })
})

afterAll(async () => {
  await cluster?.dispose()
  await disk?.unmount()
})

const kcat = (words: readonly string[], input = '') => kcatTool(['-b', cluster.bootstrap, ...words], input)

/** Resolves when all of them are acknowledged by all replicas in sync. */
async function produce(topic: string, partition: number, lines: readonly string[]): Promise<void> {
  const words = ['-P', '-t', topic, '-p', String(partition), '-X', 'acks=all', '-X', 'enable.idempotence=true']
  await kcat([...words, '-X', 'batch.num.messages=50'], `${lines.join('\n')}\n`)
}

async function read(topic: string, partition: number): Promise<string[]> {
  const output = await kcat(['-C', '-t', topic, '-p', String(partition), '-e', '-q', '-o', 'beginning'])
  return output.split('\n').filter((line) => line !== '')
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

/** A broker that has a replica of partition 0 and does not lead it. */
async function followerOf(topic: string): Promise<ClusterNode> {
  const { leader, replicas } = (await cluster.awaitInSync(topic))[0]!
  return cluster.node(replicas.find((id) => id !== leader)!)
}

test('without a majority of the controllers nothing changes, and all is served', async () => {
  await cluster.createTopic('served', 3)
  const { leaderId } = await cluster.quorum()
  const others = cluster.controllers.filter(({ id }) => id !== leaderId)
  await Promise.all(others.map((node) => node.kill()))
  const code = await cluster.ask((client) => client.createTopic({ name: 'refused', numPartitions: 1 }, 1000))
  expect([errorCodes.REQUEST_TIMED_OUT, errorCodes.NOT_CONTROLLER]).toContain(code)
  const lines = numbered('served', 100)
  await produce('served', 0, lines)
  expect(await read('served', 0)).toEqual(lines)
  expect([...(await cluster.metadata('served', 'refused')).topics].map(([name, { length }]) => [name, length])).toEqual(
    [
      ['served', 3],
      ['refused', 0],
    ],
  )
  await Promise.all(others.map((node) => node.start()))
  await cluster.createTopic('accepted', 1)
  await cluster.awaitInSync('served')
})

test('a segment of a follower that was damaged while it was down is repaired from the leader', async () => {
  await cluster.createTopic('damaged', 1)
  const lines = numbered('damaged', 5000)
  await produce('damaged', 0, lines)
  const follower = await followerOf('damaged')
  await follower.kill()
  const directory = follower.partitionDirectory('damaged-0')
  const segment = join(directory, readdirSync(directory).find((name) => name.endsWith('.log'))!)
  const file = openSync(segment, 'r+')
  const position = Math.floor(statSync(segment).size / 2)
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, position)
  writeSync(file, Buffer.of(byte[0]! ^ 0xff), 0, 1, position)
  await produce('damaged', 0, numbered('meanwhile', 10))
  await follower.start()
  await cluster.awaitInSync('damaged')
  expect(await differingReplicas(cluster, 'damaged')).toEqual([])
  expect(await read('damaged', 0)).toEqual([...lines, ...numbered('meanwhile', 10)])
})

test('a broker that lost its directory gets all from the leaders', async () => {
  await cluster.createTopic('lost', 3)
  for (const partition of [0, 1, 2]) await produce('lost', partition, numbered('lost', 1000))
  const node = cluster.node(1)
  await node.kill()
  rmSync(node.directory, { recursive: true })
  await node.format(clusterId)
  await node.start()
  for (const topic of ['lost', 'damaged', 'served']) {
    await cluster.awaitInSync(topic)
    expect(await differingReplicas(cluster, topic)).toEqual([])
  }
  for (const partition of [0, 1, 2]) expect(await read('lost', partition)).toEqual(numbered('lost', 1000))
})

test('a disk that runs full on one broker takes its replicas out, and they come back with room', async () => {
  const node = cluster.node(3)
  await cluster.createTopic('full', 4, { 'segment.bytes': '2097152' })
  // The metadata names a replica before it is there.
  const haveDirectories = () => [0, 1, 2, 3].every((index) => node.partitionDirectory(`full-${index}`) !== undefined)
  await cluster.until(`${node} has its replicas`, async () => haveDirectories())
  const partition = [0, 1, 2, 3].find((index) => node.partitionDirectory(`full-${index}`).startsWith(disk.path))!
  const lines = Array.from({ length: 1200 }, () => randomBytes(5000).toString('hex'))
  await produce('full', partition, lines)
  const inSync = (states: readonly { partition: number; isr: readonly number[] }[]) =>
    states.find((state) => state.partition === partition)!.isr
  await cluster.awaitPartitions('full', (states) => `${[...inSync(states)].sort()}` === '1,2')
  expect(await read('full', partition)).toEqual(lines)
  expect(node.isRunning).toBe(true)
  // What lies on the sound disk goes on.
  const states = (await cluster.metadata('full')).topics.get('full')!
  expect(states.some(({ isr }) => isr.includes(3))).toBe(true)
  await expect.poll(() => node.lines('offline').filter((line) => /error|warn/i.test(line))).not.toEqual([])
  await node.stop()
  disk.dropBallast()
  await node.start()
  await cluster.awaitInSync('full')
  expect(await differingReplicas(cluster, 'full')).toEqual([])
})
