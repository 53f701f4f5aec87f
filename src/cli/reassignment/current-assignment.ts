/** Which brokers hold a partition just now, and in which directories. */

import { byTopicAndPartition } from '../../client/admin-reassignments.ts'
import { replicaPlaces } from '../../client/admin-replicas.ts'
import { ConnectionError } from '../../client/client-errors.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { errorName, KafkaError } from '../../protocol/errors.ts'
import { type Assignment, anyLogDir, partitionText } from './assignment-file.ts'

export interface Replicas extends PartitionName {
  /** The first is the preferred leader. */
  readonly replicas: readonly number[]
}

/** All partitions of these topics; rejects with UNKNOWN_TOPIC_OR_PARTITION. */
export async function replicasOfTopics(client: KafkaClient, topics: readonly string[]): Promise<Replicas[]> {
  if (topics.length === 0) return []
  const answer = await client.loadTopics([...new Set(topics)])
  const found = answer.topics.flatMap(({ name, errorCode, partitions }) => {
    const error = errorName(errorCode)
    if (error === 'UNKNOWN_TOPIC_OR_PARTITION') throw new KafkaError(error, `Topic ${name} not found.`)
    if (error !== 'NONE') throw new KafkaError(error)
    return partitions.map(({ partitionIndex, replicaNodes }) => ({
      topic: name!,
      partition: partitionIndex,
      replicas: replicaNodes,
    }))
  })
  return found.sort(byTopicAndPartition)
}

/** Those of single partitions; rejects with UNKNOWN_TOPIC_OR_PARTITION, also when a partition is missing. */
export async function replicasOfPartitions(
  client: KafkaClient,
  partitions: readonly PartitionName[],
): Promise<Replicas[]> {
  const names = new Set(partitions.map(partitionText))
  const all = await replicasOfTopics(
    client,
    partitions.map(({ topic }) => topic),
  )
  const found = all.filter((each) => names.has(partitionText(each)))
  for (const each of found) names.delete(partitionText(each))
  if (names.size > 0)
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find partition: ${[...names].join(', ')}`)
  return found
}

/** With their directories; `any` where a broker does not tell. */
export async function currentPlaces(client: KafkaClient, current: readonly Replicas[]): Promise<Assignment[]> {
  const living = new Set(client.metadata.brokers.map(({ nodeId }) => nodeId))
  const named = current.flatMap(({ topic, partition, replicas }) =>
    replicas.filter((id) => living.has(id)).map((brokerId) => ({ topic, partition, brokerId })),
  )
  const places = await replicaPlaces(client, named).catch((error: unknown) => {
    if (error instanceof ConnectionError) return []
    throw error
  })
  const paths = new Map(places.map((each) => [`${each.brokerId} ${partitionText(each)}`, each.path]))
  return current.map(({ topic, partition, replicas }) => ({
    topic,
    partition,
    replicas,
    logDirs: replicas.map((id) => paths.get(`${id} ${partitionText({ topic, partition })}`) ?? anyLogDir),
  }))
}
