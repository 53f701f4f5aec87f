/**
 * BeginQuorumEpoch (53). A new leader of the KRaft quorum tells a voter of its epoch.
 *
 * Version 1: flexible; request gains voterId, voterDirectoryId, leaderEndpoints; response gains nodeEndpoints;
 * voters have directory ids, the answer has endpoints (KIP-853).
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

export const beginQuorumEpochRequestPartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  voterDirectoryId: uuid({ since: 1, ignorable: true }),
  leaderId: int32(),
  leaderEpoch: int32(),
})
export type BeginQuorumEpochRequestPartitionData = Infer<typeof beginQuorumEpochRequestPartitionData>

export const beginQuorumEpochRequestTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(beginQuorumEpochRequestPartitionData),
})
export type BeginQuorumEpochRequestTopicData = Infer<typeof beginQuorumEpochRequestTopicData>

export const leaderEndpoint = struct('LeaderEndpoint', {
  name: string({ since: 1, mapKey: true }),
  host: string({ since: 1 }),
  port: uint16({ since: 1 }),
})
export type LeaderEndpoint = Infer<typeof leaderEndpoint>

export const beginQuorumEpochRequest = request(
  { name: 'BeginQuorumEpochRequest', apiKey: 53, versions: [0, 1], flexibleSince: 1, listeners: ['controller'] },
  {
    clusterId: string({ nullableSince: 0, default: null }),
    voterId: int32({ since: 1, default: -1, ignorable: true }),
    topics: arrayOf(beginQuorumEpochRequestTopicData),
    leaderEndpoints: arrayOf(leaderEndpoint, { since: 1, ignorable: true }),
  },
)
export type BeginQuorumEpochRequest = Infer<typeof beginQuorumEpochRequest>
export type BeginQuorumEpochRequestInput = InferInput<typeof beginQuorumEpochRequest>

export const beginQuorumEpochResponsePartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  leaderId: int32(),
  leaderEpoch: int32(),
})
export type BeginQuorumEpochResponsePartitionData = Infer<typeof beginQuorumEpochResponsePartitionData>

export const beginQuorumEpochResponseTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(beginQuorumEpochResponsePartitionData),
})
export type BeginQuorumEpochResponseTopicData = Infer<typeof beginQuorumEpochResponseTopicData>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ since: 1, mapKey: true }),
  host: string({ since: 1 }),
  port: uint16({ since: 1 }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const beginQuorumEpochResponse = response(
  { name: 'BeginQuorumEpochResponse', apiKey: 53, versions: [0, 1], flexibleSince: 1 },
  {
    errorCode: int16(),
    topics: arrayOf(beginQuorumEpochResponseTopicData),
    nodeEndpoints: arrayOf(nodeEndpoint, { since: 1, tag: 0 }),
  },
)
export type BeginQuorumEpochResponse = Infer<typeof beginQuorumEpochResponse>
export type BeginQuorumEpochResponseInput = InferInput<typeof beginQuorumEpochResponse>
