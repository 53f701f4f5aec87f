/**
 * The records of `__consumer_offsets` by type: the int16 that opens a key. The value opens with its version, also an
 * int16. Importing this compiles nothing.
 */
import type { Schema } from '../../schema.ts'
import {
  consumerGroupCurrentMemberAssignmentKey,
  consumerGroupCurrentMemberAssignmentValue,
  consumerGroupMemberMetadataKey,
  consumerGroupMemberMetadataValue,
  consumerGroupMetadataKey,
  consumerGroupMetadataValue,
  consumerGroupPartitionMetadataKey,
  consumerGroupPartitionMetadataValue,
  consumerGroupRegularExpressionKey,
  consumerGroupRegularExpressionValue,
  consumerGroupTargetAssignmentMemberKey,
  consumerGroupTargetAssignmentMemberValue,
  consumerGroupTargetAssignmentMetadataKey,
  consumerGroupTargetAssignmentMetadataValue,
} from './consumer-group.ts'
import { groupMetadataKey, groupMetadataValue } from './group-metadata.ts'
import { legacyOffsetCommitKey, legacyOffsetCommitValue, offsetCommitKey, offsetCommitValue } from './offset-commit.ts'
import {
  shareGroupCurrentMemberAssignmentKey,
  shareGroupCurrentMemberAssignmentValue,
  shareGroupMemberMetadataKey,
  shareGroupMemberMetadataValue,
  shareGroupMetadataKey,
  shareGroupMetadataValue,
  shareGroupStatePartitionMetadataKey,
  shareGroupStatePartitionMetadataValue,
  shareGroupTargetAssignmentMemberKey,
  shareGroupTargetAssignmentMemberValue,
  shareGroupTargetAssignmentMetadataKey,
  shareGroupTargetAssignmentMetadataValue,
} from './share-group.ts'
import {
  streamsGroupCurrentMemberAssignmentKey,
  streamsGroupCurrentMemberAssignmentValue,
  streamsGroupMemberMetadataKey,
  streamsGroupMemberMetadataValue,
  streamsGroupMetadataKey,
  streamsGroupMetadataValue,
  streamsGroupTargetAssignmentMemberKey,
  streamsGroupTargetAssignmentMemberValue,
  streamsGroupTargetAssignmentMetadataKey,
  streamsGroupTargetAssignmentMetadataValue,
  streamsGroupTopologyKey,
  streamsGroupTopologyValue,
} from './streams-group.ts'

export interface CoordinatorRecordSchema {
  readonly key: Schema
  readonly value: Schema
}

export const groupRecords: ReadonlyMap<number, CoordinatorRecordSchema> = new Map<number, CoordinatorRecordSchema>([
  [0, { key: legacyOffsetCommitKey, value: legacyOffsetCommitValue }],
  [1, { key: offsetCommitKey, value: offsetCommitValue }],
  [2, { key: groupMetadataKey, value: groupMetadataValue }],
  [3, { key: consumerGroupMetadataKey, value: consumerGroupMetadataValue }],
  [4, { key: consumerGroupPartitionMetadataKey, value: consumerGroupPartitionMetadataValue }],
  [5, { key: consumerGroupMemberMetadataKey, value: consumerGroupMemberMetadataValue }],
  [6, { key: consumerGroupTargetAssignmentMetadataKey, value: consumerGroupTargetAssignmentMetadataValue }],
  [7, { key: consumerGroupTargetAssignmentMemberKey, value: consumerGroupTargetAssignmentMemberValue }],
  [8, { key: consumerGroupCurrentMemberAssignmentKey, value: consumerGroupCurrentMemberAssignmentValue }],
  [10, { key: shareGroupMemberMetadataKey, value: shareGroupMemberMetadataValue }],
  [11, { key: shareGroupMetadataKey, value: shareGroupMetadataValue }],
  [12, { key: shareGroupTargetAssignmentMetadataKey, value: shareGroupTargetAssignmentMetadataValue }],
  [13, { key: shareGroupTargetAssignmentMemberKey, value: shareGroupTargetAssignmentMemberValue }],
  [14, { key: shareGroupCurrentMemberAssignmentKey, value: shareGroupCurrentMemberAssignmentValue }],
  [15, { key: shareGroupStatePartitionMetadataKey, value: shareGroupStatePartitionMetadataValue }],
  [16, { key: consumerGroupRegularExpressionKey, value: consumerGroupRegularExpressionValue }],
  [17, { key: streamsGroupMetadataKey, value: streamsGroupMetadataValue }],
  [19, { key: streamsGroupMemberMetadataKey, value: streamsGroupMemberMetadataValue }],
  [20, { key: streamsGroupTargetAssignmentMetadataKey, value: streamsGroupTargetAssignmentMetadataValue }],
  [21, { key: streamsGroupTargetAssignmentMemberKey, value: streamsGroupTargetAssignmentMemberValue }],
  [22, { key: streamsGroupCurrentMemberAssignmentKey, value: streamsGroupCurrentMemberAssignmentValue }],
  [23, { key: streamsGroupTopologyKey, value: streamsGroupTopologyValue }],
])
