/**
 * A producer as a careful program would run it: when it is idempotent, up to five batches of a partition at a time, sent
 * again with the same sequence until the broker answers; when it is not, one at a time and never again. It tells the ledger what it tried and what
 * was acknowledged.
 */
import type { ProduceResponse } from '../../src/protocol/api/00-produce.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes, errorName } from '../../src/protocol/errors.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import type { Ledger } from './ledger.ts'
import { type ClientSurroundings, ModelClient } from './model-client.ts'

export interface ProducerSettings {
  readonly topic: string
  readonly isIdempotent: boolean
  readonly acks: -1 | 1
  /** Mean time between two batches of a partition, in milliseconds. */
  readonly pauseMs: number
}

/** What says for certain that nothing was written. */
const refusals: ReadonlySet<number> = new Set([errorCodes.NOT_ENOUGH_REPLICAS])
/** What leaves it open. */
const uncertain: ReadonlySet<number> = new Set([
  errorCodes.REQUEST_TIMED_OUT,
  errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  // Also where it was appended before the topic, or this replica, went.
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  errorCodes.UNKNOWN_TOPIC_ID,
  errorCodes.KAFKA_STORAGE_ERROR,
  ...refusals,
])

interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

interface OpenBatch {
  readonly bytes: Buffer
  readonly values: readonly string[]
}

type Outcome = { readonly kind: 'acknowledged'; readonly baseOffset: number } | { readonly kind: 'open' | 'refused' }

export class ModelProducer extends ModelClient {
  readonly #settings: ProducerSettings
  readonly #ledger: Ledger
  /** max.in.flight.requests.per.connection */
  readonly #inFlightMax: number
  #valuesCount = 0
  /** Why the last batch that was not acknowledged was not. */
  #lastReason = ''
  acknowledgedCount = 0

  constructor(name: string, surroundings: ClientSurroundings, settings: ProducerSettings, ledger: Ledger) {
    super(name, surroundings)
    this.#settings = settings
    this.#ledger = ledger
    this.#inFlightMax = 1 + this.random.integer(5)
  }

  start(): void {
    void this.#run()
  }

  get state(): string {
    return `${this.name} has ${this.acknowledgedCount} acknowledged, last ${this.#lastReason}`
  }

  async #run(): Promise<void> {
    const { topic } = this.#settings
    while (this.topic(topic) === undefined) await this.#refresh()
    for (const index of this.topic(topic)!.partitions.keys()) void this.#fill(index)
  }

  async #refresh(): Promise<void> {
    await this.refresh([this.#settings.topic])
    await this.sleep(20)
  }

  /** A producer id of its own for each partition. */
  async #identify(): Promise<ProducerIdentity> {
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 }
    for (;;) {
      try {
        type Answer = ProducerIdentity & { readonly errorCode: number }
        const answer = await this.ask<Answer>(this.anyBroker(), apiKeys.InitProducerId, request)
        if (answer.errorCode === 0) {
          this.#ledger.onProducerId(this.name, answer.producerId, answer.producerEpoch)
          return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
        }
      } catch {
        // Asked again.
      }
      await this.sleep(100)
    }
  }

  /** Keeps one partition supplied: some batches at a time, once the first one is acknowledged, as an idempotent client may. */
  async #fill(index: number): Promise<void> {
    const { pauseMs, isIdempotent } = this.#settings
    const identity = isIdempotent ? await this.#identify() : undefined
    let sequence = 0
    let open: OpenBatch[] = []
    while (!this.isStopped || open.length > 0) {
      await this.sleep(this.random.next() * 2 * pauseMs)
      const isFirst = sequence === 0 || !isIdempotent
      const count = this.isStopped ? 0 : 1 + this.random.integer(isFirst ? 1 : this.#inFlightMax)
      while (open.length < count) {
        const batch = this.#nextBatch(index, sequence, identity)
        sequence += batch.values.length
        open.push(batch)
      }
      open = await this.#deliver(index, open)
    }
  }

  #nextBatch(index: number, baseSequence: number, identity: ProducerIdentity | undefined): OpenBatch {
    const count = 1 + this.random.integer(3)
    const values = Array.from({ length: count }, () => `${this.name}/${index}/${this.#valuesCount++}`)
    const bytes = buildBatch({
      records: values.map((value) => ({ value: Buffer.from(value) })),
      timestamp: this.process.clock.now(),
      ...(identity === undefined ? {} : { ...identity, baseSequence }),
    })
    return { bytes, values }
  }

  /** Sends batches one behind the other, and again until they are acknowledged, but not what might be doubled then. */
  async #deliver(index: number, batches: readonly OpenBatch[]): Promise<OpenBatch[]> {
    let open = [...batches]
    for (let attempts = 1; open.length > 0; attempts++) {
      if (attempts % 100 === 0) this.tell(`is not heard for ${attempts} times: ${this.#lastReason}`)
      const topic = this.topic(this.#settings.topic)
      const sent = open.map((batch, place) => {
        if (topic !== undefined)
          this.#ledger.onTried(topic.id, index, this.name, batch.values, this.#settings.isIdempotent)
        return this.#send(index, batch.bytes, place)
      })
      const outcomes = await Promise.all(sent)
      outcomes.forEach((outcome, place) => {
        if (outcome.kind !== 'acknowledged' || topic === undefined) return
        const { values } = open[place]!
        this.acknowledgedCount += values.length
        if (this.#settings.acks === -1) this.#ledger.onAcknowledged(topic.id, index, outcome.baseOffset, values)
      })
      open = open.filter((_batch, place) => outcomes[place]!.kind !== 'acknowledged')
      if (open.length === 0) return open
      await this.#refresh()
      const isOpen = outcomes.some(({ kind }) => kind === 'open')
      if (!this.#settings.isIdempotent && isOpen) return []
    }
    return open
  }

  async #send(index: number, batch: Buffer, place: number): Promise<Outcome> {
    const { topic: name, acks } = this.#settings
    const topic = this.topic(name)
    const leader = this.broker(topic?.partitions.get(index)?.leaderId ?? -1)
    this.#lastReason = 'no leader is known'
    if (topic === undefined || leader === undefined) return { kind: 'refused' }
    const partitionData = [{ index, records: batch }]
    const request = { acks, timeoutMs: 3000, topicData: [{ name, topicId: topic.id, partitionData }] }
    try {
      const answer = await this.ask<ProduceResponse>(leader, apiKeys.Produce, request)
      const { errorCode, baseOffset, errorMessage } = answer.responses[0]!.partitionResponses[0]!
      if (errorCode === 0) return { kind: 'acknowledged', baseOffset }
      // What comes behind a batch that failed is out of order; the first one never is, whatever happened to the broker.
      if (errorCode === errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER && place > 0) return { kind: 'open' }
      if (!uncertain.has(errorCode))
        this.world.violate(
          new Error(`${this.name} got ${errorName(errorCode)} for ${name}-${index} of ${leader.host}: ${errorMessage}`),
        )
      this.#lastReason = `${errorName(errorCode)} of ${leader.host}`
      return { kind: refusals.has(errorCode) ? 'refused' : 'open' }
    } catch (error) {
      this.#lastReason = (error as Error).message
      return { kind: 'open' }
    }
  }
}
