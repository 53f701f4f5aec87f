/**
 * CreateTopics (19)
 *
 * *Behavior.* Each topic is created or refused by itself; the controller decides. The answer leaves when this broker
 * serves its partitions of the new topics, or the request's timeout is over: the topics exist then all the same. Who may
 * not create topics in the cluster needs the right for each.
 *
 * *Version notes.* Since 4 partitions and replication factor of -1 mean the defaults; Kafka 4 takes them in 2 and 3 too.
 * 5 tells the configuration of the new topic, 7 its id.
 */
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
  CreateTopicsResponseInput,
} from '../protocol/api/19-create-topics.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { errorCodes, KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleCreateTopics(
  broker: NodeServices,
  request: CreateTopicsRequest,
  context: RequestContext,
): Promise<CreateTopicsResponseInput> {
  const mayCreateAll = broker.authorize(context, 'Create', 'Cluster', clusterResourceName)
  const mayCreate = (name: string) => mayCreateAll || broker.authorize(context, 'Create', 'Topic', name)
  const allowed = request.topics.filter(({ name }) => mayCreate(name))
  const forbidden = request.topics.filter(({ name }) => !mayCreate(name))
  const topics = allowed.length === 0 ? [] : await create(broker, { ...request, topics: allowed }, context)
  if (!request.validateOnly) await untilServed(broker, topics, request.timeoutMs, context)
  return {
    throttleTimeMs: 0,
    topics: [
      ...topics,
      ...forbidden.map(({ name }) => ({
        name,
        errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED,
        errorMessage: 'Authorization failed.',
        configs: [],
      })),
    ],
  }
}

type Results = NonNullable<CreateTopicsResponseInput['topics']>

async function create(broker: NodeServices, request: CreateTopicsRequest, context: RequestContext): Promise<Results> {
  try {
    const response = await broker.controller.send<CreateTopicsResponse>(apiKeys.CreateTopics, request, context)
    return response.topics
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    const { code: errorCode, message: errorMessage } = error
    return request.topics.map(({ name }) => ({ name, errorCode, errorMessage, configs: [] }))
  }
}

async function untilServed(
  broker: NodeServices,
  topics: Results,
  timeoutMs: number,
  context: RequestContext,
): Promise<void> {
  const created = topics.filter(({ errorCode }) => errorCode === 0)
  if (created.length === 0) return
  const spentMs = broker.clock.monotonic() - context.receivedAtMs
  await broker.topicReadiness.untilServed(
    created.map(({ name, numPartitions }) => ({ name: name!, partitionCount: Math.max(1, numPartitions ?? 1) })),
    timeoutMs - spentMs,
  )
}
