/**
 * `ottla cluster health --cluster`: whether the cluster serves all that it should. A partition without a leader, one with
 * fewer replicas in sync than producers with acks=all need, and no active controller make it unhealthy; a broker that is
 * fenced and a replica that is behind only make it degraded, because everything is served still.
 */
import { type ClusterNode, describeCluster, describeQuorum } from '../../client/admin-cluster.ts'
import { describeAllConfigs, resourceTypes } from '../../client/admin-configs.ts'
import { NotServedError } from '../../client/client-errors.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { MetadataResponse } from '../../protocol/api/03-metadata.ts'

export interface ClusterFacts {
  readonly nodes: readonly ClusterNode[]
  /** Below zero: none is active. */
  readonly controllerId: number
  readonly topics: MetadataResponse['topics']
  /** By topic, of those where a replica is not in sync. */
  readonly minIsr: ReadonlyMap<string, number>
}

export interface ClusterHealth {
  readonly isHealthy: boolean
  /** One line that says why. */
  readonly reason: string
  readonly partitionCount: number
  readonly leaderlessCount: number
  readonly underMinIsrCount: number
  readonly underReplicatedCount: number
  readonly fencedBrokers: readonly number[]
  readonly controllerId: number
}

export async function checkCluster(client: KafkaClient): Promise<ClusterHealth> {
  const { topics } = await client.loadTopics(null)
  const behind = topics.filter(({ partitions }) => partitions.some(isBehind)).map(({ name }) => name!)
  const [nodes, controllerId, minIsr] = await Promise.all([
    allNodes(client),
    describeQuorum(client).then(
      ({ leaderId }) => leaderId,
      () => -1,
    ),
    minIsrOf(client, behind),
  ])
  return judgeCluster({ nodes, controllerId, topics, minIsr })
}

/** Fenced ones too, where the broker tells them. */
export async function allNodes(client: KafkaClient): Promise<readonly ClusterNode[]> {
  const described = await describeCluster(client, { includesFenced: true }).catch((error: unknown) => {
    if (error instanceof NotServedError) return describeCluster(client)
    throw error
  })
  return described.nodes
}

async function minIsrOf(client: KafkaClient, topics: readonly string[]): Promise<Map<string, number>> {
  if (topics.length === 0) return new Map()
  const resources = topics.map((name) => ({ type: resourceTypes.topic, name }))
  const described = await describeAllConfigs(client, resources, ['min.insync.replicas'])
  return new Map(described.map(({ name, entries }) => [name, Number(entries[0]?.value ?? 1)]))
}

function isBehind({
  isrNodes,
  replicaNodes,
}: {
  isrNodes: readonly number[]
  replicaNodes: readonly number[]
}): boolean {
  return isrNodes.length < replicaNodes.length
}

export function judgeCluster({ nodes, controllerId, topics, minIsr }: ClusterFacts): ClusterHealth {
  const partitions = topics.flatMap(({ name, partitions: each }) => each.map((one) => ({ name: name!, ...one })))
  const leaderless = partitions.filter(({ leaderId }) => leaderId < 0)
  const underMinIsr = partitions.filter(
    (each) =>
      each.leaderId >= 0 && each.isrNodes.length < Math.min(minIsr.get(each.name) ?? 1, each.replicaNodes.length),
  )
  const behind = partitions.filter(isBehind)
  const fencedBrokers = nodes.filter(({ isFenced }) => isFenced).map(({ nodeId }) => nodeId)
  const grave = [
    ...(controllerId < 0 ? ['no controller is active'] : []),
    ...(leaderless.length > 0 ? [`${counted(leaderless)} without a leader`] : []),
    ...(underMinIsr.length > 0 ? [`${counted(underMinIsr)} under min.insync.replicas`] : []),
  ]
  const slight = [
    ...(fencedBrokers.length > 0 ? [`fenced: broker ${fencedBrokers.join(', ')}`] : []),
    ...(behind.length > 0 ? [`${counted(behind)} under-replicated`] : []),
  ]
  const word = grave.length > 0 ? 'unhealthy' : slight.length > 0 ? 'degraded' : 'healthy'
  const all = `${nodes.length - fencedBrokers.length} of ${nodes.length} brokers, ${partitions.length} partitions`
  return {
    isHealthy: grave.length === 0,
    reason: `${word}: ${[...grave, ...slight].join('; ') || all}`,
    partitionCount: partitions.length,
    leaderlessCount: leaderless.length,
    underMinIsrCount: underMinIsr.length,
    underReplicatedCount: behind.length,
    fencedBrokers,
    controllerId,
  }
}

function counted(partitions: readonly { readonly name: string; readonly partitionIndex: number }[]): string {
  const [first] = partitions
  const example = `${first!.name}-${first!.partitionIndex}${partitions.length > 1 ? ' and others' : ''}`
  return `${partitions.length} partition${partitions.length === 1 ? '' : 's'} (${example})`
}
