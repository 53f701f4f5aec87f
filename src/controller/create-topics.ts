/**
 * CreateTopics (19) at the controller. Each topic succeeds or fails by itself; what succeeds is one atomic batch: per
 * topic its record, its configuration, and its partitions.
 */
import { randomUuid, zeroUuid } from '../base/uuid.ts'
import { describeTopicConfigs } from '../config/describe-configs.ts'
import { configResourceTypes } from '../metadata/config-resource.ts'
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import { clusterMetadataTopicName, topicNameProblem } from '../metadata/topic-name.ts'
import type {
  CreatableTopic,
  CreatableTopicResult,
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../protocol/api/19-create-topics.ts'
import { type ErrorName, errorCodes, KafkaError } from '../protocol/errors.ts'
import { alterResource, type ConfigOperation, clearElrRecords } from './alter-configs.ts'
import { type ControllerResult, maxRecordsPerUserOperation } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'
import { activeReplicas, checkManualAssignment, newPartitionRecord, placePartitions } from './partition-assignment.ts'
import { timedOut } from './timed-out.ts'

interface NewPartition {
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export function createTopics(
  state: ControllerState,
  request: CreateTopicsRequest,
): ControllerResult<CreateTopicsResponse> {
  const counts = countNames(request.topics)
  const records: MetadataRecord[] = []
  const results: CreatableTopicResult[] = []
  const isTooLarge = partitionTotal(state, request, counts) > maxRecordsPerUserOperation
  for (const topic of request.topics) {
    if (counts.get(topic.name)! > 1) continue
    if (request.timeoutMs <= 0) results.push({ ...failure(topic.name, 'REQUEST_TIMED_OUT', ''), ...timedOut })
    else results.push(isTooLarge ? tooManyPartitions(topic.name) : createTopic(state, topic, records))
  }
  for (const [name, count] of counts) {
    if (count > 1) results.push(failure(name, 'INVALID_REQUEST', 'Duplicate topic name.'))
  }
  return {
    records: request.validateOnly ? [] : records,
    response: { throttleTimeMs: 0, topics: results },
  }
}

function countNames(topics: readonly CreatableTopic[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** Partitions that the whole request asks for. */
function partitionTotal(state: ControllerState, request: CreateTopicsRequest, counts: Map<string, number>): number {
  let total = 0
  for (const topic of request.topics) {
    if (counts.get(topic.name)! > 1) continue
    if (topic.assignments.length > 0) total += topic.assignments.length
    else total += topic.numPartitions === -1 ? state.config.numPartitions : Math.max(0, topic.numPartitions)
  }
  return total
}

function tooManyPartitions(name: string): CreatableTopicResult {
  return failure(name, 'POLICY_VIOLATION', 'Excessively large number of partitions per request.')
}

function failure(name: string, error: ErrorName, message: string): CreatableTopicResult {
  return {
    name,
    topicId: zeroUuid,
    errorCode: errorCodes[error],
    errorMessage: message,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  }
}

function createTopic(state: ControllerState, topic: CreatableTopic, records: MetadataRecord[]): CreatableTopicResult {
  try {
    checkName(state, topic.name)
    const topicId = randomUuid(state.random)
    const configRecords = topicConfigRecords(state, topic)
    const partitions = partitionsOf(state, topic)
    const topicRecords = [metadataRecord('TopicRecord', 0, { name: topic.name, topicId }), ...configRecords]
    if (records.length + topicRecords.length + partitions.length > maxRecordsPerUserOperation) {
      throw new KafkaError('POLICY_VIOLATION', 'Unable to perform excessively large batch operation.')
    }
    records.push(...topicRecords)
    partitions.forEach(({ replicas, isr }, partitionId) => {
      records.push(newPartitionRecord(state, topicId, partitionId, replicas, isr))
    })
    return {
      name: topic.name,
      topicId,
      errorCode: 0,
      errorMessage: null,
      topicConfigErrorCode: 0,
      numPartitions: partitions.length,
      replicationFactor: partitions[0]!.replicas.length,
      configs: resultingConfigs(state, topic),
    }
  } catch (error) {
    if (error instanceof KafkaError) return failure(topic.name, error.error, error.message)
    throw error
  }
}

function checkName(state: ControllerState, name: string): void {
  if (name === clusterMetadataTopicName) {
    throw new KafkaError('INVALID_REQUEST', `Creation of internal topic ${name} is prohibited.`)
  }
  const problem = topicNameProblem(name)
  if (problem !== undefined) throw new KafkaError('INVALID_TOPIC_EXCEPTION', problem)
  if (state.image.topics.getByName(name) !== undefined) {
    throw new KafkaError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
  }
  const colliding = /[._]/.test(name) ? state.image.topics.collidingName(name) : undefined
  if (colliding !== undefined) {
    throw new KafkaError('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${colliding}`)
  }
}

function topicConfigRecords(state: ControllerState, topic: CreatableTopic): MetadataRecord[] {
  const nulls = topic.configs.filter((config) => config.value === null)
  if (nulls.length > 0) {
    const names = nulls.map((config) => config.name).join(',')
    throw new KafkaError('INVALID_CONFIG', `Null value not supported for topic configs: ${names}`)
  }
  if (topic.configs.length === 0) return []
  const operations = new Map<string, ConfigOperation>(
    topic.configs.map(({ name, value }) => [name, { type: 'SET', value }]),
  )
  const resource = { type: configResourceTypes.topic, name: topic.name }
  const records = alterResource(state, resource, operations, true)
  return [...records, ...clearElrRecords(state.image, records)]
}

function resultingConfigs(state: ControllerState, topic: CreatableTopic): CreatableTopicResult['configs'] {
  const overrides = new Map(topic.configs.map(({ name, value }) => [name, value ?? '']))
  return describeTopicConfigs(overrides, state.config)
    .map(({ name, value, readOnly, configSource, isSensitive }) => ({
      name,
      value,
      readOnly,
      configSource,
      isSensitive,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function partitionsOf(state: ControllerState, topic: CreatableTopic): NewPartition[] {
  if (topic.assignments.length > 0) return assignedPartitions(state, topic)
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    throw new KafkaError('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.')
  }
  const partitionCount = topic.numPartitions === -1 ? state.config.numPartitions : topic.numPartitions
  const replicationFactor =
    topic.replicationFactor === -1 ? state.config.defaultReplicationFactor : topic.replicationFactor
  const refuse = (message: string) =>
    new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      `Unable to replicate the partition ${replicationFactor} time(s): ${message}`,
    )
  let placements: number[][]
  try {
    placements = placePartitions(state, partitionCount, replicationFactor)
  } catch (error) {
    if (error instanceof KafkaError) throw refuse(error.message)
    throw error
  }
  return placements.map((replicas) => {
    const isr = activeReplicas(state, replicas)
    if (isr.length === 0) throw refuse('All brokers are currently fenced or in controlled shutdown.')
    return { replicas, isr }
  })
}

function assignedPartitions(state: ControllerState, topic: CreatableTopic): NewPartition[] {
  if (topic.replicationFactor !== -1) {
    throw new KafkaError(
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    )
  }
  if (topic.numPartitions !== -1) {
    throw new KafkaError(
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    )
  }
  const refuse = (message: string) => new KafkaError('INVALID_REPLICA_ASSIGNMENT', message)
  const partitions = new Map<number, NewPartition>()
  let replicationFactor: number | undefined
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (partitions.has(partitionIndex)) {
      throw refuse(`Found multiple manual partition assignments for partition ${partitionIndex}`)
    }
    checkManualAssignment(state, brokerIds, replicationFactor)
    replicationFactor = brokerIds.length
    const isr = activeReplicas(state, brokerIds)
    if (isr.length === 0) {
      throw refuse(
        `All brokers specified in the manual partition assignment for partition ${partitionIndex} are fenced or in ` +
          'controlled shutdown.',
      )
    }
    partitions.set(partitionIndex, { replicas: brokerIds, isr })
  }
  return Array.from({ length: partitions.size }, (_, index) => {
    const partition = partitions.get(index)
    if (partition === undefined) throw refuse('partitions should be a consecutive 0-based integer sequence')
    return partition
  })
}
