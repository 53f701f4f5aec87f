/**
 * IncrementalAlterConfigs (44) and AlterConfigs (33) at the controller: each resource succeeds or fails by itself. What
 * values a resource may have is in config-rules.ts; here are the rules that need the image: the resource exists, lists are
 * appended to what is there, and min.insync.replicas stays one value for the cluster while eligible leader replicas
 * are on (KIP-966), whose sets are cleared when it changes.
 */

import { type ConfigResource, configResourceKey, configResourceTypes } from '../metadata/config-resource.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import { errorCodes, KafkaError } from '../protocol/errors.ts'
import { checkResourceConfigs, findConfigKey } from './config-rules.ts'
import type { ControllerResult } from './controller-result.ts'
import { type ControllerState, isElrEnabled } from './controller-state.ts'

const minInSyncReplicas = 'min.insync.replicas'
const maxValueSize = 32_767

export interface ConfigOperation {
  readonly type: 'SET' | 'DELETE' | 'APPEND' | 'SUBTRACT'
  readonly value: string | null
}

const operationTypes = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const

interface ResourceRequest<Config> {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly Config[]
}

interface AlterRequest<Config> {
  readonly resources: readonly ResourceRequest<Config>[]
  readonly validateOnly: boolean
}

interface NamedValue {
  readonly name: string
  readonly value: string | null
}

interface ResourceResponse {
  errorCode: number
  errorMessage: string | null
  resourceType: number
  resourceName: string
}

export interface AlterConfigsResult {
  throttleTimeMs: number
  responses: ResourceResponse[]
}

export function incrementalAlterConfigs(
  state: ControllerState,
  request: AlterRequest<NamedValue & { readonly configOperation: number }>,
): ControllerResult<AlterConfigsResult> {
  return alterEach(state, request, (resource, configs) => {
    const operations = new Map<string, ConfigOperation>()
    for (const { name, value, configOperation } of configs) {
      const type = operationTypes[configOperation]
      if (type === undefined) {
        throw new KafkaError('INVALID_REQUEST', `Unknown operation type ${configOperation} for config ${name}`)
      }
      if (operations.has(name)) throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys')
      operations.set(name, { type, value })
    }
    return alterResource(state, resource, operations, false)
  })
}

/** The old API: what is not named is removed. */
export function alterConfigs(
  state: ControllerState,
  request: AlterRequest<NamedValue>,
): ControllerResult<AlterConfigsResult> {
  return alterEach(state, request, (resource, configs) => {
    const operations = new Map<string, ConfigOperation>(
      configs.map(({ name, value }) => [name, { type: 'SET', value }]),
    )
    if (operations.size < configs.length) throw new KafkaError('INVALID_REQUEST', 'Error due to duplicate config keys')
    for (const name of state.image.configs.get(resource.type, resource.name).keys()) {
      if (!operations.has(name)) operations.set(name, { type: 'DELETE', value: null })
    }
    return alterResource(state, resource, operations, false)
  })
}

function alterEach<Config>(
  state: ControllerState,
  request: AlterRequest<Config>,
  alter: (resource: ConfigResource, configs: readonly Config[]) => MetadataRecord[],
): ControllerResult<AlterConfigsResult> {
  const counts = new Map<string, number>()
  for (const { resourceType, resourceName } of request.resources) {
    const key = configResourceKey(resourceType, resourceName)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const records: MetadataRecord[] = []
  const responses = request.resources.map(({ resourceType, resourceName, configs }): ResourceResponse => {
    const response = { errorCode: 0, errorMessage: null, resourceType, resourceName }
    try {
      if (counts.get(configResourceKey(resourceType, resourceName))! > 1) {
        throw new KafkaError('INVALID_REQUEST', 'Each resource must appear at most once.')
      }
      records.push(...alter({ type: resourceType, name: resourceName }, configs))
      return response
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      return { ...response, errorCode: errorCodes[error.error], errorMessage: error.message }
    }
  })
  records.push(...clearElrRecords(state.image, records))
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, responses } }
}

/** The records that change one resource; throws KafkaError when the result would not be allowed. */
export function alterResource(
  state: ControllerState,
  resource: ConfigResource,
  operations: ReadonlyMap<string, ConfigOperation>,
  isNewResource: boolean,
): MetadataRecord[] {
  const existing = isNewResource ? new Map<string, string>() : state.image.configs.get(resource.type, resource.name)
  const values = new Map(existing)
  const records: MetadataRecord[] = []
  for (const [name, operation] of operations) {
    const current = existing.get(name)
    const value = valueAfter(resource, name, current, operation)
    // A broker loads its configuration anew whenever it is written (KAFKA-14136): files that it names may have changed.
    if (value !== (current ?? null) || resource.type === configResourceTypes.broker) {
      checkTransition(state, resource, name, value)
      records.push(configRecord(resource, name, value))
    }
    if (value === null) values.delete(name)
    else values.set(name, value)
  }
  checkResourceConfigs(resource, values, state.config)
  if (!isNewResource) checkExistence(state, resource)
  return records
}

function configRecord(resource: ConfigResource, name: string, value: string | null): MetadataRecord {
  return metadataRecord('ConfigRecord', 0, { resourceType: resource.type, resourceName: resource.name, name, value })
}

function valueAfter(
  resource: ConfigResource,
  name: string,
  current: string | undefined,
  { type, value }: ConfigOperation,
): string | null {
  if (type === 'DELETE') return null
  if (value === null) throw new KafkaError('INVALID_REQUEST', `Null value not supported for : ${name}`)
  if (type === 'SET') return value
  const key = findConfigKey(resource.type, name)
  if (key?.type !== 'list') {
    throw new KafkaError('INVALID_CONFIG', `Can't ${type} to key ${name} because its type is not LIST.`)
  }
  const list = (current ?? key.defaultText ?? '').split(',').filter((part) => part !== '')
  const parts = value.split(',').filter((part) => part !== '')
  if (type === 'APPEND') return [...new Set([...list, ...parts])].join(',')
  return list.filter((part) => !parts.includes(part)).join(',')
}

function checkTransition(state: ControllerState, resource: ConfigResource, name: string, value: string | null): void {
  if (value !== null && Buffer.byteLength(value) > maxValueSize) {
    throw new KafkaError(
      'INVALID_CONFIG',
      `The configuration value cannot be added because it exceeds the maximum value size of ${maxValueSize} bytes.`,
    )
  }
  if (name !== minInSyncReplicas || resource.type !== configResourceTypes.broker || !isElrEnabled(state.image)) return
  if (resource.name !== '' && value !== null) {
    throw new KafkaError('INVALID_CONFIG', `Broker-level ${name} cannot be altered while ELR is enabled.`)
  }
  if (resource.name === '' && value === null) {
    throw new KafkaError('INVALID_CONFIG', `Cluster-level ${name} cannot be removed while ELR is enabled.`)
  }
}

function checkExistence(state: ControllerState, resource: ConfigResource): void {
  if (resource.type === configResourceTypes.topic && state.image.topics.getByName(resource.name) === undefined) {
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${resource.name}' does not exist.`)
  }
  if (resource.type === configResourceTypes.broker && resource.name !== '') {
    const id = Number(resource.name)
    const isKnown = state.image.cluster.broker(id) ?? state.image.cluster.controller(id)
    if (isKnown === undefined) throw new KafkaError('BROKER_ID_NOT_REGISTERED', `No broker with id ${id} found.`)
  }
}

/** What changes of min.insync.replicas in `records` make of the eligible leader replicas: they were kept for another value. */
export function clearElrRecords(image: MetadataImage, records: readonly MetadataRecord[]): MetadataRecord[] {
  if (!isElrEnabled(image)) return []
  const topicNames = new Set<string>()
  for (const record of records) {
    if (record.type !== 'ConfigRecord' || record.data.name !== minInSyncReplicas) continue
    if (record.data.resourceType === configResourceTypes.topic) topicNames.add(record.data.resourceName)
    else if (record.data.resourceType === configResourceTypes.broker) topicNames.add('')
  }
  const names = topicNames.has('') ? [''] : [...topicNames]
  return names.map((topicName) => metadataRecord('ClearElrRecord', 0, { topicName }))
}
