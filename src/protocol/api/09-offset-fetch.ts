/**
 * OffsetFetch (9). Reads the committed offsets of one group, from version 8 of many. Null topics (from version 2)
 * mean all.
 *
 * Version 2: response gains errorCode.
 * Version 3: response gains throttleTimeMs.
 * Version 4: the answer leaves before the throttling starts.
 * Version 5: response gains committedLeaderEpoch.
 * Version 6: flexible.
 * Version 7: request gains requireStable.
 * Version 8: request gains groups and loses groupId, topics, name, partitionIndexes; response gains groups and
 * loses topics, name, partitions, partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode.
 * Version 9: request gains memberId, memberEpoch.
 * Version 10: request gains topicId and loses name; response gains topicId and loses name; topics by id.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const offsetFetchRequestTopic = struct('OffsetFetchRequestTopic', {
  name: string({ until: 7 }),
  partitionIndexes: arrayOf(int32(), { until: 7 }),
})
export type OffsetFetchRequestTopic = Infer<typeof offsetFetchRequestTopic>

export const offsetFetchRequestTopics = struct('OffsetFetchRequestTopics', {
  name: string({ since: 8, until: 9, ignorable: true }),
  topicId: uuid({ since: 10, ignorable: true }),
  partitionIndexes: arrayOf(int32(), { since: 8 }),
})
export type OffsetFetchRequestTopics = Infer<typeof offsetFetchRequestTopics>

export const offsetFetchRequestGroup = struct('OffsetFetchRequestGroup', {
  groupId: string({ since: 8 }),
  memberId: string({ since: 9, nullableSince: 9, default: null, ignorable: true }),
  memberEpoch: int32({ since: 9, default: -1, ignorable: true }),
  topics: arrayOf(offsetFetchRequestTopics, { since: 8, nullableSince: 8 }),
})
export type OffsetFetchRequestGroup = Infer<typeof offsetFetchRequestGroup>

export const offsetFetchRequest = request(
  { name: 'OffsetFetchRequest', apiKey: 9, versions: [1, 10], flexibleSince: 6, listeners: ['broker'] },
  {
    groupId: string({ until: 7 }),
    topics: arrayOf(offsetFetchRequestTopic, { until: 7, nullableSince: 2 }),
    groups: arrayOf(offsetFetchRequestGroup, { since: 8 }),
    requireStable: bool({ since: 7 }),
  },
)
export type OffsetFetchRequest = Infer<typeof offsetFetchRequest>
export type OffsetFetchRequestInput = InferInput<typeof offsetFetchRequest>

export const offsetFetchResponsePartition = struct('OffsetFetchResponsePartition', {
  partitionIndex: int32({ until: 7 }),
  committedOffset: int64({ until: 7 }),
  committedLeaderEpoch: int32({ since: 5, until: 7, default: -1, ignorable: true }),
  metadata: string({ until: 7, nullableSince: 0 }),
  errorCode: int16({ until: 7 }),
})
export type OffsetFetchResponsePartition = Infer<typeof offsetFetchResponsePartition>

export const offsetFetchResponseTopic = struct('OffsetFetchResponseTopic', {
  name: string({ until: 7 }),
  partitions: arrayOf(offsetFetchResponsePartition, { until: 7 }),
})
export type OffsetFetchResponseTopic = Infer<typeof offsetFetchResponseTopic>

export const offsetFetchResponsePartitions = struct('OffsetFetchResponsePartitions', {
  partitionIndex: int32({ since: 8 }),
  committedOffset: int64({ since: 8 }),
  committedLeaderEpoch: int32({ since: 8, default: -1, ignorable: true }),
  metadata: string({ since: 8, nullableSince: 8 }),
  errorCode: int16({ since: 8 }),
})
export type OffsetFetchResponsePartitions = Infer<typeof offsetFetchResponsePartitions>

export const offsetFetchResponseTopics = struct('OffsetFetchResponseTopics', {
  name: string({ since: 8, until: 9, ignorable: true }),
  topicId: uuid({ since: 10, ignorable: true }),
  partitions: arrayOf(offsetFetchResponsePartitions, { since: 8 }),
})
export type OffsetFetchResponseTopics = Infer<typeof offsetFetchResponseTopics>

export const offsetFetchResponseGroup = struct('OffsetFetchResponseGroup', {
  groupId: string({ since: 8 }),
  topics: arrayOf(offsetFetchResponseTopics, { since: 8 }),
  errorCode: int16({ since: 8 }),
})
export type OffsetFetchResponseGroup = Infer<typeof offsetFetchResponseGroup>

export const offsetFetchResponse = response(
  { name: 'OffsetFetchResponse', apiKey: 9, versions: [1, 10], flexibleSince: 6 },
  {
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    topics: arrayOf(offsetFetchResponseTopic, { until: 7 }),
    errorCode: int16({ since: 2, until: 7, ignorable: true }),
    groups: arrayOf(offsetFetchResponseGroup, { since: 8 }),
  },
)
export type OffsetFetchResponse = Infer<typeof offsetFetchResponse>
export type OffsetFetchResponseInput = InferInput<typeof offsetFetchResponse>
