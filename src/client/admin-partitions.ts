/**
 * The deletion of old records, partition by partition.
 */
import { deleteRecordsRequest, deleteRecordsResponse } from '../protocol/api/21-delete-records.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { adminError } from './admin-error.ts'
import { tryUntil } from './deadline.ts'
import { groupBy } from './group-by.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionName } from './list-offsets.ts'

const deleteRecordsExchange = { request: deleteRecordsRequest, response: deleteRecordsResponse }
const timeoutMs = 30_000
const passing = new Set(['NOT_LEADER_OR_FOLLOWER', 'LEADER_NOT_AVAILABLE', 'KAFKA_STORAGE_ERROR'])

export interface DeletedRecords extends PartitionName {
  /** Where the partition begins from now on; undefined where it failed. */
  readonly lowWatermark: number | undefined
  readonly error: KafkaError | undefined
}

/** Deletes what lies before `offset` of each partition (-1: all that there is). Each has an outcome of its own. */
export async function deleteRecords(
  client: KafkaClient,
  partitions: readonly (PartitionName & { readonly offset: number })[],
): Promise<DeletedRecords[]> {
  const outcomes = new Map<string, DeletedRecords>()
  const keyOf = ({ topic, partition }: PartitionName): string => `${topic}/${partition}`
  const deadline = client.deadline()
  await tryUntil(deadline, async () => {
    await client.loadTopics([...new Set(partitions.map(({ topic }) => topic))])
    const open = partitions.filter((each) => outcomes.get(keyOf(each))?.lowWatermark === undefined)
    for (const outcome of await askLeaders(client, open)) outcomes.set(keyOf(outcome), outcome)
    const again = [...outcomes.values()].find(({ error }) => error !== undefined && passing.has(error.error))
    if (again?.error !== undefined && Date.now() < deadline) throw again.error
  }).catch((error: unknown) => {
    if (!(error instanceof KafkaError) || outcomes.size === 0) throw error
  })
  return partitions.map((each) => outcomes.get(keyOf(each))!)
}

async function askLeaders(
  client: KafkaClient,
  partitions: readonly (PartitionName & { readonly offset: number })[],
): Promise<DeletedRecords[]> {
  const outcomes: DeletedRecords[] = []
  const leaderOf = ({ topic, partition }: PartitionName): number | undefined =>
    client.metadata.leaderOf(topic, partition)
  for (const [leader, group] of groupBy(partitions, leaderOf)) {
    if (leader === undefined) {
      for (const { topic, partition } of group) {
        const isKnown = client.metadata.topic(topic)?.partitions.some((each) => each.partitionIndex === partition)
        const error = isKnown ? new KafkaError('LEADER_NOT_AVAILABLE') : adminError(3)
        outcomes.push({ topic, partition, lowWatermark: undefined, error })
      }
      continue
    }
    const topics = [...groupBy(group, ({ topic }) => topic)].map(([name, each]) => ({
      name,
      partitions: each.map(({ partition, offset }) => ({ partitionIndex: partition, offset })),
    }))
    const connection = await client.connectionTo({ nodeId: leader })
    const answer = await connection.ask(deleteRecordsExchange, { topics, timeoutMs }, { extraTimeoutMs: timeoutMs })
    for (const { name, partitions: results } of answer.topics)
      for (const { partitionIndex, lowWatermark, errorCode } of results) {
        const isDone = errorName(errorCode) === 'NONE'
        const error = isDone ? undefined : adminError(errorCode)
        outcomes.push({
          topic: name,
          partition: partitionIndex,
          lowWatermark: isDone ? lowWatermark : undefined,
          error,
        })
      }
  }
  return outcomes
}
