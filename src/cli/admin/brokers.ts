/** `ottla brokers`: which there are, where they listen, what they lead and hold, and what is behind. */
import type { Writable } from 'node:stream'
import { unregisterBroker } from '../../client/admin-cluster.ts'
import { describeConfigs, resourceTypes } from '../../client/admin-configs.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { MetadataResponse } from '../../protocol/api/03-metadata.ts'
import { OperatorError } from '../operator-error.ts'
import { exitCodes } from '../start.ts'
import { type ClusterOptions, withCluster } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'
import { allNodes } from './whole-cluster-health.ts'

export interface BrokersOptions extends ClusterOptions {
  readonly format: OutputFormat
}

/** What a broker has to do with partitions. */
export interface PartitionCounts {
  readonly leaderCount: number
  readonly replicaCount: number
  /** It leads them, and a replica is not in sync. */
  readonly underReplicatedCount: number
  /** Its own replica is not in sync. */
  readonly outOfSyncCount: number
}

export function brokersList(options: BrokersOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const nodes = await allNodes(client)
    const { topics } = await client.loadTopics(null)
    const brokers = await Promise.all(
      nodes.map(async ({ nodeId, host, port, rack, isFenced }) => ({
        id: nodeId,
        host,
        port,
        rack,
        isFenced,
        listeners: isFenced ? null : await listenersOf(client, nodeId),
        ...countsOf(topics, nodeId),
      })),
    )
    const offline = topics.flatMap(({ partitions }) => partitions).filter(({ leaderId }) => leaderId < 0).length
    if (options.format === 'json') {
      printJson(output, { brokers, partitionsWithoutLeader: offline })
      return exitCodes.stopped
    }
    printTable(
      output,
      ['BROKER', 'ADDRESS', 'RACK', 'STATE', 'LEADS', 'REPLICAS', 'OUT OF SYNC', 'UNDER-REPLICATED', 'LISTENERS'],
      brokers.map((each) => [
        each.id,
        `${each.host}:${each.port}`,
        each.rack,
        each.isFenced ? 'fenced' : 'live',
        each.leaderCount,
        each.replicaCount,
        each.outOfSyncCount,
        each.underReplicatedCount,
        each.listeners?.join(' '),
      ]),
    )
    if (offline > 0) output.write(`\n${offline} partition${offline === 1 ? ' has' : 's have'} no leader\n`)
    return exitCodes.stopped
  })
}

export function countsOf(topics: MetadataResponse['topics'], brokerId: number): PartitionCounts {
  const held = topics
    .flatMap(({ partitions }) => partitions)
    .filter(({ replicaNodes }) => replicaNodes.includes(brokerId))
  const led = held.filter(({ leaderId }) => leaderId === brokerId)
  return {
    leaderCount: led.length,
    replicaCount: held.length,
    underReplicatedCount: led.filter(({ isrNodes, replicaNodes }) => isrNodes.length < replicaNodes.length).length,
    outOfSyncCount: held.filter(({ isrNodes }) => !isrNodes.includes(brokerId)).length,
  }
}

/** As clients are told; null where the broker does not say. */
async function listenersOf(client: KafkaClient, brokerId: number): Promise<string[] | null> {
  const keys = ['advertised.listeners', 'listeners']
  const resource = { type: resourceTypes.broker, name: `${brokerId}` }
  const described = await describeConfigs(client, resource, keys).catch(() => undefined)
  const settingOf = (key: string) => described?.entries.find(({ name }) => name === key)?.value || undefined
  const value = settingOf('advertised.listeners') ?? settingOf('listeners')
  return value === undefined ? null : value.split(',').map((each) => each.trim())
}

export interface UnregisterOptions extends ClusterOptions {
  readonly id: number
}

/** Only a broker that is gone: a live one would have to be started again. */
export function brokersUnregister({ id, ...target }: UnregisterOptions, output: Writable): Promise<number> {
  return withCluster(target, async (client) => {
    await client.loadTopics([])
    if (client.metadata.broker(id) !== undefined)
      throw new OperatorError(
        `broker ${id} is live: stop it first; its partitions stay where they are until you reassign them`,
      )
    await unregisterBroker(client, id)
    output.write(`unregistered broker ${id}\n`)
    return exitCodes.stopped
  })
}
