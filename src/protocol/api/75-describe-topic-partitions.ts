/**
 * DescribeTopicPartitions (75). Partitions of topics in pages, with eligible leader replicas (KIP-966).
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
  structField,
  uuid,
} from '../schema.ts'

export const topicRequest = struct('TopicRequest', {
  name: string(),
})
export type TopicRequest = Infer<typeof topicRequest>

export const describeTopicPartitionsRequestCursor = struct('Cursor', {
  topicName: string(),
  partitionIndex: int32(),
})
export type DescribeTopicPartitionsRequestCursor = Infer<typeof describeTopicPartitionsRequestCursor>

export const describeTopicPartitionsRequest = request(
  { name: 'DescribeTopicPartitionsRequest', apiKey: 75, versions: [0, 0], flexibleSince: 0, listeners: ['broker'] },
  {
    topics: arrayOf(topicRequest),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: structField(describeTopicPartitionsRequestCursor, { nullableSince: 0, default: null }),
  },
)
export type DescribeTopicPartitionsRequest = Infer<typeof describeTopicPartitionsRequest>
export type DescribeTopicPartitionsRequestInput = InferInput<typeof describeTopicPartitionsRequest>

export const describeTopicPartitionsResponsePartition = struct('DescribeTopicPartitionsResponsePartition', {
  errorCode: int16(),
  partitionIndex: int32(),
  leaderId: int32(),
  leaderEpoch: int32({ default: -1, ignorable: true }),
  replicaNodes: arrayOf(int32()),
  isrNodes: arrayOf(int32()),
  eligibleLeaderReplicas: arrayOf(int32(), { nullableSince: 0, default: null }),
  lastKnownElr: arrayOf(int32(), { nullableSince: 0, default: null }),
  offlineReplicas: arrayOf(int32(), { ignorable: true }),
})
export type DescribeTopicPartitionsResponsePartition = Infer<typeof describeTopicPartitionsResponsePartition>

export const describeTopicPartitionsResponseTopic = struct('DescribeTopicPartitionsResponseTopic', {
  errorCode: int16(),
  name: string({ nullableSince: 0, mapKey: true }),
  topicId: uuid({ ignorable: true }),
  isInternal: bool({ ignorable: true }),
  partitions: arrayOf(describeTopicPartitionsResponsePartition),
  topicAuthorizedOperations: int32({ default: -(2 ** 31) }),
})
export type DescribeTopicPartitionsResponseTopic = Infer<typeof describeTopicPartitionsResponseTopic>

export const describeTopicPartitionsResponseCursor = struct('Cursor', {
  topicName: string(),
  partitionIndex: int32(),
})
export type DescribeTopicPartitionsResponseCursor = Infer<typeof describeTopicPartitionsResponseCursor>

export const describeTopicPartitionsResponse = response(
  { name: 'DescribeTopicPartitionsResponse', apiKey: 75, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32({ ignorable: true }),
    topics: arrayOf(describeTopicPartitionsResponseTopic),
    nextCursor: structField(describeTopicPartitionsResponseCursor, { nullableSince: 0, default: null }),
  },
)
export type DescribeTopicPartitionsResponse = Infer<typeof describeTopicPartitionsResponse>
export type DescribeTopicPartitionsResponseInput = InferInput<typeof describeTopicPartitionsResponse>
