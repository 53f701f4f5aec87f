/**
 * A producer: collects records into a batch per partition, sends a batch when it is full or has waited `lingerMs`, and
 * again until it is written or its delivery timeout has passed. Up to five batches of a partition are under way; lane.ts
 * keeps their order, and with idempotence the broker drops what comes twice. Memory is bounded: `append` says when the
 * caller must wait for `room()`.
 */
import { assert } from '../base/assert.ts'
import {
  type ProduceResponse,
  produceRequest,
  produceResponse,
  type TopicProduceResponse,
} from '../protocol/api/00-produce.ts'
import { initProducerIdRequest, initProducerIdResponse } from '../protocol/api/22-init-producer-id.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { type Codecs, type CompressionType, noCodecs } from '../protocol/record/compression.ts'
import { ConnectionError, isRetriable } from './client-errors.ts'
import type { BrokerNode, LeaderHint } from './cluster-metadata.ts'
import { sleep } from './deadline.ts'
import { groupBy } from './group-by.ts'
import { type KafkaClient, UnknownTopicError } from './kafka-client.ts'
import { Lane } from './lane.ts'
import { partitionOfKey } from './partitioner.ts'
import {
  type BatchSettings,
  PendingBatch,
  type ProducedRecord,
  type ProducerIdentity,
  type Receipt,
} from './pending-batch.ts'

export interface ProducerOptions {
  /** -1 all in-sync replicas, 1 the leader, 0 nobody. */
  readonly acks?: -1 | 0 | 1
  /** Needs acks -1. */
  readonly isIdempotent?: boolean
  readonly lingerMs?: number
  /** Bytes of a batch before compression, about. */
  readonly batchSize?: number
  /** Bytes of records that wait or are under way. */
  readonly bufferMemory?: number
  /** Bytes of one record before compression: a larger one is refused here. 100 MB without it, what brokers take at most. */
  readonly recordSizeMax?: number
  readonly compressionType?: CompressionType
  readonly compressionLevel?: number | undefined
  /** Needed with a compression type. */
  readonly codecs?: Codecs
  /** How long a batch is tried, in milliseconds. */
  readonly deliveryTimeoutMs?: number
  /** How long the broker may wait for replicas, in milliseconds. */
  readonly requestTimeoutMs?: number
  /** A topic that is missing may be created by the broker. */
  readonly createsMissing?: boolean
}

const produceExchange = { request: produceRequest, response: produceResponse }
const initProducerIdExchange = { request: initProducerIdRequest, response: initProducerIdResponse }

/** As many as a broker remembers of a producer, to know what comes twice. */
const underWayMax = 5

/** A batch in a request. */
interface Sending {
  readonly lane: Lane
  readonly batch: PendingBatch
}

export class Producer {
  readonly #client: KafkaClient
  readonly #acks: -1 | 0 | 1
  readonly #isIdempotent: boolean
  readonly #lingerMs: number
  readonly #batchSize: number
  readonly #bufferMemory: number
  readonly #recordSizeMax: number
  readonly #deliveryTimeoutMs: number
  readonly #requestTimeoutMs: number
  readonly #createsMissing: boolean
  readonly #settings: BatchSettings
  readonly #lanes = new Map<string, Lane>()
  /** As they were at first: metadata may be without a topic for a moment. */
  readonly #partitionsCounts = new Map<string, number>()
  readonly #stickyPartitions = new Map<string, number>()
  readonly #roomWaiters: (() => void)[] = []
  readonly #emptyWaiters: (() => void)[] = []
  #identity: ProducerIdentity = { producerId: -1n, producerEpoch: -1 }
  #usedMemory = 0
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #isFlushing = false

  private constructor(client: KafkaClient, options: ProducerOptions) {
    this.#client = client
    this.#acks = options.acks ?? -1
    this.#isIdempotent = options.isIdempotent ?? this.#acks === -1
    this.#lingerMs = options.lingerMs ?? 5
    this.#batchSize = options.batchSize ?? 16_384
    this.#recordSizeMax = options.recordSizeMax ?? 100 * 1024 * 1024
    this.#bufferMemory = options.bufferMemory ?? 32 * 1024 * 1024
    this.#deliveryTimeoutMs = options.deliveryTimeoutMs ?? 120_000
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000
    this.#createsMissing = options.createsMissing ?? false
    const { compressionType = 0, compressionLevel, codecs = noCodecs } = options
    this.#settings = { compressionType, compressionLevel, codecs }
  }

  /** Gets its producer id first when it is idempotent. */
  static async open(client: KafkaClient, options: ProducerOptions = {}): Promise<Producer> {
    const producer = new Producer(client, options)
    if (producer.#isIdempotent) await producer.#initialize()
    return producer
  }

  /** False when the caller should wait for `room()` before it goes on. */
  get hasRoom(): boolean {
    return this.#usedMemory < this.#bufferMemory
  }

  /** Resolves when there is memory for more. */
  room(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resolve) => this.#roomWaiters.push(resolve))
  }

  /** Learns the topic's partitions; `append` needs that once per topic. Rejects when there is no such topic. */
  async prepare(topic: string): Promise<void> {
    try {
      const { partitions } = await this.#client.topic(topic, this.#createsMissing)
      this.#partitionsCounts.set(topic, partitions.length)
    } catch (error) {
      // It was to be created, and the broker does no such thing.
      const isMissing = error instanceof KafkaError && error.error === 'UNKNOWN_TOPIC_OR_PARTITION'
      throw isMissing ? new UnknownTopicError(topic) : error
    }
  }

  /** Takes a record for a topic that was prepared. Throws KafkaError for a partition that is not there. */
  append(topic: string, record: ProducedRecord, receipt?: Receipt): void {
    const partition = this.#partitionFor(topic, record)
    const lane = this.#laneOf(topic, partition)
    const now = Date.now()
    let batch = lane.last
    const size = sizeOf(record)
    if (size > this.#recordSizeMax) {
      receipt?.(tooLarge(size, this.#recordSizeMax), partition, -1)
      return
    }
    if (batch === undefined || batch.isClosed || (batch.recordsCount > 0 && batch.size + size > this.#batchSize)) {
      if (batch !== undefined && record.key == null) this.#stickyPartitions.delete(topic)
      batch = new PendingBatch(topic, partition, now, this.#settings, Math.max(Math.min(this.#batchSize, 65_536), size))
      lane.push(batch)
    }
    this.#usedMemory += batch.append(record, record.timestamp ?? now, receipt)
    if (lane.first !== batch || batch.size >= this.#batchSize || this.#lingerMs === 0) this.#sendSoon(0)
    else this.#sendSoon(this.#lingerMs)
  }

  /** Resolves when everything that was appended is settled, one way or the other. */
  async flush(): Promise<void> {
    if (this.#usedMemory === 0) return
    this.#isFlushing = true
    this.#sendSoon(0)
    await new Promise<void>((resolve) => this.#emptyWaiters.push(resolve))
    this.#isFlushing = false
  }

  async #initialize(): Promise<void> {
    this.#identity = await this.#newIdentity()
  }

  async #newIdentity(): Promise<ProducerIdentity> {
    const message = { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1n, producerEpoch: -1 }
    const answer = await this.#client.ask(initProducerIdExchange, message, 'any', {
      judge: ({ errorCode }) => {
        if (errorCode !== 0) throw new KafkaError(errorName(errorCode))
      },
    })
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  #partitionFor(topic: string, record: ProducedRecord): number {
    const count = this.#client.metadata.topic(topic)?.partitions.length ?? this.#partitionsCounts.get(topic)
    assert(count !== undefined, `topic ${topic} was not prepared`)
    if (record.partition !== undefined) {
      if (record.partition < count) return record.partition
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} has no partition ${record.partition}`)
    }
    if (record.key != null) return partitionOfKey(record.key, count)
    let partition = this.#stickyPartitions.get(topic)
    if (partition === undefined) {
      partition = Math.floor(Math.random() * count)
      this.#stickyPartitions.set(topic, partition)
    }
    return partition
  }

  #laneOf(topic: string, partition: number): Lane {
    const key = `${topic}/${partition}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = new Lane(topic, partition)
      this.#lanes.set(key, lane)
    }
    return lane
  }

  #sendSoon(delayMs: number): void {
    if (delayMs > 0) this.#timer ??= setTimeout(() => this.#send(), delayMs)
    else this.#immediate ??= setImmediate(() => this.#send())
  }

  /** Sends what is ready, in requests with a batch of each partition for each leader. */
  #send(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#timer = undefined
    this.#immediate = undefined
    const now = Date.now()
    let waitMs = Number.POSITIVE_INFINITY
    for (;;) {
      const byLeader = new Map<number, Sending[]>()
      for (const lane of this.#lanes.values()) {
        const batch = lane.next(this.#acks === 0 ? 1 : underWayMax)
        if (batch === undefined) continue
        const remainingMs = this.#isReady(lane, batch) ? 0 : batch.createdMs + this.#lingerMs - now
        if (remainingMs > 0) {
          waitMs = Math.min(waitMs, remainingMs)
          continue
        }
        lane.send(batch, this.#senderIdentity)
        const leader = this.#client.metadata.leaderOf(lane.topic, lane.partition) ?? -1
        const sendings = byLeader.get(leader)
        if (sendings === undefined) byLeader.set(leader, [{ lane, batch }])
        else sendings.push({ lane, batch })
      }
      if (byLeader.size === 0) break
      for (const [leader, sendings] of byLeader) void this.#sendTo(leader, sendings)
    }
    if (waitMs < Number.POSITIVE_INFINITY) this.#sendSoon(waitMs)
  }

  get #senderIdentity(): ProducerIdentity | undefined {
    return this.#isIdempotent ? this.#identity : undefined
  }

  #isReady(lane: Lane, batch: PendingBatch): boolean {
    const isFull = lane.last !== batch || batch.size >= this.#batchSize
    return isFull || batch.isClosed || this.#isFlushing || !this.hasRoom
  }

  async #sendTo(leader: number, sendings: readonly Sending[]): Promise<void> {
    let answer: ProduceResponse | undefined
    let failure: Error | undefined
    try {
      if (leader < 0) throw new KafkaError('LEADER_NOT_AVAILABLE', `${sendings[0]!.lane.topic} has no leader`)
      answer = await this.#ask(leader, sendings)
    } catch (error) {
      failure = error as Error
    }
    for (const sending of sendings) this.#settle(sending, answer, failure)
    const quiet = sendings.map(({ lane }) => lane).filter((lane) => lane.isQuiet)
    const late = quiet.filter((lane) => lane.needsTime)
    if (late.length > 0) await this.#waitFor(late)
    for (const lane of quiet) {
      if (lane.needsIdentity && !(await this.#restart(lane))) continue
      lane.release(this.#senderIdentity)
    }
    this.#tellWaiters()
    this.#send()
  }

  /** Waits a little, and asks who leads by now: not for longer than what waits may be tried. */
  async #waitFor(lanes: readonly Lane[]): Promise<void> {
    await sleep(Math.max(...lanes.map((lane) => lane.backoffMs)))
    const begunMs = Math.min(...lanes.map((lane) => lane.first?.createdMs ?? Date.now()))
    const topics = [...new Set(lanes.map((lane) => lane.topic))]
    await this.#client.loadTopics(topics, false, begunMs + this.#deliveryTimeoutMs).catch(() => {})
  }

  /** Another producer id for a lane; without one all that it holds is refused, and false. */
  async #restart(lane: Lane): Promise<boolean> {
    for (;;) {
      try {
        lane.restart(await this.#newIdentity())
        return true
      } catch (error) {
        const isOver = !isRetriable(error)
        for (const batch of lane.takeLate((each) => isOver || this.#isLate(each), this.#isIdempotent)) {
          this.#usedMemory -= batch.chargedSize
          batch.settle(error as Error, -1)
        }
        if (lane.first === undefined) this.#lanes.delete(`${lane.topic}/${lane.partition}`)
        if (lane.first === undefined) return false
      }
    }
  }

  #isLate(batch: PendingBatch): boolean {
    return Date.now() - batch.createdMs > this.#deliveryTimeoutMs
  }

  async #ask(leader: number, sendings: readonly Sending[]): Promise<ProduceResponse | undefined> {
    const connection = await this.#client.connectionTo({ nodeId: leader })
    const topics = groupBy(sendings, ({ lane }) => lane.topic)
    const message = {
      transactionalId: null,
      acks: this.#acks,
      timeoutMs: this.#requestTimeoutMs,
      topicData: [...topics].map(([name, each]) => ({
        name,
        topicId: this.#client.metadata.topic(name)?.topicId,
        partitionData: each.map(({ lane, batch }) => ({ index: lane.partition, records: batch.bytes })),
      })),
    }
    if (this.#acks !== 0) return connection.ask(produceExchange, message)
    await connection.tell(produceRequest, message)
    return undefined
  }

  /** Tells the lane what became of its batch, and the batch's records once that is final. */
  #settle({ lane, batch }: Sending, answer: ProduceResponse | undefined, failure: Error | undefined): void {
    const result = answer === undefined ? undefined : this.#resultFor(lane, answer.responses)
    let error = failure
    let baseOffset = -1
    if (error === undefined && this.#acks !== 0) {
      if (result === undefined) error = new KafkaError('UNKNOWN_SERVER_ERROR', 'the broker left a partition out')
      else if (result.errorCode !== 0 && errorName(result.errorCode) !== 'DUPLICATE_SEQUENCE_NUMBER')
        error = new KafkaError(errorName(result.errorCode), result.errorMessage ?? undefined)
      else baseOffset = result.baseOffset
    }
    batch.isMaybeWritten ||= error !== undefined && isUncertain(error)
    const isLate = this.#isLate(batch)
    if (error !== undefined && !isLate && (isRetriable(error) || this.#isOutOfTurn(lane, batch, error))) {
      const isTold = result !== undefined && this.#learnLeader(lane, result.currentLeader, answer?.nodeEndpoints ?? [])
      lane.onUnwritten(batch, isRetriable(error) && !isTold)
      return
    }
    if (error !== undefined && !isLate && this.#isForgotten(batch, error)) {
      batch.isRestarted = true
      lane.onUnwritten(batch, false)
      lane.loseIdentity()
      return
    }
    const parts = error !== undefined && isTooLarge(error) && batch.recordsCount > 1 ? batch.split() : []
    this.#usedMemory -= batch.chargedSize
    for (const part of parts) this.#usedMemory += part.chargedSize
    if (error === undefined) lane.onWritten(batch)
    else lane.onRefused(batch, this.#isIdempotent, parts)
    if (parts.length === 0) batch.settle(error, baseOffset)
    if (error !== undefined && isLate) this.#giveUp(lane, batch, error)
  }

  /** Others of the lane are late too; where one may be written after all, its sequence numbers are not used again. */
  #giveUp(lane: Lane, batch: PendingBatch, error: Error): void {
    const others = lane.takeLate((each) => this.#isLate(each), this.#isIdempotent)
    for (const other of others) {
      this.#usedMemory -= other.chargedSize
      other.settle(error, -1)
    }
    if (this.#isIdempotent && [batch, ...others].some(({ isMaybeWritten }) => isMaybeWritten)) lane.loseIdentity()
  }

  /** True when the answer named the new leader (KIP-951): nobody need be asked. */
  #learnLeader(lane: Lane, hint: LeaderHint | undefined, nodes: readonly BrokerNode[]): boolean {
    return hint !== undefined && this.#client.metadata.learnLeader(lane.topic, lane.partition, hint, nodes)
  }

  /** The broker's state of this producer is gone or another one: it is begun anew, once for a batch. */
  #isForgotten(batch: PendingBatch, error: Error): boolean {
    const isOther =
      error instanceof KafkaError &&
      (error.error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' || error.error === 'UNKNOWN_PRODUCER_ID')
    return this.#isIdempotent && isOther && !batch.isRestarted
  }

  /** Refused alone because one before it was not written. */
  #isOutOfTurn(lane: Lane, batch: PendingBatch, error: Error): boolean {
    return error instanceof KafkaError && error.error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && lane.isBehind(batch)
  }

  #resultFor(lane: Lane, responses: readonly TopicProduceResponse[]) {
    const topicId = this.#client.metadata.topic(lane.topic)?.topicId
    for (const topic of responses) {
      // Newer versions name topics by id alone.
      if (topic.name !== lane.topic && (topic.name !== '' || topic.topicId !== topicId)) continue
      const partition = topic.partitionResponses.find(({ index }) => index === lane.partition)
      if (partition !== undefined) return partition
    }
    return undefined
  }

  #tellWaiters(): void {
    if (this.hasRoom) for (const resolve of this.#roomWaiters.splice(0)) resolve()
    if (this.#usedMemory === 0) for (const resolve of this.#emptyWaiters.splice(0)) resolve()
  }
}

/** It may have been written all the same. */
function isUncertain(error: Error): boolean {
  if (error instanceof ConnectionError) return true
  const codes = ['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'NETWORK_EXCEPTION']
  return error instanceof KafkaError && codes.includes(error.error)
}

/** About, with what a record takes besides key and value. */
function sizeOf({ key, value, headers = [] }: ProducedRecord): number {
  let size = 40 + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) size += 10 + header.key.length + (header.value?.length ?? 0)
  return size
}

function tooLarge(size: number, sizeMax: number): KafkaError {
  const text = `The message is ${size} bytes when serialized which is larger than ${sizeMax}, which is the value of the max.request.size configuration.`
  return new KafkaError('MESSAGE_TOO_LARGE', text)
}

function isTooLarge(error: Error): boolean {
  return error instanceof KafkaError && error.error === 'MESSAGE_TOO_LARGE'
}
