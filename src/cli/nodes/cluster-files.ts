/**
 * The files of a cluster on one machine: a folder with cluster.json and, for each node, a folder with its properties and
 * its data. Written at the first start and read at each later one, so that an operator can change what they say.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { randomUuid, type Uuid } from '../../base/uuid.ts'
import { NodeRandom } from '../../io/node-random.ts'
import type { Voter } from '../../raft/voter-set.ts'
import { OperatorError } from '../operator-error.ts'

export interface ClusterFiles {
  readonly clusterId: string
  /** What formatting is told: the voters that the quorum begins with. They can be removed, and others added, later. */
  readonly voters: readonly Voter[]
  /** One per node, in the order of their ids. */
  readonly nodes: readonly { readonly id: number; readonly file: string; readonly address: string }[]
  /** They were written just now. */
  readonly isNew: boolean
}

export interface ClusterLayout {
  readonly directory: string
  /** From 1 to 9. */
  readonly nodesCount: number
  /** Empty for every address. */
  readonly host: string
  /** Of the first node; each further one has the next but one, and controllers those between. */
  readonly port: number
}

const clusterFile = 'cluster.json'
const votersMax = 3
const copiesMax = 3

/** Throws OperatorError when the folder holds another cluster, or cannot be written. */
export function prepareClusterFiles(layout: ClusterLayout): ClusterFiles {
  const { directory, nodesCount } = layout
  const path = join(directory, clusterFile)
  const ids = Array.from({ length: nodesCount }, (_, index) => index + 1)
  const random = new NodeRandom()
  try {
    const known = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StoredCluster) : undefined
    if (known !== undefined && known.nodes !== nodesCount)
      throw new OperatorError(`${directory} holds a cluster of ${known.nodes} nodes: say --nodes ${known.nodes}`)
    // Ports are those of the first start.
    const stored = known ?? {
      clusterId: randomUuid(random),
      nodes: nodesCount,
      host: layout.host,
      port: layout.port,
      directoryIds: ids.slice(0, votersCount(nodesCount)).map(() => randomUuid(random)),
    }
    for (const id of ids) {
      mkdirSync(nodeDirectory(directory, id), { recursive: true })
      const file = propertiesFile(directory, id)
      if (!existsSync(file)) writeFileSync(file, propertiesOf(id, { ...layout, ...stored, nodesCount }))
    }
    if (known === undefined) writeFileSync(path, `${JSON.stringify(stored)}\n`)
    const nodes = ids.map((id) => ({
      id,
      file: propertiesFile(directory, id),
      address: `${shownHost(stored.host)}:${clientPort(id, stored.port)}`,
    }))
    return { clusterId: stored.clusterId, nodes, voters: votersOf(stored), isNew: known === undefined }
  } catch (error) {
    if (error instanceof OperatorError) throw error
    throw new OperatorError(`cannot prepare the cluster in ${directory}: ${(error as Error).message}`)
  }
}

interface StoredCluster {
  readonly clusterId: string
  readonly nodes: number
  readonly host: string
  readonly port: number
  /** Of the voters' metadata directories, in the order of their ids. */
  readonly directoryIds: readonly Uuid[]
}

function votersOf({ host, port, directoryIds }: StoredCluster): Voter[] {
  return directoryIds.map((directoryId, index) => ({
    id: index + 1,
    directoryId,
    endpoints: [{ name: 'CONTROLLER', host: host === '' ? 'localhost' : host, port: clientPort(index + 1, port) + 1 }],
    kraftVersionMin: 0,
    kraftVersionMax: 1,
  }))
}

function nodeDirectory(directory: string, id: number): string {
  return join(directory, `node-${id}`)
}

function propertiesFile(directory: string, id: number): string {
  return join(nodeDirectory(directory, id), 'broker.properties')
}

function clientPort(id: number, first: number): number {
  return first + 2 * (id - 1)
}

function shownHost(host: string): string {
  if (host === '') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** An odd number: of two voters both would be needed. */
function votersCount(nodesCount: number): number {
  return nodesCount >= votersMax ? votersMax : 1
}

function propertiesOf(id: number, { directory, nodesCount, host, port }: ClusterLayout): string {
  const voters = Array.from({ length: votersCount(nodesCount) }, (_, index) => index + 1)
  const isController = voters.includes(id)
  const address = shownHost(host)
  const listenHost = host === '' ? '' : address
  const clients = `PLAINTEXT://${listenHost}:${clientPort(id, port)}`
  const copies = Math.min(copiesMax, nodesCount)
  const lines = [
    "# One node of a cluster on this machine, written at its first start and read at each later one. The keys are Apache Kafka's.",
    `node.id=${id}`,
    `process.roles=${isController ? 'broker,controller' : 'broker'}`,
    '',
    `listeners=${isController ? `${clients},CONTROLLER://${address}:${clientPort(id, port) + 1}` : clients}`,
    `advertised.listeners=PLAINTEXT://${address}:${clientPort(id, port)}`,
    'inter.broker.listener.name=PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `controller.quorum.bootstrap.servers=${voters.map((voter) => `${address}:${clientPort(voter, port) + 1}`).join(',')}`,
    '',
    `log.dirs=${resolve(nodeDirectory(directory, id))}`,
    '',
    `# Copies of each partition, and how many of them must have a record before acks=all is answered.`,
    `default.replication.factor=${copies}`,
    `min.insync.replicas=${copies > 2 ? 2 : 1}`,
    `offsets.topic.replication.factor=${copies}`,
    `transaction.state.log.replication.factor=${copies}`,
    `transaction.state.log.min.isr=${copies > 2 ? 2 : 1}`,
    `share.coordinator.state.topic.replication.factor=${copies}`,
    `share.coordinator.state.topic.min.isr=${copies > 2 ? 2 : 1}`,
    '',
    '# The first consumer of a group does not wait for others.',
    'group.initial.rebalance.delay.ms=0',
    '',
  ]
  return lines.join('\n')
}
