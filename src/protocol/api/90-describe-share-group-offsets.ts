/**
 * DescribeShareGroupOffsets (90). Start offsets of share groups (KIP-932).
 *
 * Version 1: response gains lag; the lag (KIP-1226).
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
  uuid,
} from '../schema.ts'

export const describeShareGroupOffsetsRequestTopic = struct('DescribeShareGroupOffsetsRequestTopic', {
  topicName: string(),
  partitions: arrayOf(int32()),
})
export type DescribeShareGroupOffsetsRequestTopic = Infer<typeof describeShareGroupOffsetsRequestTopic>

export const describeShareGroupOffsetsRequestGroup = struct('DescribeShareGroupOffsetsRequestGroup', {
  groupId: string(),
  topics: arrayOf(describeShareGroupOffsetsRequestTopic, { nullableSince: 0 }),
})
export type DescribeShareGroupOffsetsRequestGroup = Infer<typeof describeShareGroupOffsetsRequestGroup>

export const describeShareGroupOffsetsRequest = request(
  { name: 'DescribeShareGroupOffsetsRequest', apiKey: 90, versions: [0, 1], flexibleSince: 0, listeners: ['broker'] },
  {
    groups: arrayOf(describeShareGroupOffsetsRequestGroup),
  },
)
export type DescribeShareGroupOffsetsRequest = Infer<typeof describeShareGroupOffsetsRequest>
export type DescribeShareGroupOffsetsRequestInput = InferInput<typeof describeShareGroupOffsetsRequest>

export const describeShareGroupOffsetsResponsePartition = struct('DescribeShareGroupOffsetsResponsePartition', {
  partitionIndex: int32(),
  startOffset: int64Number(),
  leaderEpoch: int32(),
  lag: int64Number({ since: 1, default: -1, ignorable: true }),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type DescribeShareGroupOffsetsResponsePartition = Infer<typeof describeShareGroupOffsetsResponsePartition>

export const describeShareGroupOffsetsResponseTopic = struct('DescribeShareGroupOffsetsResponseTopic', {
  topicName: string(),
  topicId: uuid(),
  partitions: arrayOf(describeShareGroupOffsetsResponsePartition),
})
export type DescribeShareGroupOffsetsResponseTopic = Infer<typeof describeShareGroupOffsetsResponseTopic>

export const describeShareGroupOffsetsResponseGroup = struct('DescribeShareGroupOffsetsResponseGroup', {
  groupId: string(),
  topics: arrayOf(describeShareGroupOffsetsResponseTopic),
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0, default: null }),
})
export type DescribeShareGroupOffsetsResponseGroup = Infer<typeof describeShareGroupOffsetsResponseGroup>

export const describeShareGroupOffsetsResponse = response(
  { name: 'DescribeShareGroupOffsetsResponse', apiKey: 90, versions: [0, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    groups: arrayOf(describeShareGroupOffsetsResponseGroup),
  },
)
export type DescribeShareGroupOffsetsResponse = Infer<typeof describeShareGroupOffsetsResponse>
export type DescribeShareGroupOffsetsResponseInput = InferInput<typeof describeShareGroupOffsetsResponse>
