/** `ottla elect`: lets partitions be led by their preferred replicas, or by any that live. */
import type { Writable } from 'node:stream'
import { electLeaders } from '../../client/admin-elections.ts'
import { OperatorError } from '../operator-error.ts'
import { exitCodes } from '../start.ts'
import { type ClusterOptions, withCluster } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'
import { partitionsOf } from './named-partitions.ts'

export interface ElectOptions extends ClusterOptions {
  readonly format: OutputFormat
  /** `topic` or `topic:0,1`. */
  readonly topics: readonly string[]
  /** Wherever it is needed. */
  readonly all: boolean
  readonly unclean: boolean
}

/** Resolves with 1 when an election failed; that none was needed is no failure. */
export function elect({ topics, all, unclean, format, ...target }: ElectOptions, output: Writable): Promise<number> {
  if (all === topics.length > 0) throw new OperatorError('elect needs topics (orders, or orders:0,1), or --all')
  return withCluster(target, async (client) => {
    const partitions = all ? null : await partitionsOf(client, topics)
    const outcomes = await electLeaders(client, unclean ? 'unclean' : 'preferred', partitions)
    if (outcomes.length > 0) await client.loadTopics([...new Set(outcomes.map(({ topic }) => topic))])
    const rows = outcomes.map(({ topic, partition, error }) => ({
      topic,
      partition,
      leader: client.metadata.leaderOf(topic, partition) ?? null,
      result: error === undefined ? 'elected' : error.error === 'ELECTION_NOT_NEEDED' ? 'not needed' : 'failed',
      error: error === undefined || error.error === 'ELECTION_NOT_NEEDED' ? null : error.message,
    }))
    if (format === 'json') printJson(output, rows)
    else if (rows.length === 0) output.write('no election was needed\n')
    else
      printTable(
        output,
        ['TOPIC', 'PARTITION', 'LEADER', 'RESULT'],
        rows.map(({ topic, partition, leader, result, error }) => [
          topic,
          partition,
          leader ?? 'none',
          error === null ? result : `failed: ${error}`,
        ]),
      )
    return rows.some(({ error }) => error !== null) ? exitCodes.failed : exitCodes.stopped
  })
}
