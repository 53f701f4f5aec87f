/**
 * Faults in random order on a cluster under load with acks=all: kill -9 of a partition leader, of the active controller, of
 * a process that is both; a process that stands still (SIGSTOP); a node that the network cuts off. After each the cluster
 * is whole again before the next comes. The order comes from a seed; the load's own timing does not.
 */
import { SeededRandom } from '../crash/seeded-random.ts'
import { Cluster, combinedNodes, separateNodes } from '../support/cluster.ts'
import { ClusterClient } from '../support/cluster-client.ts'
import { LoopbackNetwork, NamespaceNetwork } from '../support/cluster-network.ts'
import type { ClusterNode, NodeDescription } from '../support/cluster-node.ts'
import { brokerPort } from '../support/ports.ts'
import { TopicLoad } from './topic-load.ts'

const topic = 'chaos'
const partitions = 6
const recordsPerSecond = 400
/** Apache Kafka's default of broker.session.timeout.ms. */
const sessionTimeoutMs = 9000
/** How long a node is paused or cut off: its session ends before it comes back. */
const absenceMs = sessionTimeoutMs + 2500

const slowRestartMs = 3000

export type FaultKind = 'kill leader' | 'kill controller' | 'kill both' | 'pause' | 'partition'

/**
 * Nodes that are broker and controller, or each of them alone: only some faults can be made in either. `mixed` is two of
 * the first and one of Apache Kafka's, which lead and follow each other's partitions and vote for each other.
 */
export type Layout = 'combined' | 'separate' | 'mixed'

const nodesOf: Readonly<Record<Layout, () => NodeDescription[]>> = {
  combined: () => combinedNodes(3),
  separate: () => separateNodes(3, 3),
  mixed: () => [...combinedNodes(2), { id: 3, roles: 'broker,controller', software: 'kafka' }],
}

export const faultsOf = (layout: Layout, canIsolate: boolean): FaultKind[] => [
  'kill leader',
  layout === 'separate' ? 'kill controller' : 'kill both',
  'pause',
  ...(canIsolate ? (['partition'] as const) : []),
]

export interface FaultReport {
  readonly fault: FaultKind
  readonly node: number
  readonly wasActiveController: boolean
  readonly ledPartitions: number
  /** The longest between acknowledgements of any partition, and of one, until all replicas were in sync again. */
  readonly gapMs: number
  readonly partitionGapMs: number
  /**
   * Of a partition that another node led. In one that the paused or cut-off node led, the producer itself waits for the
   * answer to what it has sent: until the node comes back or for request.timeout.ms.
   */
  readonly otherPartitionGapMs: number
  /** Until every partition had a leader that was there, if that was before the node came back. */
  readonly leadersMs?: number
  /** Until the killed process, started again, served clients. */
  readonly restartMs?: number
  readonly inSyncMs: number
}

export interface ChaosReport {
  readonly seed: number
  readonly layout: Layout
  readonly network: 'namespaces' | 'loopback'
  readonly acknowledged: number
  readonly read: number
  readonly faults: readonly FaultReport[]
  /** One line for each broken promise. */
  readonly failures: readonly string[]
}

export interface ChaosOptions {
  readonly seed: number
  readonly layout: Layout
  readonly faults: readonly FaultKind[]
  readonly onFault?: (text: string) => void
}

export async function chaosRun(options: ChaosOptions): Promise<ChaosReport> {
  const nodes = nodesOf[options.layout]()
  const network = NamespaceNetwork.isPermitted() ? await NamespaceNetwork.create() : new LoopbackNetwork()
  const cluster = await Cluster.start({ nodes, network })
  const run = new ChaosRun(cluster, options)
  try {
    await run.prepare()
    for (const fault of options.faults) await run.fault(fault)
    return await run.finish()
  } catch (error) {
    const { stack } = error as Error
    throw new Error(`seed ${options.seed}, ${options.layout}: ${stack}\nthe nodes said last:\n${cluster.lastWords()}`)
  } finally {
    run.close()
    await cluster.dispose()
  }
}

class ChaosRun {
  readonly #cluster: Cluster
  readonly #options: ChaosOptions
  readonly #random: SeededRandom
  readonly #reports: FaultReport[] = []
  #looks = 0
  #load: TopicLoad | undefined

  constructor(cluster: Cluster, options: ChaosOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#random = new SeededRandom(options.seed)
  }

  async prepare(): Promise<void> {
    this.#load = await TopicLoad.start(this.#cluster, { topic, partitions, recordsPerSecond, group: 'chaos-group' })
    await this.#load.untilWritten()
    await this.#load.untilRead()
  }

  async fault(kind: FaultKind): Promise<void> {
    const { producer } = this.#load!
    const leaders = (await this.#cluster.awaitInSync(topic)).map(({ leader }) => leader)
    const leaderId = await this.#cluster.activeController()
    const node = this.#victim(kind, leaders, leaderId)
    const startMs = Date.now()
    const absence = { isOver: false }
    const led = this.#leadersElsewhere(node, absence)
    const restartMs = await this.#strike(kind, node)
    absence.isOver = true
    const ledMs = await led
    await this.#cluster.awaitInSync(topic)
    const inSyncMs = Date.now() - startMs
    await this.#load!.untilWritten()
    const endMs = Date.now()
    const gap = producer.longestGap(startMs, endMs)
    const others = producer.longestGap(startMs, endMs, (partition) => leaders[partition] !== node.id)
    const report = {
      fault: kind,
      node: node.id,
      wasActiveController: node.id === leaderId,
      ledPartitions: leaders.filter((leader) => leader === node.id).length,
      gapMs: gap.overallMs,
      partitionGapMs: gap.partitionMs,
      otherPartitionGapMs: others.partitionMs,
      ...(ledMs === undefined ? {} : { leadersMs: ledMs - startMs }),
      ...(restartMs === undefined ? {} : { restartMs: Math.round(restartMs) }),
      inSyncMs,
    }
    this.#reports.push(report)
    this.#options.onFault?.(`seed ${this.#options.seed}, ${this.#options.layout}: ${JSON.stringify(report)}`)
    // What took so long stands in what it said.
    if (restartMs !== undefined && restartMs > slowRestartMs) this.#options.onFault?.(node.output)
    await this.#load!.untilRead()
  }

  /** The time when some other broker told that all partitions were led elsewhere; undefined when the absence was over first. */
  async #leadersElsewhere(node: ClusterNode, absence: { readonly isOver: boolean }): Promise<number | undefined> {
    const others = this.#cluster.brokers.filter(({ id }) => id !== node.id)
    let atMs: number | undefined
    await this.#cluster.until('leaders elsewhere', async () => {
      if (absence.isOver) return true
      const other = others[this.#looks++ % others.length]!
      using client = await ClusterClient.connect(other.host, brokerPort)
      const states = (await client.metadata([topic])).topics.get(topic) ?? []
      const areElsewhere = states.length > 0 && states.every(({ leader }) => leader >= 0 && leader !== node.id)
      if (areElsewhere) atMs = Date.now()
      return areElsewhere
    })
    return atMs
  }

  #victim(kind: FaultKind, leaders: readonly number[], activeController: number): ClusterNode {
    if (kind === 'kill controller' || kind === 'kill both') return this.#cluster.node(activeController)
    const others = leaders.filter((leader) => leader !== activeController)
    const candidates = kind === 'kill leader' && others.length > 0 ? others : leaders
    return this.#cluster.node(candidates[this.#random.below(candidates.length)]!)
  }

  /** The fault and its end. For a killed process resolves with the time that the next one took until it served. */
  async #strike(kind: FaultKind, node: ClusterNode): Promise<number | undefined> {
    if (kind === 'pause') {
      node.pause()
      await absence()
      node.resume()
      return
    }
    if (kind === 'partition') {
      await this.#cluster.network.isolate(node.id)
      await absence()
      await this.#cluster.network.heal(node.id)
      return
    }
    await node.kill()
    // The others take over before it comes back.
    await this.#load!.untilWritten()
    return await node.start()
  }

  async finish(): Promise<ChaosReport> {
    const { producer, consumer } = this.#load!
    const failures = await this.#load!.finish()
    const { seed, layout } = this.#options
    return {
      seed,
      layout,
      network: this.#cluster.network.canIsolate ? 'namespaces' : 'loopback',
      acknowledged: producer.acknowledged.length,
      read: consumer.count,
      faults: this.#reports,
      failures: failures.slice(0, 50).map((failure) => `seed ${seed}, ${layout}: ${failure}`),
    }
  }

  close(): void {
    this.#load?.kill()
  }
}

/** Real time on purpose: it is the session that must run out. */
function absence(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, absenceMs))
}
