/**
 * DescribeQuorum (55). State of the KRaft quorum: leader, voters, observers and how far each is.
 *
 * Version 1: response gains lastFetchTimestamp, lastCaughtUpTimestamp.
 * Version 2: response gains errorMessage, nodes, replicaDirectoryId; directories and endpoints of voters
 * (KIP-853).
 */
import {
  arrayOf,
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

export const describeQuorumRequestPartitionData = struct('PartitionData', {
  partitionIndex: int32(),
})
export type DescribeQuorumRequestPartitionData = Infer<typeof describeQuorumRequestPartitionData>

export const describeQuorumRequestTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(describeQuorumRequestPartitionData),
})
export type DescribeQuorumRequestTopicData = Infer<typeof describeQuorumRequestTopicData>

export const describeQuorumRequest = request(
  {
    name: 'DescribeQuorumRequest',
    apiKey: 55,
    versions: [0, 2],
    flexibleSince: 0,
    listeners: ['broker', 'controller'],
  },
  {
    topics: arrayOf(describeQuorumRequestTopicData),
  },
)
export type DescribeQuorumRequest = Infer<typeof describeQuorumRequest>
export type DescribeQuorumRequestInput = InferInput<typeof describeQuorumRequest>

export const replicaState = struct('ReplicaState', {
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 2 }),
  logEndOffset: int64Number(),
  lastFetchTimestamp: int64Number({ since: 1, default: -1, ignorable: true }),
  lastCaughtUpTimestamp: int64Number({ since: 1, default: -1, ignorable: true }),
})
export type ReplicaState = Infer<typeof replicaState>

export const describeQuorumResponsePartitionData = struct('PartitionData', {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ since: 2, nullableSince: 2, ignorable: true }),
  leaderId: int32(),
  leaderEpoch: int32(),
  highWatermark: int64Number(),
  currentVoters: arrayOf(replicaState),
  observers: arrayOf(replicaState),
})
export type DescribeQuorumResponsePartitionData = Infer<typeof describeQuorumResponsePartitionData>

export const describeQuorumResponseTopicData = struct('TopicData', {
  topicName: string(),
  partitions: arrayOf(describeQuorumResponsePartitionData),
})
export type DescribeQuorumResponseTopicData = Infer<typeof describeQuorumResponseTopicData>

export const listener = struct('Listener', {
  name: string({ since: 2, mapKey: true }),
  host: string({ since: 2 }),
  port: uint16({ since: 2 }),
})
export type Listener = Infer<typeof listener>

export const node = struct('Node', {
  nodeId: int32({ since: 2, mapKey: true }),
  listeners: arrayOf(listener, { since: 2 }),
})
export type Node = Infer<typeof node>

export const describeQuorumResponse = response(
  { name: 'DescribeQuorumResponse', apiKey: 55, versions: [0, 2], flexibleSince: 0 },
  {
    errorCode: int16(),
    errorMessage: string({ since: 2, nullableSince: 2, ignorable: true }),
    topics: arrayOf(describeQuorumResponseTopicData),
    nodes: arrayOf(node, { since: 2 }),
  },
)
export type DescribeQuorumResponse = Infer<typeof describeQuorumResponse>
export type DescribeQuorumResponseInput = InferInput<typeof describeQuorumResponse>
