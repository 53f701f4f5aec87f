/**
 * A consumer of a group: takes what the group assigns it, from the committed offsets, hands records out and commits what
 * was handed out. `ottla consume --group` and kafka-console-consumer run on it.
 */
import { KafkaError } from '../protocol/errors.ts'
import { type FetchedRecords, Fetcher, type FetcherOptions } from './fetcher.ts'
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
  onAssigned?(assigned: readonly TopicPartitions[]): void
}

export class GroupConsumer {
  readonly #client: KafkaClient
  readonly #options: GroupConsumerOptions
  readonly #member: GroupMember
  readonly #committed = new Map<string, number>()
  #fetcher: Fetcher
  #committedMs = Date.now()

  constructor(client: KafkaClient, options: GroupConsumerOptions) {
    this.#client = client
    this.#options = options
    this.#member = new GroupMember(client, options)
    this.#fetcher = new Fetcher(client, options)
  }

  get isAtEnd(): boolean {
    return !this.#member.needsJoin && this.#fetcher.isAtEnd
  }

  /** Joins first when it must. As Fetcher.poll otherwise. */
  async poll(onRecords: (fetched: FetchedRecords) => boolean): Promise<void> {
    if (this.#member.needsJoin) await this.#join()
    try {
      await this.#fetcher.poll(onRecords)
    } catch (error) {
      if (!(error instanceof KafkaError) || error.error !== 'OFFSET_OUT_OF_RANGE') throw error
      await this.#assign(
        this.#fetcher.assigned.map(({ topic, partition }) => ({ topic, partition })),
        new Map(),
      )
    }
    const { commitIntervalMs = 5000 } = this.#options
    if (commitIntervalMs > 0 && Date.now() - this.#committedMs >= commitIntervalMs) await this.commit()
  }

  /** Commits what was handed out. A group that has moved on is no error: its new members read it again. */
  async commit(): Promise<void> {
    this.#committedMs = Date.now()
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
    const assigned = await this.#member.join()
    await this.#client.loadTopics(assigned.map(({ topic }) => topic))
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
