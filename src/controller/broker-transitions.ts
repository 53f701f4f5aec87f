/**
 * What happens to partitions when a broker comes, goes, or loses a directory: records that take it out of ISRs, elect
 * other leaders, or give it partitions that have none. Partitions are found by walking the image: some milliseconds for
 * 20,000, and brokers change rarely.
 */
import type { Uuid } from '../base/uuid.ts'
import { type BrokerRegistration, defaultDirectory, isActive } from '../metadata/broker-registration.ts'
import { isOnlineDirectory } from '../metadata/directory-id.ts'
import { type MetadataRecord, type MetadataRecordOf, metadataRecord } from '../metadata/metadata-record.ts'
import { directoryOf, noLeader, type PartitionRegistration } from '../metadata/partition-registration.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import {
  type ControllerState,
  effectiveMinInSyncReplicas,
  isElrEnabled,
  isUncleanElectionEnabled,
} from './controller-state.ts'
import { type PartitionChangeInput, partitionChange } from './partition-change.ts'

/** The brokers that the records in the making will have changed. */
interface BrokersInMotion {
  /** Leaves ISRs and may not lead. */
  readonly leaving?: number
  /** May lead though the image still shows it fenced. */
  readonly arriving?: number
  /** Leaves ISRs and ELRs: it lost what it had. */
  readonly unclean?: number
}

/** The parts of a partition change that do not depend on what is wanted of it. */
export function changeBasis(
  state: ControllerState,
  topic: TopicImage,
  partitionId: number,
  partition: PartitionRegistration,
  inMotion: BrokersInMotion = {},
): PartitionChangeInput {
  return {
    topicId: topic.id,
    partitionId,
    partition,
    isAcceptableLeader: (brokerId) => isAcceptableLeader(state, partition, brokerId, inMotion),
    metadataVersion: state.image.metadataVersion,
    minInSyncReplicas: effectiveMinInSyncReplicas(state, topic),
    isElrEnabled: isElrEnabled(state.image),
    election: isUncleanElectionEnabled(state, topic.name) ? 'unclean' : 'online',
    defaultDirectory: (brokerId) => defaultDirectory(state.image.cluster.broker(brokerId)),
  }
}

function isAcceptableLeader(
  state: ControllerState,
  partition: PartitionRegistration,
  brokerId: number,
  inMotion: BrokersInMotion,
): boolean {
  if (brokerId === inMotion.leaving || brokerId === inMotion.unclean) return false
  const broker = state.image.cluster.broker(brokerId)
  if (broker === undefined) return false
  if (brokerId !== inMotion.arriving && !isActive(broker)) return false
  const directory = directoryOf(partition, brokerId)
  return directory === undefined || isOnlineDirectory(directory, broker.directories)
}

type Selector = (partition: PartitionRegistration) => boolean

function updatePartitions(
  state: ControllerState,
  isAffected: Selector,
  inMotion: BrokersInMotion,
  records: MetadataRecord[],
): void {
  for (const topic of state.image.topics.values()) {
    for (const [partitionId, partition] of topic.partitions.entries()) {
      if (!isAffected(partition)) continue
      const basis = changeBasis(state, topic, partitionId, partition, inMotion)
      const isr = partition.isr.filter((id) => id !== inMotion.leaving && id !== inMotion.unclean)
      const record = partitionChange({
        ...basis,
        isr,
        ...(inMotion.unclean === undefined ? {} : { uncleanShutdownReplicas: [inMotion.unclean] }),
      })
      if (record !== undefined) records.push(record)
    }
  }
}

/** The lowest version that can say what the change says. */
export function brokerChange(
  broker: BrokerRegistration,
  fields: Partial<MetadataRecordOf<'BrokerRegistrationChangeRecord'>['data']>,
): MetadataRecord {
  let version = 0
  if (fields.inControlledShutdown !== undefined) version = 1
  if (fields.logDirs !== undefined) version = 2
  if (fields.cordonedLogDirs !== undefined) version = 3
  return metadataRecord('BrokerRegistrationChangeRecord', version, {
    brokerId: broker.id,
    brokerEpoch: broker.epoch,
    ...fields,
  })
}

/** Takes the broker out of all ISRs, and its leaderships away. */
export function leaveAllPartitions(state: ControllerState, brokerId: number, records: MetadataRecord[]): void {
  updatePartitions(state, (partition) => partition.isr.includes(brokerId), { leaving: brokerId }, records)
}

export function fenceBroker(state: ControllerState, broker: BrokerRegistration, records: MetadataRecord[]): void {
  leaveAllPartitions(state, broker.id, records)
  records.push(brokerChange(broker, { fenced: 1 }))
}

export function unfenceBroker(state: ControllerState, broker: BrokerRegistration, records: MetadataRecord[]): void {
  records.push(brokerChange(broker, { fenced: -1 }))
  updatePartitions(state, (partition) => partition.leader === noLeader, { arriving: broker.id }, records)
}

export function beginControlledShutdown(
  state: ControllerState,
  broker: BrokerRegistration,
  records: MetadataRecord[],
): void {
  if (!broker.isInControlledShutdown) records.push(brokerChange(broker, { inControlledShutdown: 1 }))
  leaveAllPartitions(state, broker.id, records)
}

/** A new incarnation takes over the id: what the old one left is cleared away. */
export function clearPredecessor(
  state: ControllerState,
  brokerId: number,
  wasCleanShutdown: boolean,
  records: MetadataRecord[],
): void {
  if (wasCleanShutdown || !isElrEnabled(state.image)) {
    leaveAllPartitions(state, brokerId, records)
    return
  }
  const isAffected: Selector = (partition) => partition.isr.includes(brokerId) || partition.elr.includes(brokerId)
  updatePartitions(state, isAffected, { unclean: brokerId }, records)
}

/** Directories that the broker lost: its replicas there are out of sync and cannot lead. */
export function takeDirectoriesOffline(
  state: ControllerState,
  broker: BrokerRegistration,
  offline: readonly Uuid[],
  records: MetadataRecord[],
): void {
  const newlyOffline = broker.directories.filter((directory) => offline.includes(directory))
  if (newlyOffline.length === 0) return
  const isAffected: Selector = (partition) => {
    const directory = directoryOf(partition, broker.id)
    return directory !== undefined && newlyOffline.includes(directory)
  }
  updatePartitions(state, isAffected, { leaving: broker.id }, records)
  const remaining = broker.directories.filter((directory) => !offline.includes(directory))
  records.push(brokerChange(broker, { logDirs: remaining }))
}

export function hasLeaderships(state: ControllerState, brokerId: number): boolean {
  for (const topic of state.image.topics.values()) {
    for (const partition of topic.partitions.values()) if (partition.leader === brokerId) return true
  }
  return false
}
