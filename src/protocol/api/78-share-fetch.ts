/**
 * ShareFetch (78). Reads records of a share group, acquiring and acknowledging them (KIP-932). Version 0 was an
 * early access of Kafka 4.0.
 *
 * Version 2: request gains shareAcquireMode, isRenewAck; acquire mode and renewed locks (KIP-1206, KIP-1222).
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64Number,
  records,
  request,
  response,
  string,
  struct,
  structField,
  uuid,
} from '../schema.ts'

export const acknowledgementBatch = struct('AcknowledgementBatch', {
  firstOffset: int64Number(),
  lastOffset: int64Number(),
  acknowledgeTypes: arrayOf(int8()),
})
export type AcknowledgementBatch = Infer<typeof acknowledgementBatch>

export const fetchPartition = struct('FetchPartition', {
  partitionIndex: int32({ mapKey: true }),
  acknowledgementBatches: arrayOf(acknowledgementBatch),
})
export type FetchPartition = Infer<typeof fetchPartition>

export const fetchTopic = struct('FetchTopic', {
  topicId: uuid({ mapKey: true }),
  partitions: arrayOf(fetchPartition),
})
export type FetchTopic = Infer<typeof fetchTopic>

export const forgottenTopic = struct('ForgottenTopic', {
  topicId: uuid(),
  partitions: arrayOf(int32()),
})
export type ForgottenTopic = Infer<typeof forgottenTopic>

export const shareFetchRequest = request(
  { name: 'ShareFetchRequest', apiKey: 78, versions: [1, 2], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string({ nullableSince: 0, default: null }),
    memberId: string({ nullableSince: 0 }),
    shareSessionEpoch: int32(),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 2147483647 }),
    maxRecords: int32(),
    batchSize: int32(),
    shareAcquireMode: int8({ since: 2, ignorable: true }),
    isRenewAck: bool({ since: 2 }),
    topics: arrayOf(fetchTopic),
    forgottenTopicsData: arrayOf(forgottenTopic),
  },
)
export type ShareFetchRequest = Infer<typeof shareFetchRequest>
export type ShareFetchRequestInput = InferInput<typeof shareFetchRequest>

export const leaderIdAndEpoch = struct('LeaderIdAndEpoch', {
  leaderId: int32(),
  leaderEpoch: int32(),
})
export type LeaderIdAndEpoch = Infer<typeof leaderIdAndEpoch>

export const acquiredRecords = struct('AcquiredRecords', {
  firstOffset: int64Number(),
  lastOffset: int64Number(),
  deliveryCount: int16(),
})
export type AcquiredRecords = Infer<typeof acquiredRecords>

export const partitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
  acknowledgeErrorCode: int16(),
  acknowledgeErrorMessage: string({ nullableSince: 0, default: null }),
  currentLeader: structField(leaderIdAndEpoch),
  records: records(),
  acquiredRecords: arrayOf(acquiredRecords),
})
export type PartitionData = Infer<typeof partitionData>

export const shareFetchableTopicResponse = struct('ShareFetchableTopicResponse', {
  topicId: uuid({ mapKey: true }),
  partitions: arrayOf(partitionData),
})
export type ShareFetchableTopicResponse = Infer<typeof shareFetchableTopicResponse>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ mapKey: true }),
  host: string(),
  port: int32(),
  rack: string({ nullableSince: 0, default: null }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const shareFetchResponse = response(
  { name: 'ShareFetchResponse', apiKey: 78, versions: [1, 2], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    acquisitionLockTimeoutMs: int32(),
    responses: arrayOf(shareFetchableTopicResponse),
    nodeEndpoints: arrayOf(nodeEndpoint),
  },
)
export type ShareFetchResponse = Infer<typeof shareFetchResponse>
export type ShareFetchResponseInput = InferInput<typeof shareFetchResponse>
