/**
 * AlterClientQuotas (49) at the controller: each entity (a user, a client id, both, or an address) succeeds or fails by
 * itself, with all its keys. What is set is kept in the metadata log; what changes nothing is not written.
 */
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import type {
  AlterClientQuotasRequest,
  AlterClientQuotasRequestEntityData,
  AlterClientQuotasResponse,
  OpData,
} from '../protocol/api/49-alter-client-quotas.ts'
import { KafkaError } from '../protocol/errors.ts'
import { type ControllerResult, maxRecordsPerUserOperation } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'

type QuotaType = 'double' | 'int' | 'long'

const clientKeys: ReadonlyMap<string, QuotaType> = new Map([
  ['producer_byte_rate', 'long'],
  ['consumer_byte_rate', 'long'],
  ['request_percentage', 'double'],
  ['controller_mutation_rate', 'double'],
])
const addressKeys: ReadonlyMap<string, QuotaType> = new Map([['connection_creation_rate', 'int']])

/** In the order in which Apache Kafka tells them. */
const entityTypes: readonly string[] = ['client-id', 'user', 'ip']

/** What is left over beyond a whole number, at most. */
const fractionMax = 1e-6

type Entity = AlterClientQuotasRequestEntityData[]

interface Outcome {
  readonly entity: Entity
  error: KafkaError | undefined
}

export function alterClientQuotas(
  state: ControllerState,
  request: AlterClientQuotasRequest,
): ControllerResult<AlterClientQuotasResponse> {
  const records: MetadataRecord[] = []
  const outcomes = new Map<string, Outcome>()
  for (const { entity: parts, ops } of request.entries) {
    const entity = inOrder(parts)
    const name = describeEntity(entity)
    const hasDuplicateKey = new Set(ops.map(({ key }) => key)).size < ops.length
    const outcome = outcomes.get(name) ?? { entity, error: undefined }
    if (outcomes.has(name) || hasDuplicateKey) {
      outcome.error = new KafkaError('INVALID_REQUEST', `Ignoring duplicate entity ClientQuotaEntity(entries=${name})`)
    } else outcome.error = alterEntity(state, entity, ops, records)
    outcomes.set(name, outcome)
  }
  if (records.length > maxRecordsPerUserOperation) {
    throw new KafkaError('POLICY_VIOLATION', 'Request parameters do not satisfy the configured policy.')
  }
  const entries = [...outcomes.values()].map(({ entity, error }) => ({
    errorCode: error?.code ?? 0,
    errorMessage: error?.message ?? null,
    entity,
  }))
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, entries } }
}

/** One part for each type, the last one that is given, in the order of the types. */
function inOrder(parts: Entity): Entity {
  const byType = new Map(parts.map((part) => [part.entityType, part]))
  const rank = (type: string) => (entityTypes.includes(type) ? entityTypes.indexOf(type) : entityTypes.length)
  return [...byType.values()].sort((left, right) => rank(left.entityType) - rank(right.entityType))
}

function describeEntity(entity: Entity): string {
  return `{${entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).join(', ')}}`
}

/** Adds the records that change one entity, or tells why it is not changed. */
function alterEntity(
  state: ControllerState,
  entity: Entity,
  ops: readonly OpData[],
  records: MetadataRecord[],
): KafkaError | undefined {
  try {
    const keys = quotaKeys(entity)
    const current = state.image.security.clientQuotasOf(entity)?.values
    const changes: MetadataRecord[] = []
    for (const { key, value, remove } of ops) {
      if (!remove) checkQuota(keys, key, value)
      const isChange = remove ? current?.has(key) === true : current?.get(key) !== value
      if (isChange) {
        changes.push(metadataRecord('ClientQuotaRecord', 0, { entity, key, value: remove ? 0 : value, remove }))
      }
    }
    records.push(...changes)
    return undefined
  } catch (error) {
    if (error instanceof KafkaError) return error
    throw error
  }
}

function invalid(message: string): KafkaError {
  return new KafkaError('INVALID_REQUEST', message)
}

/** The keys that an entity of these types may have. */
function quotaKeys(entity: Entity): ReadonlyMap<string, QuotaType> {
  if (entity.length === 0) throw invalid('Invalid empty client quota entity')
  for (const { entityType, entityName } of entity) {
    if (!entityTypes.includes(entityType)) throw invalid(`Unhandled client quota entity type: ${entityType}`)
    if (entityName === '') throw invalid(`Empty ${entityType} not supported`)
  }
  const address = entity.find(({ entityType }) => entityType === 'ip')
  if (address === undefined) return clientKeys
  if (entity.length > 1) {
    throw invalid('Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId')
  }
  if (address.entityName !== null && !isAddress(address.entityName)) {
    throw invalid(`${address.entityName} is not a valid IP or resolvable host.`)
  }
  return addressKeys
}

/** Nothing is looked up here: of host names, only the one that every machine has is known. */
function isAddress(text: string): boolean {
  const isIpv4 = /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255)
  const isIpv6 = /^[0-9a-f:]*:[0-9a-f:]*(:\d{1,3}(\.\d{1,3}){3})?$/i.test(text)
  return isIpv4 || isIpv6 || text === 'localhost'
}

function checkQuota(keys: ReadonlyMap<string, QuotaType>, key: string, value: number): void {
  const type = keys.get(key)
  if (type === undefined) throw invalid(`Invalid configuration key ${key}`)
  if (value <= 0) throw invalid(`Quota ${key} must be greater than 0`)
  if (type === 'double') return
  if (type === 'int' && value > 2 ** 31 - 1) throw invalid(`Proposed value for ${key} is too large for an INT.`)
  if (type === 'long' && value > 2 ** 63) throw invalid(`Proposed value for ${key} is too large for a LONG.`)
  if (value % 1 > fractionMax) throw invalid(`${key} cannot be a fractional value.`)
}
