/** Elections of leaders that an administrator asks for: the preferred replica, or any that lives. */
import { electLeadersRequest, electLeadersResponse } from '../protocol/api/43-elect-leaders.ts'
import type { KafkaError } from '../protocol/errors.ts'
import { adminError, throwFirst, throwPassing } from './admin-error.ts'
import { byTopicAndPartition } from './admin-reassignments.ts'
import { groupBy } from './group-by.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionName } from './list-offsets.ts'

/** By their numbers on the wire. Unclean: a replica that is not in sync may lead, and records are lost then. */
export const electionTypes = { preferred: 0, unclean: 1 } as const
export type ElectionType = keyof typeof electionTypes

export interface ElectionOutcome extends PartitionName {
  /** ELECTION_NOT_NEEDED: the right one leads already. */
  readonly error: KafkaError | undefined
}

const electExchange = { request: electLeadersRequest, response: electLeadersResponse }

/**
 * Elects, and resolves with what became of each partition, by topic and partition. `partitions` null: wherever it is
 * needed; the answer then has those alone. Rejects with KafkaError when the controller refuses all of it.
 */
export async function electLeaders(
  client: KafkaClient,
  type: ElectionType,
  partitions: readonly PartitionName[] | null,
  timeoutMs = 60_000,
): Promise<ElectionOutcome[]> {
  const topicPartitions =
    partitions === null
      ? null
      : [...groupBy(partitions, ({ topic }) => topic)].map(([topic, each]) => ({
          topic,
          partitions: each.map(({ partition }) => partition),
        }))
  const message = { ...(type === 'preferred' ? {} : { electionType: electionTypes[type] }), topicPartitions, timeoutMs }
  const answer = await client.ask(electExchange, message, 'controller', {
    extraTimeoutMs: timeoutMs,
    judge: (each) => throwPassing([each]),
  })
  throwFirst([answer])
  const outcomes = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode, errorMessage }) => ({
      topic,
      partition: partitionId,
      error: errorCode === 0 ? undefined : adminError(errorCode, errorMessage),
    })),
  )
  return outcomes.sort(byTopicAndPartition)
}
