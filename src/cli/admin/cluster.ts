/** `ottla cluster`: the nodes and their directories, the protocol that the brokers speak. */
import type { Writable } from 'node:stream'
import { brokersOf, describeCluster, describeLogDirs } from '../../client/admin-cluster.ts'
import { listTopics } from '../../client/admin-topics.ts'
import { NotServedError } from '../../client/client-errors.ts'
import { nameOf } from '../../client/connection.ts'
import { apis } from '../../protocol/api/index.ts'
import { exitCodes } from '../start.ts'
import { type ClusterOptions, withCluster } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'

export interface ClusterCommandOptions extends ClusterOptions {
  readonly format: OutputFormat
}

export function clusterDescribe(options: ClusterCommandOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const { clusterId, nodes } = await describeCluster(client, { includesFenced: true }).catch((error: unknown) => {
      if (error instanceof NotServedError) return describeCluster(client)
      throw error
    })
    const topics = await listTopics(client)
    const partitions = client.metadata
    const brokers = await Promise.all(
      nodes.map(async ({ nodeId, host, port, rack, isFenced }) => {
        const dirs = isFenced ? [] : await describeLogDirs(client, nodeId).catch(() => [])
        const logDirs = dirs.map(({ path, errorCode, partitions: held, usableBytes }) => ({
          path,
          isOnline: errorCode === 0,
          partitionCount: held.length,
          size: held.reduce((sum, { size }) => sum + size, 0),
          usableBytes,
        }))
        return { id: nodeId, host, port, rack, isFenced, logDirs }
      }),
    )
    const facts = { clusterId, brokers, topicCount: topics.length, controllerId: partitions.controllerId }
    if (options.format === 'json') {
      printJson(output, facts)
      return exitCodes.stopped
    }
    output.write(`cluster ${clusterId}, ${topics.length} topics\n\n`)
    printTable(
      output,
      ['BROKER', 'ADDRESS', 'RACK', 'STATE'],
      brokers.map(({ id, host, port, rack, isFenced }) => [
        id,
        `${host}:${port}`,
        rack,
        isFenced ? 'fenced' : 'active',
      ]),
    )
    output.write('\n')
    printTable(
      output,
      ['BROKER', 'LOG DIRECTORY', 'PARTITIONS', 'BYTES', 'FREE'],
      brokers.flatMap(({ id, logDirs }) =>
        logDirs.map((dir) => [
          id,
          dir.path,
          dir.isOnline ? dir.partitionCount : 'offline',
          dir.size,
          dir.usableBytes < 0 ? undefined : dir.usableBytes,
        ]),
      ),
    )
    return exitCodes.stopped
  })
}

export function clusterApiVersions(options: ClusterCommandOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const brokers = await Promise.all(
      (await brokersOf(client)).map(async (broker) => {
        const { brokerVersions } = await client.connectionTo({ nodeId: broker.nodeId })
        const served = brokerVersions.apiKeys.map(({ apiKey, minVersion, maxVersion }) => ({
          apiKey,
          name: apis.get(apiKey)?.name ?? null,
          minVersion,
          maxVersion,
        }))
        const byKey = served.sort((left, right) => left.apiKey - right.apiKey)
        return { id: broker.nodeId, address: nameOf(broker), apis: byKey }
      }),
    )
    if (options.format === 'json') printJson(output, brokers)
    else
      for (const { id, address, apis: served } of brokers) {
        output.write(`broker ${id} at ${address}\n`)
        const rows = served.map(({ apiKey, name, minVersion, maxVersion }) => [
          apiKey,
          name ?? 'unknown',
          `${minVersion} to ${maxVersion}`,
        ])
        printTable(output, ['KEY', 'API', 'VERSIONS'], rows)
      }
    return exitCodes.stopped
  })
}
