/**
 * Fetch (1). Reads record batches from partitions, for consumers, followers and the KRaft quorum alike. Waits up
 * to maxWaitMs for minBytes. An incremental session (KIP-227) names only the partitions that changed.
 *
 * Version 5: request gains logStartOffset; response gains logStartOffset.
 * Version 7: request gains sessionId, sessionEpoch, forgottenTopicsData; response gains errorCode, sessionId.
 * Version 8: the answer leaves before the throttling starts.
 * Version 9: request gains currentLeaderEpoch.
 * Version 10: batches may be compressed with zstd.
 * Version 11: request gains rackId; response gains preferredReadReplica.
 * Version 12: flexible; request gains clusterId, lastFetchedEpoch; response gains divergingEpoch, currentLeader,
 * snapshotId.
 * Version 13: request gains topicId and loses topic; response gains topicId and loses topic; topics by id
 * (KIP-516).
 * Version 14: OFFSET_MOVED_TO_TIERED_STORAGE may be answered.
 * Version 15: request gains replicaState and loses replicaId; replicaId moves into replicaState (KIP-903).
 * Version 16: response gains nodeEndpoints; not-leader answers name the leader (KIP-951).
 * Version 17: request gains replicaDirectoryId; the fetching voter names its directory (KIP-853).
 * Version 18: request gains highWatermark; the follower tells its high watermark (KIP-1166).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64,
  int64Number,
  records,
  request,
  response,
  string,
  struct,
  structField,
  uuid,
} from '../schema.ts'

export const replicaState = struct('ReplicaState', {
  replicaId: int32({ since: 15, default: -1 }),
  replicaEpoch: int64Number({ since: 15, default: -1 }),
})
export type ReplicaState = Infer<typeof replicaState>

export const fetchPartition = struct('FetchPartition', {
  partition: int32(),
  currentLeaderEpoch: int32({ since: 9, default: -1, ignorable: true }),
  fetchOffset: int64Number(),
  lastFetchedEpoch: int32({ since: 12, default: -1 }),
  logStartOffset: int64Number({ since: 5, default: -1, ignorable: true }),
  partitionMaxBytes: int32(),
  replicaDirectoryId: uuid({ since: 17, tag: 0, ignorable: true }),
  highWatermark: int64Number({ since: 18, tag: 1, default: 2 ** 63, ignorable: true }),
})
export type FetchPartition = Infer<typeof fetchPartition>

export const fetchTopic = struct('FetchTopic', {
  topic: string({ until: 12, ignorable: true }),
  topicId: uuid({ since: 13, ignorable: true }),
  partitions: arrayOf(fetchPartition),
})
export type FetchTopic = Infer<typeof fetchTopic>

export const forgottenTopic = struct('ForgottenTopic', {
  topic: string({ since: 7, until: 12, ignorable: true }),
  topicId: uuid({ since: 13, ignorable: true }),
  partitions: arrayOf(int32(), { since: 7 }),
})
export type ForgottenTopic = Infer<typeof forgottenTopic>

export const fetchRequest = request(
  { name: 'FetchRequest', apiKey: 1, versions: [4, 18], flexibleSince: 12, listeners: ['broker', 'controller'] },
  {
    clusterId: string({ since: 12, nullableSince: 12, tag: 0, default: null, ignorable: true }),
    replicaId: int32({ until: 14, default: -1 }),
    replicaState: structField(replicaState, { since: 15, tag: 1 }),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 2147483647, ignorable: true }),
    isolationLevel: int8({ ignorable: true }),
    sessionId: int32({ since: 7, ignorable: true }),
    sessionEpoch: int32({ since: 7, default: -1, ignorable: true }),
    topics: arrayOf(fetchTopic),
    forgottenTopicsData: arrayOf(forgottenTopic, { since: 7 }),
    rackId: string({ since: 11, ignorable: true }),
  },
)
export type FetchRequest = Infer<typeof fetchRequest>
export type FetchRequestInput = InferInput<typeof fetchRequest>

export const epochEndOffset = struct('EpochEndOffset', {
  epoch: int32({ since: 12, default: -1 }),
  endOffset: int64Number({ since: 12, default: -1 }),
})
export type EpochEndOffset = Infer<typeof epochEndOffset>

export const leaderIdAndEpoch = struct('LeaderIdAndEpoch', {
  leaderId: int32({ since: 12, default: -1 }),
  leaderEpoch: int32({ since: 12, default: -1 }),
})
export type LeaderIdAndEpoch = Infer<typeof leaderIdAndEpoch>

export const snapshotId = struct('SnapshotId', {
  endOffset: int64Number({ default: -1 }),
  epoch: int32({ default: -1 }),
})
export type SnapshotId = Infer<typeof snapshotId>

export const abortedTransaction = struct('AbortedTransaction', {
  producerId: int64(),
  firstOffset: int64Number(),
})
export type AbortedTransaction = Infer<typeof abortedTransaction>

export const partitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  highWatermark: int64Number(),
  lastStableOffset: int64Number({ default: -1, ignorable: true }),
  logStartOffset: int64Number({ since: 5, default: -1, ignorable: true }),
  divergingEpoch: structField(epochEndOffset, { since: 12, tag: 0 }),
  currentLeader: structField(leaderIdAndEpoch, { since: 12, tag: 1 }),
  snapshotId: structField(snapshotId, { since: 12, tag: 2 }),
  abortedTransactions: arrayOf(abortedTransaction, { nullableSince: 0, ignorable: true }),
  preferredReadReplica: int32({ since: 11, default: -1 }),
  records: records({ nullableSince: 0 }),
})
export type PartitionData = Infer<typeof partitionData>

export const fetchableTopicResponse = struct('FetchableTopicResponse', {
  topic: string({ until: 12, ignorable: true }),
  topicId: uuid({ since: 13, ignorable: true }),
  partitions: arrayOf(partitionData),
})
export type FetchableTopicResponse = Infer<typeof fetchableTopicResponse>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ since: 16, mapKey: true }),
  host: string({ since: 16 }),
  port: int32({ since: 16 }),
  rack: string({ since: 16, nullableSince: 16, default: null }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const fetchResponse = response(
  { name: 'FetchResponse', apiKey: 1, versions: [4, 18], flexibleSince: 12 },
  {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16({ since: 7, ignorable: true }),
    sessionId: int32({ since: 7 }),
    responses: arrayOf(fetchableTopicResponse),
    nodeEndpoints: arrayOf(nodeEndpoint, { since: 16, tag: 0 }),
  },
)
export type FetchResponse = Infer<typeof fetchResponse>
export type FetchResponseInput = InferInput<typeof fetchResponse>
