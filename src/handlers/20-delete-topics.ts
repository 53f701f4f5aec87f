/**
 * DeleteTopics (20)
 *
 * *Behavior.* Each topic is deleted or refused by itself; the controller decides. The answer leaves when the deletion is
 * committed; the files go a little later (file.delete.delay.ms).
 *
 * *Version notes.* Up to 5 by name; 6 by name or id. Before 3 a broker with delete.topic.enable=false answers
 * INVALID_REQUEST, since then TOPIC_DELETION_DISABLED. 5 brings messages.
 */
import { zeroUuid } from '../base/uuid.ts'
import type {
  DeletableTopicResult,
  DeleteTopicState,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '../protocol/api/20-delete-topics.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../protocol/errors.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleDeleteTopics(
  broker: NodeServices,
  request: DeleteTopicsRequest,
  context: RequestContext,
): Promise<DeleteTopicsResponse> {
  const wanted: DeleteTopicState[] = [
    ...request.topics,
    ...request.topicNames.map((name) => ({ name, topicId: zeroUuid })),
  ]
  const refused: DeletableTopicResult[] = []
  const topics = wanted.filter((topic) => {
    const result = refusalOf(broker, topic, context)
    if (result !== undefined) refused.push(result)
    return result === undefined
  })
  const responses = topics.length === 0 ? [] : await deleteAll(broker, { ...request, topics, topicNames: [] }, context)
  if (context.apiVersion < 3) for (const response of responses) response.errorCode = codeBefore3(response.errorCode)
  return { throttleTimeMs: 0, responses: [...responses, ...refused] }
}

/** What this principal may not delete; who may not see a topic is told neither its name nor its id. */
function refusalOf(
  broker: NodeServices,
  topic: DeleteTopicState,
  context: RequestContext,
): DeletableTopicResult | undefined {
  const name = topic.name ?? broker.image.topics.get(topic.topicId)?.name
  if (name === undefined || broker.authorize(context, 'Delete', 'Topic', name)) return undefined
  const isVisible = topic.name !== null || broker.authorize(context, 'Describe', 'Topic', name)
  return {
    name: isVisible ? name : null,
    topicId: topic.topicId,
    errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED,
    errorMessage: null,
  }
}

async function deleteAll(
  broker: NodeServices,
  request: DeleteTopicsRequest,
  context: RequestContext,
): Promise<DeletableTopicResult[]> {
  try {
    const response = await broker.controller.send<DeleteTopicsResponse>(apiKeys.DeleteTopics, request, context)
    return response.responses
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    const { code: errorCode, message: errorMessage } = error
    return request.topics.map(({ name, topicId }) => ({ name, topicId, errorCode, errorMessage }))
  }
}

function codeBefore3(errorCode: number): ErrorCode {
  const isDisabled = errorCode === errorCodes.TOPIC_DELETION_DISABLED
  return isDisabled ? errorCodes.INVALID_REQUEST : (errorCode as ErrorCode)
}
