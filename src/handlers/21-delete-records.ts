/**
 * DeleteRecords (21)
 *
 * *Behavior.* Moves the start of partitions to an offset, or with -1 to the high watermark, so that what lies before is not
 * read any more and its segments go with the next look at retention. The answer leaves when all living replicas start
 * there, or the request's timeout is over (REQUEST_TIMED_OUT). An offset below the start changes nothing; one above the
 * high watermark is OFFSET_OUT_OF_RANGE. Internal topics are refused with INVALID_TOPIC_EXCEPTION, compacted ones that
 * delete nothing with POLICY_VIOLATION. Of a partition that is named twice the last offset counts.
 *
 * *Version notes.* None that a handler sees: 2 is flexible.
 */
import { isInternalTopic } from '../metadata/topic-name.ts'
import type {
  DeleteRecordsPartitionResult,
  DeleteRecordsRequest,
  DeleteRecordsResponse,
} from '../protocol/api/21-delete-records.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../protocol/errors.ts'
import { DelayedDeleteRecords } from '../runtime/replica/delayed-delete-records.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const invalidLowWatermark = -1

export async function handleDeleteRecords(
  broker: Broker,
  request: DeleteRecordsRequest,
  context: RequestContext,
): Promise<DeleteRecordsResponse> {
  const delayed = new DelayedDeleteRecords(broker.clock)
  const topics: DeleteRecordsResponse['topics'] = []
  for (const [name, offsets] of offsetsByTopic(request)) {
    const isAllowed = broker.authorize(context, 'Delete', 'Topic', name)
    const partitions = [...offsets].map(([index, offset]) =>
      isAllowed
        ? deleteInPartition(broker, name, index, offset, delayed)
        : refusal(index, errorCodes.TOPIC_AUTHORIZATION_FAILED),
    )
    topics.push({ name, partitions })
  }
  if (delayed.isPending) await delayed.wait(request.timeoutMs)
  return { throttleTimeMs: 0, topics }
}

/** The answer to a request that failed as a whole. */
export function refuseDeleteRecords({ topics }: DeleteRecordsRequest, error: KafkaError): DeleteRecordsResponse {
  const answers = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => refusal(partitionIndex, error.code)),
  }))
  return { throttleTimeMs: 0, topics: answers }
}

function offsetsByTopic(request: DeleteRecordsRequest): ReadonlyMap<string, ReadonlyMap<number, number>> {
  const topics = new Map<string, Map<number, number>>()
  for (const { name, partitions } of request.topics) {
    const offsets = topics.get(name) ?? new Map<number, number>()
    topics.set(name, offsets)
    for (const { partitionIndex, offset } of partitions) offsets.set(partitionIndex, offset)
  }
  for (const [name, offsets] of topics) if (offsets.size === 0) topics.delete(name)
  return topics
}

function deleteInPartition(
  broker: Broker,
  topic: string,
  index: number,
  offset: number,
  delayed: DelayedDeleteRecords,
): DeleteRecordsPartitionResult {
  if (broker.image.topics.getByName(topic)?.partitions.has(index) !== true) {
    return refusal(index, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  }
  if (isInternalTopic(topic)) return refusal(index, errorCodes.INVALID_TOPIC_EXCEPTION)
  const partition = broker.replicaManager.partition(topic, index)
  if (partition === undefined) return refusal(index, errorCodes.NOT_LEADER_OR_FOLLOWER)
  try {
    const { startOffset, lowWatermark } = partition.deleteRecords(offset)
    const result = { partitionIndex: index, lowWatermark, errorCode: 0 }
    delayed.add(partition, result, startOffset)
    return result
  } catch (error) {
    if (error instanceof KafkaError) return refusal(index, error.code)
    throw error
  }
}

function refusal(partitionIndex: number, errorCode: ErrorCode): DeleteRecordsPartitionResult {
  return { partitionIndex, lowWatermark: invalidLowWatermark, errorCode }
}
