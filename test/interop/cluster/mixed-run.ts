/**
 * One cluster of ottla and Apache Kafka 4.3.1, in one of three forms, under load with acks=all while its partitions and its
 * group coordinators move between the two, leaders are elected, and processes of both kinds are stopped and killed.
 */
import { Cluster, defaultSoftware } from '../support/cluster.ts'
import type { ClusterNode, NodeDescription, Software } from '../support/cluster-node.ts'
import { type Assignments, ClusterTools } from '../support/cluster-tools.ts'
import { differingReplicas } from './log-checks.ts'
import { TopicLoad } from './topic-load.ts'
import type { Gap } from './verifiable-load.ts'

const topic = 'mixed'
const partitions = 4
const recordsPerSecond = 300

/** Who the controllers are. The brokers are always two of each. */
export type Form = 'under Apache Kafka controllers' | 'under ottla controllers' | 'quorum of both'

export interface MixedReport {
  readonly form: Form
  readonly steps: readonly { readonly step: string; readonly seconds: number; readonly gap: Gap }[]
  readonly acknowledged: number
  readonly commits: number
  readonly failures: readonly string[]
}

const ofOttla = [1, 2] as const
const ofKafka = [3, 4] as const

function nodesOf(form: Form, controllers: number): NodeDescription[] {
  const software = (index: number): Software => {
    if (form === 'under Apache Kafka controllers') return 'kafka'
    if (form === 'under ottla controllers') return defaultSoftware
    return index === 0 ? defaultSoftware : 'kafka'
  }
  return [
    ...Array.from({ length: controllers }, (_, index) => controller(101 + index, software(index))),
    ...ofOttla.map((id) => ({ id, roles: 'broker', software: defaultSoftware }) as const),
    ...ofKafka.map((id) => ({ id, roles: 'broker', software: 'kafka' }) as const),
  ]
}

const controller = (id: number, software: Software): NodeDescription => ({ id, roles: 'controller', software })

export async function mixedRun(
  form: Form,
  options: { readonly controllers: number; readonly isShort: boolean; readonly onStep?: (text: string) => void },
): Promise<MixedReport> {
  const quorum = form === 'quorum of both' ? 'dynamic' : 'static'
  const cluster = await Cluster.start({ nodes: nodesOf(form, options.controllers), quorum })
  const run = new MixedRun(cluster, form, options.onStep ?? (() => {}))
  try {
    await run.prepare()
    await run.movePartitions()
    if (options.isShort) await run.stopOttlaAndKillKafka()
    else {
      await run.moveCoordinators()
      await run.stopAndKillBrokers()
      await run.replaceController()
    }
    return await run.finish()
  } catch (error) {
    throw new Error(`${form}: ${(error as Error).stack}\nthe nodes said last:\n${cluster.lastWords()}`)
  } finally {
    run.close()
    await cluster.dispose()
  }
}

class MixedRun {
  readonly #cluster: Cluster
  readonly #form: Form
  readonly #tools: ClusterTools
  readonly #onStep: (text: string) => void
  readonly #steps: MixedReport['steps'][number][] = []
  #load: TopicLoad | undefined

  constructor(cluster: Cluster, form: Form, onStep: (text: string) => void) {
    this.#cluster = cluster
    this.#form = form
    this.#tools = new ClusterTools(cluster)
    this.#onStep = onStep
  }

  async prepare(): Promise<void> {
    if (this.#form === 'quorum of both') await this.#letOttlaLead()
    this.#load = await TopicLoad.start(this.#cluster, { topic, partitions, recordsPerSecond, group: 'mixed-group' })
    await this.#load.untilWritten()
    await this.#load.untilRead()
  }

  /** Does it while the load goes on, and waits until each partition is written and read again. */
  async #step(step: string, act: () => Promise<unknown>): Promise<void> {
    const startMs = Date.now()
    await act()
    await this.#cluster.awaitInSync(topic)
    await this.#load!.untilWritten()
    const endMs = Date.now()
    await this.#load!.untilRead()
    const gap = this.#load!.producer.longestGap(startMs, endMs)
    const report = { step, seconds: Math.round((endMs - startMs) / 100) / 10, gap }
    this.#steps.push(report)
    this.#onStep(`${this.#form}: ${JSON.stringify(report)}`)
  }

  async #move(name: string, assignments: Assignments): Promise<string> {
    const file = await this.#tools.reassign(name, assignments)
    await this.#tools.electPreferred(name)
    return file
  }

  /** Each partition is led by the one kind and followed by the other, then the other way, on changing brokers. */
  async movePartitions(): Promise<void> {
    const [a, b] = ofOttla
    const [c, d] = ofKafka
    const toOttla = [
      [a, b, c],
      [b, a, d],
      [a, c, d],
      [b, d, c],
    ]
    const toKafka = [
      [c, d, a],
      [d, c, b],
      [c, a, b],
      [d, b, a],
    ]
    await this.#step('partitions to ottla', () => this.#move(topic, toOttla))
    await this.#step('partitions to Apache Kafka', () => this.#move(topic, toKafka))
    await this.#step('half to each', async () => {
      const file = await this.#move(topic, [toOttla[0]!, toKafka[1]!, toOttla[2]!, toKafka[3]!])
      const verified = await this.#tools.verify(file)
      if (!verified.includes('is completed')) throw new Error(`kafka-reassign-partitions --verify: ${verified}`)
    })
  }

  async moveCoordinators(): Promise<void> {
    const [a, b] = ofOttla
    const [c, d] = ofKafka
    const all = (replicas: readonly number[]) => [replicas, replicas, replicas]
    await this.#step('coordinators to Apache Kafka', () => this.#move('__consumer_offsets', all([c, a, d])))
    await this.#step('coordinators to ottla', () => this.#move('__consumer_offsets', all([a, c, b])))
  }

  async #restart(id: number, end: (node: ClusterNode) => Promise<unknown>): Promise<void> {
    const node = this.#cluster.node(id)
    await end(node)
    await this.#load!.untilWritten()
    await node.start()
  }

  async stopOttlaAndKillKafka(): Promise<void> {
    await this.#step('ottla broker stops', () => this.#restart(ofOttla[0], (node) => node.stop()))
    await this.#step('Apache Kafka broker is killed', () => this.#restart(ofKafka[1], (node) => node.kill()))
  }

  async stopAndKillBrokers(): Promise<void> {
    await this.stopOttlaAndKillKafka()
    await this.#step('Apache Kafka broker stops', () => this.#restart(ofKafka[0], (node) => node.stop()))
    await this.#step('ottla broker is killed', () => this.#restart(ofOttla[1], (node) => node.kill()))
  }

  async replaceController(): Promise<void> {
    await this.#step('active controller is killed', async () => {
      const node = this.#cluster.node(await this.#cluster.activeController())
      await node.kill()
      await node.start()
      await this.#cluster.activeController()
    })
  }

  /** Whoever else leads is stopped until ottla does. */
  async #letOttlaLead(): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const node = this.#cluster.node(await this.#cluster.activeController())
      if (node.id === 101) return
      await node.stop()
      await node.start()
    }
    throw new Error('the quorum does not elect the ottla controller')
  }

  async finish(): Promise<MixedReport> {
    const { producer, consumer } = this.#load!
    const failures = [
      ...(await this.#load!.finish()),
      ...(await differingReplicas(this.#cluster, '__consumer_offsets')),
    ]
    return {
      form: this.#form,
      steps: this.#steps,
      acknowledged: producer.acknowledged.length,
      commits: consumer.commits,
      failures: failures.slice(0, 50).map((failure) => `${this.#form}: ${failure}`),
    }
  }

  close(): void {
    this.#load?.kill()
  }
}
