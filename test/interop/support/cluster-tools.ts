/** What administrators do to a cluster with the stock tools, and how a test knows that it is done. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { javaTool } from './run-tool.ts'

/** Replicas of each partition of a topic, the preferred leader first. */
export type Assignments = readonly (readonly number[])[]

export class ClusterTools {
  readonly #cluster: Cluster
  #files = 0

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** A class of org.apache.kafka.tools against all brokers. */
  tool(name: string, ...words: readonly string[]): Promise<string> {
    return javaTool(`org.apache.kafka.tools.${name}`, ['--bootstrap-server', this.#cluster.bootstrap, ...words])
  }

  topics(...words: readonly string[]): Promise<string> {
    return this.tool('TopicCommand', ...words)
  }

  /** kafka-metadata-quorum. */
  quorum(...words: readonly string[]): Promise<string> {
    return this.tool('MetadataQuorumCommand', ...words)
  }

  #file(content: object): string {
    const path = join(this.#cluster.directory, `tool-${++this.#files}.json`)
    writeFileSync(path, JSON.stringify(content))
    return path
  }

  /** kafka-reassign-partitions --execute; resolves with the file for --verify when the replicas are where they should be. */
  async reassign(topic: string, assignments: Assignments): Promise<string> {
    const partitions = assignments.map((replicas, partition) => ({ topic, partition, replicas }))
    const file = this.#file({ version: 1, partitions })
    const printed = await this.tool('reassign.ReassignPartitionsCommand', '--execute', '--reassignment-json-file', file)
    if (!printed.includes('Successfully started')) throw new Error(`kafka-reassign-partitions: ${printed}`)
    await this.#cluster.awaitPartitions(topic, (told) =>
      told.every(({ partition, replicas, isr }) => {
        const wanted = assignments[partition]!
        return `${replicas}` === `${wanted}` && isr.length === wanted.length
      }),
    )
    return file
  }

  async verify(file: string): Promise<string> {
    return await this.tool('reassign.ReassignPartitionsCommand', '--verify', '--reassignment-json-file', file)
  }

  /** kafka-leader-election --election-type preferred; resolves when every partition has its preferred leader. */
  async electPreferred(topic: string): Promise<void> {
    const told = (await this.#cluster.metadata(topic)).topics.get(topic) ?? []
    const partitions = told.map(({ partition }) => ({ topic, partition }))
    const file = this.#file({ partitions })
    await this.tool('LeaderElectionCommand', '--election-type', 'preferred', '--path-to-json-file', file)
    await this.#cluster.awaitPartitions(topic, (states) =>
      states.every(({ leader, replicas }) => leader === replicas[0]),
    )
  }
}
