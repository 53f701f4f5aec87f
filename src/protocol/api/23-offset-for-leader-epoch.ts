/**
 * OffsetForLeaderEpoch (23). Where the epoch that a follower or consumer knows ends in the leader's log.
 *
 * Version 3: request gains replicaId; consumers leave the replica id at -1.
 * Version 4: flexible.
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
} from '../schema.ts'

export const offsetForLeaderPartition = struct('OffsetForLeaderPartition', {
  partition: int32(),
  currentLeaderEpoch: int32({ default: -1, ignorable: true }),
  leaderEpoch: int32(),
})
export type OffsetForLeaderPartition = Infer<typeof offsetForLeaderPartition>

export const offsetForLeaderTopic = struct('OffsetForLeaderTopic', {
  topic: string({ mapKey: true }),
  partitions: arrayOf(offsetForLeaderPartition),
})
export type OffsetForLeaderTopic = Infer<typeof offsetForLeaderTopic>

export const offsetForLeaderEpochRequest = request(
  { name: 'OffsetForLeaderEpochRequest', apiKey: 23, versions: [2, 4], flexibleSince: 4, listeners: ['broker'] },
  {
    replicaId: int32({ since: 3, default: -2, ignorable: true }),
    topics: arrayOf(offsetForLeaderTopic),
  },
)
export type OffsetForLeaderEpochRequest = Infer<typeof offsetForLeaderEpochRequest>
export type OffsetForLeaderEpochRequestInput = InferInput<typeof offsetForLeaderEpochRequest>

export const epochEndOffset = struct('EpochEndOffset', {
  errorCode: int16(),
  partition: int32(),
  leaderEpoch: int32({ default: -1, ignorable: true }),
  endOffset: int64Number({ default: -1 }),
})
export type EpochEndOffset = Infer<typeof epochEndOffset>

export const offsetForLeaderTopicResult = struct('OffsetForLeaderTopicResult', {
  topic: string({ mapKey: true }),
  partitions: arrayOf(epochEndOffset),
})
export type OffsetForLeaderTopicResult = Infer<typeof offsetForLeaderTopicResult>

export const offsetForLeaderEpochResponse = response(
  { name: 'OffsetForLeaderEpochResponse', apiKey: 23, versions: [2, 4], flexibleSince: 4 },
  {
    throttleTimeMs: int32({ ignorable: true }),
    topics: arrayOf(offsetForLeaderTopicResult),
  },
)
export type OffsetForLeaderEpochResponse = Infer<typeof offsetForLeaderEpochResponse>
export type OffsetForLeaderEpochResponseInput = InferInput<typeof offsetForLeaderEpochResponse>
