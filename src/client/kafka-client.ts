/**
 * A Kafka client on the project's own protocol layer: it finds brokers from the bootstrap servers, keeps a connection to
 * each that is asked, knows leaders and coordinators, and tries again what fails for a passing reason until the deadline.
 * The tools of the command line and the tests use it; producers and consumers are built on it. Close it, or the process
 * stays.
 */
import {
  type MetadataResponse,
  type MetadataResponseTopic,
  metadataRequest,
  metadataResponse,
} from '../protocol/api/03-metadata.ts'
import { findCoordinatorRequest, findCoordinatorResponse } from '../protocol/api/10-find-coordinator.ts'
import { describeClusterRequest, describeClusterResponse } from '../protocol/api/60-describe-cluster.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import type { Infer, InferInput, Schema } from '../protocol/schema.ts'
import { BootstrapError, ConnectionError, isRetriable } from './client-errors.ts'
import { type BrokerNode, ClusterMetadata } from './cluster-metadata.ts'
import { type AskOptions, Connection, type Endpoint, type Exchange } from './connection.ts'
import { tryUntil } from './deadline.ts'

export interface ClientOptions {
  readonly bootstrap: readonly Endpoint[]
  readonly clientId?: string
  readonly softwareVersion?: string
  /** How long connecting and one answer may take, in milliseconds; 30,000 without it. */
  readonly requestTimeoutMs?: number
  /** How long the bootstrap servers are tried, in milliseconds; 10,000 without it. */
  readonly bootstrapTimeoutMs?: number
  /** How long one operation with all its tries may take, in milliseconds; 60,000 without it. */
  readonly operationTimeoutMs?: number
  /** The bootstrap servers are controllers: nodes are then those of the quorum, topics are not known. */
  readonly asksControllers?: boolean
}

/**
 * To whom a request goes: any broker, the controller, one broker, or who coordinates a group. Requests that wait in the
 * broker hold up what comes after them on their connection: fetches and groups have one of their own.
 */
export type Target =
  | 'any'
  | 'controller'
  | { readonly nodeId: number; readonly fetches?: boolean }
  | { readonly groupId: string }

const metadataExchange = { request: metadataRequest, response: metadataResponse }
const describeClusterExchange = { request: describeClusterRequest, response: describeClusterResponse }
const findCoordinatorExchange = { request: findCoordinatorRequest, response: findCoordinatorResponse }

export class KafkaClient {
  readonly metadata = new ClusterMetadata()
  readonly clientId: string
  readonly operationTimeoutMs: number
  readonly asksControllers: boolean
  readonly #bootstrap: readonly Endpoint[]
  readonly #bootstrapTimeoutMs: number
  readonly #connectionOptions
  readonly #byNode = new Map<string, Promise<Connection>>()
  readonly #coordinators = new Map<string, BrokerNode>()
  #first: Promise<Connection> | undefined
  /** Who was asked was not there: the brokers are to be asked before anybody is asked again. */
  #isStale = false
  #isClosed = false

  constructor(options: ClientOptions) {
    this.#bootstrap = options.bootstrap
    this.asksControllers = options.asksControllers ?? false
    this.clientId = options.clientId ?? 'ottla'
    this.operationTimeoutMs = options.operationTimeoutMs ?? 60_000
    this.#bootstrapTimeoutMs = options.bootstrapTimeoutMs ?? 10_000
    this.#connectionOptions = {
      clientId: this.clientId,
      softwareVersion: options.softwareVersion ?? '0',
      timeoutMs: options.requestTimeoutMs ?? 30_000,
    }
  }

  /** Until when an operation that begins now may try; milliseconds of Date.now. */
  deadline(): number {
    return Date.now() + this.operationTimeoutMs
  }

  /**
   * Asks once more after ConnectionError, until the operation's deadline. What the answer says is the caller's to judge:
   * `judge` may throw a KafkaError, and a retriable one is tried again too.
   */
  ask<Request extends Schema, Response extends Schema>(
    exchange: Exchange<Request, Response>,
    message: InferInput<Request>,
    target: Target = 'any',
    options: AskOptions & { readonly judge?: (answer: Infer<Response>) => void } = {},
  ): Promise<Infer<Response>> {
    return tryUntil(
      this.deadline(),
      async () => {
        const connection = await this.connectionTo(target)
        const answer = await connection.ask(exchange, message, options)
        options.judge?.(answer)
        return answer
      },
      (error) => this.#forget(target, error),
    )
  }

  /** An open connection to `target`. Rejects with ConnectionError, or a coordinator's KafkaError. */
  async connectionTo(target: Target): Promise<Connection> {
    if (target === 'any') return this.#anyConnection()
    if (target === 'controller') {
      await this.#anyConnection()
      if (this.metadata.brokers.length === 0 || this.#isStale) await this.#askMetadata([])
      const node = this.metadata.broker(this.metadata.controllerId)
      return node === undefined ? this.#anyConnection() : this.#nodeConnection(node)
    }
    if ('groupId' in target) return this.#nodeConnection(await this.coordinatorOf(target.groupId), 'groups')
    if (this.metadata.broker(target.nodeId) === undefined || this.#isStale) await this.#askMetadata([])
    const node = this.metadata.broker(target.nodeId)
    if (node === undefined) throw new ConnectionError(`the cluster has no broker ${target.nodeId}`)
    return this.#nodeConnection(node, target.fetches ? 'fetches' : '')
  }

  /**
   * Asks for topics (all of them for null) and remembers the answer, in which each topic may have an error of its own.
   * `createsMissing` lets the broker create what is missing, if it does such things.
   */
  async loadTopics(
    names: readonly string[] | null,
    createsMissing = false,
    deadlineMs = this.deadline(),
  ): Promise<MetadataResponse> {
    return tryUntil(deadlineMs, () => this.#askMetadata(names, createsMissing))
  }

  /** A topic with a leader for each partition, asked for until the deadline. Rejects with the topic's KafkaError. */
  async topic(name: string, createsMissing = false): Promise<MetadataResponseTopic> {
    const known = this.metadata.topic(name)
    if (known !== undefined) return known
    return tryUntil(this.deadline(), async () => {
      const { topics } = await this.#askMetadata([name], createsMissing)
      const topic = topics.find((each) => each.name === name)
      const error = topic === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : errorName(topic.errorCode)
      if (error === 'UNKNOWN_TOPIC_OR_PARTITION' && !createsMissing) throw new UnknownTopicError(name)
      if (error !== 'NONE') throw new KafkaError(error, `topic ${name}: ${error}`)
      return topic!
    })
  }

  /** Who coordinates a group. */
  async coordinatorOf(groupId: string): Promise<BrokerNode> {
    const known = this.#coordinators.get(groupId)
    if (known !== undefined) return known
    const connection = await this.#anyConnection()
    const version = connection.versionOf(findCoordinatorRequest)
    const answer = await connection.ask(
      findCoordinatorExchange,
      version >= 4 ? { keyType: 0, coordinatorKeys: [groupId] } : { key: groupId, keyType: 0 },
    )
    const found = version >= 4 ? answer.coordinators[0]! : answer
    if (found.errorCode !== 0) throw new KafkaError(errorName(found.errorCode), found.errorMessage ?? undefined)
    const node = { nodeId: found.nodeId, host: found.host, port: found.port, rack: null }
    this.#coordinators.set(groupId, node)
    return node
  }

  forgetCoordinator(groupId: string): void {
    this.#coordinators.delete(groupId)
  }

  close(): void {
    this.#isClosed = true
    for (const opening of [this.#first, ...this.#byNode.values()])
      opening?.then(
        (connection) => connection.close(),
        () => {},
      )
  }

  /** What failed is not where it was thought to be. */
  #forget(target: Target, error: unknown): void {
    if (typeof target === 'object' && 'groupId' in target) this.forgetCoordinator(target.groupId)
    else if (target !== 'any' && (error instanceof ConnectionError || isMoved(error))) this.#isStale = true
  }

  async #askMetadata(names: readonly string[] | null, createsMissing = false): Promise<MetadataResponse> {
    const connection = await this.#anyConnection()
    if (this.asksControllers) return this.#askQuorum(connection)
    const topics = names === null ? null : names.map((name) => ({ name }))
    const answer = await connection.ask(metadataExchange, { topics, allowAutoTopicCreation: createsMissing })
    if (errorName(answer.errorCode) === 'REBOOTSTRAP_REQUIRED') {
      this.#rebootstrap()
      throw new KafkaError('REBOOTSTRAP_REQUIRED')
    }
    this.metadata.update(answer)
    this.#isStale = false
    return answer
  }

  /** The cluster sends its clients away: they begin again at the bootstrap servers (KIP-1102). */
  #rebootstrap(): void {
    const openings = [this.#first, ...this.#byNode.values()]
    this.#first = undefined
    this.#byNode.clear()
    this.#coordinators.clear()
    this.metadata.forgetBrokers()
    for (const opening of openings)
      opening?.then(
        (connection) => connection.close(),
        () => {},
      )
  }

  /** The controllers, as if they were brokers (KIP-919). */
  async #askQuorum(connection: Connection): Promise<MetadataResponse> {
    const answer = await connection.ask(describeClusterExchange, { endpointType: 2 })
    if (answer.errorCode !== 0) throw new KafkaError(errorName(answer.errorCode), answer.errorMessage ?? undefined)
    const { throttleTimeMs, clusterId, controllerId, clusterAuthorizedOperations } = answer
    const brokers = answer.brokers.map(({ brokerId, host, port, rack }) => ({ nodeId: brokerId, host, port, rack }))
    const found = {
      throttleTimeMs,
      clusterId,
      controllerId,
      clusterAuthorizedOperations,
      brokers,
      topics: [],
      errorCode: 0,
    }
    this.metadata.update(found)
    this.#isStale = false
    return found
  }

  /** The bootstrap server that answered first, or a broker that is known by now. */
  async #anyConnection(): Promise<Connection> {
    for (;;) {
      const opening = this.#first
      if (opening === undefined) break
      const connection = await opening.catch(() => undefined)
      if (connection?.isOpen) return connection
      if (this.#first === opening) this.#first = undefined
    }
    this.#first = this.#openFirst()
    return this.#first
  }

  /** Before anything is known of the cluster, a failure is told soon: it is most often a wrong address. */
  async #openFirst(): Promise<Connection> {
    if (this.metadata.brokers.length > 0) return this.#openOneOf([...this.#bootstrap, ...this.metadata.brokers])
    try {
      return await tryUntil(Date.now() + this.#bootstrapTimeoutMs, () => this.#openOneOf(this.#bootstrap))
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      throw new BootstrapError(error.message)
    }
  }

  async #openOneOf(endpoints: readonly Endpoint[]): Promise<Connection> {
    let failure: unknown
    for (const endpoint of endpoints) {
      try {
        return await this.#open(endpoint)
      } catch (error) {
        failure ??= error
        if (!isRetriable(error)) break
      }
    }
    throw failure
  }

  async #nodeConnection(node: BrokerNode, purpose = ''): Promise<Connection> {
    const key = `${node.nodeId} ${purpose}`
    // Each turn sees what other callers did while this one waited.
    for (;;) {
      const opening = this.#byNode.get(key)
      if (opening === undefined) break
      const connection = await opening.catch(() => undefined)
      if (connection?.isOpen) return connection
      if (this.#byNode.get(key) === opening) this.#byNode.delete(key)
    }
    const opened = this.#open(node)
    this.#byNode.set(key, opened)
    return opened
  }

  async #open(endpoint: Endpoint): Promise<Connection> {
    if (this.#isClosed) throw new KafkaError('UNKNOWN_SERVER_ERROR', 'the client is closed')
    const connection = await Connection.open({ host: endpoint.host, port: endpoint.port }, this.#connectionOptions)
    if (this.#isClosed) connection.close()
    return connection
  }
}

function isMoved(error: unknown): boolean {
  return error instanceof KafkaError && (error.error === 'NOT_CONTROLLER' || error.error === 'NOT_LEADER_OR_FOLLOWER')
}

/** The topic is not there and will not be created: no use to try again. */
export class UnknownTopicError extends Error {
  override name = 'UnknownTopicError'
  readonly topicName: string

  constructor(topicName: string) {
    super(`topic ${topicName} does not exist`)
    this.topicName = topicName
  }
}

/** `host:port,host:port` as --bootstrap-server takes it; undefined when it is not that. Port 9092 without one. */
export function parseBootstrap(text: string): Endpoint[] | undefined {
  const endpoints: Endpoint[] = []
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue
    const match = /^(?:\w+:\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(part)
    if (match === null) return undefined
    const port = match[3] === undefined ? 9092 : Number(match[3])
    if (port > 65_535) return undefined
    endpoints.push({ host: (match[1] ?? match[2])!, port })
  }
  return endpoints.length === 0 ? undefined : endpoints
}
