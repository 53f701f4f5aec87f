/**
 * Vote (52). A candidate of the KRaft quorum asks for a vote.
 *
 * Version 1: request gains voterId, replicaDirectoryId, voterDirectoryId; response gains nodeEndpoints; voters
 * have directory ids (KIP-853).
 * Version 2: request gains preVote; the pre-vote (KIP-996).
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  request,
  response,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const voteRequestPartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  replicaEpoch: int32(),
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 1, ignorable: true }),
  voterDirectoryId: uuid({ since: 1, ignorable: true }),
  lastOffsetEpoch: int32(),
  lastOffset: int64Number(),
  preVote: bool({ since: 2 }),
})
export type VoteRequestPartitionData = Infer<typeof voteRequestPartitionData>

export const voteRequestTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(voteRequestPartitionData),
})
export type VoteRequestTopicData = Infer<typeof voteRequestTopicData>

export const voteRequest = request(
  { name: 'VoteRequest', apiKey: 52, versions: [0, 2], flexibleSince: 0, listeners: ['controller'] },
  {
    clusterId: string({ nullableSince: 0, default: null }),
    voterId: int32({ since: 1, default: -1, ignorable: true }),
    topics: arrayOf(voteRequestTopicData),
  },
)
export type VoteRequest = Infer<typeof voteRequest>
export type VoteRequestInput = InferInput<typeof voteRequest>

export const voteResponsePartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  leaderId: int32(),
  leaderEpoch: int32(),
  voteGranted: bool(),
})
export type VoteResponsePartitionData = Infer<typeof voteResponsePartitionData>

export const voteResponseTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(voteResponsePartitionData),
})
export type VoteResponseTopicData = Infer<typeof voteResponseTopicData>

export const nodeEndpoint = struct('NodeEndpoint', {
  nodeId: int32({ since: 1, mapKey: true }),
  host: string({ since: 1 }),
  port: uint16({ since: 1 }),
})
export type NodeEndpoint = Infer<typeof nodeEndpoint>

export const voteResponse = response(
  { name: 'VoteResponse', apiKey: 52, versions: [0, 2], flexibleSince: 0 },
  {
    errorCode: int16(),
    topics: arrayOf(voteResponseTopicData),
    nodeEndpoints: arrayOf(nodeEndpoint, { since: 1, tag: 0 }),
  },
)
export type VoteResponse = Infer<typeof voteResponse>
export type VoteResponseInput = InferInput<typeof voteResponse>
