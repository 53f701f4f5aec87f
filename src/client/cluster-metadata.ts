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

/** What an answer says of the leader; below zero: nothing. */
export interface LeaderHint {
  readonly leaderId: number
  readonly leaderEpoch: number
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
      if (topic.errorCode === 0) this.#topics.set(topic.name, this.#withNewerLeaders(topic))
      else this.#topics.delete(topic.name)
      this.#namesById.set(topic.topicId, topic.name)
    }
  }

  /**
   * Takes over the leader that an answer to Produce or Fetch named (KIP-951). False when that is nothing new: then the
   * brokers must be asked.
   */
  learnLeader(topicName: string, partitionIndex: number, hint: LeaderHint, nodes: readonly BrokerNode[]): boolean {
    const { leaderId, leaderEpoch } = hint
    const partition = this.#topics.get(topicName)?.partitions.find((each) => each.partitionIndex === partitionIndex)
    if (partition === undefined || leaderId < 0 || leaderEpoch <= partition.leaderEpoch) return false
    for (const { nodeId, host, port, rack } of nodes) this.#brokers.set(nodeId, { nodeId, host, port, rack })
    if (!this.#brokers.has(leaderId)) return false
    partition.leaderId = leaderId
    partition.leaderEpoch = leaderEpoch
    return true
  }

  forgetTopic(name: string): void {
    this.#topics.delete(name)
  }

  /** Nothing is known any more of where brokers are; topics stay, as producers count their partitions. */
  forgetBrokers(): void {
    this.#brokers.clear()
    this.#controllerId = -1
  }

  /** A broker may be behind another that told before: a leader of an older epoch is not taken. */
  #withNewerLeaders(answered: MetadataResponseTopic): MetadataResponseTopic {
    const known = this.#topics.get(answered.name!)
    if (known === undefined || known.topicId !== answered.topicId) return answered
    const partitions = new Map(known.partitions.map((each) => [each.partitionIndex, each]))
    for (const partition of answered.partitions) {
      const before = partitions.get(partition.partitionIndex)
      if (before === undefined || before.leaderEpoch <= partition.leaderEpoch) continue
      partition.leaderId = before.leaderId
      partition.leaderEpoch = before.leaderEpoch
    }
    return answered
  }
}
