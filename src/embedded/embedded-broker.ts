/** A broker of the library: what a test does with one that runs. Made by embedded.ts and by cluster.ts. */
import { assert } from '../base/assert.ts'
import type { Broker } from '../handlers/broker.ts'
import { type ConfigResource, configResourceKey, configResourceTypes } from '../metadata/config-resource.ts'
import type { ResourceConfigs } from '../metadata/configs-image.ts'
import type { RunningNode } from '../node.ts'
import type { CreateTopicsRequestInput, CreateTopicsResponse } from '../protocol/api/19-create-topics.ts'
import type { DeleteTopicsRequestInput, DeleteTopicsResponse } from '../protocol/api/20-delete-topics.ts'
import type {
  IncrementalAlterConfigsRequestInput,
  IncrementalAlterConfigsResponse,
} from '../protocol/api/44-incremental-alter-configs.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { addressOf } from './settings.ts'

export interface NewTopic {
  readonly name: string
  /** Default: num.partitions, which is 1 unless `settings` say otherwise. */
  readonly partitions?: number
  /** Topic configuration: `{ 'retention.ms': 1000 }`. */
  readonly configs?: Readonly<Record<string, string | number | boolean>>
}

export interface BrokerClock {
  /** What the broker takes for the time, in milliseconds since 1970. */
  now(): number
  /**
   * Puts the broker's time forward by `ms` milliseconds; what falls due on the way happens, in order: sessions expire,
   * rebalances end, retention and segment rolls run. Resolves when it has. The clients' own timers do not move.
   */
  advance(ms: number): Promise<void>
}

/** What of the start's options a running broker still needs. */
export interface EmbeddedBrokerOptions {
  readonly directory?: string | undefined
  readonly topics?: readonly (string | NewTopic)[]
}

/** A running broker. */
export class EmbeddedBroker implements AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `host:port`, as clients want it. */
  readonly bootstrapServers: string
  readonly clusterId: string
  /** Undefined when its data is in memory. */
  readonly directory: string | undefined
  readonly clock: BrokerClock
  /** Resolves with the reason should it not be able to go on (its disk is gone); never in the ordinary course of things. */
  readonly halted: Promise<string>
  readonly #node: RunningNode
  readonly #broker: Broker
  readonly #topics: readonly (string | NewTopic)[]
  readonly #startConfigs: readonly ResourceConfigs[]
  #stopping: Promise<void> | undefined

  /** Made by `startBroker`. */
  constructor(node: RunningNode, clock: BrokerClock, options: EmbeddedBrokerOptions) {
    const { host, port } = node.listeners[0]!
    this.host = host
    this.port = port
    this.bootstrapServers = addressOf(host, port)
    assert(node.broker !== undefined, 'the library starts brokers')
    this.#broker = node.broker
    this.clusterId = this.#broker.clusterId
    this.directory = options.directory
    this.clock = clock
    this.halted = node.halted
    this.#node = node
    this.#topics = options.topics ?? []
    this.#startConfigs = this.#ownConfigs()
  }

  /** Resolves when they can be used. Rejects with KafkaError when one cannot be created: TOPIC_ALREADY_EXISTS, INVALID_CONFIG ... */
  async createTopics(topics: readonly (string | NewTopic)[]): Promise<void> {
    if (topics.length === 0) return
    const { controller, config, topicReadiness } = this.#broker
    const timeoutMs = config.requestTimeoutMs
    const request: CreateTopicsRequestInput = { topics: topics.map(creationOf), timeoutMs }
    const response = await controller.send<CreateTopicsResponse>(apiKeys.CreateTopics, request)
    for (const { name, errorCode, errorMessage } of response.topics) {
      if (errorCode !== 0) throw new KafkaError(errorName(errorCode), errorMessage ?? `topic ${name}`)
    }
    await topicReadiness.untilServed(
      response.topics.map(({ name, numPartitions }) => ({ name, partitionCount: numPartitions })),
      timeoutMs,
    )
  }

  /**
   * Forgets all topics with their records, all groups with their offsets, and what was set at run time; creates the topics
   * of the start anew. Connections stay, clients that are at work meet UNKNOWN_TOPIC_OR_PARTITION or
   * NOT_COORDINATOR meanwhile: stop them first.
   */
  async reset(): Promise<void> {
    await this.#restoreConfigs()
    const { controller, image, config } = this.#broker
    const names = [...image.topics.names()]
    if (names.length > 0) {
      const topics = names.map((name) => ({ name }))
      const request: DeleteTopicsRequestInput = { topics, timeoutMs: config.requestTimeoutMs }
      const { responses } = await controller.send<DeleteTopicsResponse>(apiKeys.DeleteTopics, request)
      const failed = responses.find(({ errorCode }) => errorCode !== 0)
      if (failed !== undefined)
        throw new KafkaError(errorName(failed.errorCode), failed.errorMessage ?? failed.name ?? '')
    }
    await this.createTopics(this.#topics)
  }

  /** Of brokers, groups and client metrics; settings of topics go with them. */
  #ownConfigs(): ResourceConfigs[] {
    const all = [...this.#broker.image.configs.values()]
    return all.filter(({ resource }) => resource.type !== configResourceTypes.topic)
  }

  /** As they were at the start, where the metadata of a new cluster may have some. */
  async #restoreConfigs(): Promise<void> {
    const { controller } = this.#broker
    const resources = [...this.#startConfigs, ...this.#ownConfigs()].map(({ resource }) => resource)
    const byKey = new Map(resources.map((resource) => [configResourceKey(resource.type, resource.name), resource]))
    const changes = [...byKey.values()].map((resource) => ({
      resourceType: resource.type,
      resourceName: resource.name,
      configs: changesBetween(valuesOf(this.#ownConfigs(), resource), valuesOf(this.#startConfigs, resource)),
    }))
    const request: IncrementalAlterConfigsRequestInput = {
      resources: changes.filter(({ configs }) => configs.length > 0),
    }
    if (request.resources!.length === 0) return
    const { responses } = await controller.send<IncrementalAlterConfigsResponse>(
      apiKeys.IncrementalAlterConfigs,
      request,
    )
    const failed = responses.find(({ errorCode }) => errorCode !== 0)
    if (failed !== undefined) throw new KafkaError(errorName(failed.errorCode), failed.errorMessage ?? '')
  }

  /** Stops cleanly; a second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#node.stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** In IncrementalAlterConfigs. */
const [setOperation, deleteOperation] = [0, 1]

type Values = ResourceConfigs['values']

function valuesOf(configs: readonly ResourceConfigs[], { type, name }: ConfigResource): Values {
  return configs.find(({ resource }) => resource.type === type && resource.name === name)?.values ?? new Map()
}

function changesBetween(present: Values, wanted: Values) {
  const gone = [...present.keys()].filter((name) => !wanted.has(name))
  const changed = [...wanted].filter(([name, value]) => present.get(name) !== value)
  return [
    ...gone.map((name) => ({ name, configOperation: deleteOperation, value: null })),
    ...changed.map(([name, value]) => ({ name, configOperation: setOperation, value })),
  ]
}

function creationOf(topic: string | NewTopic): NonNullable<CreateTopicsRequestInput['topics']>[number] {
  const { name, partitions = -1, configs = {} } = typeof topic === 'string' ? { name: topic } : topic
  const values = Object.entries(configs).map(([key, value]) => ({ name: key, value: String(value) }))
  return { name, numPartitions: partitions, replicationFactor: -1, configs: values }
}
