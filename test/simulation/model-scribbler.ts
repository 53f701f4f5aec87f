/**
 * Writes to a topic that comes and goes, a batch at a time and never again, and believes no metadata for long: what it
 * writes is of the topic that it means, and must not turn up in another one of the same name.
 */
import type { ProduceResponse } from '../../src/protocol/api/00-produce.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { buildBatch } from '../../src/protocol/record/batch-builder.ts'
import type { Ledger } from './ledger.ts'
import { type ClientSurroundings, ModelClient } from './model-client.ts'

const pauseMs = 150

export class ModelScribbler extends ModelClient {
  readonly #topic: string
  readonly #ledger: Ledger
  #valuesCount = 0
  acknowledgedCount = 0

  constructor(name: string, surroundings: ClientSurroundings, topic: string, ledger: Ledger) {
    super(name, surroundings)
    this.#topic = topic
    this.#ledger = ledger
  }

  start(): void {
    void this.#run()
  }

  async #run(): Promise<void> {
    while (!this.isStopped) {
      await this.sleep(this.random.next() * 2 * pauseMs)
      await this.refresh([this.#topic])
      await this.#write().catch(() => undefined)
    }
  }

  async #write(): Promise<void> {
    const topic = this.topic(this.#topic)
    if (topic === undefined) return
    const index = this.random.integer(topic.partitions.size)
    const leader = this.broker(topic.partitions.get(index)?.leaderId ?? -1)
    if (leader === undefined) return
    const values = [`${this.name}/${index}/${this.#valuesCount++}`]
    const records = buildBatch({
      records: values.map((value) => ({ value: Buffer.from(value) })),
      timestamp: this.process.clock.now(),
    })
    this.#ledger.onTried(topic.id, index, this.name, values, false)
    const topicData = [{ name: topic.name, topicId: topic.id, partitionData: [{ index, records }] }]
    const request = { acks: -1, timeoutMs: 1000, topicData }
    const answer = await this.ask<ProduceResponse>(leader, apiKeys.Produce, request, { waitMs: 1000 })
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
    if (errorCode !== 0) return
    this.acknowledgedCount++
    try {
      this.#ledger.onAcknowledged(topic.id, index, baseOffset, values)
    } catch (error) {
      this.world.violate(error as Error)
    }
  }
}
