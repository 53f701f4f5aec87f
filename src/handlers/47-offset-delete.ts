/**
 * OffsetDelete (47)
 *
 * *Behavior.* Forgets committed offsets of a group, each partition with an error of its own: topics that may not be read
 * or are not there, and partitions that are not there, are refused here and answered first; the group's coordinator
 * refuses topics that a member consumes (GROUP_SUBSCRIBED_TO_TOPIC) and deletes the others together. A partition without
 * an offset is no error. One of the whole group (GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP for one that is not of consumers)
 * comes without partitions.
 */
import type {
  OffsetDeleteRequest,
  OffsetDeleteRequestPartition,
  OffsetDeleteRequestTopic,
  OffsetDeleteResponse,
  OffsetDeleteResponsePartition,
} from '../protocol/api/47-offset-delete.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

type Answers = Map<string, OffsetDeleteResponsePartition[]>

export async function handleOffsetDelete(
  broker: Broker,
  request: OffsetDeleteRequest,
  context: RequestContext,
): Promise<OffsetDeleteResponse> {
  if (!broker.authorize(context, 'Delete', 'Group', request.groupId)) {
    return { errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED, throttleTimeMs: 0, topics: [] }
  }
  const refused: Answers = new Map()
  const accepted: OffsetDeleteRequestTopic[] = []
  for (const { name, partitions } of request.topics) {
    const image = broker.image.topics.getByName(name)
    if (!broker.authorize(context, 'Read', 'Topic', name)) {
      refuse(refused, name, partitions, errorCodes.TOPIC_AUTHORIZATION_FAILED)
    } else if (image === undefined) refuse(refused, name, partitions, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    else {
      const known = partitions.filter(({ partitionIndex }) => image.partitions.has(partitionIndex))
      const unknown = partitions.filter(({ partitionIndex }) => !image.partitions.has(partitionIndex))
      if (unknown.length > 0) refuse(refused, name, unknown, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
      if (known.length > 0) accepted.push({ name, partitions: known })
    }
  }
  // The coordinator is asked though nothing may be left: the group may have an error of its own.
  const deleted = await broker.groupCoordinator.deleteOffsets({ ...request, topics: accepted })
  if (deleted.errorCode !== 0 || refused.size === 0) return deleted
  for (const { name, partitions } of deleted.topics) answersOf(refused, name).push(...partitions)
  return { ...deleted, topics: [...refused].map(([name, partitions]) => ({ name, partitions })) }
}

function refuse(
  refused: Answers,
  topic: string,
  partitions: readonly OffsetDeleteRequestPartition[],
  errorCode: ErrorCode,
): void {
  const answers = answersOf(refused, topic)
  for (const { partitionIndex } of partitions) answers.push({ partitionIndex, errorCode })
}

function answersOf(topics: Answers, name: string): OffsetDeleteResponsePartition[] {
  const answers = topics.get(name) ?? []
  topics.set(name, answers)
  return answers
}
