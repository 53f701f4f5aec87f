/**
 * A consumer of a group: takes what the group assigns it, from the committed offsets, hands records out and commits what
 * was handed out. `ottla consume --group` and kafka-console-consumer run on it.
 */
import { KafkaError } from '../protocol/errors.ts'
import { type AssignedPartition, Fetcher, type FetcherOptions, type OnRecords } from './fetcher.ts'
import { GroupMember, type GroupMemberOptions } from './group-member.ts'
import { commitOffsets, fetchOffsets } from './group-offsets.ts'
import type { KafkaClient } from './kafka-client.ts'
import { listOffsets, offsetSpecs, type PartitionName } from './list-offsets.ts'
import type { TopicPartitions } from './range-assignor.ts'

export interface GroupConsumerOptions extends GroupMemberOptions, FetcherOptions {
  /** Where a partition begins that has no committed offset, or one that is gone. */
  readonly startsAt: 'earliest' | 'latest'
  /** 0: only `commit` and `close` commit. */
  readonly commitIntervalMs?: number
  /** False: nothing is ever committed. */
  readonly commits?: boolean
  /** How often it looks whether there are other topics or partitions to read, in milliseconds; 300,000 without it. */
  readonly metadataMaxAgeMs?: number
  onAssigned?(assigned: readonly TopicPartitions[]): void
}

export class GroupConsumer {
  readonly #client: KafkaClient
  readonly #options: GroupConsumerOptions
  readonly #member: GroupMember
  readonly #committed = new Map<string, number>()
  #fetcher: Fetcher
  #committedMs = Date.now()
  #subscribed = ''
  #lookedMs = 0

  constructor(client: KafkaClient, options: GroupConsumerOptions) {
    this.#client = client
    this.#options = { resetsTo: options.startsAt, ...options }
    this.#member = new GroupMember(client, options)
    this.#fetcher = new Fetcher(client, this.#options)
  }

  get assigned(): readonly AssignedPartition[] {
    return this.#fetcher.assigned
  }

  get isAtEnd(): boolean {
    return !this.#member.needsJoin && this.#fetcher.isAtEnd
  }

  /** Joins first when it must. As Fetcher.poll otherwise. */
  async poll(onRecords: OnRecords, maxWaitMs?: number): Promise<void> {
    if (this.#member.needsJoin) await this.#join()
    else await this.#maybeRejoin()
    await this.#fetcher.poll(onRecords, maxWaitMs)
    const { commitIntervalMs = 5000 } = this.#options
    if (commitIntervalMs > 0 && Date.now() - this.#committedMs >= commitIntervalMs) await this.commit()
  }

  /** Goes on at `position`, which is also what is committed next: what was handed out and not used is given back. */
  seek(topic: string, partition: number, position: number): void {
    this.#fetcher.seek(topic, partition, position)
  }

  /** Commits what was handed out. A group that has moved on is no error: its new members read it again. */
  async commit(): Promise<void> {
    this.#committedMs = Date.now()
    if (this.#options.commits === false) return
    const changed = this.#fetcher.assigned
      .filter(({ topic, partition, position }) => this.#committed.get(`${topic}/${partition}`) !== position)
      .map(({ topic, partition, position }) => ({ topic, partition, offset: position }))
    try {
      await commitOffsets(this.#client, this.#options.groupId, changed, this.#member.membership)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#member.rejoin()
      return
    }
    for (const { topic, partition, offset } of changed) this.#committed.set(`${topic}/${partition}`, offset)
  }

  /** Commits and leaves. */
  async close(): Promise<void> {
    if (!this.#member.needsJoin) await this.commit()
    await this.#member.leave()
  }

  async #join(): Promise<void> {
    if (this.#fetcher.assigned.length > 0) await this.commit()
    this.#subscribed = await this.#look()
    const assigned = await this.#member.join()
    const partitions = assigned.flatMap(({ topic, partitions: each }) =>
      each.map((partition) => ({ topic, partition })),
    )
    const committed = new Map<string, number>()
    if (partitions.length > 0)
      for (const { topic, partition, offset } of await fetchOffsets(this.#client, this.#options.groupId, partitions))
        committed.set(`${topic}/${partition}`, offset)
    await this.#assign(partitions, committed)
    this.#options.onAssigned?.(assigned)
  }

  /** New topics that match, new partitions: the group shares them out when a member joins again. */
  async #maybeRejoin(): Promise<void> {
    const { metadataMaxAgeMs = 300_000 } = this.#options
    // Who has nothing to read looks more often: the topic may be created any moment.
    const ageMs = this.#fetcher.assigned.length === 0 ? Math.min(metadataMaxAgeMs, 1000) : metadataMaxAgeMs
    if (Date.now() - this.#lookedMs < ageMs) return
    if ((await this.#look()) === this.#subscribed) return
    this.#member.rejoin()
    await this.#join()
  }

  /** The topics that are subscribed to, and their partitions' count. */
  async #look(): Promise<string> {
    const topics = await this.#options.subscribedTopics()
    if (topics.length > 0) await this.#client.loadTopics(topics)
    this.#lookedMs = Date.now()
    return topics.map((topic) => `${topic}:${this.#client.metadata.topic(topic)?.partitions.length ?? 0}`).join()
  }

  async #assign(partitions: readonly PartitionName[], committed: ReadonlyMap<string, number>): Promise<void> {
    const fetcher = new Fetcher(this.#client, this.#options)
    this.#committed.clear()
    for (const [key, offset] of committed) this.#committed.set(key, offset)
    const unknown = partitions.filter(({ topic, partition }) => !committed.has(`${topic}/${partition}`))
    for (const { topic, partition } of partitions) {
      const offset = committed.get(`${topic}/${partition}`)
      if (offset !== undefined) fetcher.assign(topic, partition, offset)
    }
    for (const { topic, partition, offset, error } of await listOffsets(
      this.#client,
      unknown,
      offsetSpecs[this.#options.startsAt],
    )) {
      if (error !== undefined) throw error
      fetcher.assign(topic, partition, offset)
    }
    this.#fetcher = fetcher
  }
}
