/** Speaks in single requests, so that a test sees the very error codes that clients hide behind their retries. */
import { apiKeys } from '../../../src/protocol/api/index.ts'
import { buildBatch } from '../../../src/protocol/record/batch-builder.ts'
import { forEachBatch } from '../../../src/protocol/record/batch-cursor.ts'
import { lastOffset } from '../../../src/protocol/record/batch-header.ts'
import { TestClient } from '../../server/server-harness.ts'

export interface Produced {
  readonly errorCode: number
  readonly baseOffset: number
}

export interface ToldPartition {
  readonly errorCode: number
  readonly partitionIndex: number
  readonly leaderId: number
  readonly offlineReplicas: readonly number[]
}

/** What is read for lack of Infer over the wire: the fields that the tests look at. */
interface Answer {
  readonly responses: readonly {
    readonly partitionResponses: readonly Produced[]
    readonly partitions: readonly { readonly errorCode: number; readonly records: Buffer | null }[]
  }[]
  readonly topics: readonly {
    readonly errorCode: number
    readonly partitions: readonly (ToldPartition & { readonly offset: number })[]
  }[]
}

export class WireClient {
  readonly client: TestClient
  #correlationId = 0

  static async connect(port: number): Promise<WireClient> {
    return new WireClient(await TestClient.connect(port))
  }

  private constructor(client: TestClient) {
    this.client = client
  }

  close(): void {
    this.client.socket.destroy()
  }

  async call(apiKey: number, version: number, message: object): Promise<Answer> {
    this.client.send(apiKey, version, ++this.#correlationId, message)
    const { message: answer } = await this.client.response(apiKey, version)
    return answer as unknown as Answer
  }

  /** Resolves with the error code. */
  async createTopic(
    name: string,
    numPartitions: number,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const topics = [{ name, numPartitions, replicationFactor: 1, configs: pairs }]
    const { topics: answers } = await this.call(apiKeys.CreateTopics, 7, { topics, timeoutMs: 30_000 })
    return answers[0]!.errorCode
  }

  /** One batch of one record, acks=all. */
  async produce(topic: string, partition: number, value: Buffer): Promise<Produced> {
    const records = buildBatch({ timestamp: Date.now(), records: [{ key: null, value }] })
    const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }]
    const { responses } = await this.call(apiKeys.Produce, 9, { acks: -1, timeoutMs: 30_000, topicData })
    return responses[0]!.partitionResponses[0]!
  }

  async fetch(topic: string, partition: number, fetchOffset: number): Promise<{ errorCode: number; records: Buffer }> {
    const partitions = [{ partition, fetchOffset, partitionMaxBytes: 4 * 1024 * 1024 }]
    const topics = [{ topic, partitions }]
    const { responses } = await this.call(apiKeys.Fetch, 12, { maxWaitMs: 0, minBytes: 0, topics })
    const { errorCode, records } = responses[0]!.partitions[0]!
    return { errorCode, records: records ?? Buffer.alloc(0) }
  }

  /** The batches of a partition from its start to its end. Rejects on an error code. */
  async read(topic: string, partition: number): Promise<Map<number, Buffer>> {
    const batches = new Map<number, Buffer>()
    for (let offset = 0; ; ) {
      const { errorCode, records } = await this.fetch(topic, partition, offset)
      if (errorCode !== 0) throw new Error(`fetching ${topic}-${partition} at ${offset}: error ${errorCode}`)
      let isMore = false
      forEachBatch(records, (bytes, position, size) => {
        const last = lastOffset(bytes, position)
        if (last >= offset) isMore = true
        offset = Math.max(offset, last + 1)
        batches.set(last, bytes.subarray(position, position + size))
      })
      if (!isMore) return batches
    }
  }

  async listOffsets(topic: string, partition: number): Promise<number> {
    const topics = [{ name: topic, partitions: [{ partitionIndex: partition, timestamp: -1n }] }]
    const { topics: answers } = await this.call(apiKeys.ListOffsets, 6, { replicaId: -1, topics })
    return answers[0]!.partitions[0]!.errorCode
  }

  /** Of all partitions of a topic, by index. */
  async metadata(topic: string): Promise<readonly ToldPartition[]> {
    const { topics } = await this.call(apiKeys.Metadata, 12, { topics: [{ name: topic }] })
    return [...topics[0]!.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex)
  }
}
