/**
 * A consumer that reads a topic from its beginning, and a group that commits how far it got, without members. What it is
 * given must be what is committed, without a gap; what was committed for the group is found again.
 */
import type { FetchResponse } from '../../src/protocol/api/01-fetch.ts'
import type { OffsetCommitResponse } from '../../src/protocol/api/08-offset-commit.ts'
import type { OffsetFetchResponse } from '../../src/protocol/api/09-offset-fetch.ts'
import { apiKeys } from '../../src/protocol/api/index.ts'
import { errorCodes, errorName } from '../../src/protocol/errors.ts'
import { BatchCursor } from '../../src/protocol/record/batch-cursor.ts'
import type { Ledger } from './ledger.ts'
import { type ClientSurroundings, type Endpoint, ModelClient } from './model-client.ts'

export interface ConsumerSettings {
  readonly topic: string
  readonly groupId: string
}

const passing: ReadonlySet<number> = new Set([
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  errorCodes.UNKNOWN_TOPIC_ID,
  errorCodes.INCONSISTENT_TOPIC_ID,
  errorCodes.FENCED_LEADER_EPOCH,
  errorCodes.UNKNOWN_LEADER_EPOCH,
  errorCodes.KAFKA_STORAGE_ERROR,
  errorCodes.OFFSET_NOT_AVAILABLE,
])

export class ModelConsumer extends ModelClient {
  readonly #settings: ConsumerSettings
  readonly #ledger: Ledger
  readonly #positions = new Map<number, number>()
  /** The replica that the leader named to read from (KIP-392), by partition. */
  readonly #preferred = new Map<number, number>()
  readonly #rackId: string
  /** The last offset whose commit was acknowledged, and those of which nobody knows; by partition. */
  readonly #committed = new Map<number, { known: number; readonly open: Set<number> }>()
  consumedCount = 0
  commitsCount = 0

  constructor(name: string, surroundings: ClientSurroundings, settings: ConsumerSettings, ledger: Ledger) {
    super(name, surroundings)
    this.#settings = settings
    this.#ledger = ledger
    this.#rackId = this.random.next() < 0.5 ? '' : `rack${1 + this.random.integer(3)}`
  }

  start(): void {
    void this.#run()
    void this.#runGroup()
  }

  /** It has all that is committed. */
  hasReadAll(): boolean {
    const topic = this.topic(this.#settings.topic)
    if (topic === undefined) return false
    for (const index of topic.partitions.keys()) {
      if ((this.#positions.get(index) ?? 0) < this.#ledger.endOffset(topic.id, index)) return false
    }
    return true
  }

  async #run(): Promise<void> {
    while (this.topic(this.#settings.topic) === undefined) await this.refresh([this.#settings.topic])
    for (const index of this.topic(this.#settings.topic)!.partitions.keys()) void this.#read(index)
  }

  async #read(index: number): Promise<void> {
    while (!this.isStopped) {
      const isRead = await this.#fetch(index).catch(() => false)
      if (isRead) continue
      this.#preferred.delete(index)
      await this.sleep(50)
      await this.refresh([this.#settings.topic])
    }
  }

  async #fetch(index: number): Promise<boolean> {
    const topic = this.topic(this.#settings.topic)
    const known = topic?.partitions.get(index)
    const preferred = this.#preferred.get(index)
    const replica = this.broker(preferred ?? known?.leaderId ?? -1)
    if (topic === undefined || known === undefined || replica === undefined) return false
    const fetchOffset = this.#positions.get(index) ?? 0
    const partition = {
      partition: index,
      currentLeaderEpoch: known.leaderEpoch,
      fetchOffset,
      partitionMaxBytes: 16_384,
    }
    const request = {
      maxWaitMs: 500,
      minBytes: 1,
      sessionEpoch: -1,
      rackId: this.#rackId,
      topics: [{ topic: topic.name, topicId: topic.id, partitions: [partition] }],
    }
    const answer = await this.ask<FetchResponse>(replica, apiKeys.Fetch, request, {
      waitMs: 500,
      lane: `fetch ${index}`,
    })
    const data = answer.responses[0]?.partitions[0]
    if (data === undefined) return answer.errorCode === 0
    if (data.errorCode !== 0) {
      // A follower may not have yet what the leader has shown.
      const isPassing = passing.has(data.errorCode)
      const isAhead = data.errorCode === errorCodes.OFFSET_OUT_OF_RANGE && preferred !== undefined
      if (!isPassing && !isAhead) this.#complain(index, fetchOffset, data.errorCode)
      return false
    }
    if (data.preferredReadReplica >= 0) this.#preferred.set(index, data.preferredReadReplica)
    this.#take(topic.id, index, data.records)
    return true
  }

  #complain(index: number, fetchOffset: number, errorCode: number): void {
    const { topic } = this.#settings
    this.world.violate(new Error(`${this.name} got ${errorName(errorCode)} at ${topic}-${index}:${fetchOffset}`))
  }

  #take(topicId: string, index: number, bytes: Buffer | null): void {
    if (bytes === null) return
    const { topic } = this.#settings
    const cursor = new BatchCursor(bytes)
    let position = this.#positions.get(index) ?? 0
    try {
      while (cursor.next()) {
        const nextOffset = this.#ledger.onRead(topic, topicId, index, bytes, cursor.position, position, this.name)
        if (nextOffset <= position) continue
        this.consumedCount += nextOffset - position
        position = nextOffset
      }
    } catch (error) {
      this.world.violate(error as Error)
    }
    this.#positions.set(index, position)
  }

  async #runGroup(): Promise<void> {
    while (!this.isStopped) {
      await this.sleep(100 + this.random.next() * 600)
      const topic = this.topic(this.#settings.topic)
      if (topic === undefined) continue
      const coordinator = await this.coordinatorOf(this.#settings.groupId).catch(() => undefined)
      if (coordinator === undefined) continue
      const index = this.random.integer(topic.partitions.size)
      const isLook = this.random.next() < 0.4
      const turn = isLook ? this.#lookUp(coordinator, index) : this.#commit(coordinator, index)
      await turn.catch(() => undefined)
    }
  }

  async #commit(coordinator: Endpoint, index: number): Promise<void> {
    const topic = this.topic(this.#settings.topic)!
    const offset = this.#positions.get(index) ?? 0
    const committed = this.#committed.get(index) ?? { known: -1, open: new Set() }
    this.#committed.set(index, committed)
    committed.open.add(offset)
    const partitions = [{ partitionIndex: index, committedOffset: BigInt(offset), committedMetadata: '' }]
    const request = { groupId: this.#settings.groupId, topics: [{ name: topic.name, topicId: topic.id, partitions }] }
    const lane = 'group'
    const answer = await this.ask<OffsetCommitResponse>(coordinator, apiKeys.OffsetCommit, request, { lane })
    if (answer.topics[0]?.partitions[0]?.errorCode !== 0) return
    committed.known = offset
    this.commitsCount++
  }

  async #lookUp(coordinator: Endpoint, index: number): Promise<void> {
    const topic = this.topic(this.#settings.topic)!
    const { groupId } = this.#settings
    const topics = [{ name: topic.name, topicId: topic.id, partitionIndexes: [index] }]
    const request = { groups: [{ groupId, topics }], requireStable: true }
    const lane = 'group'
    const answer = await this.ask<OffsetFetchResponse>(coordinator, apiKeys.OffsetFetch, request, { lane })
    const group = answer.groups[0]
    const found = group?.topics[0]?.partitions[0]
    if (group === undefined || group.errorCode !== 0 || found === undefined || found.errorCode !== 0) return
    const offset = Number(found.committedOffset)
    const { known, open } = this.#committed.get(index) ?? { known: -1, open: new Set() }
    if (offset === known || open.has(offset)) return
    this.world.violate(new Error(`${groupId} finds ${offset} committed for ${topic.name}-${index}, not ${known}`))
  }
}
