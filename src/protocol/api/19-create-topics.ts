/**
 * CreateTopics (19). Creates topics.
 *
 * Version 3: the answer leaves before the throttling starts.
 * Version 4: -1 partitions or replicas mean the broker's default (KIP-464).
 * Version 5: flexible; response gains topicConfigErrorCode, numPartitions, replicationFactor, configs; the answer
 * shows what was made (KIP-525).
 * Version 6: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599).
 * Version 7: response gains topicId; the answer has the topic id.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const creatableReplicaAssignment = struct('CreatableReplicaAssignment', {
  partitionIndex: int32({ mapKey: true }),
  brokerIds: arrayOf(int32()),
})
export type CreatableReplicaAssignment = Infer<typeof creatableReplicaAssignment>

export const creatableTopicConfig = struct('CreatableTopicConfig', {
  name: string({ mapKey: true }),
  value: string({ nullableSince: 0 }),
})
export type CreatableTopicConfig = Infer<typeof creatableTopicConfig>

export const creatableTopic = struct('CreatableTopic', {
  name: string({ mapKey: true }),
  numPartitions: int32(),
  replicationFactor: int16(),
  assignments: arrayOf(creatableReplicaAssignment),
  configs: arrayOf(creatableTopicConfig),
})
export type CreatableTopic = Infer<typeof creatableTopic>

export const createTopicsRequest = request(
  { name: 'CreateTopicsRequest', apiKey: 19, versions: [2, 7], flexibleSince: 5, listeners: ['broker', 'controller'] },
  {
    topics: arrayOf(creatableTopic),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool(),
  },
)
export type CreateTopicsRequest = Infer<typeof createTopicsRequest>
export type CreateTopicsRequestInput = InferInput<typeof createTopicsRequest>

export const creatableTopicConfigs = struct('CreatableTopicConfigs', {
  name: string({ since: 5 }),
  value: string({ since: 5, nullableSince: 5 }),
  readOnly: bool({ since: 5 }),
  configSource: int8({ since: 5, default: -1, ignorable: true }),
  isSensitive: bool({ since: 5 }),
})
export type CreatableTopicConfigs = Infer<typeof creatableTopicConfigs>

export const creatableTopicResult = struct('CreatableTopicResult', {
  name: string({ mapKey: true }),
  topicId: uuid({ since: 7, ignorable: true }),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, ignorable: true }),
  topicConfigErrorCode: int16({ since: 5, tag: 0, ignorable: true }),
  numPartitions: int32({ since: 5, default: -1, ignorable: true }),
  replicationFactor: int16({ since: 5, default: -1, ignorable: true }),
  configs: arrayOf(creatableTopicConfigs, { since: 5, nullableSince: 5, ignorable: true }),
})
export type CreatableTopicResult = Infer<typeof creatableTopicResult>

export const createTopicsResponse = response(
  { name: 'CreateTopicsResponse', apiKey: 19, versions: [2, 7], flexibleSince: 5 },
  {
    throttleTimeMs: int32({ ignorable: true }),
    topics: arrayOf(creatableTopicResult),
  },
)
export type CreateTopicsResponse = Infer<typeof createTopicsResponse>
export type CreateTopicsResponseInput = InferInput<typeof createTopicsResponse>
