/**
 * The offset that a group has committed for a partition, in `__consumer_offsets`. Type 0 is how old brokers wrote
 * it; both types are read alike, type 1 is written. A committed offset comes back bit for bit, so it is a bigint.
 */
import {
  coordinatorKey,
  coordinatorValue,
  type Infer,
  type InferInput,
  int32,
  int64,
  int64Number,
  string,
  uuid,
} from '../../schema.ts'

export const offsetCommitKey = coordinatorKey(
  { name: 'OffsetCommitKey', apiKey: 1, versions: [0, 0] },
  {
    group: string(),
    topic: string(),
    partition: int32(),
  },
)
export type OffsetCommitKey = Infer<typeof offsetCommitKey>
export type OffsetCommitKeyInput = InferInput<typeof offsetCommitKey>

export const offsetCommitValue = coordinatorValue(
  { name: 'OffsetCommitValue', apiKey: 1, versions: [0, 4], flexibleSince: 4 },
  {
    offset: int64(),
    leaderEpoch: int32({ since: 3, default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64Number(),
    expireTimestamp: int64Number({ since: 1, until: 1, default: -1, ignorable: true }),
    topicId: uuid({ since: 4, tag: 0, ignorable: true }),
  },
)
export type OffsetCommitValue = Infer<typeof offsetCommitValue>
export type OffsetCommitValueInput = InferInput<typeof offsetCommitValue>

export const legacyOffsetCommitKey = coordinatorKey(
  { name: 'LegacyOffsetCommitKey', apiKey: 0, versions: [0, 0] },
  {
    group: string(),
    topic: string(),
    partition: int32(),
  },
)
export type LegacyOffsetCommitKey = Infer<typeof legacyOffsetCommitKey>
export type LegacyOffsetCommitKeyInput = InferInput<typeof legacyOffsetCommitKey>

export const legacyOffsetCommitValue = coordinatorValue(
  { name: 'LegacyOffsetCommitValue', apiKey: 0, versions: [0, 0] },
  {
    offset: int64(),
    metadata: string(),
    commitTimestamp: int64Number(),
  },
)
export type LegacyOffsetCommitValue = Infer<typeof legacyOffsetCommitValue>
export type LegacyOffsetCommitValueInput = InferInput<typeof legacyOffsetCommitValue>
