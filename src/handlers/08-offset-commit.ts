/**
 * OffsetCommit (8)
 *
 * *Behavior.* Stores offsets of a group, each partition with an error of its own: topics and partitions that do not exist
 * or may not be read are refused here, the others the group's coordinator writes together. A member commits in its
 * generation; with generation -1 anybody may while the group has no members. The answer leaves when the offsets are
 * replicated. Partitions are answered in the order of the request (Kafka puts refused ones first).
 *
 * *Version notes.* 2 to 4 may name a retention of their own, which the stored offset keeps. From 9 a group that does not
 * exist is GROUP_ID_NOT_FOUND, before ILLEGAL_GENERATION. From 10 topics are named by id.
 */
import type {
  OffsetCommitRequest,
  OffsetCommitRequestTopic,
  OffsetCommitResponse,
  OffsetCommitResponsePartition,
} from '../protocol/api/08-offset-commit.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const topicIdVersion = 10

export function handleOffsetCommit(
  broker: Broker,
  request: OffsetCommitRequest,
  context: RequestContext,
): OffsetCommitResponse | Promise<OffsetCommitResponse> {
  const mayCommit = broker.authorize(context, 'Read', 'Group', request.groupId)
  const accepted: OffsetCommitRequestTopic[] = []
  /** Those of `accepted`, in the same order. */
  const waiting: OffsetCommitResponsePartition[] = []
  const isById = context.apiVersion >= topicIdVersion
  const topics = request.topics.flatMap((topic) => {
    const image = isById ? broker.image.topics.get(topic.topicId) : broker.image.topics.getByName(topic.name)
    let topicError: ErrorCode = errorCodes.GROUP_AUTHORIZATION_FAILED
    if (mayCommit) {
      const name = image?.name ?? (isById ? undefined : topic.name)
      const isAllowed = name === undefined || broker.authorize(context, 'Read', 'Topic', name)
      if (!isAllowed) topicError = errorCodes.TOPIC_AUTHORIZATION_FAILED
      else if (image !== undefined) topicError = 0
      else topicError = isById ? errorCodes.UNKNOWN_TOPIC_ID : errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    }
    const known: OffsetCommitRequestTopic['partitions'] = []
    const partitions = topic.partitions.map((partition) => {
      const { partitionIndex } = partition
      const response = { partitionIndex, errorCode: topicError as number }
      if (topicError !== 0) return response
      if (!image!.partitions.has(partitionIndex)) {
        response.errorCode = errorCodes.UNKNOWN_TOPIC_OR_PARTITION
        return response
      }
      known.push(partition)
      waiting.push(response)
      return response
    })
    if (known.length > 0) accepted.push({ name: image!.name, topicId: image!.id, partitions: known })
    // Of nothing but a topic that is there nothing is told.
    if (topicError === 0 && partitions.length === 0) return []
    return [{ name: topic.name, topicId: topic.topicId, partitions }]
  })
  const response: OffsetCommitResponse = { throttleTimeMs: 0, topics }
  if (accepted.length === 0) return response
  const fill = (stored: OffsetCommitResponse) => {
    const errors = stored.topics.flatMap(({ partitions }) => partitions)
    for (const [index, { errorCode }] of errors.entries()) waiting[index]!.errorCode = errorCode
    return response
  }
  const stored = broker.groupCoordinator.commitOffsets({ ...request, topics: accepted }, context.apiVersion)
  return stored instanceof Promise ? stored.then(fill) : fill(stored)
}
