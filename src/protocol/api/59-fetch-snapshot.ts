/**
 * FetchSnapshot (59). Reads a snapshot of the metadata log in pieces.
 *
 * Version 1: request gains replicaDirectoryId; response gains nodeEndpoints; voters have directory ids, the answer
 * has endpoints (KIP-853).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  records,
  request,
  response,
  string,
  struct,
  structField,
  uint16,
  uuid,
} from '../schema.ts'

export const fetchSnapshotRequestSnapshotId = struct('SnapshotId', {
  endOffset: int64Number(),
  epoch: int32(),
})
export type FetchSnapshotRequestSnapshotId = Infer<typeof fetchSnapshotRequestSnapshotId>

export const fetchSnapshotRequestPartitionSnapshot = struct('PartitionSnapshot', {
  partition: int32(),
  currentLeaderEpoch: int32(),
  snapshotId: structField(fetchSnapshotRequestSnapshotId),
  position: int64Number(),
  replicaDirectoryId: uuid({ since: 1, tag: 0, ignorable: true }),
})
export type FetchSnapshotRequestPartitionSnapshot = Infer<typeof fetchSnapshotRequestPartitionSnapshot>

export const fetchSnapshotRequestTopicSnapshot = struct('TopicSnapshot', {
  name: string(),
  partitions: arrayOf(fetchSnapshotRequestPartitionSnapshot),
})
export type FetchSnapshotRequestTopicSnapshot = Infer<typeof fetchSnapshotRequestTopicSnapshot>

export const fetchSnapshotRequest = request(
  { name: 'FetchSnapshotRequest', apiKey: 59, versions: [0, 1], flexibleSince: 0, listeners: ['controller'] },
  {
    clusterId: string({ nullableSince: 0, tag: 0, default: null }),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 2147483647 }),
    topics: arrayOf(fetchSnapshotRequestTopicSnapshot),
  },
)
export type FetchSnapshotRequest = Infer<typeof fetchSnapshotRequest>
export type FetchSnapshotRequestInput = InferInput<typeof fetchSnapshotRequest>

export const fetchSnapshotResponseSnapshotId = struct('SnapshotId', {
  endOffset: int64Number(),
  epoch: int32(),
})
export type FetchSnapshotResponseSnapshotId = Infer<typeof fetchSnapshotResponseSnapshotId>

export const leaderIdAndEpoch = struct('LeaderIdAndEpoch', {
  leaderId: int32(),
  leaderEpoch: int32(),
})
export type LeaderIdAndEpoch = Infer<typeof leaderIdAndEpoch>

export const fetchSnapshotResponsePartitionSnapshot = struct('PartitionSnapshot', {
  index: int32(),
  errorCode: int16(),
  snapshotId: structField(fetchSnapshotResponseSnapshotId),
  currentLeader: structField(leaderIdAndEpoch, { tag: 0 }),
  size: int64Number(),
  position: int64Number(),
  unalignedRecords: records(),
})
export type FetchSnapshotResponsePartitionSnapshot = Infer<typeof fetchSnapshotResponsePartitionSnapshot>

export const fetchSnapshotResponseTopicSnapshot = struct('TopicSnapshot', {
  name: string(),
  partitions: arrayOf(fetchSnapshotResponsePartitionSnapshot),
})
export type FetchSnapshotResponseTopicSnapshot = Infer<typeof fetchSnapshotResponseTopicSnapshot>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ since: 1, mapKey: true }),
  host: string({ since: 1 }),
  port: uint16({ since: 1 }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const fetchSnapshotResponse = response(
  { name: 'FetchSnapshotResponse', apiKey: 59, versions: [0, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32({ ignorable: true }),
    errorCode: int16(),
    topics: arrayOf(fetchSnapshotResponseTopicSnapshot),
    nodeEndpoints: arrayOf(nodeEndpoint, { since: 1, tag: 0 }),
  },
)
export type FetchSnapshotResponse = Infer<typeof fetchSnapshotResponse>
export type FetchSnapshotResponseInput = InferInput<typeof fetchSnapshotResponse>
