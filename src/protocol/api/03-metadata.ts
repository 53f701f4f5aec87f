/**
 * Metadata (3). Brokers, topics, partitions and their leaders; creates missing topics when that is allowed. No
 * topics means all of them in version 0; later an empty list means none and null means all.
 *
 * Version 1: response gains rack, controllerId, isInternal.
 * Version 2: response gains clusterId.
 * Version 3: response gains throttleTimeMs.
 * Version 4: request gains allowAutoTopicCreation.
 * Version 5: response gains offlineReplicas.
 * Version 6: the answer leaves before the throttling starts.
 * Version 7: response gains leaderEpoch.
 * Version 8: request gains includeClusterAuthorizedOperations, includeTopicAuthorizedOperations; response gains
 * topicAuthorizedOperations, clusterAuthorizedOperations.
 * Version 9: flexible.
 * Version 10: request gains topicId; response gains topicId.
 * Version 11: request loses includeClusterAuthorizedOperations; response loses clusterAuthorizedOperations.
 * Version 12: a topic may be asked for by id alone.
 * Version 13: response gains errorCode.
 */
import {
  arrayOf,
  bool,
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

export const metadataRequestTopic = struct('MetadataRequestTopic', {
  topicId: uuid({ since: 10, ignorable: true }),
  name: string({ nullableSince: 10 }),
})
export type MetadataRequestTopic = Infer<typeof metadataRequestTopic>

export const metadataRequest = request(
  { name: 'MetadataRequest', apiKey: 3, versions: [0, 13], flexibleSince: 9, listeners: ['broker'] },
  {
    topics: arrayOf(metadataRequestTopic, { nullableSince: 1 }),
    allowAutoTopicCreation: bool({ since: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
    includeTopicAuthorizedOperations: bool({ since: 8 }),
  },
)
export type MetadataRequest = Infer<typeof metadataRequest>
export type MetadataRequestInput = InferInput<typeof metadataRequest>

export const metadataResponseBroker = struct('MetadataResponseBroker', {
  nodeId: int32({ mapKey: true }),
  host: string(),
  port: int32(),
  rack: string({ since: 1, nullableSince: 1, default: null, ignorable: true }),
})
export type MetadataResponseBroker = Infer<typeof metadataResponseBroker>

export const metadataResponsePartition = struct('MetadataResponsePartition', {
  errorCode: int16(),
  partitionIndex: int32(),
  leaderId: int32(),
  leaderEpoch: int32({ since: 7, default: -1, ignorable: true }),
  replicaNodes: arrayOf(int32()),
  isrNodes: arrayOf(int32()),
  offlineReplicas: arrayOf(int32(), { since: 5, ignorable: true }),
})
export type MetadataResponsePartition = Infer<typeof metadataResponsePartition>

export const metadataResponseTopic = struct('MetadataResponseTopic', {
  errorCode: int16(),
  name: string({ nullableSince: 12, mapKey: true }),
  topicId: uuid({ since: 10, ignorable: true }),
  isInternal: bool({ since: 1, ignorable: true }),
  partitions: arrayOf(metadataResponsePartition),
  topicAuthorizedOperations: int32({ since: 8, default: -(2 ** 31) }),
})
export type MetadataResponseTopic = Infer<typeof metadataResponseTopic>

export const metadataResponse = response(
  { name: 'MetadataResponse', apiKey: 3, versions: [0, 13], flexibleSince: 9 },
  {
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    brokers: arrayOf(metadataResponseBroker),
    clusterId: string({ since: 2, nullableSince: 2, default: null, ignorable: true }),
    controllerId: int32({ since: 1, default: -1, ignorable: true }),
    topics: arrayOf(metadataResponseTopic),
    clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -(2 ** 31) }),
    errorCode: int16({ since: 13, ignorable: true }),
  },
)
export type MetadataResponse = Infer<typeof metadataResponse>
export type MetadataResponseInput = InferInput<typeof metadataResponse>
