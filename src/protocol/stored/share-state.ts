/**
 * State of share partitions in `__share_group_state`: a snapshot holds it whole, updates after it what changed.
 */
import {
  arrayOf,
  coordinatorKey,
  coordinatorValue,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  int64Number,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const shareSnapshotKey = coordinatorKey(
  { name: 'ShareSnapshotKey', apiKey: 0, versions: [0, 0] },
  {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
)
export type ShareSnapshotKey = Infer<typeof shareSnapshotKey>
export type ShareSnapshotKeyInput = InferInput<typeof shareSnapshotKey>

export const shareSnapshotValueStateBatch = struct('StateBatch', {
  firstOffset: int64Number(),
  lastOffset: int64Number(),
  deliveryState: int8(),
  deliveryCount: int16(),
})
export type ShareSnapshotValueStateBatch = Infer<typeof shareSnapshotValueStateBatch>

export const shareSnapshotValue = coordinatorValue(
  { name: 'ShareSnapshotValue', apiKey: 0, versions: [0, 0], flexibleSince: 0 },
  {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64Number(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    createTimestamp: int64Number(),
    writeTimestamp: int64Number(),
    stateBatches: arrayOf(shareSnapshotValueStateBatch),
  },
)
export type ShareSnapshotValue = Infer<typeof shareSnapshotValue>
export type ShareSnapshotValueInput = InferInput<typeof shareSnapshotValue>

export const shareUpdateKey = coordinatorKey(
  { name: 'ShareUpdateKey', apiKey: 1, versions: [0, 0] },
  {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
)
export type ShareUpdateKey = Infer<typeof shareUpdateKey>
export type ShareUpdateKeyInput = InferInput<typeof shareUpdateKey>

export const shareUpdateValueStateBatch = struct('StateBatch', {
  firstOffset: int64Number(),
  lastOffset: int64Number(),
  deliveryState: int8(),
  deliveryCount: int16(),
})
export type ShareUpdateValueStateBatch = Infer<typeof shareUpdateValueStateBatch>

export const shareUpdateValue = coordinatorValue(
  { name: 'ShareUpdateValue', apiKey: 1, versions: [0, 0], flexibleSince: 0 },
  {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64Number(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    stateBatches: arrayOf(shareUpdateValueStateBatch),
  },
)
export type ShareUpdateValue = Infer<typeof shareUpdateValue>
export type ShareUpdateValueInput = InferInput<typeof shareUpdateValue>
