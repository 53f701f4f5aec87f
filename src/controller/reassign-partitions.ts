/**
 * AlterPartitionReassignments (45) and ListPartitionReassignments (46) at the controller. A partition moves to other
 * replicas in stages (KIP-455):
 *
 *   asked    replicas = new ones, then the old ones that go; adding and removing say which is which
 *   in sync  once all that are added are in the ISR, those that go are dropped (partition-change.ts completes it)
 *
 * What adds nothing is complete at once. Cancelling goes back to the replicas that were there before.
 */
import type { MetadataRecord } from '../metadata/metadata-record.ts'
import type { PartitionRegistration } from '../metadata/partition-registration.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  ReassignablePartition,
  ReassignablePartitionResponse,
} from '../protocol/api/45-alter-partition-reassignments.ts'
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
  OngoingTopicReassignment,
} from '../protocol/api/46-list-partition-reassignments.ts'
import { KafkaError } from '../protocol/errors.ts'
import { changeBasis } from './broker-transitions.ts'
import type { ControllerResult } from './controller-result.ts'
import { type ControllerState, isUncleanElectionEnabled } from './controller-state.ts'
import { checkManualAssignment } from './partition-assignment.ts'
import { type PartitionChangeInput, partitionChange } from './partition-change.ts'

export function alterPartitionReassignments(
  state: ControllerState,
  request: AlterPartitionReassignmentsRequest,
): ControllerResult<AlterPartitionReassignmentsResponse> {
  const { allowReplicationFactorChange } = request
  const records: MetadataRecord[] = []
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((wanted): ReassignablePartitionResponse => {
      const { partitionIndex } = wanted
      try {
        const record = reassign(state, name, wanted, allowReplicationFactorChange)
        if (record !== undefined) records.push(record)
        return { partitionIndex, errorCode: 0, errorMessage: null }
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        // A message that says no more than its code is left out.
        const errorMessage = error.message === error.error ? null : error.message
        return { partitionIndex, errorCode: error.code, errorMessage }
      }
    }),
  }))
  return {
    records,
    response: { throttleTimeMs: 0, allowReplicationFactorChange, errorCode: 0, errorMessage: null, responses },
  }
}

function reassign(
  state: ControllerState,
  name: string,
  wanted: ReassignablePartition,
  allowReplicationFactorChange: boolean,
): MetadataRecord | undefined {
  const { partitionIndex, replicas } = wanted
  const topic = state.image.topics.getByName(name)
  if (topic === undefined) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a topic named ${name}.`)
  }
  const partition = topic.partitions.get(partitionIndex)
  if (partition === undefined) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find partition ${name}:${partitionIndex}.`)
  }
  const basis = changeBasis(state, topic, partitionIndex, partition)
  if (replicas === null) return cancel(state, topic, basis)
  checkManualAssignment(state, replicas, undefined)
  if (!allowReplicationFactorChange) checkReplicationFactor(partition, replicas.length)
  const ascending = (ids: readonly number[]) => [...ids].sort((a, b) => a - b)
  const removing = ascending(partition.replicas.filter((id) => !replicas.includes(id)))
  const adding = ascending(replicas.filter((id) => !partition.replicas.includes(id)))
  return partitionChange({
    ...basis,
    election: 'online',
    replicas: [...replicas, ...removing],
    removingReplicas: removing,
    addingReplicas: adding,
  })
}

/** Replicas that a reassignment under way will have left. */
function checkReplicationFactor(partition: PartitionRegistration, wantedCount: number): void {
  const { replicas, removingReplicas } = partition
  const count = replicas.filter((id) => !removingReplicas.includes(id)).length
  if (count === wantedCount) return
  throw new KafkaError(
    'INVALID_REPLICATION_FACTOR',
    `The replication factor is changed from ${count} to ${wantedCount}`,
  )
}

function isUnderWay(partition: PartitionRegistration): boolean {
  return partition.removingReplicas.length > 0 || partition.addingReplicas.length > 0
}

function cancel(state: ControllerState, topic: TopicImage, basis: PartitionChangeInput): MetadataRecord | undefined {
  const { partition, partitionId } = basis
  if (!isUnderWay(partition)) throw new KafkaError('NO_REASSIGNMENT_IN_PROGRESS')
  const isOriginal = (id: number) => !partition.addingReplicas.includes(id)
  const replicas = partition.replicas.filter(isOriginal)
  const isr = partition.isr.filter(isOriginal)
  const [first] = replicas
  if (first === undefined) {
    throw new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      'Invalid replica assignment: addingReplicas contains all replicas.',
    )
  }
  if (isr.length === 0) {
    if (!isUncleanElectionEnabled(state, topic.name)) {
      throw new KafkaError(
        'INVALID_REPLICA_ASSIGNMENT',
        `Unable to revert partition assignment for ${topic.name}:${partitionId} because it would require an unclean ` +
          'leader election.',
      )
    }
    isr.push(first)
  }
  return partitionChange({ ...basis, isr, replicas, removingReplicas: [], addingReplicas: [] })
}

/** What is under way, of all topics or of those that are named. */
export function listPartitionReassignments(
  state: ControllerState,
  request: ListPartitionReassignmentsRequest,
): ControllerResult<ListPartitionReassignmentsResponse> {
  const { topics } = state.image
  const asked =
    request.topics === null
      ? [...topics.values()].map((topic) => ongoing(topic, [...topic.partitions.keys()]))
      : request.topics.map(({ name, partitionIndexes }) => ongoing(topics.getByName(name), partitionIndexes))
  return {
    records: [],
    response: {
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      topics: asked.filter((topic) => topic.partitions.length > 0),
    },
  }
}

function ongoing(topic: TopicImage | undefined, partitionIndexes: readonly number[]): OngoingTopicReassignment {
  const partitions: OngoingTopicReassignment['partitions'] = []
  for (const partitionIndex of partitionIndexes) {
    const partition = topic?.partitions.get(partitionIndex)
    if (partition === undefined || !isUnderWay(partition)) continue
    partitions.push({
      partitionIndex,
      replicas: [...partition.replicas],
      addingReplicas: [...partition.addingReplicas],
      removingReplicas: [...partition.removingReplicas],
    })
  }
  return { name: topic?.name ?? '', partitions }
}
