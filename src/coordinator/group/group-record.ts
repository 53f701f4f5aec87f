/**
 * The records of `__consumer_offsets` that the classic coordinator writes and reads, between bytes and objects, in the
 * versions that Apache Kafka 4.3.1 writes:
 *
 *   offset   key type 1   value version 4 (leader epoch, topic id), or 1 when the client named an expiry
 *   group    key type 2   value version 3
 *
 * Of the other kinds only the three are read that say that a group id belongs to a group of another protocol.
 */
import { type Uuid, zeroUuid } from '../../base/uuid.ts'
import {
  coordinatorRecordType,
  decodeCoordinatorKey,
  decodeVersionedValue,
  encodeCoordinatorKey,
  encodeVersionedValue,
} from '../../protocol/stored/coordinator-record.ts'
import {
  type GroupMetadataValue,
  groupMetadataKey,
  groupMetadataValue,
} from '../../protocol/stored/group/group-metadata.ts'
import { groupRecords } from '../../protocol/stored/group/index.ts'
import {
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
} from '../../protocol/stored/group/offset-commit.ts'
import type { CoordinatorRecord } from '../coordinator-machine.ts'

const groupMetadataVersion = 3
const offsetCommitVersion = 4
const offsetCommitVersionWithExpiry = 1

/** An offset as a client committed it. */
export interface OffsetCommit {
  readonly offset: bigint
  /** -1: not told. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Milliseconds since 1970. */
  readonly commitTimestampMs: number
  /** When it expires, as old clients asked; -1: as the broker's retention says. */
  readonly expireTimestampMs: number
  /** Zero where the record does not tell. */
  readonly topicId: Uuid
}

export interface OffsetRecord {
  readonly kind: 'offset'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  /** Null: the offset is gone. */
  readonly commit: OffsetCommit | null
}

export interface ClassicGroupRecord {
  readonly kind: 'classic'
  readonly groupId: string
  /** Null: the group is gone. */
  readonly group: GroupMetadataValue | null
}

export type ForeignGroupType = 'consumer' | 'share' | 'streams'

/** A group of a protocol that is not served yet exists, or does not any more. */
export interface ForeignGroupRecord {
  readonly kind: 'foreign'
  readonly groupId: string
  readonly type: ForeignGroupType
  readonly exists: boolean
}

export type GroupRecord = OffsetRecord | ClassicGroupRecord | ForeignGroupRecord

const foreignTypes: ReadonlyMap<number, ForeignGroupType> = new Map([
  [3, 'consumer'],
  [11, 'share'],
  [17, 'streams'],
])

export function encodeOffsetRecord(record: OffsetRecord): CoordinatorRecord {
  const { groupId: group, topic, partition, commit } = record
  const key = encodeCoordinatorKey(offsetCommitKey, { group, topic, partition })
  if (commit === null) return { key, value: null }
  const version = commit.expireTimestampMs === -1 ? offsetCommitVersion : offsetCommitVersionWithExpiry
  const value = encodeVersionedValue(offsetCommitValue, version, {
    offset: commit.offset,
    leaderEpoch: commit.leaderEpoch,
    metadata: commit.metadata,
    commitTimestamp: commit.commitTimestampMs,
    expireTimestamp: commit.expireTimestampMs,
    topicId: commit.topicId,
  })
  return { key, value }
}

export function encodeClassicGroupRecord(record: ClassicGroupRecord): CoordinatorRecord {
  const key = encodeCoordinatorKey(groupMetadataKey, { group: record.groupId })
  const { group } = record
  return { key, value: group === null ? null : encodeVersionedValue(groupMetadataValue, groupMetadataVersion, group) }
}

/**
 * Undefined for kinds that say nothing to the classic coordinator. Throws ProtocolError when the bytes are not a record,
 * KafkaError when a newer Kafka wrote it.
 */
export function decodeGroupRecord(key: Buffer, value: Buffer | null): GroupRecord | undefined {
  const type = coordinatorRecordType(key)
  if (type === 0 || type === 1) return decodeOffsetRecord(type, key, value)
  if (type === 2) {
    const { group: groupId } = decodeCoordinatorKey(groupMetadataKey, key)
    return { kind: 'classic', groupId, group: value === null ? null : decodeVersionedValue(groupMetadataValue, value) }
  }
  const foreignType = foreignTypes.get(type)
  if (foreignType === undefined) return undefined
  const decoded = decodeCoordinatorKey(groupRecords.get(type)!.key, key) as { groupId: string }
  return { kind: 'foreign', groupId: decoded.groupId, type: foreignType, exists: value !== null }
}

function decodeOffsetRecord(type: number, key: Buffer, value: Buffer | null): OffsetRecord {
  const schema = type === 0 ? legacyOffsetCommitKey : offsetCommitKey
  const { group: groupId, topic, partition } = decodeCoordinatorKey(schema, key)
  return { kind: 'offset', groupId, topic, partition, commit: value === null ? null : decodeOffsetCommit(type, value) }
}

function decodeOffsetCommit(type: number, value: Buffer): OffsetCommit {
  if (type === 0 && value.readInt16BE(0) === 0) {
    const { offset, metadata, commitTimestamp } = decodeVersionedValue(legacyOffsetCommitValue, value)
    return commitOf(offset, -1, metadata, commitTimestamp, -1, zeroUuid)
  }
  const { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp, topicId } = decodeVersionedValue(
    offsetCommitValue,
    value,
  )
  return commitOf(offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp, topicId)
}

function commitOf(
  offset: bigint,
  leaderEpoch: number,
  metadata: string,
  commitTimestampMs: number,
  expireTimestampMs: number,
  topicId: Uuid,
): OffsetCommit {
  return { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs, topicId }
}
