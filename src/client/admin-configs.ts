/**
 * Configuration of topics, brokers, their loggers, groups and client metrics, as an administrator sees and changes it.
 * What belongs to one broker is asked of that broker.
 */
import { describeConfigsRequest, describeConfigsResponse } from '../protocol/api/32-describe-configs.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../protocol/api/44-incremental-alter-configs.ts'
import { listConfigResourcesRequest, listConfigResourcesResponse } from '../protocol/api/74-list-config-resources.ts'
import { adminError, throwFirst, throwPassing } from './admin-error.ts'
import type { KafkaClient, Target } from './kafka-client.ts'

/** Kinds of resources by their numbers on the wire. */
export const resourceTypes = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const
export type ResourceType = (typeof resourceTypes)[keyof typeof resourceTypes]

export interface ConfigResource {
  readonly type: ResourceType
  /** Of a broker: its id, or nothing for the default of all. */
  readonly name: string
}

/** Where a value comes from, by its number on the wire. */
export const configSources = [
  'UNKNOWN',
  'DYNAMIC_TOPIC_CONFIG',
  'DYNAMIC_BROKER_CONFIG',
  'DYNAMIC_DEFAULT_BROKER_CONFIG',
  'STATIC_BROKER_CONFIG',
  'DEFAULT_CONFIG',
  'DYNAMIC_BROKER_LOGGER_CONFIG',
  'DYNAMIC_CLIENT_METRICS_CONFIG',
  'DYNAMIC_GROUP_CONFIG',
] as const
export type ConfigSource = (typeof configSources)[number]

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

export interface ConfigEntry extends ConfigSynonym {
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly synonyms: readonly ConfigSynonym[]
}

export interface DescribedConfigs extends ConfigResource {
  /** By name. */
  readonly entries: readonly ConfigEntry[]
}

/** What to do with one key. Append and subtract are for lists. */
export const configOperations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export interface ConfigChange {
  readonly name: string
  readonly operation: keyof typeof configOperations
  readonly value: string | null
}

const describeExchange = { request: describeConfigsRequest, response: describeConfigsResponse }
const alterExchange = { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse }
const listExchange = { request: listConfigResourcesRequest, response: listConfigResourcesResponse }

/** The configuration of one resource with synonyms, or its `keys` alone. Rejects with KafkaError. */
export async function describeConfigs(
  client: KafkaClient,
  resource: ConfigResource,
  keys: readonly string[] | null = null,
): Promise<DescribedConfigs> {
  const [described] = await describeAllConfigs(client, [resource], keys)
  return described!
}

/** Several resources; those that belong to one broker each go to that one. In the order of `resources`. */
export async function describeAllConfigs(
  client: KafkaClient,
  resources: readonly ConfigResource[],
  keys: readonly string[] | null = null,
): Promise<DescribedConfigs[]> {
  const shared = resources.filter((each) => targetOf(each) === 'any')
  const groups = [...resources.filter((each) => targetOf(each) !== 'any').map((each) => [each]), shared]
  const described = new Map<string, DescribedConfigs>()
  for (const group of groups) {
    if (group.length === 0) continue
    const asked = group.map(({ type, name }) => ({
      resourceType: type,
      resourceName: name,
      configurationKeys: keys === null ? null : [...keys],
    }))
    const message = { resources: asked, includeSynonyms: true }
    const { results } = await client.ask(describeExchange, message, targetOf(group[0]!))
    for (const { errorCode, errorMessage, resourceType, resourceName, configs } of results) {
      if (errorCode !== 0) throw adminError(errorCode, errorMessage)
      const resource = { type: resourceType as ResourceType, name: resourceName }
      described.set(keyOf(resource), { ...resource, entries: configs.map(entryOf).sort(byName) })
    }
  }
  return resources.map((each) => described.get(keyOf(each))!)
}

/** Changes some keys of one resource and leaves the rest. Rejects with KafkaError. */
export async function alterConfigs(
  client: KafkaClient,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  validateOnly = false,
): Promise<void> {
  const configs = changes.map(({ name, operation, value }) => ({
    name,
    configOperation: configOperations[operation],
    value,
  }))
  const resources = [{ resourceType: resource.type, resourceName: resource.name, configs }]
  const isForController = client.asksControllers || targetOf(resource) === 'any'
  const target = isForController ? 'controller' : targetOf(resource)
  const { responses } = await client.ask(alterExchange, { resources, validateOnly }, target, {
    judge: (answer) => throwPassing(answer.responses),
  })
  throwFirst(responses)
}

/** The resources of some types that have a configuration. Rejects with NotServedError where the broker is older. */
export async function listConfigResources(
  client: KafkaClient,
  types: readonly ResourceType[],
): Promise<ConfigResource[]> {
  const answer = await client.ask(listExchange, { resourceTypes: [...types] })
  throwFirst([answer])
  return answer.configResources.map(({ resourceName, resourceType }) => ({
    type: resourceType as ResourceType,
    name: resourceName,
  }))
}

function keyOf({ type, name }: ConfigResource): string {
  return `${type}/${name}`
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}

function targetOf({ type, name }: ConfigResource): Target {
  const isOfOneBroker = type === resourceTypes.brokerLogger || (type === resourceTypes.broker && name !== '')
  return isOfOneBroker && /^\d+$/.test(name) ? { nodeId: Number(name) } : 'any'
}

type WireEntry = Omit<ConfigEntry, 'source' | 'isReadOnly' | 'synonyms'> & {
  readonly readOnly: boolean
  readonly configSource: number
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: number }[]
}

function entryOf({ name, value, readOnly, configSource, isSensitive, synonyms }: WireEntry): ConfigEntry {
  return {
    name,
    value,
    source: sourceOf(configSource),
    isReadOnly: readOnly,
    isSensitive,
    synonyms: synonyms.map((each) => ({ name: each.name, value: each.value, source: sourceOf(each.source) })),
  }
}

function sourceOf(source: number): ConfigSource {
  return configSources[source] ?? 'UNKNOWN'
}
