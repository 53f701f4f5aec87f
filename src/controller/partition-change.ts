/**
 * What a partition becomes when its ISR, replicas or the brokers under it change: completes a reassignment, keeps the
 * eligible leader replicas (KIP-966), elects a leader, and says the difference as one PartitionChangeRecord. The one
 * place where leaders are elected.
 */
import type { Uuid } from '../base/uuid.ts'
import { type MetadataRecordData, type MetadataRecordOf, metadataRecord } from '../metadata/metadata-record.ts'
import {
  bumpsLeaderEpochOnIsrShrink,
  partitionRecordVersion,
  supportsDirectoryAssignment,
} from '../metadata/metadata-version.ts'
import {
  directoryOf,
  type LeaderRecoveryState,
  leaderRecoveryStates,
  noLeader,
  noLeaderChange,
  type PartitionRegistration,
} from '../metadata/partition-registration.ts'

/**
 * preferred: the first replica when it may lead, else as online. online: a leader from the ISR, or from the ELR when the
 * ISR is empty. unclean: any replica that lives when there is no other.
 */
export type Election = 'preferred' | 'online' | 'unclean'

export interface PartitionChangeInput {
  readonly topicId: Uuid
  readonly partitionId: number
  readonly partition: PartitionRegistration
  /** Whether the broker is up, may lead, and has the replica's directory online. */
  readonly isAcceptableLeader: (brokerId: number) => boolean
  readonly metadataVersion: number
  /** The topic's min.insync.replicas, at most its replication factor. */
  readonly minInSyncReplicas: number
  readonly isElrEnabled: boolean
  readonly election: Election
  /** Where a new replica on the broker goes. */
  readonly defaultDirectory: (brokerId: number) => Uuid
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly leaderRecoveryState?: LeaderRecoveryState
  /** Brokers that lost what they had: out of the ELR. */
  readonly uncleanShutdownReplicas?: readonly number[]
  /** Directories of some replicas by broker id. */
  readonly directories?: ReadonlyMap<number, Uuid>
}

type Change = MetadataRecordData<'PartitionChangeRecord'>
type Target = {
  isr: readonly number[]
  replicas: readonly number[]
  removing: readonly number[]
  adding: readonly number[]
  elr: readonly number[]
}

function sameIds(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index])
}

function containsAll(ids: readonly number[], wanted: readonly number[]): boolean {
  return wanted.every((id) => ids.includes(id))
}

/** The record of the change, or undefined when nothing changes. */
export function partitionChange(input: PartitionChangeInput): MetadataRecordOf<'PartitionChangeRecord'> | undefined {
  const { partition } = input
  const record = metadataRecord('PartitionChangeRecord', partitionRecordVersion(input.metadataVersion), {
    topicId: input.topicId,
    partitionId: input.partitionId,
  })
  const change = record.data
  const target: Target = {
    isr: input.isr ?? partition.isr,
    replicas: input.replicas ?? partition.replicas,
    removing: input.removingReplicas ?? partition.removingReplicas,
    adding: input.addingReplicas ?? partition.addingReplicas,
    elr: partition.elr,
  }
  completeReassignment(target)
  if (input.isElrEnabled) target.elr = eligibleLeaderReplicas(input, target)
  elect(input, target, change)
  if (change.leader === noLeaderChange && !containsAll(target.replicas, partition.replicas)) {
    // A replica that is dropped must not go on believing in this leader epoch.
    change.leader = partition.leader
  }
  noteElr(input, target, change)
  noteIsr(input, target, change)
  noteLastKnownLeader(input, change)
  noteAssignment(input, target, change)
  const recoveryState = input.leaderRecoveryState ?? partition.leaderRecoveryState
  if (recoveryState !== partition.leaderRecoveryState) change.leaderRecoveryState = recoveryState
  return isNoChange(change) ? undefined : record
}

function isNoChange(change: Change): boolean {
  return (
    change.isr === null &&
    change.leader === noLeaderChange &&
    change.replicas === null &&
    change.removingReplicas === null &&
    change.addingReplicas === null &&
    change.leaderRecoveryState === -1 &&
    change.directories === null &&
    change.eligibleLeaderReplicas === null &&
    change.lastKnownElr === null
  )
}

/**
 * A reassignment is done when all new replicas are in sync and someone stays; where there will be fewer than before, all
 * that stay are in sync.
 */
function completeReassignment(target: Target): void {
  if (target.removing.length === 0 && target.adding.length === 0) return
  const isStaying = (id: number) => !target.removing.includes(id)
  const isr = target.isr.filter(isStaying)
  const replicas = target.replicas.filter(isStaying)
  if (isr.length === 0 || replicas.length === 0 || !containsAll(isr, target.adding)) return
  if (target.adding.length < target.removing.length && !containsAll(isr, replicas)) return
  target.isr = isr
  target.replicas = replicas
  target.removing = []
  target.adding = []
}

/**
 * Below min.insync.replicas, who leaves the ISR stays eligible: nothing was acknowledged without it since. Not who is no
 * replica any more: its log is deleted, and should it be one again it begins with nothing.
 */
function eligibleLeaderReplicas(input: PartitionChangeInput, target: Target): readonly number[] {
  if (target.isr.length >= input.minInSyncReplicas) return []
  const candidates = new Set([...target.elr, ...input.partition.isr])
  return [...candidates]
    .filter((id) => target.replicas.includes(id) && !target.isr.includes(id))
    .filter((id) => !input.uncleanShutdownReplicas?.includes(id))
    .sort((a, b) => a - b)
}

interface Elected {
  readonly leader: number
  readonly isUnclean: boolean
}

function electLeader(input: PartitionChangeInput, target: Target): Elected {
  const { partition, isAcceptableLeader } = input
  const mayLead = (id: number) =>
    (target.isr.includes(id) || (target.isr.length === 0 && target.elr.includes(id))) && isAcceptableLeader(id)
  const preferred = target.replicas[0]
  if (input.election === 'preferred' && preferred !== undefined && mayLead(preferred)) {
    return { leader: preferred, isUnclean: false }
  }
  if (mayLead(partition.leader)) return { leader: partition.leader, isUnclean: false }
  const online = target.replicas.find(mayLead)
  if (online !== undefined) return { leader: online, isUnclean: false }
  const lastKnown = lastKnownLeader(input, target)
  if (lastKnown !== undefined) return { leader: lastKnown, isUnclean: true }
  if (input.election === 'unclean') {
    const any = target.replicas.find(isAcceptableLeader)
    if (any !== undefined) return { leader: any, isUnclean: true }
  }
  return { leader: noLeader, isUnclean: false }
}

/** With ISR and ELR empty, the last leader is the one that had most: it may lead again, uncleanly. */
function lastKnownLeader(input: PartitionChangeInput, target: Target): number | undefined {
  if (!input.isElrEnabled || target.elr.length > 0 || target.isr.length > 0) return undefined
  if (input.partition.lastKnownElr.length !== 1) return undefined
  const last = input.partition.lastKnownElr[0]!
  return input.isAcceptableLeader(last) ? last : undefined
}

function elect(input: PartitionChangeInput, target: Target, change: Change): void {
  const { leader, isUnclean } = electLeader(input, target)
  if (leader === input.partition.leader) return
  if (target.elr.includes(leader)) {
    target.isr = [leader]
    target.elr = target.elr.filter((id) => id !== leader)
  }
  change.leader = leader
  if (!isUnclean) return
  // What others have beyond this leader is lost: it is alone in sync, and says so until it has recovered.
  change.isr = [leader]
  if (input.partition.leaderRecoveryState !== leaderRecoveryStates.recovering) {
    change.leaderRecoveryState = leaderRecoveryStates.recovering
  }
}

function noteElr(input: PartitionChangeInput, target: Target, change: Change): void {
  if (change.isr !== null || !input.isElrEnabled) target.elr = []
  if (!sameIds(target.elr, input.partition.elr)) change.eligibleLeaderReplicas = [...target.elr]
}

function noteIsr(input: PartitionChangeInput, target: Target, change: Change): void {
  const { partition } = input
  const mayBeEmpty = input.isElrEnabled
  if (change.isr === null && (target.isr.length > 0 || mayBeEmpty) && !sameIds(target.isr, partition.isr)) {
    change.isr = [...target.isr]
  }
  if (!bumpsLeaderEpochOnIsrShrink(input.metadataVersion)) return
  if (change.leader !== noLeaderChange || change.isr === null || containsAll(change.isr, partition.isr)) return
  change.leader = partition.leader
}

/** Remembers the leader when a partition becomes leaderless, and forgets it when there is one again. */
function noteLastKnownLeader(input: PartitionChangeInput, change: Change): void {
  if (!input.isElrEnabled) return
  const { partition } = input
  const isLeaderless = change.isr !== null && change.isr.length === 0 && partition.leader !== noLeader
  if (isLeaderless && (partition.lastKnownElr.length !== 1 || partition.lastKnownElr[0] !== partition.leader)) {
    change.lastKnownElr = [partition.leader]
  } else if (
    partition.lastKnownElr.length > 0 &&
    (change.leader >= 0 || (partition.leader !== noLeader && change.leader !== noLeader))
  ) {
    change.lastKnownElr = []
  }
}

function noteAssignment(input: PartitionChangeInput, target: Target, change: Change): void {
  const { partition } = input
  if (target.replicas.length > 0) {
    if (supportsDirectoryAssignment(input.metadataVersion)) {
      const directories = target.replicas.map(
        (id) => input.directories?.get(id) ?? directoryOf(partition, id) ?? input.defaultDirectory(id),
      )
      const isSame =
        directories.length === partition.directories.length &&
        directories.every((directory, index) => directory === partition.directories[index])
      if (!isSame) change.directories = directories
    }
    if (!sameIds(target.replicas, partition.replicas)) change.replicas = [...target.replicas]
  }
  if (!sameIds(target.removing, partition.removingReplicas)) change.removingReplicas = [...target.removing]
  if (!sameIds(target.adding, partition.addingReplicas)) change.addingReplicas = [...target.adding]
}
