/**
 * Changes of the brokers that hold a partition: what is under way, what is to begin, what is to end where it began. The
 * controller takes each partition by itself, so each has an outcome of its own.
 */
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../protocol/api/45-alter-partition-reassignments.ts'
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../protocol/api/46-list-partition-reassignments.ts'
import type { KafkaError } from '../protocol/errors.ts'
import { adminError, throwFirst, throwPassing } from './admin-error.ts'
import { groupBy } from './group-by.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionName } from './list-offsets.ts'

/** A change of a partition's brokers that is under way. */
export interface Reassignment {
  /** All that hold it now, those that are being added among them. */
  readonly replicas: readonly number[]
  readonly adding: readonly number[]
  readonly removing: readonly number[]
}

export interface OngoingReassignment extends PartitionName, Reassignment {}

export interface WantedReplicas extends PartitionName {
  /** The first is the preferred leader; null ends what is under way. */
  readonly replicas: readonly number[] | null
}

export interface PartitionOutcome extends PartitionName {
  readonly error: KafkaError | undefined
}

const listExchange = { request: listPartitionReassignmentsRequest, response: listPartitionReassignmentsResponse }
const alterExchange = { request: alterPartitionReassignmentsRequest, response: alterPartitionReassignmentsResponse }
const timeoutMs = 60_000

/** By topic and partition. `partitions` null: of the whole cluster. */
export async function ongoingReassignments(
  client: KafkaClient,
  partitions: readonly PartitionName[] | null = null,
): Promise<OngoingReassignment[]> {
  const topics =
    partitions === null
      ? null
      : [...groupBy(partitions, ({ topic }) => topic)].map(([name, each]) => ({
          name,
          partitionIndexes: each.map(({ partition }) => partition),
        }))
  const answer = await client.ask(listExchange, { topics, timeoutMs }, 'controller', {
    judge: (each) => throwPassing([each]),
  })
  throwFirst([answer])
  const found = answer.topics.flatMap(({ name, partitions: each }) =>
    each.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
      topic: name,
      partition: partitionIndex,
      replicas,
      adding: addingReplicas,
      removing: removingReplicas,
    })),
  )
  return found.sort(byTopicAndPartition)
}

/**
 * Begins or ends reassignments; an outcome for each, in the order of `wanted`. Rejects with KafkaError when the controller
 * refuses all of them, and with NotServedError where it cannot be told to keep the replication factor.
 */
export async function alterReassignments(
  client: KafkaClient,
  wanted: readonly WantedReplicas[],
  allowReplicationFactorChange = true,
): Promise<PartitionOutcome[]> {
  const topics = [...groupBy(wanted, ({ topic }) => topic)].map(([name, each]) => ({
    name,
    partitions: each.map(({ partition, replicas }) => ({
      partitionIndex: partition,
      replicas: replicas === null ? null : [...replicas],
    })),
  }))
  const message = { topics, timeoutMs, ...(allowReplicationFactorChange ? {} : { allowReplicationFactorChange }) }
  const answer = await client.ask(alterExchange, message, 'controller', {
    extraTimeoutMs: timeoutMs,
    judge: (each) => throwPassing([each, ...each.responses.flatMap(({ partitions }) => partitions)]),
  })
  throwFirst([answer])
  const errors = new Map<string, KafkaError>()
  for (const { name, partitions } of answer.responses)
    for (const { partitionIndex, errorCode, errorMessage } of partitions)
      if (errorCode !== 0) errors.set(`${name}/${partitionIndex}`, adminError(errorCode, errorMessage))
  return wanted.map(({ topic, partition }) => ({ topic, partition, error: errors.get(`${topic}/${partition}`) }))
}

/** For sort: names as Java compares them, then numbers. */
export function byTopicAndPartition(left: PartitionName, right: PartitionName): number {
  if (left.topic !== right.topic) return left.topic < right.topic ? -1 : 1
  return left.partition - right.partition
}
