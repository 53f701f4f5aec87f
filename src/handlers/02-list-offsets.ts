/**
 * ListOffsets (2)
 *
 * *Behavior.* The offset of the first record that is not older than a timestamp, or of a special one: latest (-1: the
 * high watermark, the last stable offset for read_committed, the log's end for replicas), earliest (-2), that of the
 * largest timestamp (-3), earliest on local disk (-4, the same here), latest in tiered storage (-5) and earliest not yet
 * uploaded to it (-6): both unknown, for nothing is tiered. Unknown is offset -1 without an error. Only records that the
 * asker may see are found. A partition named twice is refused with INVALID_REQUEST.
 *
 * *Version notes.* -3 from version 7, -4 from 8, -5 from 9, -6 from 11; before, and for any other negative timestamp,
 * UNSUPPORTED_VERSION of the partition. From 4 the leader epoch is checked and told. From 5 OFFSET_NOT_AVAILABLE says that
 * a new leader does not know the high watermark yet, before LEADER_NOT_AVAILABLE.
 */
import type {
  ListOffsetsPartition,
  ListOffsetsPartitionResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  ListOffsetsTopic,
} from '../protocol/api/02-list-offsets.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../protocol/errors.ts'
import type { Partition } from '../runtime/replica/partition.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const latest = -1n
const earliest = -2n
const maxTimestamp = -3n
const earliestLocal = -4n
const latestTiered = -5n
const earliestPendingUpload = -6n

/** The first version that has a special timestamp. */
const sinceVersion = new Map<bigint, number>([
  [latest, 1],
  [earliest, 1],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11],
])

const consumerReplicaId = -1
const leaderEpochVersion = 4
const offsetNotAvailableVersion = 5

interface Found {
  readonly offset: number
  readonly timestamp: bigint
  readonly leaderEpoch: number
}

const notFound: Found = { offset: -1, timestamp: -1n, leaderEpoch: -1 }

export async function handleListOffsets(
  broker: Broker,
  request: ListOffsetsRequest,
  context: RequestContext,
): Promise<ListOffsetsResponse> {
  if (request.isolationLevel < 0 || request.isolationLevel > 1) {
    return refuseListOffsets(request, new KafkaError('UNKNOWN_SERVER_ERROR'))
  }
  const topics = merged(request.topics).map(async (topic) => ({
    name: topic.name,
    partitions: await listTopic(broker, request, topic, context),
  }))
  return { throttleTimeMs: 0, topics: await Promise.all(topics) }
}

/** Each topic once, those without partitions not at all. */
function merged(topics: readonly ListOffsetsTopic[]): readonly ListOffsetsTopic[] {
  const byName = new Map<string, ListOffsetsTopic>()
  for (const topic of topics) {
    if (topic.partitions.length === 0) continue
    const first = byName.get(topic.name)
    if (first === undefined) byName.set(topic.name, topic)
    else for (const partition of topic.partitions) first.partitions.push(partition)
  }
  return [...byName.values()]
}

/** The answer to a request that failed as a whole. */
export function refuseListOffsets({ topics }: ListOffsetsRequest, error: KafkaError): ListOffsetsResponse {
  const answers = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => answerOf(partitionIndex, error.code, notFound)),
  }))
  return { throttleTimeMs: 0, topics: answers }
}

async function listTopic(
  broker: Broker,
  request: ListOffsetsRequest,
  topic: ListOffsetsTopic,
  context: RequestContext,
): Promise<ListOffsetsPartitionResponse[]> {
  const isAllowed = broker.authorize(context, 'Describe', 'Topic', topic.name)
  const answers: Promise<ListOffsetsPartitionResponse>[] = []
  const asked = new Map<number, ListOffsetsPartition | 'twice'>()
  for (const partition of topic.partitions) {
    asked.set(partition.partitionIndex, asked.has(partition.partitionIndex) ? 'twice' : partition)
  }
  for (const [index, partition] of asked) {
    if (partition === 'twice') answers.push(Promise.resolve(answerOf(index, errorCodes.INVALID_REQUEST, notFound)))
    else if (!isAllowed) {
      answers.push(Promise.resolve(answerOf(index, errorCodes.TOPIC_AUTHORIZATION_FAILED, notFound)))
    } else answers.push(listPartition(broker, request, topic.name, partition, context.apiVersion))
  }
  return Promise.all(answers)
}

async function listPartition(
  broker: Broker,
  request: ListOffsetsRequest,
  topic: string,
  asked: ListOffsetsPartition,
  version: number,
): Promise<ListOffsetsPartitionResponse> {
  const { partitionIndex: index, timestamp, currentLeaderEpoch } = asked
  if (timestamp < 0n && version < (sinceVersion.get(timestamp) ?? Number.POSITIVE_INFINITY)) {
    return answerOf(index, errorCodes.UNSUPPORTED_VERSION, notFound)
  }
  const partition = broker.replicaManager.partition(topic, index)
  if (partition === undefined) return answerOf(index, broker.replicaManager.missingError(topic, index), notFound)
  const refusal = partition.leaderError(currentLeaderEpoch)
  if (refusal !== 0) return answerOf(index, refusal, notFound)
  const isConsumer = request.replicaId === consumerReplicaId
  const endOffset = visibleEndOffset(partition, isConsumer, request.isolationLevel)
  try {
    const found = await findOffset(partition, timestamp, endOffset)
    if (isConsumer && isPutOff(partition, timestamp, found)) {
      const isNew = version >= offsetNotAvailableVersion
      return answerOf(index, isNew ? errorCodes.OFFSET_NOT_AVAILABLE : errorCodes.LEADER_NOT_AVAILABLE, notFound)
    }
    if (found === undefined) return answerOf(index, 0, notFound)
    return answerOf(index, 0, version >= leaderEpochVersion ? found : { ...found, leaderEpoch: -1 })
  } catch (error) {
    if (error instanceof KafkaError) return answerOf(index, error.code, notFound)
    throw error
  }
}

function visibleEndOffset(partition: Partition, isConsumer: boolean, isolationLevel: number): number {
  const log = partition.log!
  if (!isConsumer) return log.logEndOffset
  return isolationLevel === 1 ? log.lastStableOffset : log.highWatermark
}

async function findOffset(partition: Partition, timestamp: bigint, endOffset: number): Promise<Found | undefined> {
  const log = partition.log!
  switch (timestamp) {
    case latest:
      return { offset: endOffset, timestamp: -1n, leaderEpoch: partition.leaderEpoch }
    case earliest:
    case earliestLocal: {
      const offset = log.logStartOffset
      return { offset, timestamp: -1n, leaderEpoch: log.epochForOffset(offset) ?? -1 }
    }
    case latestTiered:
    case earliestPendingUpload:
      return undefined
    default: {
      const found =
        timestamp === maxTimestamp ? await log.findMaxTimestamp() : await log.findOffsetByTimestamp(timestamp)
      return found !== undefined && found.offset < endOffset ? found : undefined
    }
  }
}

/** What lies above a high watermark that is still rising would be missed. */
function isPutOff(partition: Partition, timestamp: bigint, found: Found | undefined): boolean {
  if (partition.replicas?.isHighWatermarkLagging !== true) return false
  return timestamp === latest || (timestamp >= 0n && found === undefined)
}

function answerOf(partitionIndex: number, errorCode: ErrorCode, found: Found): ListOffsetsPartitionResponse {
  const { timestamp, offset, leaderEpoch } = found
  return { partitionIndex, errorCode, timestamp, offset, leaderEpoch }
}
