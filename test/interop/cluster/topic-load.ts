/** A topic of a cluster that one producer writes and one member of a group reads, and what must hold when both have ended. */
import type { Cluster } from '../support/cluster.ts'
import { checkTopic, differingReplicas } from './log-checks.ts'
import { ConsumerLoad, ProducerLoad } from './verifiable-load.ts'

export interface TopicLoadOptions {
  readonly topic: string
  readonly partitions: number
  readonly recordsPerSecond: number
  readonly group: string
}

export class TopicLoad {
  readonly producer: ProducerLoad
  readonly consumer: ConsumerLoad
  readonly #cluster: Cluster
  readonly #options: TopicLoadOptions

  private constructor(cluster: Cluster, options: TopicLoadOptions) {
    const { bootstrap, directory } = cluster
    this.#cluster = cluster
    this.#options = options
    this.producer = new ProducerLoad({ bootstrap, directory, ...options })
    this.consumer = new ConsumerLoad({ bootstrap, topic: options.topic, group: options.group })
  }

  /** Creates the topic. */
  static async start(cluster: Cluster, options: TopicLoadOptions): Promise<TopicLoad> {
    await cluster.createTopic(options.topic, options.partitions)
    return new TopicLoad(cluster, options)
  }

  /** Resolves when every partition was written after now. */
  untilWritten(): Promise<void> {
    return this.producer.acknowledgedAfter(Date.now())
  }

  /** Resolves when about a second's records more were read. */
  untilRead(): Promise<void> {
    return this.consumer.more(this.#options.recordsPerSecond)
  }

  /** Ends both; resolves with one line for each broken promise. */
  async finish(): Promise<string[]> {
    const { producer, consumer } = this
    await producer.stop()
    await consumer.caughtUp(producer.acknowledged)
    await consumer.stop()
    return [
      ...(await checkTopic(this.#cluster, producer, this.#options.partitions, [consumer])),
      ...(await differingReplicas(this.#cluster, this.#options.topic)),
    ]
  }

  kill(): void {
    this.producer.kill()
    this.consumer.kill()
  }
}
