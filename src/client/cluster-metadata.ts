/**
 * What a client knows of the cluster: brokers and where they are, topics, partitions and their leaders, as the last
 * Metadata answers told. KafkaClient fills it and forgets what proved wrong.
 */
import type { MetadataResponse, MetadataResponseTopic } from '../protocol/api/03-metadata.ts'
import type { Endpoint } from './connection.ts'

export interface BrokerNode extends Endpoint {
  readonly nodeId: number
  readonly rack: string | null
}

export class ClusterMetadata {
  readonly #brokers = new Map<number, BrokerNode>()
  readonly #topics = new Map<string, MetadataResponseTopic>()
  readonly #namesById = new Map<string, string>()
  #clusterId: string | null = null
  #controllerId = -1

  get clusterId(): string | null {
    return this.#clusterId
  }

  /** -1 when nobody said. With KRaft any broker, which passes on what is for the controller. */
  get controllerId(): number {
    return this.#controllerId
  }

  get brokers(): readonly BrokerNode[] {
    return [...this.#brokers.values()].sort((left, right) => left.nodeId - right.nodeId)
  }

  broker(nodeId: number): BrokerNode | undefined {
    return this.#brokers.get(nodeId)
  }

  topic(name: string): MetadataResponseTopic | undefined {
    return this.#topics.get(name)
  }

  /** The name of a topic that answers gave by its id. */
  topicName(topicId: string): string | undefined {
    return this.#namesById.get(topicId)
  }

  /** The leader of a partition; undefined when it has none, or is not known. */
  leaderOf(topicName: string, partitionIndex: number): number | undefined {
    const topic = this.#topics.get(topicName)
    const partition = topic?.partitions.find((each) => each.partitionIndex === partitionIndex)
    return partition === undefined || partition.leaderId < 0 ? undefined : partition.leaderId
  }

  /** Takes over an answer. Topics that it does not mention stay. */
  update(answer: MetadataResponse): void {
    this.#clusterId = answer.clusterId
    this.#controllerId = answer.controllerId
    this.#brokers.clear()
    for (const { nodeId, host, port, rack } of answer.brokers) this.#brokers.set(nodeId, { nodeId, host, port, rack })
    for (const topic of answer.topics) {
      if (topic.name === null) continue
      topic.partitions.sort((left, right) => left.partitionIndex - right.partitionIndex)
      if (topic.errorCode === 0) this.#topics.set(topic.name, topic)
      else this.#topics.delete(topic.name)
      this.#namesById.set(topic.topicId, topic.name)
    }
  }

  forgetTopic(name: string): void {
    this.#topics.delete(name)
  }
}
