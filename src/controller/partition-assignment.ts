/**
 * New partitions, placed by the controller or by the client: checks and records that creating topics and adding
 * partitions share.
 */
import type { Uuid } from '../base/uuid.ts'
import { defaultDirectory, isActive } from '../metadata/broker-registration.ts'
import type { MetadataRecord } from '../metadata/metadata-record.ts'
import { leaderRecoveryStates, registrationToRecord } from '../metadata/partition-registration.ts'
import { KafkaError } from '../protocol/errors.ts'
import type { ControllerState } from './controller-state.ts'
import { placeReplicas, type UsableBroker } from './replica-placement.ts'

/** Brokers that new replicas may go to: not on their way out, and with a directory that takes some. */
function usableBrokers(state: ControllerState): UsableBroker[] {
  const usable: UsableBroker[] = []
  for (const broker of state.image.cluster.brokers()) {
    if (broker.isInControlledShutdown) continue
    const cordoned = broker.cordonedDirectories ?? []
    const isCordoned = cordoned.length > 0 && broker.directories.every((directory) => cordoned.includes(directory))
    if (!isCordoned) usable.push({ id: broker.id, rack: broker.rack, isFenced: broker.isFenced })
  }
  return usable
}

/** Throws INVALID_REPLICATION_FACTOR when the brokers do not suffice. */
export function placePartitions(state: ControllerState, partitionCount: number, replicationFactor: number): number[][] {
  return placeReplicas(usableBrokers(state), partitionCount, replicationFactor, state.random)
}

/** Checks replicas that the client chose; throws INVALID_REPLICA_ASSIGNMENT. */
export function checkManualAssignment(
  state: ControllerState,
  replicas: readonly number[],
  replicationFactor: number | undefined,
): void {
  const refuse = (message: string) => new KafkaError('INVALID_REPLICA_ASSIGNMENT', message)
  if (replicas.length === 0) throw refuse('The manual partition assignment includes an empty replica list.')
  const sorted = [...replicas].sort((a, b) => a - b)
  sorted.forEach((brokerId, index) => {
    if (state.image.cluster.broker(brokerId) === undefined) {
      throw refuse(`The manual partition assignment includes broker ${brokerId}, but no such broker is registered.`)
    }
    if (brokerId === sorted[index - 1]) {
      throw refuse(`The manual partition assignment includes the broker ${brokerId} more than once.`)
    }
  })
  if (replicationFactor !== undefined && replicas.length !== replicationFactor) {
    throw refuse(
      `The manual partition assignment includes a partition with ${replicas.length} replica(s), but this is not ` +
        `consistent with previous partitions, which have ${replicationFactor} replica(s).`,
    )
  }
}

/** Those of `replicas` that are up: the first ISR. */
export function activeReplicas(state: ControllerState, replicas: readonly number[]): number[] {
  return replicas.filter((brokerId) => isActive(state.image.cluster.broker(brokerId)))
}

/** The record of a new partition, led by the first of `isr`. */
export function newPartitionRecord(
  state: ControllerState,
  topicId: Uuid,
  partitionId: number,
  replicas: readonly number[],
  isr: readonly number[],
): MetadataRecord {
  const partition = {
    replicas,
    directories: replicas.map((brokerId) => defaultDirectory(state.image.cluster.broker(brokerId))),
    isr,
    removingReplicas: [],
    addingReplicas: [],
    elr: [],
    lastKnownElr: [],
    leader: isr[0]!,
    leaderRecoveryState: leaderRecoveryStates.recovered,
    leaderEpoch: 0,
    partitionEpoch: 0,
  }
  return registrationToRecord(topicId, partitionId, partition, state.image.metadataVersion)
}
