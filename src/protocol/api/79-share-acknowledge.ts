/**
 * ShareAcknowledge (79). Acknowledges records of a share group (KIP-932). Version 0 was an early access of Kafka
 * 4.0.
 *
 * Version 2: request gains isRenewAck; response gains acquisitionLockTimeoutMs; renewed locks (KIP-1222).
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

export const acknowledgePartition = struct('AcknowledgePartition', {
  partitionIndex: int32({ mapKey: true }),
  acknowledgementBatches: arrayOf(acknowledgementBatch),
})
export type AcknowledgePartition = Infer<typeof acknowledgePartition>

export const acknowledgeTopic = struct('AcknowledgeTopic', {
  topicId: uuid({ mapKey: true }),
  partitions: arrayOf(acknowledgePartition),
})
export type AcknowledgeTopic = Infer<typeof acknowledgeTopic>

export const shareAcknowledgeRequest = request(
  { name: 'ShareAcknowledgeRequest', apiKey: 79, versions: [1, 2], flexibleSince: 0, listeners: ['broker'] },
  {
    groupId: string({ nullableSince: 0, default: null }),
    memberId: string({ nullableSince: 0 }),
    shareSessionEpoch: int32(),
    isRenewAck: bool({ since: 2 }),
    topics: arrayOf(acknowledgeTopic),
  },
)
export type ShareAcknowledgeRequest = Infer<typeof shareAcknowledgeRequest>
export type ShareAcknowledgeRequestInput = InferInput<typeof shareAcknowledgeRequest>

export const leaderIdAndEpoch = struct('LeaderIdAndEpoch', {
  leaderId: int32(),
  leaderEpoch: int32(),
})
export type LeaderIdAndEpoch = Infer<typeof leaderIdAndEpoch>

export const partitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
  currentLeader: structField(leaderIdAndEpoch),
})
export type PartitionData = Infer<typeof partitionData>

export const shareAcknowledgeTopicResponse = struct('ShareAcknowledgeTopicResponse', {
  topicId: uuid({ mapKey: true }),
  partitions: arrayOf(partitionData),
})
export type ShareAcknowledgeTopicResponse = Infer<typeof shareAcknowledgeTopicResponse>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ mapKey: true }),
  host: string(),
  port: int32(),
  rack: string({ nullableSince: 0, default: null }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const shareAcknowledgeResponse = response(
  { name: 'ShareAcknowledgeResponse', apiKey: 79, versions: [1, 2], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    acquisitionLockTimeoutMs: int32({ since: 2, ignorable: true }),
    responses: arrayOf(shareAcknowledgeTopicResponse),
    nodeEndpoints: arrayOf(nodeEndpoint),
  },
)
export type ShareAcknowledgeResponse = Infer<typeof shareAcknowledgeResponse>
export type ShareAcknowledgeResponseInput = InferInput<typeof shareAcknowledgeResponse>
