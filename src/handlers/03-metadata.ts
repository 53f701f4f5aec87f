/**
 * Metadata (3)
 *
 * *Behavior.* The brokers that are up, with the addresses under which this client reaches them, and topics with their
 * partitions and leaders. A topic that does not exist is created when the client and auto.create.topics.enable allow it,
 * and the answer waits until it is served (Apache Kafka answers UNKNOWN_TOPIC_OR_PARTITION at once and the client asks
 * again). Where no broker is up, the answer waits for one: it may be this one, which starts. As controller some live broker is named: clients send it what the controller is to do, and every broker passes
 * that on.
 *
 * *Version notes.* In 0 no topics means all; since 1 null means all and an empty list none. 0 leaves out replicas that
 * are down (with REPLICA_NOT_AVAILABLE); since 5 they are told as offline. Before 6 a leader without the client's
 * listener is LEADER_NOT_AVAILABLE, since then LISTENER_NOT_FOUND. Since 10 topics have ids, which may be asked for since
 * 12; with one id in a request its names are ignored, as in Kafka. 8 to 10 tell authorized operations of the cluster.
 * Since 13 a broker that the cluster has unregistered answers REBOOTSTRAP_REQUIRED (KIP-1102), which sends the client back
 * to its bootstrap servers; Apache Kafka 4.3.1 has the error for its clients and never answers it.
 */
import { zeroUuid } from '../base/uuid.ts'
import type { PartitionRegistration } from '../metadata/partition-registration.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import { clusterMetadataTopicName, isInternalTopic, topicNameProblem } from '../metadata/topic-name.ts'
import type { MetadataRequest, MetadataRequestTopic, MetadataResponseInput } from '../protocol/api/03-metadata.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import { authorizedOperations, clusterResourceName, operationsNotAsked } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import { brokerEndpoint } from './broker-endpoint.ts'
import type { RequestContext } from './handler.ts'
import { ReachableBrokers } from './topic-description.ts'

type ResponseTopic = NonNullable<MetadataResponseInput['topics']>[number]
type ResponsePartition = NonNullable<ResponseTopic['partitions']>[number]

/** How long the answer waits for a broker that it could name: while the only one starts. */
const liveBrokersWaitMs = 10_000
/** How long the answer waits for topics that it creates. */
const creationWaitMs = 5_000
/** The first version with an error of the whole answer. */
const rebootstrapVersion = 13

export function handleMetadata(
  broker: Broker,
  request: MetadataRequest,
  context: RequestContext,
): MetadataResponseInput | Promise<MetadataResponseInput> {
  const refusal = refusalOf(broker, request, context.apiVersion)
  if (refusal !== undefined) return refuse(request, refusal)
  if (broker.liveBrokers.areKnown) return answerMetadata(broker, request, context)
  return broker.liveBrokers.untilKnown(liveBrokersWaitMs).then(() => answerMetadata(broker, request, context))
}

function answerMetadata(
  broker: Broker,
  request: MetadataRequest,
  context: RequestContext,
): MetadataResponseInput | Promise<MetadataResponseInput> {
  const answer = new MetadataAnswer(broker, request, context)
  const isAll = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0)
  if (isAll) return answer.finish(answer.allTopics())
  const wanted = request.topics!
  if (wanted.some((topic) => topic.topicId !== zeroUuid)) return answer.finish(answer.topicsById(wanted))
  const names = [...new Set(wanted.map((topic) => topic.name!))]
  const missing = answer.creatableAmong(names)
  if (missing.length === 0) return answer.finish(answer.topicsByName(names))
  return broker.autoTopicCreation.create(missing, creationWaitMs).then(() => answer.finish(answer.topicsByName(names)))
}

/** Ids where none are allowed, or a topic without name and id, spoil the whole request. */
function refusalOf(broker: Broker, { topics }: MetadataRequest, version: number): ErrorCode | undefined {
  const isUnregistered = broker.image.cluster.broker(broker.nodeId) === undefined
  if (isUnregistered && version >= rebootstrapVersion) return errorCodes.REBOOTSTRAP_REQUIRED
  if (topics === null) return undefined
  const hasIds = topics.some((topic) => topic.topicId !== zeroUuid)
  if (version < 12 && (hasIds || topics.some((topic) => topic.name === null))) return errorCodes.INVALID_REQUEST
  const hasNothing = topics.some((topic) => topic.name === null && topic.topicId === zeroUuid)
  return hasNothing ? errorCodes.UNKNOWN_SERVER_ERROR : undefined
}

function refuse(request: MetadataRequest, errorCode: ErrorCode): MetadataResponseInput {
  const topics = (request.topics ?? []).map(({ name, topicId }) => ({ errorCode, name: name ?? '', topicId }))
  return { brokers: [], clusterId: null, controllerId: -1, topics, errorCode }
}

class MetadataAnswer {
  readonly #broker: Broker
  readonly #request: MetadataRequest
  readonly #context: RequestContext
  readonly #reachable: ReachableBrokers

  constructor(broker: Broker, request: MetadataRequest, context: RequestContext) {
    this.#broker = broker
    this.#request = request
    this.#context = context
    this.#reachable = new ReachableBrokers(broker, context.connection)
  }

  finish(topics: ResponseTopic[]): MetadataResponseInput {
    const { clusterId } = this.#broker
    const brokers = this.#brokers()
    const asksForCluster = this.#request.includeClusterAuthorizedOperations
    return {
      throttleTimeMs: 0,
      brokers,
      clusterId,
      controllerId: this.#someBroker(brokers.map(({ nodeId }) => nodeId)),
      topics,
      clusterAuthorizedOperations: asksForCluster
        ? authorizedOperations(this.#broker, this.#context, 'Cluster', clusterResourceName)
        : operationsNotAsked,
      errorCode: 0,
    }
  }

  allTopics(): ResponseTopic[] {
    const topics: ResponseTopic[] = []
    for (const topic of this.#broker.image.topics.values()) {
      if (this.#mayDescribe(topic.name)) topics.push(this.#describe(topic))
    }
    return topics
  }

  topicsById(wanted: readonly MetadataRequestTopic[]): ResponseTopic[] {
    const ids = new Set(wanted.map((topic) => topic.topicId).filter((id) => id !== zeroUuid))
    return [...ids].map((topicId) => {
      const topic = this.#broker.image.topics.get(topicId)
      // Who may not see the topic is not told its name either.
      if (topic === undefined || !this.#mayDescribe(topic.name)) {
        const errorCode = topic === undefined ? errorCodes.UNKNOWN_TOPIC_ID : errorCodes.TOPIC_AUTHORIZATION_FAILED
        return { errorCode, name: null, topicId, partitions: [] }
      }
      return this.#describe(topic)
    })
  }

  topicsByName(names: readonly string[]): ResponseTopic[] {
    return names.map((name) => {
      if (!this.#mayDescribe(name)) return this.#missing(name, errorCodes.TOPIC_AUTHORIZATION_FAILED)
      const topic = this.#broker.image.topics.getByName(name)
      if (topic !== undefined) return this.#describe(topic)
      const isInvalid = topicNameProblem(name) !== undefined
      return this.#missing(name, isInvalid ? errorCodes.INVALID_TOPIC_EXCEPTION : errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
    })
  }

  /** Those of `names` that do not exist and that this request may create. */
  creatableAmong(names: readonly string[]): string[] {
    const { config, image, authorize } = this.#broker
    if (!this.#request.allowAutoTopicCreation || !config.autoCreateTopicsEnable) return []
    return names.filter(
      (name) =>
        image.topics.getByName(name) === undefined &&
        name !== clusterMetadataTopicName &&
        topicNameProblem(name) === undefined &&
        this.#mayDescribe(name) &&
        (authorize(this.#context, 'Create', 'Cluster', clusterResourceName) ||
          authorize(this.#context, 'Create', 'Topic', name)),
    )
  }

  #mayDescribe(name: string): boolean {
    return this.#broker.authorize(this.#context, 'Describe', 'Topic', name)
  }

  #brokers(): { nodeId: number; host: string; port: number; rack: string | null }[] {
    return this.#broker.image.aliveBrokers().flatMap(({ id }) => {
      const endpoint = brokerEndpoint(this.#broker, id, this.#context.connection)
      return endpoint === undefined ? [] : [{ nodeId: id, ...endpoint }]
    })
  }

  #someBroker(ids: readonly number[]): number {
    const { random } = this.#broker
    return ids.length === 0 ? -1 : ids[random.integer(ids.length)]!
  }

  #missing(name: string, errorCode: ErrorCode): ResponseTopic {
    const isInternal = isInternalTopic(name)
    return { errorCode, name, isInternal, partitions: [], topicAuthorizedOperations: this.#operations(name) }
  }

  #describe(topic: TopicImage): ResponseTopic {
    const partitions: ResponsePartition[] = []
    for (const [partitionIndex, partition] of topic.partitions.entries()) {
      partitions.push(this.#describePartition(partitionIndex, partition))
    }
    return {
      errorCode: 0,
      name: topic.name,
      topicId: topic.id,
      isInternal: isInternalTopic(topic.name),
      partitions,
      topicAuthorizedOperations: this.#operations(topic.name),
    }
  }

  #operations(name: string): number {
    if (!this.#request.includeTopicAuthorizedOperations) return operationsNotAsked
    return authorizedOperations(this.#broker, this.#context, 'Topic', name)
  }

  #describePartition(partitionIndex: number, partition: PartitionRegistration): ResponsePartition {
    const { apiVersion } = this.#context
    const reachable = this.#reachable
    const isReachable = (brokerId: number) => reachable.has(brokerId)
    const replicaNodes = apiVersion === 0 ? partition.replicas.filter(isReachable) : partition.replicas
    const isrNodes = apiVersion === 0 ? partition.isr.filter(isReachable) : partition.isr
    let { leaderId, errorCode } = reachable.leaderOf(partition)
    if (apiVersion < 6 && errorCode === errorCodes.LISTENER_NOT_FOUND) errorCode = errorCodes.LEADER_NOT_AVAILABLE
    const isIncomplete = replicaNodes.length < partition.replicas.length || isrNodes.length < partition.isr.length
    if (errorCode === 0 && isIncomplete) errorCode = errorCodes.REPLICA_NOT_AVAILABLE
    return {
      errorCode,
      partitionIndex,
      leaderId,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes,
      isrNodes,
      offlineReplicas: reachable.offlineReplicas(partition),
    }
  }
}
