/**
 * CreatePartitions (37)
 *
 * *Behavior.* Raises the number of partitions of topics, each by itself; the controller decides and places them, unless
 * the client does. The answer leaves when this broker serves its share of the new partitions, or the timeout is over.
 *
 * *Version notes.* None that a handler sees: 2 is flexible, 3 may throttle.
 */
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreatePartitionsTopicResult,
} from '../protocol/api/37-create-partitions.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { errorCodes, KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleCreatePartitions(
  broker: NodeServices,
  request: CreatePartitionsRequest,
  context: RequestContext,
): Promise<CreatePartitionsResponse> {
  const mayAlter = (name: string) => broker.authorize(context, 'Alter', 'Topic', name)
  const topics = request.topics.filter(({ name }) => mayAlter(name))
  const forbidden = request.topics.filter(({ name }) => !mayAlter(name))
  const results = topics.length === 0 ? [] : await increase(broker, { ...request, topics }, context)
  if (!request.validateOnly) {
    const counts = new Map(topics.map(({ name, count }) => [name, count]))
    const increased = results.filter(({ errorCode }) => errorCode === 0)
    const spentMs = broker.clock.monotonic() - context.receivedAtMs
    await broker.topicReadiness.untilServed(
      increased.map(({ name }) => ({ name, partitionCount: counts.get(name)! })),
      request.timeoutMs - spentMs,
    )
  }
  const refused = forbidden.map(({ name }) => ({
    name,
    errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED,
    errorMessage: null,
  }))
  return { throttleTimeMs: 0, results: [...results, ...refused] }
}

async function increase(
  broker: NodeServices,
  request: CreatePartitionsRequest,
  context: RequestContext,
): Promise<CreatePartitionsTopicResult[]> {
  try {
    const response = await broker.controller.send<CreatePartitionsResponse>(apiKeys.CreatePartitions, request, context)
    return response.results
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    const { code: errorCode, message: errorMessage } = error
    return request.topics.map(({ name }) => ({ name, errorCode, errorMessage }))
  }
}
