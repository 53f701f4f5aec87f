/**
 * One partition as the metadata log describes it: an immutable value, replaced as a whole by each change. The epochs
 * are implicit: a change adds one to the partition epoch, and one to the leader epoch when it names a leader, be it the
 * same. Replicas and directories are in step.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { directoryIds } from './directory-id.ts'
import { type MetadataRecordData, type MetadataRecordOf, metadataRecord } from './metadata-record.ts'
import { partitionRecordVersion, supportsDirectoryAssignment, supportsElr } from './metadata-version.ts'

export const noLeader = -1
/** In PartitionChangeRecord.leader: as before. */
export const noLeaderChange = -2

export const leaderRecoveryStates = { recovered: 0, recovering: 1 } as const
export type LeaderRecoveryState = (typeof leaderRecoveryStates)[keyof typeof leaderRecoveryStates]

export interface PartitionRegistration {
  /** Preferred leader first. */
  readonly replicas: readonly number[]
  /** The log directory of each replica. */
  readonly directories: readonly Uuid[]
  readonly isr: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly addingReplicas: readonly number[]
  /** Eligible leader replicas (KIP-966): left an ISR below min.insync.replicas, may still lead. */
  readonly elr: readonly number[]
  /** The last leader of a partition that has none. */
  readonly lastKnownElr: readonly number[]
  /** -1: none. */
  readonly leader: number
  readonly leaderRecoveryState: LeaderRecoveryState
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export type PartitionChange = MetadataRecordData<'PartitionChangeRecord'>

const none: readonly number[] = []

/** One empty array for all: a cluster has 20,000 partitions with nothing to say in four of these fields. */
function compact(ids: readonly number[] | null): readonly number[] {
  return ids === null || ids.length === 0 ? none : ids
}

function directoriesFor(replicas: readonly number[], directories: readonly Uuid[]): readonly Uuid[] {
  if (directories.length === replicas.length) return directories
  assert(directories.length === 0, `${directories.length} directories for ${replicas.length} replicas`)
  return replicas.map(() => directoryIds.migrating)
}

function recoveryState(value: number): LeaderRecoveryState {
  assert(value === 0 || value === 1, `leader recovery state ${value}`)
  return value
}

export function registrationFromRecord(data: MetadataRecordData<'PartitionRecord'>): PartitionRegistration {
  return {
    replicas: data.replicas,
    directories: directoriesFor(data.replicas, data.directories),
    isr: compact(data.isr),
    removingReplicas: compact(data.removingReplicas),
    addingReplicas: compact(data.addingReplicas),
    elr: compact(data.eligibleLeaderReplicas),
    lastKnownElr: compact(data.lastKnownElr),
    leader: data.leader,
    leaderRecoveryState: recoveryState(data.leaderRecoveryState),
    leaderEpoch: data.leaderEpoch,
    partitionEpoch: data.partitionEpoch,
  }
}

export function mergeChange(partition: PartitionRegistration, change: PartitionChange): PartitionRegistration {
  const hasLeaderChange = change.leader !== noLeaderChange
  const replicas = change.replicas ?? partition.replicas
  return {
    replicas,
    directories: mergeDirectories(partition, replicas, change.directories),
    isr: change.isr ?? partition.isr,
    removingReplicas: change.removingReplicas ?? partition.removingReplicas,
    addingReplicas: change.addingReplicas ?? partition.addingReplicas,
    elr: change.eligibleLeaderReplicas ?? partition.elr,
    lastKnownElr: change.lastKnownElr ?? partition.lastKnownElr,
    leader: hasLeaderChange ? change.leader : partition.leader,
    leaderRecoveryState:
      change.leaderRecoveryState === -1 ? partition.leaderRecoveryState : recoveryState(change.leaderRecoveryState),
    leaderEpoch: hasLeaderChange ? partition.leaderEpoch + 1 : partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch + 1,
  }
}

/** A change of replicas without directories comes from before there were any. */
function mergeDirectories(
  partition: PartitionRegistration,
  replicas: readonly number[],
  directories: readonly Uuid[] | null,
): readonly Uuid[] {
  if (directories !== null) return directoriesFor(replicas, directories)
  if (replicas.length === partition.directories.length) return partition.directories
  return replicas.map(() => directoryIds.migrating)
}

export function registrationToRecord(
  topicId: Uuid,
  partitionId: number,
  partition: PartitionRegistration,
  metadataVersion: number,
): MetadataRecordOf<'PartitionRecord'> {
  const hasElr = supportsElr(metadataVersion)
  return metadataRecord('PartitionRecord', partitionRecordVersion(metadataVersion), {
    partitionId,
    topicId,
    replicas: [...partition.replicas],
    isr: [...partition.isr],
    removingReplicas: [...partition.removingReplicas],
    addingReplicas: [...partition.addingReplicas],
    leader: partition.leader,
    leaderRecoveryState: partition.leaderRecoveryState,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    directories: supportsDirectoryAssignment(metadataVersion) ? [...partition.directories] : [],
    eligibleLeaderReplicas: hasElr && partition.elr.length > 0 ? [...partition.elr] : null,
    lastKnownElr: hasElr && partition.lastKnownElr.length > 0 ? [...partition.lastKnownElr] : null,
  })
}

export function directoryOf(partition: PartitionRegistration, brokerId: number): Uuid | undefined {
  const index = partition.replicas.indexOf(brokerId)
  return index < 0 ? undefined : partition.directories[index]
}
