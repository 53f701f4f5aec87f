/**
 * DescribeTopicPartitions (75)
 *
 * *Behavior.* Partitions of topics in the order of their names, page by page (KIP-966): an answer has at most
 * response partition limit of them, never more than max.request.partition.size.limit and never less than one, and a
 * cursor where the next page begins. No topics means all. A cursor names a topic of the request and a partition that may
 * be; topics before it are left out.
 *
 * *Version notes.* Only 0.
 */
import { zeroUuid } from '../base/uuid.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import { isInternalTopic, topicNameProblem } from '../metadata/topic-name.ts'
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponseInput,
} from '../protocol/api/75-describe-topic-partitions.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import { authorizedOperations } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'
import { ReachableBrokers } from './topic-description.ts'

type Cursor = NonNullable<DescribeTopicPartitionsRequest['cursor']>
type ResponseTopic = NonNullable<DescribeTopicPartitionsResponseInput['topics']>[number]
type ResponsePartition = NonNullable<ResponseTopic['partitions']>[number]

export function handleDescribeTopicPartitions(
  broker: Broker,
  request: DescribeTopicPartitionsRequest,
  context: RequestContext,
): DescribeTopicPartitionsResponseInput {
  const { cursor } = request
  const isAll = request.topics.length === 0
  const wanted = new Set(isAll ? broker.image.topics.names() : request.topics.map(({ name }) => name))
  if (cursor !== null && (cursor.partitionIndex < 0 || (!isAll && !wanted.has(cursor.topicName)))) {
    const topics = request.topics.map(({ name }) => failedTopic(name, errorCodes.INVALID_REQUEST))
    return { throttleTimeMs: 0, topics, nextCursor: null }
  }
  const names = [...wanted].filter((name) => cursor === null || name >= cursor.topicName).sort()
  const limit = Math.min(broker.config.maxRequestPartitionSizeLimit, request.responsePartitionLimit)
  const page = new Page(broker, context, Math.max(1, limit))
  for (const name of names) {
    const isDescribable = broker.authorize(context, 'Describe', 'Topic', name)
    if (!isDescribable && isAll) continue
    const startIndex = name === cursor?.topicName ? cursor.partitionIndex : 0
    if (!page.add(name, isDescribable, startIndex)) break
  }
  return { throttleTimeMs: 0, topics: page.topics, nextCursor: page.nextCursor }
}

function failedTopic(name: string, errorCode: ErrorCode): ResponseTopic {
  return { errorCode, name, topicId: zeroUuid, isInternal: isInternalTopic(name), partitions: [] }
}

class Page {
  readonly topics: ResponseTopic[] = []
  nextCursor: Cursor | null = null
  readonly #broker: Broker
  readonly #context: RequestContext
  readonly #reachable: ReachableBrokers
  #remaining: number

  constructor(broker: Broker, context: RequestContext, limit: number) {
    this.#broker = broker
    this.#context = context
    this.#reachable = new ReachableBrokers(broker, context.connection)
    this.#remaining = limit
  }

  /** Adds a topic from a partition on; false when the page is full, and the cursor says where to go on. */
  add(name: string, isDescribable: boolean, startIndex: number): boolean {
    if (this.#remaining === 0) {
      this.nextCursor = { topicName: name, partitionIndex: 0 }
      return false
    }
    if (!isDescribable) {
      this.topics.push(failedTopic(name, errorCodes.TOPIC_AUTHORIZATION_FAILED))
      return true
    }
    const operations = authorizedOperations(this.#broker, this.#context, 'Topic', name)
    const topic = this.#broker.image.topics.getByName(name)
    if (topic === undefined) {
      const isInvalid = topicNameProblem(name) !== undefined
      const error = isInvalid ? errorCodes.INVALID_TOPIC_EXCEPTION : errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      this.topics.push({ ...failedTopic(name, error), topicAuthorizedOperations: operations })
      return true
    }
    const endIndex = Math.min(topic.partitions.size, startIndex + this.#remaining)
    const partitions: ResponsePartition[] = []
    for (let index = startIndex; index < endIndex; index++) partitions.push(this.#describe(topic, index))
    this.topics.push({
      errorCode: 0,
      name,
      topicId: topic.id,
      isInternal: isInternalTopic(name),
      partitions,
      topicAuthorizedOperations: operations,
    })
    this.#remaining -= partitions.length
    if (endIndex >= topic.partitions.size) return true
    this.nextCursor = { topicName: name, partitionIndex: endIndex }
    return false
  }

  #describe(topic: TopicImage, partitionIndex: number): ResponsePartition {
    const partition = topic.partitions.get(partitionIndex)!
    return {
      ...this.#reachable.leaderOf(partition),
      partitionIndex,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
      offlineReplicas: this.#reachable.offlineReplicas(partition),
    }
  }
}
