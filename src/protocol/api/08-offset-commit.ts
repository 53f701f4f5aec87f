/**
 * OffsetCommit (8). Commits the offsets of a group.
 *
 * Version 3: response gains throttleTimeMs.
 * Version 4: the answer leaves before the throttling starts.
 * Version 5: request loses retentionTimeMs.
 * Version 6: request gains committedLeaderEpoch.
 * Version 7: request gains groupInstanceId.
 * Version 8: flexible.
 * Version 9: members of KIP-848 groups commit too, generationIdOrMemberEpoch is then the epoch.
 * Version 10: request gains topicId and loses name; response gains topicId and loses name; topics by id.
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64,
  int64Number,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const offsetCommitRequestPartition = struct('OffsetCommitRequestPartition', {
  partitionIndex: int32(),
  committedOffset: int64(),
  committedLeaderEpoch: int32({ since: 6, default: -1, ignorable: true }),
  committedMetadata: string({ nullableSince: 0 }),
})
export type OffsetCommitRequestPartition = Infer<typeof offsetCommitRequestPartition>

export const offsetCommitRequestTopic = struct('OffsetCommitRequestTopic', {
  name: string({ until: 9, ignorable: true }),
  topicId: uuid({ since: 10, ignorable: true }),
  partitions: arrayOf(offsetCommitRequestPartition),
})
export type OffsetCommitRequestTopic = Infer<typeof offsetCommitRequestTopic>

export const offsetCommitRequest = request(
  { name: 'OffsetCommitRequest', apiKey: 8, versions: [2, 10], flexibleSince: 8, listeners: ['broker'] },
  {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ default: -1, ignorable: true }),
    memberId: string({ ignorable: true }),
    groupInstanceId: string({ since: 7, nullableSince: 7, default: null }),
    retentionTimeMs: int64Number({ until: 4, default: -1, ignorable: true }),
    topics: arrayOf(offsetCommitRequestTopic),
  },
)
export type OffsetCommitRequest = Infer<typeof offsetCommitRequest>
export type OffsetCommitRequestInput = InferInput<typeof offsetCommitRequest>

export const offsetCommitResponsePartition = struct('OffsetCommitResponsePartition', {
  partitionIndex: int32(),
  errorCode: int16(),
})
export type OffsetCommitResponsePartition = Infer<typeof offsetCommitResponsePartition>

export const offsetCommitResponseTopic = struct('OffsetCommitResponseTopic', {
  name: string({ until: 9, ignorable: true }),
  topicId: uuid({ since: 10, ignorable: true }),
  partitions: arrayOf(offsetCommitResponsePartition),
})
export type OffsetCommitResponseTopic = Infer<typeof offsetCommitResponseTopic>

export const offsetCommitResponse = response(
  { name: 'OffsetCommitResponse', apiKey: 8, versions: [2, 10], flexibleSince: 8 },
  {
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    topics: arrayOf(offsetCommitResponseTopic),
  },
)
export type OffsetCommitResponse = Infer<typeof offsetCommitResponse>
export type OffsetCommitResponseInput = InferInput<typeof offsetCommitResponse>
