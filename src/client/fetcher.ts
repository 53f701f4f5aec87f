/**
 * Reads assigned partitions: each leader is asked for its partitions in turn, one request at a time, and what comes back
 * is handed out batch by batch in the order of the offsets. Positions move as batches are handed out. Consumers of the
 * command line use it, with a group (group-member.ts) or without.
 */
import { type FetchResponse, fetchRequest, fetchResponse, type PartitionData } from '../protocol/api/01-fetch.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { BatchCursor } from '../protocol/record/batch-cursor.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { type Codecs, noCodecs } from '../protocol/record/compression.ts'
import { type DecodedRecord, decodeRecords } from '../protocol/record/record.ts'
import { isRetriable } from './client-errors.ts'
import { sleep } from './deadline.ts'
import { AbortedBatches } from './isolation.ts'
import type { KafkaClient } from './kafka-client.ts'

export interface FetcherOptions {
  readonly codecs?: Codecs
  readonly readsCommitted?: boolean
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
  /** How long the broker waits for the first byte, in milliseconds. */
  readonly maxWaitMs?: number
  /** Checks the CRC of each batch. */
  readonly checksCrc?: boolean
}

export interface FetchedRecords {
  readonly topic: string
  readonly partition: number
  readonly records: readonly DecodedRecord[]
  readonly leaderEpoch: number
  readonly timestampType: 0 | 1
}

interface Assigned {
  readonly topic: string
  readonly partition: number
  position: number
  highWatermark: number
}

const fetchExchange = { request: fetchRequest, response: fetchResponse }
const retryMs = 100

export class Fetcher {
  readonly #client: KafkaClient
  readonly #options: FetcherOptions
  readonly #assigned = new Map<string, Assigned>()

  constructor(client: KafkaClient, options: FetcherOptions = {}) {
    this.#client = client
    this.#options = options
  }

  assign(topic: string, partition: number, position: number): void {
    this.#assigned.set(`${topic}/${partition}`, { topic, partition, position, highWatermark: -1 })
  }

  unassign(topic: string, partition: number): void {
    this.#assigned.delete(`${topic}/${partition}`)
  }

  get assigned(): readonly Readonly<Assigned>[] {
    return [...this.#assigned.values()]
  }

  /** True when every assigned partition was read to the high watermark that its leader told last. */
  get isAtEnd(): boolean {
    return [...this.#assigned.values()].every(
      ({ position, highWatermark }) => highWatermark >= 0 && position >= highWatermark,
    )
  }

  /**
   * Asks every leader once and calls `onRecords` with what came, in order, per partition; it returns false to be given no
   * more (the position then stands behind what it got). Rejects with KafkaError OFFSET_OUT_OF_RANGE and others that
   * cannot pass; leaders that moved or went are found again by the next call.
   */
  async poll(
    onRecords: (fetched: FetchedRecords) => boolean,
    maxWaitMs = this.#options.maxWaitMs ?? 500,
  ): Promise<void> {
    const byLeader = new Map<number, Assigned[]>()
    for (const each of this.#assigned.values()) {
      const leader = this.#client.metadata.leaderOf(each.topic, each.partition) ?? -1
      const known = byLeader.get(leader)
      if (known === undefined) byLeader.set(leader, [each])
      else known.push(each)
    }
    if (byLeader.size === 0) return sleep(maxWaitMs)
    let isWanted = true
    const take = (fetched: FetchedRecords): boolean => {
      if (isWanted) isWanted = onRecords(fetched)
      return isWanted
    }
    // With several leaders, whoever has something should not wait for who has nothing.
    const waitMs = byLeader.size > 1 ? Math.min(maxWaitMs, 100) : maxWaitMs
    await Promise.all([...byLeader].map(([leader, partitions]) => this.#pollLeader(leader, partitions, waitMs, take)))
  }

  async #pollLeader(
    leader: number,
    partitions: readonly Assigned[],
    waitMs: number,
    take: (fetched: FetchedRecords) => boolean,
  ): Promise<void> {
    try {
      if (leader < 0) throw new KafkaError('LEADER_NOT_AVAILABLE', `${partitions[0]!.topic} has no leader`)
      const answer = await this.#ask(leader, partitions, waitMs)
      if (answer.errorCode !== 0) throw new KafkaError(errorName(answer.errorCode))
      for (const { topic, topicId, partitions: answered } of answer.responses) {
        const name = topic === '' ? this.#client.metadata.topicName(topicId) : topic
        for (const data of answered) {
          const assigned = this.#assigned.get(`${name}/${data.partitionIndex}`)
          if (assigned !== undefined && !this.#take(assigned, data, take)) return
        }
      }
    } catch (error) {
      if (!isRetriable(error)) throw error
      await sleep(retryMs)
      await this.#client.loadTopics([...new Set(partitions.map(({ topic }) => topic))])
    }
  }

  async #ask(leader: number, partitions: readonly Assigned[], maxWaitMs: number): Promise<FetchResponse> {
    const connection = await this.#client.connectionTo({ nodeId: leader })
    const { minBytes = 1, maxBytes = 50 * 1024 * 1024, partitionMaxBytes = 1024 * 1024 } = this.#options
    const topics = new Map<string, { partition: number; fetchOffset: number; partitionMaxBytes: number }[]>()
    for (const { topic, partition, position } of partitions) {
      const wanted = { partition, fetchOffset: position, partitionMaxBytes }
      const known = topics.get(topic)
      if (known === undefined) topics.set(topic, [wanted])
      else known.push(wanted)
    }
    const message = {
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: this.#options.readsCommitted ? 1 : 0,
      topics: [...topics].map(([topic, wanted]) => ({
        topic,
        topicId: this.#client.metadata.topic(topic)?.topicId,
        partitions: wanted,
      })),
    }
    return connection.ask(fetchExchange, message, { extraTimeoutMs: maxWaitMs })
  }

  /** False when no more is wanted. */
  #take(assigned: Assigned, data: PartitionData, take: (fetched: FetchedRecords) => boolean): boolean {
    const { topic, partition } = assigned
    if (data.errorCode !== 0)
      throw new KafkaError(errorName(data.errorCode), `${topic}-${partition}: ${errorName(data.errorCode)}`)
    const { readsCommitted } = this.#options
    assigned.highWatermark = readsCommitted ? data.lastStableOffset : data.highWatermark
    const aborted = readsCommitted ? new AbortedBatches(data.abortedTransactions ?? []) : undefined
    const bytes = data.records ?? Buffer.alloc(0)
    const cursor = new BatchCursor(bytes)
    while (cursor.next()) {
      const at = cursor.position
      if (this.#options.checksCrc && !batch.isCrcValid(bytes, at))
        throw new KafkaError('CORRUPT_MESSAGE', `${topic}-${partition}: a batch has a wrong checksum`)
      const isAborted = aborted?.includes(bytes, at) ?? false
      const start = assigned.position
      assigned.position = batch.nextOffset(bytes, at)
      if (isAborted || batch.isControl(bytes, at)) continue
      // A fetch inside a batch brings the whole batch.
      const records = decodeRecords(bytes, at, this.#options.codecs ?? noCodecs).filter(({ offset }) => offset >= start)
      if (records.length === 0) continue
      const leaderEpoch = batch.leaderEpoch(bytes, at)
      if (!take({ topic, partition, records, leaderEpoch, timestampType: batch.timestampType(bytes, at) })) return false
    }
    return true
  }
}
