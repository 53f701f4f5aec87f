/**
 * One run of one seed: a cluster starts, topics are made, clients work while the nemesis does its worst; then everything is
 * mended, and the cluster must become healthy, hold all that was acknowledged, and have equal replicas.
 */
import { assert } from '../../src/base/assert.ts'
import { Ledger } from './ledger.ts'
import { LogTailReader } from './log-tail-reader.ts'
import { fleeting, ModelAdmin } from './model-admin.ts'
import { ModelConsumer } from './model-consumer.ts'
import { Generations, ModelMember } from './model-member.ts'
import { ModelProducer } from './model-producer.ts'
import { ModelScribbler } from './model-scribbler.ts'
import { Nemesis } from './nemesis.ts'
import { Observer } from './observer.ts'
import { type Shape, SimulatedCluster } from './simulated-cluster.ts'
import { dataDirectory, type SimulatedNode } from './simulated-node.ts'
import { World } from './world.ts'

const startMsMax = 60_000
const chaosMs = 25_000
const healingMsMax = 60_000
const checkEveryMs = 20

export interface SimulationOptions {
  readonly seed: number
  readonly isVerbose?: boolean
  /** Given what happened, when all went well. */
  readonly onStory?: (story: string) => void
  /** Without it the seed draws one. */
  readonly shape?: Shape
}

export interface SimulationResult {
  readonly seed: number
  readonly traceHash: string
  readonly virtualMs: number
  readonly eventsCount: number
  readonly acknowledgedCount: number
  readonly consumedCount: number
  readonly commitsCount: number
  readonly sharesCount: number
  readonly scribbledCount: number
  readonly faultsCount: number
  readonly powerLossesCount: number
  readonly changesCount: number
  readonly quorumLeadersCount: number
  readonly partitionLeadersCount: number
  readonly healingMs: number
}

export class Violation extends Error {
  override name = 'Violation'
  readonly story: string

  constructor(message: string, story: string) {
    super(message)
    this.story = story
  }
}

export function shapeOf(seed: number): Shape {
  const world = new World(seed)
  const random = world.fork('shape')
  const luck = random.next()
  const manner = {
    isHasty: random.next() < 0.7,
    isDynamic: random.next() < 0.5,
    isRolling: random.next() < 0.4,
    isPiecemeal: random.next() < 0.4,
  }
  if (luck < 0.05) return { brokerIds: [1], controllerIds: [1], ...manner }
  if (luck < 0.6) return { brokerIds: [1, 2, 3], controllerIds: [1, 2, 3], ...manner }
  if (luck < 0.75) return { brokerIds: [1, 2, 3], controllerIds: [11, 12, 13], ...manner }
  if (luck < 0.95) return { brokerIds: [1, 2, 3, 4], controllerIds: [1, 2, 3], ...manner }
  return { brokerIds: [1, 2, 3, 4, 5], controllerIds: [1, 2, 3, 4, 5], ...manner }
}

export class Simulation {
  readonly world: World
  readonly cluster: SimulatedCluster
  readonly ledger = new Ledger()
  readonly observer: Observer
  readonly nemesis: Nemesis
  readonly #producers: ModelProducer[] = []
  readonly #consumers: ModelConsumer[] = []
  readonly #members: ModelMember[] = []
  readonly #scribbler: ModelScribbler
  readonly #admin: ModelAdmin
  /** Nodes that ran since they were checked. */
  readonly #touched = new Set<SimulatedNode>()
  #healingMs = 0

  constructor(options: SimulationOptions) {
    this.world = new World(options.seed)
    this.cluster = new SimulatedCluster(this.world, options.shape ?? shapeOf(options.seed), options.isVerbose ?? false)
    this.observer = new Observer(this.ledger, (id) => this.cluster.node(id))
    this.nemesis = new Nemesis(this.cluster)
    for (const node of this.cluster.nodes) {
      node.onLifeChange = () => {
        this.observer.onLifeChange(node)
        this.nemesis.onLifeChange(node)
        this.#touched.add(node)
        if (node.process !== undefined) node.process.onRan = () => this.#touched.add(node)
      }
    }
    this.world.afterEvent = () => {
      for (const node of this.#touched) this.observer.check(node)
      this.#touched.clear()
    }
    this.observer.onPartitionChange = (leader, isr) => this.nemesis.onPartitionChange(leader, isr)
    this.#admin = new ModelAdmin('client0', this.#surroundings(), this.ledger)
    this.#scribbler = new ModelScribbler('client9', this.#surroundings(), fleeting, this.ledger)
  }

  async run(): Promise<SimulationResult> {
    const { world, cluster, nemesis } = this
    for (const node of cluster.nodes) node.start()
    const areReady = await this.#runUntil(startMsMax, () => cluster.ailment() === undefined)
    assert(areReady, `the cluster does not start: ${cluster.ailment()}`)
    const isMade = await this.#makeTopics()
    assert(isMade, 'the topics are not made')
    this.#startClients()
    nemesis.start()
    await world.run(world.nowMs + chaosMs)
    nemesis.calm()
    await this.#heal()
    await this.#finish()
    return this.#result()
  }

  /** Like World.run, for what costs more to find out. */
  #runUntil(untilMs: number, isDone: () => boolean): Promise<boolean> {
    let nextMs = 0
    return this.world.run(untilMs, () => {
      if (this.world.nowMs < nextMs) return false
      nextMs = this.world.nowMs + checkEveryMs
      return isDone()
    })
  }

  #surroundings() {
    const { world, cluster } = this
    return { world, network: cluster.network, bootstrap: cluster.bootstrap }
  }

  async #makeTopics(): Promise<boolean> {
    const replicas = Math.min(3, this.cluster.shape.brokerIds.length)
    let isMade = false
    void this.#admin
      .create('orders', 2, replicas)
      .then(() => this.#admin.create('events', 1, replicas))
      .then(() => this.#admin.create(fleeting, 1, replicas))
      .then(() => {
        isMade = true
      })
    return this.world.run(this.world.nowMs + 20_000, () => isMade)
  }

  #startClients(): void {
    const surroundings = this.#surroundings()
    const settings = [
      { topic: 'orders', isIdempotent: true, acks: -1, pauseMs: 150 },
      { topic: 'orders', isIdempotent: false, acks: -1, pauseMs: 300 },
      { topic: 'events', isIdempotent: true, acks: -1, pauseMs: 200 },
      { topic: 'events', isIdempotent: false, acks: 1, pauseMs: 300 },
    ] as const
    settings.forEach((setting, index) => {
      this.#producers.push(new ModelProducer(`client${index + 1}`, surroundings, setting, this.ledger))
    })
    this.#consumers.push(
      new ModelConsumer('client5', surroundings, { topic: 'orders', groupId: 'billing' }, this.ledger),
      new ModelConsumer('client6', surroundings, { topic: 'events', groupId: 'reports' }, this.ledger),
    )
    const generations = new Generations()
    this.#members.push(
      new ModelMember('client7', surroundings, generations),
      new ModelMember('client8', surroundings, generations),
    )
    for (const client of [...this.#producers, ...this.#consumers, ...this.#members, this.#scribbler]) client.start()
    this.#admin.startMeddling(this.cluster)
  }

  async #heal(): Promise<void> {
    const { world, cluster } = this
    const startedMs = world.nowMs
    this.#admin.isStopped = true
    const isHealthy = await this.#runUntil(startedMs + healingMsMax, () => cluster.ailment() === undefined)
    assert(isHealthy, `not healthy ${healingMsMax} ms after everything was mended: ${cluster.ailment()}`)
    this.#healingMs = world.nowMs - startedMs
    // Work goes on: everybody gets something acknowledged, and reads to the end.
    const before = this.#producers.map(({ acknowledgedCount }) => acknowledgedCount)
    const isAtWork = (): boolean =>
      this.#producers.every(({ acknowledgedCount }, index) => acknowledgedCount > before[index]!)
    const works = await world.run(world.nowMs + healingMsMax, isAtWork)
    const idle = this.#producers.filter(({ acknowledgedCount }, index) => acknowledgedCount === before[index]!)
    assert(works, `${idle.map(({ state }) => state)}: nothing is acknowledged by a healthy cluster`)
  }

  async #finish(): Promise<void> {
    const { world, cluster } = this
    for (const client of [...this.#producers, ...this.#members, this.#scribbler]) client.isStopped = true
    const isRead = (): boolean => this.#consumers.every((consumer) => consumer.hasReadAll())
    const areAtEnd = await this.#runUntil(world.nowMs + healingMsMax, () => isRead() && this.#laggard() === undefined)
    assert(areAtEnd, `${this.#laggard() ?? 'a consumer'} does not get to the end`)
    // A move that was asked for before all was mended may have begun only now.
    const isWhole = (): boolean => cluster.ailment() === undefined && this.#laggard() === undefined
    const staysHealthy = await this.#runUntil(world.nowMs + healingMsMax, isWhole)
    assert(staysHealthy, `not healthy at the end: ${cluster.ailment() ?? this.#laggard()}`)
    this.#compareReplicas()
  }

  /** A replica whose high watermark is not all that it has, or not what the others have. */
  #laggard(): string | undefined {
    for (const node of this.cluster.brokers) {
      for (const partition of node.running?.broker?.replicaManager.partitions() ?? []) {
        const { log, highWatermark, name, topicId, index } = partition
        const endOffset = this.ledger.endOffset(topicId, index)
        if (log === undefined || log.logEndOffset !== highWatermark || highWatermark !== endOffset)
          return `${name} on ${node.hostName} (high watermark ${highWatermark}, end ${log?.logEndOffset}, committed ${endOffset})`
      }
    }
    return undefined
  }

  /** From the first byte to the last, as they lie on the disks: the ledger compares. */
  #compareReplicas(): void {
    for (const node of this.cluster.brokers) {
      for (const { name, topic, topicId, index, log } of node.running!.broker!.replicaManager.partitions()) {
        const reader = new LogTailReader(node.disk, `${dataDirectory}/${name}`)
        reader.readTo(log!.logEndOffset, (bytes, position) =>
          this.ledger.onCommitted(topic, topicId, index, bytes, position, node.hostName),
        )
        const endOffset = this.ledger.endOffset(topicId, index)
        const isWhole = reader.nextOffset === endOffset || endOffset === 0
        assert(isWhole, `${name} on ${node.hostName} ends at ${reader.nextOffset} on its disk, not at ${endOffset}`)
      }
    }
  }

  #result(): SimulationResult {
    const { world, ledger, nemesis, observer } = this
    return {
      seed: world.seed,
      traceHash: world.traceHash,
      virtualMs: Math.round(world.nowMs),
      eventsCount: world.eventsCount,
      acknowledgedCount: ledger.acknowledgedCount,
      consumedCount: this.#consumers.reduce((sum, { consumedCount }) => sum + consumedCount, 0),
      commitsCount: this.#consumers.reduce((sum, { commitsCount }) => sum + commitsCount, 0),
      sharesCount: this.#members.reduce((sum, { sharesCount }) => sum + sharesCount, 0),
      scribbledCount: this.#scribbler.acknowledgedCount,
      faultsCount: nemesis.faultsCount,
      powerLossesCount: nemesis.powerLossesCount,
      changesCount: this.#admin.changesCount,
      quorumLeadersCount: observer.quorumLeadersCount,
      partitionLeadersCount: observer.partitionLeadersCount,
      healingMs: Math.round(this.#healingMs),
    }
  }
}

/** Runs a seed to its end. Rejects with Violation. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options)
  const onRejection = (reason: unknown): void =>
    simulation.world.violate(new Error(`nobody heard of a failure: ${(reason as Error)?.stack ?? reason}`))
  process.on('unhandledRejection', onRejection)
  try {
    const result = await simulation.run()
    options.onStory?.(storyOf(simulation.world))
    return result
  } catch (error) {
    throw new Violation((error as Error).message, storyOf(simulation.world))
  } finally {
    process.off('unhandledRejection', onRejection)
    for (const node of simulation.cluster.nodes) node.process?.kill()
  }
}

function storyOf(world: World): string {
  return world.story
    .map(({ timeMs, who, what }) => `${(timeMs / 1000).toFixed(3).padStart(9)} ${who} ${what}`)
    .join('\n')
}
