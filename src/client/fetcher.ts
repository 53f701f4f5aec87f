/**
 * Reads assigned partitions: each leader is asked for its partitions, the next request to it is under way while what
 * came is handed out, batch by batch in the order of the offsets. A partition's position is the offset after what was
 * handed out; an answer that was asked for at another position is thrown away. Consumers of the command line use it,
 * with a group (group-consumer.ts) or without.
 */
import { type FetchResponse, fetchRequest, fetchResponse, type PartitionData } from '../protocol/api/01-fetch.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { BatchCursor } from '../protocol/record/batch-cursor.ts'
import * as batch from '../protocol/record/batch-header.ts'
import { type Codecs, noCodecs } from '../protocol/record/compression.ts'
import { type DecodedRecord, decodeRecords } from '../protocol/record/record.ts'
import { isRetriable } from './client-errors.ts'
import { sleep } from './deadline.ts'
import { groupBy } from './group-by.ts'
import { AbortedBatches } from './isolation.ts'
import type { KafkaClient } from './kafka-client.ts'
import { listOffsets, offsetSpecs } from './list-offsets.ts'

export interface FetcherOptions {
  readonly codecs?: Codecs
  readonly readsCommitted?: boolean
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
  /** How long the broker waits for the first byte, in milliseconds; 500 without it. */
  readonly maxWaitMs?: number
  /** Checks the CRC of each batch. */
  readonly checksCrc?: boolean
  /** Where a partition goes on whose position the log does not have; OFFSET_OUT_OF_RANGE without it. */
  readonly resetsTo?: 'earliest' | 'latest' | undefined
}

export interface FetchedRecords {
  readonly topic: string
  readonly partition: number
  readonly records: readonly DecodedRecord[]
  readonly leaderEpoch: number
  readonly timestampType: 0 | 1
}

export interface AssignedPartition {
  readonly topic: string
  readonly partition: number
  readonly position: number
  /** The last stable offset for who reads what is committed; -1 before the first answer. */
  readonly highWatermark: number
}

type Assigned = { -readonly [Key in keyof AssignedPartition]: AssignedPartition[Key] }

/** A request that is under way, or its answer that nobody has looked at yet. */
interface Pending {
  readonly partitions: readonly Assigned[]
  readonly positions: ReadonlyMap<Assigned, number>
  readonly settled: Promise<void>
  answer?: FetchResponse
  error?: unknown
}

/** Returns false to be given no more. */
export type OnRecords = (fetched: FetchedRecords) => boolean

const fetchExchange = { request: fetchRequest, response: fetchResponse }
const retryMs = 100
const noBytes = Buffer.alloc(0)

export class Fetcher {
  readonly #client: KafkaClient
  readonly #options: FetcherOptions
  readonly #assigned = new Map<string, Assigned>()
  readonly #pending = new Map<number, Pending>()

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

  /** Goes on at `position`: also back, to what was handed out and not used. */
  seek(topic: string, partition: number, position: number): void {
    const assigned = this.#assigned.get(`${topic}/${partition}`)
    if (assigned !== undefined) assigned.position = position
  }

  get assigned(): readonly AssignedPartition[] {
    return [...this.#assigned.values()]
  }

  /** True when every assigned partition was read to the end that its leader told last. */
  get isAtEnd(): boolean {
    return [...this.#assigned.values()].every(
      ({ position, highWatermark }) => highWatermark >= 0 && position >= highWatermark,
    )
  }

  /**
   * Waits until a leader answers, `maxWaitMs` at most, and calls `onRecords` with what came, in order per partition.
   * Rejects with KafkaErrors that cannot pass; leaders that moved or went are found again by the next call.
   */
  async poll(onRecords: OnRecords, maxWaitMs = this.#options.maxWaitMs ?? 500): Promise<void> {
    const leaders = this.#askLeaders()
    if (leaders.length === 0) return sleep(maxWaitMs)
    await within(maxWaitMs, Promise.race(leaders.map((leader) => this.#pending.get(leader)!.settled)))
    let isWanted = true
    for (const leader of leaders) {
      const pending = this.#pending.get(leader)!
      if (!isWanted || (pending.answer === undefined && pending.error === undefined)) continue
      this.#pending.delete(leader)
      isWanted = await this.#take(pending, onRecords)
    }
  }

  /** Sees to it that each leader of an assigned partition has been asked; returns the leaders. */
  #askLeaders(): number[] {
    const byLeader = groupBy(
      this.#assigned.values(),
      ({ topic, partition }) => this.#client.metadata.leaderOf(topic, partition) ?? -1,
    )
    for (const [leader, partitions] of byLeader)
      if (!this.#pending.has(leader)) this.#pending.set(leader, this.#begin(leader, partitions))
    return [...byLeader.keys()]
  }

  #begin(leader: number, partitions: readonly Assigned[]): Pending {
    const positions = new Map(partitions.map((each) => [each, each.position]))
    const asked = this.#ask(leader, partitions)
    const pending: Pending = {
      partitions,
      positions,
      settled: asked.then(
        (answer) => {
          pending.answer = answer
        },
        (error: unknown) => {
          pending.error = error
        },
      ),
    }
    return pending
  }

  async #ask(leader: number, partitions: readonly Assigned[]): Promise<FetchResponse> {
    if (leader < 0) throw new KafkaError('LEADER_NOT_AVAILABLE', `${partitions[0]!.topic} has no leader`)
    const {
      minBytes = 1,
      maxBytes = 50 * 1024 * 1024,
      partitionMaxBytes = 1024 * 1024,
      maxWaitMs = 500,
    } = this.#options
    const message = {
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: this.#options.readsCommitted ? 1 : 0,
      topics: [...groupBy(partitions, ({ topic }) => topic)].map(([topic, each]) => ({
        topic,
        topicId: this.#client.metadata.topic(topic)?.topicId,
        partitions: each.map(({ partition, position }) => ({ partition, fetchOffset: position, partitionMaxBytes })),
      })),
    }
    const connection = await this.#client.connectionTo({ nodeId: leader, fetches: true })
    return connection.ask(fetchExchange, message, { extraTimeoutMs: maxWaitMs })
  }

  /** False when no more is wanted. */
  async #take({ partitions, positions, answer, error }: Pending, onRecords: OnRecords): Promise<boolean> {
    try {
      if (answer === undefined) throw error
      if (answer.errorCode !== 0) throw new KafkaError(errorName(answer.errorCode))
      const steps: Step[] = []
      const moved = new Set<string>()
      for (const { topic, topicId, partitions: answered } of answer.responses) {
        const name = topic === '' ? this.#client.metadata.topicName(topicId) : topic
        for (const data of answered) {
          const assigned = this.#assigned.get(`${name}/${data.partitionIndex}`)
          if (assigned === undefined || positions.get(assigned) !== assigned.position) continue
          if (errorName(data.errorCode) === 'OFFSET_OUT_OF_RANGE') await this.#reset(assigned)
          else if (data.errorCode === 0) steps.push(...this.#stepsOf(assigned, data))
          else if (!this.#findLeader(assigned, data, answer)) moved.add(assigned.topic)
        }
      }
      const isWanted = this.#handOut(steps, onRecords)
      if (moved.size > 0) await this.#lookAgain([...moved])
      return isWanted
    } catch (failure) {
      if (!isRetriable(failure)) throw failure
      await this.#lookAgain([...new Set(partitions.map(({ topic }) => topic))])
      return true
    }
  }

  async #lookAgain(topics: readonly string[]): Promise<void> {
    await sleep(retryMs)
    await this.#client.loadTopics(topics)
  }

  /** False when the answer does not say who leads (KIP-951). Throws KafkaError for what will not pass. */
  #findLeader({ topic, partition }: Assigned, data: PartitionData, { nodeEndpoints }: FetchResponse): boolean {
    const error = errorName(data.errorCode)
    const failure = new KafkaError(error, `${topic}-${partition}: ${error}`)
    if (!isRetriable(failure)) throw failure
    const { metadata } = this.#client
    return data.currentLeader !== undefined && metadata.learnLeader(topic, partition, data.currentLeader, nodeEndpoints)
  }

  /** Asks for what follows before it hands out what came. */
  #handOut(steps: readonly Step[], onRecords: OnRecords): boolean {
    const starts = new Map<Assigned, number>()
    for (const { assigned, nextPosition } of steps) {
      if (!starts.has(assigned)) starts.set(assigned, assigned.position)
      assigned.position = nextPosition
    }
    if (steps.length > 0) this.#askLeaders()
    for (const [assigned, start] of starts) assigned.position = start
    for (const step of steps) {
      const { assigned, nextPosition } = step
      const start = assigned.position
      assigned.position = nextPosition
      if (step.isLeftOut) continue
      // A fetch inside a batch brings the whole batch.
      const decoded = decodeRecords(step.bytes, step.at, this.#options.codecs ?? noCodecs)
      const records =
        decoded[0] !== undefined && decoded[0].offset < start ? decoded.filter((each) => each.offset >= start) : decoded
      if (records.length === 0) continue
      const { topic, partition } = assigned
      const leaderEpoch = batch.leaderEpoch(step.bytes, step.at)
      const timestampType = batch.timestampType(step.bytes, step.at)
      if (!onRecords({ topic, partition, records, leaderEpoch, timestampType })) return false
    }
    return true
  }

  #stepsOf(assigned: Assigned, data: PartitionData): Step[] {
    const { topic, partition } = assigned
    const { readsCommitted, checksCrc } = this.#options
    assigned.highWatermark = readsCommitted ? data.lastStableOffset : data.highWatermark
    const aborted = readsCommitted ? new AbortedBatches(data.abortedTransactions ?? []) : undefined
    const bytes = data.records ?? noBytes
    const cursor = new BatchCursor(bytes)
    const steps: Step[] = []
    while (cursor.next()) {
      const at = cursor.position
      if (checksCrc && !batch.isCrcValid(bytes, at))
        throw new KafkaError('INVALID_RECORD', `${topic}-${partition}: a batch has a wrong checksum`)
      const isAborted = aborted?.includes(bytes, at) ?? false
      const isLeftOut = isAborted || batch.isControl(bytes, at)
      steps.push({ assigned, bytes, at, nextPosition: batch.nextOffset(bytes, at), isLeftOut })
    }
    return steps
  }

  async #reset(assigned: Assigned): Promise<void> {
    const { topic, partition, position } = assigned
    const { resetsTo } = this.#options
    if (resetsTo === undefined)
      throw new KafkaError('OFFSET_OUT_OF_RANGE', `${topic}-${partition} has no offset ${position}`)
    const [listed] = await listOffsets(this.#client, [{ topic, partition }], offsetSpecs[resetsTo])
    if (listed!.error !== undefined) throw listed!.error
    assigned.position = listed!.offset
  }
}

/** A batch that came. */
interface Step {
  readonly assigned: Assigned
  readonly bytes: Buffer
  readonly at: number
  readonly nextPosition: number
  /** Of an aborted transaction, or a marker. */
  readonly isLeftOut: boolean
}

/** Resolves with `promise`, and without it after `delayMs`. */
async function within(delayMs: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delayMs)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}
