/**
 * Dynamic configuration in the image: per resource an immutable map from key to value. MetadataImage replays into it.
 */
import {
  type ConfigResource,
  configResourceKey,
  configResourceTypes,
  defaultBrokerResource,
} from './config-resource.ts'
import type { MetadataDelta } from './metadata-delta.ts'
import type { MetadataRecordData } from './metadata-record.ts'
import { UndoableMap, type UndoLog } from './undo-log.ts'

export interface ResourceConfigs {
  readonly resource: ConfigResource
  readonly values: ReadonlyMap<string, string>
}

const noConfigs: ReadonlyMap<string, string> = new Map()

export class ConfigsImage {
  readonly #resources: UndoableMap<string, ResourceConfigs>
  readonly #delta: () => MetadataDelta | undefined

  constructor(undoLog: UndoLog, delta: () => MetadataDelta | undefined) {
    this.#resources = new UndoableMap(undoLog)
    this.#delta = delta
  }

  /** What is set for the resource; empty when nothing is. */
  get(type: number, name: string): ReadonlyMap<string, string> {
    return this.#resources.get(configResourceKey(type, name))?.values ?? noConfigs
  }

  topic(name: string): ReadonlyMap<string, string> {
    return this.get(configResourceTypes.topic, name)
  }

  broker(id: number): ReadonlyMap<string, string> {
    return this.get(configResourceTypes.broker, String(id))
  }

  /** The cluster-wide default of all brokers. */
  get brokerDefaults(): ReadonlyMap<string, string> {
    return this.get(defaultBrokerResource.type, defaultBrokerResource.name)
  }

  /** Resources that have something set. */
  values(): MapIterator<ResourceConfigs> {
    return this.#resources.values()
  }

  replay(data: MetadataRecordData<'ConfigRecord'>): void {
    const key = configResourceKey(data.resourceType, data.resourceName)
    const existing = this.#resources.get(key)
    const resource = existing?.resource ?? { type: data.resourceType, name: data.resourceName }
    const values = new Map(existing?.values)
    if (data.value === null) values.delete(data.name)
    else values.set(data.name, data.value)
    if (values.size === 0) this.#resources.delete(key)
    else this.#resources.set(key, { resource, values })
    this.#delta()?.onConfigChange(key, resource, data.name)
  }

  /** The topic is gone, and its configuration with it. */
  deleteTopic(name: string): void {
    this.#resources.delete(configResourceKey(configResourceTypes.topic, name))
  }
}
