/**
 * DeleteTopics (20). Deletes topics by name, from version 6 by id too.
 *
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: TOPIC_DELETION_DISABLED may be answered.
 * Version 4: flexible.
 * Version 5: response gains errorMessage; THROTTLING_QUOTA_EXCEEDED may be answered, with a message (KIP-599).
 * Version 6: request gains topics and loses topicNames; response gains topicId.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const deleteTopicState = struct('DeleteTopicState', {
  name: string({ since: 6, nullableSince: 6, default: null }),
  topicId: uuid({ since: 6 }),
})
export type DeleteTopicState = Infer<typeof deleteTopicState>

export const deleteTopicsRequest = request(
  { name: 'DeleteTopicsRequest', apiKey: 20, versions: [1, 6], flexibleSince: 4, listeners: ['broker', 'controller'] },
  {
    topics: arrayOf(deleteTopicState, { since: 6 }),
    topicNames: arrayOf(string(), { until: 5, ignorable: true }),
    timeoutMs: int32(),
  },
)
export type DeleteTopicsRequest = Infer<typeof deleteTopicsRequest>
export type DeleteTopicsRequestInput = InferInput<typeof deleteTopicsRequest>

export const deletableTopicResult = struct('DeletableTopicResult', {
  name: string({ nullableSince: 6, mapKey: true }),
  topicId: uuid({ since: 6, ignorable: true }),
  errorCode: int16(),
  errorMessage: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
})
export type DeletableTopicResult = Infer<typeof deletableTopicResult>

export const deleteTopicsResponse = response(
  { name: 'DeleteTopicsResponse', apiKey: 20, versions: [1, 6], flexibleSince: 4 },
  {
    throttleTimeMs: int32({ ignorable: true }),
    responses: arrayOf(deletableTopicResult),
  },
)
export type DeleteTopicsResponse = Infer<typeof deleteTopicsResponse>
export type DeleteTopicsResponseInput = InferInput<typeof deleteTopicsResponse>
