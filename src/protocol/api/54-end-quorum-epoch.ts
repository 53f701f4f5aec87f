/**
 * EndQuorumEpoch (54). A leader of the KRaft quorum resigns and names who should come next.
 *
 * Version 1: flexible; request gains preferredCandidates, leaderEndpoints and loses preferredSuccessors; response
 * gains nodeEndpoints; voters have directory ids, the answer has endpoints (KIP-853).
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
  uint16,
  uuid,
} from '../schema.ts'

export const replicaInfo = struct('ReplicaInfo', {
  candidateId: int32({ since: 1 }),
  candidateDirectoryId: uuid({ since: 1 }),
})
export type ReplicaInfo = Infer<typeof replicaInfo>

export const endQuorumEpochRequestPartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  leaderId: int32(),
  leaderEpoch: int32(),
  preferredSuccessors: arrayOf(int32(), { until: 0, ignorable: true }),
  preferredCandidates: arrayOf(replicaInfo, { since: 1, ignorable: true }),
})
export type EndQuorumEpochRequestPartitionData = Infer<typeof endQuorumEpochRequestPartitionData>

export const endQuorumEpochRequestTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(endQuorumEpochRequestPartitionData),
})
export type EndQuorumEpochRequestTopicData = Infer<typeof endQuorumEpochRequestTopicData>

export const leaderEndpoint = struct('LeaderEndpoint', {
  name: string({ since: 1, mapKey: true }),
  host: string({ since: 1 }),
  port: uint16({ since: 1 }),
})
export type LeaderEndpoint = Infer<typeof leaderEndpoint>

export const endQuorumEpochRequest = request(
  { name: 'EndQuorumEpochRequest', apiKey: 54, versions: [0, 1], flexibleSince: 1, listeners: ['controller'] },
  {
    clusterId: string({ nullableSince: 0, default: null }),
    topics: arrayOf(endQuorumEpochRequestTopicData),
    leaderEndpoints: arrayOf(leaderEndpoint, { since: 1, ignorable: true }),
  },
)
export type EndQuorumEpochRequest = Infer<typeof endQuorumEpochRequest>
export type EndQuorumEpochRequestInput = InferInput<typeof endQuorumEpochRequest>

export const endQuorumEpochResponsePartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  leaderId: int32(),
  leaderEpoch: int32(),
})
export type EndQuorumEpochResponsePartitionData = Infer<typeof endQuorumEpochResponsePartitionData>

export const endQuorumEpochResponseTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(endQuorumEpochResponsePartitionData),
})
export type EndQuorumEpochResponseTopicData = Infer<typeof endQuorumEpochResponseTopicData>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ since: 1, mapKey: true }),
  host: string({ since: 1 }),
  port: uint16({ since: 1 }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const endQuorumEpochResponse = response(
  { name: 'EndQuorumEpochResponse', apiKey: 54, versions: [0, 1], flexibleSince: 1 },
  {
    errorCode: int16(),
    topics: arrayOf(endQuorumEpochResponseTopicData),
    nodeEndpoints: arrayOf(nodeEndpoint, { since: 1, tag: 0 }),
  },
)
export type EndQuorumEpochResponse = Infer<typeof endQuorumEpochResponse>
export type EndQuorumEpochResponseInput = InferInput<typeof endQuorumEpochResponse>
