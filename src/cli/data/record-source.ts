/**
 * Where the consuming commands get their records: partitions of topics read without a group, from a position that was
 * asked for, or what a group assigns (GroupConsumer, which has the same shape). Topics that match and partitions that are
 * added while it reads are taken up.
 */

import { type AssignedPartition, Fetcher, type FetcherOptions, type OnRecords } from '../../client/fetcher.ts'
import { type KafkaClient, UnknownTopicError } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { errorName, KafkaError } from '../../protocol/errors.ts'
import { resolvePositions, type StartPosition } from './start-position.ts'

export interface RecordSource {
  readonly assigned: readonly AssignedPartition[]
  /** Everything was handed out up to the end that was asked for, or that the leaders told last. */
  readonly isAtEnd: boolean
  poll(onRecords: OnRecords, maxWaitMs?: number): Promise<void>
  seek(topic: string, partition: number, position: number): void
  close(): Promise<void>
}

export interface TopicSelection {
  readonly names: readonly string[]
  /** Topics whose whole name matches, internal ones left out. */
  readonly pattern?: RegExp | undefined
}

export interface TopicSourceOptions extends FetcherOptions {
  readonly topics: TopicSelection
  /** All of them without it. */
  readonly partitions?: readonly number[] | undefined
  readonly start: Exclude<StartPosition, 'stored'>
  /** Where to stop: at the end as it is when reading begins, or at the first record of that time or later. */
  readonly stop?: 'end' | { readonly timestamp: bigint } | undefined
  /** A topic that is missing is asked for until it is there, and the broker may create it; an error otherwise. */
  readonly waitsForTopics?: boolean
  readonly metadataMaxAgeMs?: number
}

/** The selected topics that there are, with their metadata loaded. */
export async function selectTopics(
  client: KafkaClient,
  { names, pattern }: TopicSelection,
  waitsForTopics = false,
): Promise<string[]> {
  const answer = await client.loadTopics(pattern === undefined ? names : null, waitsForTopics)
  const selected: string[] = []
  for (const { name, errorCode, isInternal } of answer.topics) {
    if (name === null) continue
    const isNamed = names.includes(name)
    if (!isNamed && (isInternal || !matchesWhole(pattern, name))) continue
    const error = errorName(errorCode)
    if (error === 'NONE') selected.push(name)
    else if (isNamed && error === 'UNKNOWN_TOPIC_OR_PARTITION' && !waitsForTopics) throw new UnknownTopicError(name)
    else if (isNamed && error !== 'UNKNOWN_TOPIC_OR_PARTITION' && error !== 'LEADER_NOT_AVAILABLE')
      throw new KafkaError(error, `topic ${name}: ${error}`)
  }
  return selected.sort()
}

function matchesWhole(pattern: RegExp | undefined, name: string): boolean {
  const match = pattern?.exec(name)
  return match?.index === 0 && match[0].length === name.length
}

export class TopicSource implements RecordSource {
  readonly #client: KafkaClient
  readonly #options: TopicSourceOptions
  readonly #fetcher: Fetcher
  readonly #ends = new Map<string, number>()
  #lookedMs = 0
  #isBegun = false

  constructor(client: KafkaClient, options: TopicSourceOptions) {
    this.#client = client
    this.#options = options
    this.#fetcher = new Fetcher(client, options)
  }

  get assigned(): readonly AssignedPartition[] {
    return this.#fetcher.assigned
  }

  get isAtEnd(): boolean {
    if (!this.#isBegun || this.#options.stop === undefined) return this.#isBegun && this.#fetcher.isAtEnd
    return this.assigned.every((each) => each.position >= this.#endOf(each))
  }

  async poll(onRecords: OnRecords, maxWaitMs?: number): Promise<void> {
    const { metadataMaxAgeMs = 300_000, stop } = this.#options
    const ageMs = this.assigned.length === 0 ? 500 : metadataMaxAgeMs
    if (!this.#isBegun || Date.now() - this.#lookedMs >= ageMs) await this.#look()
    if (stop !== undefined && this.isAtEnd) return
    await this.#fetcher.poll(stop === undefined ? onRecords : this.#cutting(onRecords), maxWaitMs)
  }

  seek(topic: string, partition: number, position: number): void {
    this.#fetcher.seek(topic, partition, position)
  }

  async close(): Promise<void> {}

  #endOf({ topic, partition }: PartitionName): number {
    return this.#ends.get(`${topic}/${partition}`) ?? Number.POSITIVE_INFINITY
  }

  /** Leaves out what lies behind the end. */
  #cutting(onRecords: OnRecords): OnRecords {
    return (fetched) => {
      const end = this.#endOf(fetched)
      if (fetched.records.at(-1)!.offset < end) return onRecords(fetched)
      const records = fetched.records.filter(({ offset }) => offset < end)
      return records.length === 0 || onRecords({ ...fetched, records })
    }
  }

  async #look(): Promise<void> {
    const { topics, partitions: wanted, start, readsCommitted = false, waitsForTopics } = this.#options
    const names = await selectTopics(this.#client, topics, waitsForTopics)
    const known = new Set(this.assigned.map(({ topic, partition }) => `${topic}/${partition}`))
    const fresh: PartitionName[] = []
    for (const topic of names) {
      const { partitions } = this.#client.metadata.topic(topic)!
      const there = partitions.map(({ partitionIndex }) => partitionIndex)
      for (const partition of wanted ?? there) {
        if (!there.includes(partition))
          throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} has no partition ${partition}`)
        if (!known.has(`${topic}/${partition}`)) fresh.push({ topic, partition })
      }
    }
    this.#lookedMs = Date.now()
    // What is found later is new: nothing of it shall be missed.
    const from = this.#isBegun ? 'beginning' : start
    if (fresh.length > 0) {
      for (const { topic, partition, offset } of await resolvePositions(this.#client, fresh, from, readsCommitted))
        this.#fetcher.assign(topic, partition, offset)
      await this.#learnEnds(fresh)
    }
    this.#isBegun = this.#isBegun || names.length > 0 || topics.pattern !== undefined
  }

  async #learnEnds(partitions: readonly PartitionName[]): Promise<void> {
    const { stop, readsCommitted = false } = this.#options
    if (stop === undefined) return
    const ends = await resolvePositions(
      this.#client,
      partitions,
      stop === 'end' ? 'end' : { timestamp: stop.timestamp },
      readsCommitted,
    )
    for (const { topic, partition, offset } of ends) this.#ends.set(`${topic}/${partition}`, offset)
  }
}
