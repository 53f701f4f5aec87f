/**
 * Partitions as an administrator sees and changes them: reassignments, elections, the deletion of old records.
 */
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../protocol/api/46-list-partition-reassignments.ts'
import { throwFirst } from './admin-error.ts'
import type { TopicDescription } from './admin-topics.ts'
import { NotServedError } from './client-errors.ts'
import type { KafkaClient } from './kafka-client.ts'

/** A change of a partition's brokers that is under way. */
export interface Reassignment {
  readonly replicas: readonly number[]
  readonly adding: readonly number[]
  readonly removing: readonly number[]
}

const reassignmentsExchange = {
  request: listPartitionReassignmentsRequest,
  response: listPartitionReassignmentsResponse,
}

/** What is under way, by topic and partition; nothing where the broker cannot tell. */
export async function listReassignments(
  client: KafkaClient,
  topics: readonly TopicDescription[],
): Promise<Map<string, Map<number, Reassignment>>> {
  const asked = topics.map(({ name, partitions }) => ({
    name,
    partitionIndexes: partitions.map((each) => each.partition),
  }))
  try {
    const answer = await client.ask(reassignmentsExchange, { topics: asked }, 'controller')
    throwFirst([answer])
    return new Map(
      answer.topics.map(({ name, partitions }) => [
        name,
        new Map(
          partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => [
            partitionIndex,
            { replicas, adding: addingReplicas, removing: removingReplicas },
          ]),
        ),
      ]),
    )
  } catch (error) {
    if (error instanceof NotServedError) return new Map()
    throw error
  }
}
