/**
 * Asks leaders for offsets by time, or for the first and last: what tools and consumers need before they read.
 */
import { listOffsetsRequest, listOffsetsResponse } from '../protocol/api/02-list-offsets.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { tryUntil } from './deadline.ts'
import { groupBy } from './group-by.ts'
import type { KafkaClient } from './kafka-client.ts'

/** Timestamps with a meaning of their own. */
export const offsetSpecs = {
  latest: -1n,
  earliest: -2n,
  maxTimestamp: -3n,
  earliestLocal: -4n,
  latestTiered: -5n,
} as const

export interface PartitionName {
  readonly topic: string
  readonly partition: number
}

export interface ListedOffset extends PartitionName {
  /** -1 when no record is that young. */
  readonly offset: number
  readonly timestamp: bigint
  readonly leaderEpoch: number
  readonly error: KafkaError | undefined
}

const exchange = { request: listOffsetsRequest, response: listOffsetsResponse }

/** One offset for each of `partitions`, in their order; errors that may pass are tried again until the deadline. */
export async function listOffsets(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  timestamp: bigint | ((partition: PartitionName) => bigint),
  readsCommitted = false,
): Promise<ListedOffset[]> {
  const deadline = client.deadline()
  const timestampOf = typeof timestamp === 'bigint' ? () => timestamp : timestamp
  const found = new Map<string, ListedOffset>()
  const keyOf = (each: PartitionName): string => `${each.topic}/${each.partition}`
  await tryUntil(
    deadline,
    async () => {
      const open = partitions.filter((each) => found.get(keyOf(each))?.error !== undefined || !found.has(keyOf(each)))
      for (const listed of await askLeaders(client, open, timestampOf, readsCommitted)) found.set(keyOf(listed), listed)
      const passing = [...found.values()].find(({ error }) => error !== undefined && isPassing(error))
      if (passing !== undefined) {
        if (Date.now() > deadline) return
        throw passing.error
      }
    },
    () => client.loadTopics([...new Set(partitions.map(({ topic }) => topic))]).catch(() => {}),
  )
  return partitions.map((each) => found.get(keyOf(each))!)
}

function isPassing(error: KafkaError): boolean {
  return (
    error.error === 'NOT_LEADER_OR_FOLLOWER' ||
    error.error === 'LEADER_NOT_AVAILABLE' ||
    error.error === 'OFFSET_NOT_AVAILABLE'
  )
}

async function askLeaders(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  timestampOf: (partition: PartitionName) => bigint,
  readsCommitted: boolean,
): Promise<ListedOffset[]> {
  const listed: ListedOffset[] = []
  const byLeader = groupBy(partitions, ({ topic, partition }) => client.metadata.leaderOf(topic, partition))
  await Promise.all(
    [...byLeader].map(async ([leader, group]) => {
      if (leader === undefined) {
        const error = new KafkaError('LEADER_NOT_AVAILABLE')
        for (const each of group) listed.push({ ...each, offset: -1, timestamp: -1n, leaderEpoch: -1, error })
        return
      }
      const connection = await client.connectionTo({ nodeId: leader })
      const topics = [...groupBy(group, ({ topic }) => topic)].map(([name, each]) => ({
        name,
        partitions: each.map((one) => ({ partitionIndex: one.partition, timestamp: timestampOf(one) })),
      }))
      const message = { replicaId: -1, isolationLevel: readsCommitted ? 1 : 0, topics, timeoutMs: 30_000 }
      const answer = await connection.ask(exchange, message)
      for (const topic of answer.topics)
        for (const { partitionIndex, errorCode, offset, timestamp, leaderEpoch } of topic.partitions) {
          const error = errorCode === 0 ? undefined : new KafkaError(errorName(errorCode))
          listed.push({ topic: topic.name, partition: partitionIndex, offset, timestamp, leaderEpoch, error })
        }
    }),
  )
  return listed
}
