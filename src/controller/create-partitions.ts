/**
 * CreatePartitions (37) at the controller: each topic by itself, all that succeed in one atomic batch.
 */

import type { MetadataRecord } from '../metadata/metadata-record.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreatePartitionsTopic,
  CreatePartitionsTopicResult,
} from '../protocol/api/37-create-partitions.ts'
import { errorCodes, KafkaError } from '../protocol/errors.ts'
import { type ControllerResult, maxRecordsPerUserOperation } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'
import { activeReplicas, checkManualAssignment, newPartitionRecord, placePartitions } from './partition-assignment.ts'
import { timedOut } from './timed-out.ts'

export function createPartitions(
  state: ControllerState,
  request: CreatePartitionsRequest,
): ControllerResult<CreatePartitionsResponse> {
  const counts = new Map<string, number>()
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1)
  const records: MetadataRecord[] = []
  const results: CreatePartitionsTopicResult[] = []
  for (const topic of request.topics) {
    if (counts.get(topic.name)! > 1) continue
    results.push(request.timeoutMs <= 0 ? { name: topic.name, ...timedOut } : increase(state, topic, records))
  }
  for (const [name, count] of counts) {
    if (count > 1) results.push({ name, errorCode: errorCodes.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' })
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, results } }
}

function increase(
  state: ControllerState,
  request: CreatePartitionsTopic,
  records: MetadataRecord[],
): CreatePartitionsTopicResult {
  const topic = state.image.topics.getByName(request.name)
  if (topic === undefined) {
    return { name: request.name, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null }
  }
  try {
    records.push(...newPartitions(state, topic, request, records.length))
    return { name: request.name, errorCode: 0, errorMessage: null }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { name: request.name, errorCode: error.code, errorMessage: error.message }
  }
}

function newPartitions(
  state: ControllerState,
  topic: TopicImage,
  request: CreatePartitionsTopic,
  recordCount: number,
): MetadataRecord[] {
  const existingCount = topic.partitions.size
  const additional = request.count - existingCount
  if (additional === 0) {
    throw new KafkaError('INVALID_PARTITIONS', `Topic already has ${existingCount} partition(s).`)
  }
  if (additional < 0) {
    throw new KafkaError(
      'INVALID_PARTITIONS',
      `The topic ${topic.name} currently has ${existingCount} partition(s); ${request.count} would not be an increase.`,
    )
  }
  const { assignments } = request
  if (assignments !== null && assignments.length !== additional) {
    throw new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    )
  }
  if (recordCount + additional > maxRecordsPerUserOperation) {
    throw new KafkaError('POLICY_VIOLATION', 'Unable to perform excessively large batch operation.')
  }
  const replicationFactor = topic.partitions.get(0)!.replicas.length
  const placements =
    assignments === null
      ? placePartitions(state, additional, replicationFactor)
      : assignments.map(({ brokerIds }) => brokerIds)
  return placements.map((replicas, index) => {
    const partitionId = existingCount + index
    if (assignments !== null) checkManualAssignment(state, replicas, replicationFactor)
    const isr = activeReplicas(state, replicas)
    if (isr.length === 0) throw nobodyUp(partitionId, replicationFactor, assignments !== null)
    return newPartitionRecord(state, topic.id, partitionId, replicas, isr)
  })
}

function nobodyUp(partitionId: number, replicationFactor: number, isManual: boolean): KafkaError {
  if (isManual) {
    return new KafkaError(
      'INVALID_REPLICA_ASSIGNMENT',
      `All brokers specified in the manual partition assignment for partition ${partitionId} are fenced or in ` +
        'controlled shutdown.',
    )
  }
  return new KafkaError(
    'INVALID_REPLICATION_FACTOR',
    `Unable to replicate the partition ${replicationFactor} time(s): All brokers are currently fenced or in controlled ` +
      'shutdown.',
  )
}
