/** A cluster of processes, each ottla or Apache Kafka 4.3.1, and what a client sees of it from outside. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { patientRegistration } from './broker-process.ts'
import { ClusterClient, type ClusterMetadata, type PartitionState, type QuorumState } from './cluster-client.ts'
import { type ClusterNetwork, LoopbackNetwork } from './cluster-network.ts'
import { ClusterNode, type NodeDescription, type Software } from './cluster-node.ts'
import { brokerPort, controllerPort } from './ports.ts'

/** Far beyond what any change of a cluster takes, so that what is not there by then does not come. */
const patienceMs = 120_000

export interface ClusterOptions {
  readonly nodes: readonly NodeDescription[]
  /** `static`: `controller.quorum.voters`. `dynamic`: bootstrap servers, voters from the formatted directories (KIP-853). */
  readonly quorum?: 'static' | 'dynamic'
  /** Further lines of all properties files. */
  readonly settings?: readonly string[]
  readonly network?: ClusterNetwork
}

/** What the nodes are that a test does not name: OTTLA_CLUSTER_SOFTWARE=kafka proves a test against Apache Kafka. */
export const defaultSoftware = (process.env.OTTLA_CLUSTER_SOFTWARE ?? 'ottla') as Software

export const combinedNodes = (count: number, software = defaultSoftware): NodeDescription[] =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, roles: 'broker,controller', software }))

/** Controllers from 101, brokers from 1. */
export const separateNodes = (controllers: number, brokers: number, software = defaultSoftware): NodeDescription[] => [
  ...Array.from({ length: controllers }, (_, index) => ({ id: 101 + index, roles: 'controller', software }) as const),
  ...Array.from({ length: brokers }, (_, index) => ({ id: 1 + index, roles: 'broker', software }) as const),
]

/** For tests of other things than faults: nobody is deposed or fenced because a slow machine let it wait. */
export const steadySettings = ['controller.quorum.fetch.timeout.ms=30000', 'broker.session.timeout.ms=60000'] as const

/** Of every cluster that is formatted here. */
export const clusterId = 'b3R0bGEtaW4tYS1jbHVzdA'
const directoryIdOf = (nodeId: number): string =>
  Buffer.from(`ottla-node-${nodeId}`.padEnd(16, '.')).toString('base64url')

export class Cluster {
  readonly nodes: ReadonlyMap<number, ClusterNode>
  readonly network: ClusterNetwork
  readonly #directory: string
  readonly #quorum: 'static' | 'dynamic'
  readonly #commonSettings: readonly string[]
  readonly #strangers: ClusterNode[] = []

  /** Formatted and started; resolves when every node serves. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = await Cluster.prepare(options)
    try {
      await cluster.format()
      await cluster.startAll()
      return cluster
    } catch (error) {
      await cluster.dispose()
      throw error
    }
  }

  /** With its files of configuration, neither formatted nor started. */
  static async prepare(options: ClusterOptions): Promise<Cluster> {
    const network = options.network ?? new LoopbackNetwork()
    try {
      for (const { id } of options.nodes) await network.add(id)
      return new Cluster(options, network)
    } catch (error) {
      await network.dispose()
      throw error
    }
  }

  private constructor(options: ClusterOptions, network: ClusterNetwork) {
    this.network = network
    this.#directory = mkdtempSync(join(tmpdir(), 'ottla-cluster-'))
    this.#quorum = options.quorum ?? 'static'
    const controllers = options.nodes.filter(({ roles }) => roles.includes('controller'))
    const addresses = controllers.map(({ id }) => `${network.hostOf(id)}:${controllerPort}`)
    const voters = controllers.map(({ id }, index) => `${id}@${addresses[index]}`)
    const quorum =
      this.#quorum === 'static'
        ? `controller.quorum.voters=${voters.join(',')}`
        : `controller.quorum.bootstrap.servers=${addresses.join(',')}`
    const brokers = options.nodes.filter(({ roles }) => roles.includes('broker')).length
    const replicas = Math.min(3, brokers)
    const minInSync = Math.max(1, replicas - 1)
    const settings = [
      `default.replication.factor=${replicas}`,
      `min.insync.replicas=${minInSync}`,
      `offsets.topic.replication.factor=${replicas}`,
      'offsets.topic.num.partitions=3',
      `transaction.state.log.replication.factor=${replicas}`,
      `transaction.state.log.min.isr=${minInSync}`,
      `share.coordinator.state.topic.replication.factor=${replicas}`,
      `share.coordinator.state.topic.min.isr=${minInSync}`,
      'group.initial.rebalance.delay.ms=0',
      patientRegistration,
      ...(options.settings ?? []),
    ]
    this.#commonSettings = [quorum, ...settings]
    this.nodes = new Map(
      options.nodes.map((description) => [description.id, this.#place(description, this.#directory)]),
    )
  }

  #place(description: NodeDescription, parentDirectory: string, placeId = description.id): ClusterNode {
    const [host, commandPrefix] = [this.network.hostOf(placeId), this.network.commandPrefix(placeId)]
    return new ClusterNode(description, { host, commandPrefix, parentDirectory, settings: this.#commonSettings })
  }

  /** A node that is none of the cluster's, neither formatted nor started: it knows the controllers and has its own address. */
  stranger(description: NodeDescription, placeId: number): ClusterNode {
    const node = this.#place(description, join(this.#directory, `stranger-${placeId}`), placeId)
    this.#strangers.push(node)
    return node
  }

  get brokers(): ClusterNode[] {
    return [...this.nodes.values()].filter(({ isBroker }) => isBroker)
  }

  get controllers(): ClusterNode[] {
    return [...this.nodes.values()].filter(({ isController }) => isController)
  }

  /** A folder that goes with the cluster. */
  get directory(): string {
    return this.#directory
  }

  get bootstrap(): string {
    return this.brokers.map(({ bootstrap }) => bootstrap).join(',')
  }

  get bootstrapControllers(): string {
    return this.controllers.map(({ host }) => `${host}:${controllerPort}`).join(',')
  }

  node(id: number): ClusterNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`there is no node ${id}`)
    return node
  }

  async format(): Promise<void> {
    const voters = this.controllers.map(({ id, host }) => `${id}@${host}:${controllerPort}:${directoryIdOf(id)}`)
    const words = this.#quorum === 'static' ? [] : ['--initial-controllers', voters.join(',')]
    const ofBrokers = this.#quorum === 'static' ? [] : ['--no-initial-controllers']
    await Promise.all(
      [...this.nodes.values()].map((node) => node.format(clusterId, node.isController ? words : ofBrokers)),
    )
  }

  async startAll(): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.start()))
  }

  /** Asks the brokers that run, one after the other, until one answers. */
  async ask<T>(question: (client: ClusterClient) => Promise<T>): Promise<T> {
    let failure: unknown = new Error('no broker runs')
    for (const node of this.brokers) {
      if (!node.isRunning) continue
      try {
        using client = await ClusterClient.connect(node.host, brokerPort)
        return await question(client)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  /** Asks every broker that runs, at the same time; rejects when one does not answer. */
  async askAll<T>(question: (client: ClusterClient) => Promise<T>): Promise<T[]> {
    const running = this.brokers.filter(({ isRunning }) => isRunning)
    if (running.length === 0) throw new Error('no broker runs')
    const ask = async ({ host }: ClusterNode): Promise<T> => {
      using client = await ClusterClient.connect(host, brokerPort)
      return await question(client)
    }
    return await Promise.all(running.map(ask))
  }

  metadata(...topics: readonly string[]): Promise<ClusterMetadata> {
    return this.ask((client) => client.metadata(topics))
  }

  quorum(): Promise<QuorumState> {
    return this.ask((client) => client.quorum())
  }

  /** Waits until there is one; resolves with its id. */
  async activeController(): Promise<number> {
    let leaderId = -1
    await this.until('an active controller', async () => {
      leaderId = (await this.quorum()).leaderId
      return leaderId >= 0
    })
    return leaderId
  }

  /**
   * Resolves when every broker that runs tells the partitions of a topic such that `isThere` holds, since a client may ask
   * any of them; rejects with what they told last.
   */
  async awaitPartitions(
    topic: string,
    isThere: (partitions: readonly PartitionState[]) => boolean,
    timeoutMs = patienceMs,
  ): Promise<readonly PartitionState[]> {
    let told: (readonly PartitionState[])[] = []
    const look = async () => {
      told = (await this.askAll((client) => client.metadata([topic]))).map(({ topics }) => topics.get(topic) ?? [])
      return told.every((partitions) => partitions.length > 0 && isThere(partitions))
    }
    await this.until(`the partitions of ${topic}`, look, timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}; last told: ${JSON.stringify(told)}`)
    })
    return told[0]!
  }

  /** Resolves when all replicas are in sync and every partition has a leader. */
  async awaitInSync(topic: string, timeoutMs = patienceMs): Promise<readonly PartitionState[]> {
    const isInSync = ({ leader, isr, replicas }: PartitionState) => leader >= 0 && isr.length === replicas.length
    return await this.awaitPartitions(topic, (partitions) => partitions.every(isInSync), timeoutMs)
  }

  /** Resolves when `condition` holds. A refused or unanswered question counts as no. */
  async until(what: string, condition: () => Promise<boolean>, timeoutMs = patienceMs): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs
    let failure: unknown
    for (;;) {
      try {
        if (await condition()) return
        failure = undefined
      } catch (error) {
        failure = error
      }
      if (performance.now() > deadlineMs)
        throw new Error(`${what}: not within ${timeoutMs / 1000} s${failure === undefined ? '' : ` (${failure})`}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Topics with three replicas, two of which must have a record; resolves when every broker can serve it. */
  async createTopic(
    name: string,
    numPartitions: number,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const replicationFactor = Math.min(3, this.brokers.length)
    const all = { 'min.insync.replicas': String(Math.max(1, replicationFactor - 1)), ...configs }
    const code = await this.ask((client) =>
      client.createTopic({ name, numPartitions, replicationFactor, configs: all }),
    )
    if (code !== 0) throw new Error(`creating ${name}: error ${code}`)
    await this.awaitInSync(name)
  }

  /** The last words of every node, for a failure's message. */
  lastWords(characters = 2000): string {
    return [...this.nodes.values()].map((node) => `${node}: ${node.output.slice(-characters)}`).join('\n')
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.nodes.values(), ...this.#strangers].map((node) => node.kill()))
    await this.network.dispose()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
