/**
 * What all model clients share: a process on a host of its own, connections to the nodes, metadata of the topics. It
 * speaks the real protocol's bytes over the virtual network. Answers that do not come, or say that another is to be asked,
 * are the subclass's to judge: here nothing is retried.
 */
import type { Random } from '../../src/base/random.ts'
import type { Uuid } from '../../src/base/uuid.ts'
import type { MetadataResponse } from '../../src/protocol/api/03-metadata.ts'
import type { FindCoordinatorResponse } from '../../src/protocol/api/10-find-coordinator.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes } from '../../src/protocol/errors.ts'
import { type AskOptions, PeerConnection } from '../../src/runtime/peer-connection.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedProcess } from './simulated-process.ts'
import type { World } from './world.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface KnownPartition {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface KnownTopic {
  readonly name: string
  readonly id: Uuid
  readonly partitions: ReadonlyMap<number, KnownPartition>
}

export interface ClientSurroundings {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly bootstrap: readonly Endpoint[]
}

const requestTimeoutMs = 5000

export class ModelClient {
  readonly name: string
  readonly world: World
  readonly process: SimulatedProcess
  readonly random: Random
  isStopped = false
  readonly #bootstrap: readonly Endpoint[]
  readonly #network: ReturnType<SimulatedNetwork['of']>
  readonly #connections = new Map<string, Promise<PeerConnection>>()
  readonly #brokers = new Map<number, Endpoint>()
  readonly #topics = new Map<string, KnownTopic>()

  constructor(name: string, { world, network, bootstrap }: ClientSurroundings) {
    this.name = name
    this.world = world
    this.process = new SimulatedProcess(world, name)
    this.random = world.fork(name)
    this.#bootstrap = bootstrap
    this.#network = network.of(this.process, name)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.process.schedule(ms, resolve))
  }

  tell(what: string): void {
    this.world.tell(this.name, what)
  }

  /** Asks a broker. Rejects with PeerError. `lane` keeps what waits apart. */
  async ask<Response extends object>(
    endpoint: Endpoint,
    apiKey: number,
    message: object,
    options: AskOptions & { readonly lane?: string } = {},
  ): Promise<Response> {
    const connection = await this.#connectionTo(endpoint, options.lane ?? '')
    return connection.ask<Response>(apiKey, message, options)
  }

  broker(id: number): Endpoint | undefined {
    return this.#brokers.get(id)
  }

  anyBroker(): Endpoint {
    const known = [...this.#brokers.values(), ...this.#bootstrap]
    return known[this.random.integer(known.length)]!
  }

  /** As the last metadata had it. */
  topic(name: string): KnownTopic | undefined {
    return this.#topics.get(name)
  }

  /** Asks any broker; an answer that does not come changes nothing. */
  async refresh(names: readonly string[]): Promise<void> {
    try {
      const topics = names.map((name) => ({ name }))
      const request = { topics, allowAutoTopicCreation: false }
      const answer = await this.ask<MetadataResponse>(this.anyBroker(), apiKeys.Metadata, request)
      this.#learn(answer)
    } catch {
      await this.sleep(50 + this.random.integer(100))
    }
  }

  /** Undefined while nobody knows one. Rejects with PeerError. */
  async coordinatorOf(groupId: string): Promise<Endpoint | undefined> {
    const request = { keyType: 0, coordinatorKeys: [groupId] }
    const answer = await this.ask<FindCoordinatorResponse>(this.anyBroker(), apiKeys.FindCoordinator, request)
    const found = answer.coordinators[0]
    return found?.errorCode === 0 ? { host: found.host, port: found.port } : undefined
  }

  #learn(answer: MetadataResponse): void {
    if (answer.brokers.length > 0) {
      this.#brokers.clear()
      for (const { nodeId, host, port } of answer.brokers) this.#brokers.set(nodeId, { host, port })
    }
    for (const topic of answer.topics) {
      if (topic.name === null) continue
      if (topic.errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) this.#topics.delete(topic.name)
      if (topic.errorCode !== 0) continue
      const known = this.#topics.get(topic.name)
      const partitions = new Map<number, KnownPartition>()
      for (const { partitionIndex, leaderId, leaderEpoch } of topic.partitions) {
        // A broker that is behind does not take back what a newer one said.
        const before = known?.id === topic.topicId ? known.partitions.get(partitionIndex) : undefined
        const isOlder = before !== undefined && before.leaderEpoch > leaderEpoch
        partitions.set(partitionIndex, isOlder ? before : { leaderId, leaderEpoch })
      }
      this.#topics.set(topic.name, { name: topic.name, id: topic.topicId, partitions })
    }
  }

  #connectionTo(endpoint: Endpoint, lane: string): Promise<PeerConnection> {
    const key = `${endpoint.host}:${endpoint.port} ${lane}`
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    const opening = PeerConnection.open({
      network: this.#network,
      clock: this.process.clock,
      endpoint,
      clientId: this.name,
      timeoutMs: requestTimeoutMs,
      isNegotiated: true,
    })
    this.#connections.set(key, opening)
    const forget = (): void => {
      if (this.#connections.get(key) === opening) this.#connections.delete(key)
    }
    opening.then((connection) => connection.onClosed(forget), forget)
    return opening
  }
}
