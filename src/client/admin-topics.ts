/**
 * Topics as an administrator sees and changes them. Each function sends its requests through a KafkaClient, which tries
 * again what fails for a passing reason; errors of single topics reject with KafkaError, the first of several.
 */
import { zeroUuid } from '../base/uuid.ts'
import { metadataRequest, metadataResponse } from '../protocol/api/03-metadata.ts'
import { createTopicsRequest, createTopicsResponse } from '../protocol/api/19-create-topics.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from '../protocol/api/20-delete-topics.ts'
import { createPartitionsRequest, createPartitionsResponse } from '../protocol/api/37-create-partitions.ts'
import {
  type DescribeTopicPartitionsResponse,
  type DescribeTopicPartitionsResponseTopic,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../protocol/api/75-describe-topic-partitions.ts'
import { adminError, throwFirst, throwPassing } from './admin-error.ts'
import { NotServedError } from './client-errors.ts'
import type { KafkaClient } from './kafka-client.ts'

export interface TopicListing {
  readonly name: string
  readonly topicId: string
  readonly isInternal: boolean
}

export interface PartitionDescription {
  readonly partition: number
  /** -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** null: the answer does not say. */
  readonly eligibleLeaderReplicas: readonly number[] | null
  readonly lastKnownElr: readonly number[] | null
  readonly offlineReplicas: readonly number[]
}

export interface TopicDescription extends TopicListing {
  /** In order. */
  readonly partitions: readonly PartitionDescription[]
}

export interface NewTopic {
  readonly name: string
  /** The broker's default without it. */
  readonly numPartitions?: number | undefined
  readonly replicationFactor?: number | undefined
  /** Brokers of each partition, instead of the two above. */
  readonly assignments?: readonly (readonly number[])[] | undefined
  readonly configs?: ReadonlyMap<string, string>
}

/** How long the broker may wait for a change to take effect. */
const timeoutMs = 30_000
const partitionLimit = 2000

const createExchange = { request: createTopicsRequest, response: createTopicsResponse }
const deleteExchange = { request: deleteTopicsRequest, response: deleteTopicsResponse }
const widenExchange = { request: createPartitionsRequest, response: createPartitionsResponse }
const describeExchange = { request: describeTopicPartitionsRequest, response: describeTopicPartitionsResponse }
const metadataExchange = { request: metadataRequest, response: metadataResponse }

/** All topics by name. */
export async function listTopics(client: KafkaClient): Promise<TopicListing[]> {
  const { topics } = await client.loadTopics(null)
  return topics
    .map(({ name, topicId, isInternal }) => ({ name: name!, topicId, isInternal }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

/** The topics of these names, by name. `limit` is how many partitions one answer may hold. */
export async function describeTopics(
  client: KafkaClient,
  names: readonly string[],
  limit = partitionLimit,
): Promise<TopicDescription[]> {
  const sorted = [...names].sort()
  const found = new Map<string, TopicDescription & { partitions: PartitionDescription[] }>()
  const add = (topic: DescribeTopicPartitionsResponseTopic): void => {
    if (topic.errorCode !== 0) throw adminError(topic.errorCode)
    const { name, topicId, isInternal } = topic
    const known = found.get(name!) ?? { name: name!, topicId, isInternal, partitions: [] }
    known.partitions.push(...topic.partitions.map(partitionOf))
    found.set(name!, known)
  }
  try {
    let cursor: DescribeTopicPartitionsResponse['nextCursor'] = null
    do {
      const first: string = cursor?.topicName ?? ''
      const topics = sorted.filter((name) => name >= first).map((name) => ({ name }))
      const message = { topics, responsePartitionLimit: limit, cursor }
      const answer: DescribeTopicPartitionsResponse = await client.ask(describeExchange, message)
      for (const topic of answer.topics) add(topic)
      cursor = answer.nextCursor
    } while (cursor !== null)
  } catch (error) {
    if (error instanceof NotServedError) return describeByMetadata(client, { names: sorted })
    throw error
  }
  return [...found.values()]
}

/** The topic of an id. */
export async function describeTopicById(client: KafkaClient, topicId: string): Promise<TopicDescription> {
  const [topic] = await describeByMetadata(client, { topicId })
  return topic!
}

async function describeByMetadata(
  client: KafkaClient,
  which: { readonly names: readonly string[] } | { readonly topicId: string },
): Promise<TopicDescription[]> {
  const topics =
    'names' in which
      ? which.names.map((name) => ({ topicId: zeroUuid, name }))
      : [{ topicId: which.topicId, name: null }]
  const answer = await client.ask(metadataExchange, { topics, allowAutoTopicCreation: false })
  throwFirst(answer.topics)
  return answer.topics.map(({ name, topicId, isInternal, partitions }) => ({
    name: name!,
    topicId,
    isInternal,
    partitions: partitions
      .map((each) => partitionOf({ ...each, eligibleLeaderReplicas: null, lastKnownElr: null }))
      .sort((left, right) => left.partition - right.partition),
  }))
}

function partitionOf(
  each: Omit<DescribeTopicPartitionsResponseTopic['partitions'][number], 'errorCode'>,
): PartitionDescription {
  return {
    partition: each.partitionIndex,
    leader: each.leaderId,
    leaderEpoch: each.leaderEpoch,
    replicas: each.replicaNodes,
    isr: each.isrNodes,
    eligibleLeaderReplicas: each.eligibleLeaderReplicas,
    lastKnownElr: each.lastKnownElr,
    offlineReplicas: each.offlineReplicas,
  }
}

/** Rejects with TOPIC_ALREADY_EXISTS and all that the topic may not be. */
export async function createTopic(client: KafkaClient, topic: NewTopic, validateOnly = false): Promise<void> {
  const assignments = (topic.assignments ?? []).map((brokerIds, partitionIndex) => ({
    partitionIndex,
    brokerIds: [...brokerIds],
  }))
  const message = {
    topics: [
      {
        name: topic.name,
        numPartitions: topic.numPartitions ?? -1,
        replicationFactor: topic.replicationFactor ?? -1,
        assignments,
        configs: [...(topic.configs ?? [])].map(([name, value]) => ({ name, value })),
      },
    ],
    timeoutMs,
    validateOnly,
  }
  const { topics } = await client.ask(createExchange, message, 'controller', {
    extraTimeoutMs: timeoutMs,
    judge: ({ topics: results }) => throwPassing(results),
  })
  throwFirst(topics)
}

/** Widens each topic to `count` partitions in all. */
export async function createPartitions(
  client: KafkaClient,
  wider: readonly { readonly name: string; readonly count: number; readonly assignments?: number[][] | undefined }[],
): Promise<void> {
  const topics = wider.map(({ name, count, assignments }) => ({
    name,
    count,
    assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
  }))
  const answer = await client.ask(widenExchange, { topics, timeoutMs }, 'controller', {
    extraTimeoutMs: timeoutMs,
    judge: ({ results }) => throwPassing(results),
  })
  throwFirst(answer.results)
}

export async function deleteTopics(client: KafkaClient, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const connection = await client.connectionTo('controller')
  const message =
    connection.versionOf(deleteTopicsRequest) >= 6
      ? { topics: names.map((name) => ({ name, topicId: zeroUuid })), timeoutMs }
      : { topicNames: [...names], timeoutMs }
  const { responses } = await client.ask(deleteExchange, message, 'controller', {
    extraTimeoutMs: timeoutMs,
    judge: (answer) => throwPassing(answer.responses),
  })
  throwFirst(responses)
}
