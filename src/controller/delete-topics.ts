/**
 * DeleteTopics (20) at the controller, by name or (version 6) by id. Answers come in the order of the request, one for
 * each topic; a name or id that is given twice is refused, not deleted.
 */
import { type Uuid, zeroUuid } from '../base/uuid.ts'
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import type {
  DeletableTopicResult,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '../protocol/api/20-delete-topics.ts'
import { type ErrorName, errorCodes } from '../protocol/errors.ts'
import { type ControllerResult, maxRecordsPerUserOperation } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'
import { timedOut } from './timed-out.ts'

interface Wanted {
  readonly name: string | null
  readonly topicId: Uuid
}

function failure(wanted: Wanted, error: ErrorName, message: string): DeletableTopicResult {
  return { name: wanted.name, topicId: wanted.topicId, errorCode: errorCodes[error], errorMessage: message }
}

export function deleteTopics(
  state: ControllerState,
  request: DeleteTopicsRequest,
): ControllerResult<DeleteTopicsResponse> {
  const wanted: Wanted[] = [...request.topics, ...request.topicNames.map((name) => ({ name, topicId: zeroUuid }))]
  const counts = new Map<string, number>()
  for (const each of wanted) counts.set(keyOf(each), (counts.get(keyOf(each)) ?? 0) + 1)
  const givenIds = new Set(wanted.map((each) => each.topicId))
  const namedIds = new Set(wanted.map((each) => state.image.topics.getByName(each.name ?? '')?.id))
  const records: MetadataRecord[] = []
  const responses: DeletableTopicResult[] = []
  for (const each of wanted) {
    const mistake = state.config.deleteTopicEnable ? misshapen(each) : undefined
    if (mistake !== undefined) {
      responses.push(mistake)
      continue
    }
    const count = counts.get(keyOf(each))!
    // A second time, or by id what is named as well: answered where it came first.
    if (count === 0 || (each.name === null && namedIds.has(each.topicId))) continue
    counts.set(keyOf(each), 0)
    const refusal = refusalOf(state, each, count > 1)
    if (refusal !== undefined) responses.push(refusal)
    else if (request.timeoutMs <= 0) responses.push({ ...each, ...timedOut })
    else responses.push(deleteTopic(state, each, givenIds, records))
  }
  return { records, response: { throttleTimeMs: 0, responses } }
}

function keyOf(wanted: Wanted): string {
  return `${wanted.topicId}:${wanted.name ?? ''}`
}

/** What is wrong whatever topics there are. */
function refusalOf(state: ControllerState, wanted: Wanted, isDuplicate: boolean): DeletableTopicResult | undefined {
  if (!state.config.deleteTopicEnable) return failure(wanted, 'TOPIC_DELETION_DISABLED', 'Topic deletion is disabled.')
  if (!isDuplicate) return undefined
  return failure(wanted, 'INVALID_REQUEST', wanted.name === null ? 'Duplicate topic id.' : 'Duplicate topic name.')
}

/** What names no topic, or two, is answered however often it comes. */
function misshapen(wanted: Wanted): DeletableTopicResult | undefined {
  const { name, topicId } = wanted
  if ((name === null) !== (topicId === zeroUuid)) return undefined
  const isNothing = name === null
  return failure(
    wanted,
    'INVALID_REQUEST',
    isNothing ? 'Neither topic name nor id were specified.' : 'You may not specify both topic name and topic id.',
  )
}

function deleteTopic(
  state: ControllerState,
  wanted: Wanted,
  givenIds: ReadonlySet<Uuid>,
  records: MetadataRecord[],
): DeletableTopicResult {
  const { name, topicId } = wanted
  const topic = name === null ? state.image.topics.get(topicId) : state.image.topics.getByName(name)
  if (topic === undefined) {
    return name === null
      ? failure(wanted, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.')
      : failure(wanted, 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
  }
  const found = { name: topic.name, topicId: topic.id }
  if (name !== null && givenIds.has(topic.id)) {
    return failure(found, 'INVALID_REQUEST', 'The provided topic name maps to an ID that was already supplied.')
  }
  if (records.length >= maxRecordsPerUserOperation) {
    return failure(found, 'POLICY_VIOLATION', 'Unable to perform excessively large batch operation.')
  }
  records.push(metadataRecord('RemoveTopicRecord', 0, { topicId: topic.id }))
  return { ...found, errorCode: 0, errorMessage: null }
}
