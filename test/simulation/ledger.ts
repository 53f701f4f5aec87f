/**
 * What the clients were promised, and what the replicas have committed: one canonical log per partition of a topic id,
 * made of everything that lies below a high watermark anywhere. It never changes; whoever contradicts it is a violation.
 * Acknowledged records (acks=all) are in it when the acknowledgement arrives, at their offset, once, and in the order in
 * which they were sent.
 */
import { assert } from '../../src/base/assert.ts'
import type { Uuid } from '../../src/base/uuid.ts'
import * as batchHeader from '../../src/protocol/record/batch-header.ts'
import { RecordCursor } from '../../src/protocol/record/record-cursor.ts'

interface CommittedBatch {
  readonly bytes: Buffer
  readonly nextOffset: number
  /** Who showed it first. */
  readonly witness: string
}

class CommittedLog {
  readonly name: string
  readonly batches = new Map<number, CommittedBatch>()
  /** Offset by value. */
  readonly offsets = new Map<string, number>()
  /** Highest number so far, by the producer's name and partition. */
  readonly lastOfProducer = new Map<string, number>()
  /** Everything below is known. */
  endOffset = 0

  constructor(name: string) {
    this.name = name
  }
}

export class Ledger {
  readonly #logs = new Map<string, CommittedLog>()
  /** Topic by value. */
  readonly #tried = new Map<string, Uuid>()
  readonly #acknowledged = new Map<string, { readonly partition: string; readonly value: string; offset: number }>()
  readonly #producerIds = new Map<string, string>()
  readonly #inOrder = new Set<string>()
  /** Topics that were told to go: what was promised of them is over. */
  readonly deletedTopics = new Set<Uuid>()

  get acknowledgedCount(): number {
    return this.#acknowledged.size
  }

  committedCount(): number {
    let count = 0
    for (const log of this.#logs.values()) count += log.endOffset
    return count
  }

  endOffset(topicId: Uuid, index: number): number {
    return this.#logs.get(`${topicId}-${index}`)?.endOffset ?? 0
  }

  onProducerId(name: string, producerId: bigint, producerEpoch: number): void {
    const key = `${producerId}:${producerEpoch}`
    const owner = this.#producerIds.get(key)
    assert(owner === undefined, `producer id ${key} is given to ${owner} and to ${name}`)
    this.#producerIds.set(key, name)
  }

  onTried(topicId: Uuid, index: number, producer: string, values: readonly string[], isInOrder: boolean): void {
    for (const value of values) this.#tried.set(value, topicId)
    if (isInOrder) this.#inOrder.add(`${producer}/${index}`)
  }

  onAcknowledged(topicId: Uuid, index: number, baseOffset: number, values: readonly string[]): void {
    if (this.deletedTopics.has(topicId)) return
    const partition = `${topicId}-${index}`
    const log = this.#logs.get(partition)
    values.forEach((value, at) => {
      const offset = log?.offsets.get(value)
      assert(offset !== undefined, `${value} is acknowledged at ${partition}:${baseOffset + at}, but nowhere committed`)
      const isThere = baseOffset === -1 || offset === baseOffset + at
      assert(isThere, `${value} is acknowledged at ${partition}:${baseOffset + at}, but committed at ${offset}`)
      this.#acknowledged.set(value, { partition, value, offset })
    })
  }

  /** A consumer at `position` was given the batch: it holds that offset, so that there is no gap. Returns the offset after it. */
  onRead(
    name: string,
    topicId: Uuid,
    index: number,
    bytes: Buffer,
    at: number,
    position: number,
    reader: string,
  ): number {
    const baseOffset = batchHeader.baseOffset(bytes, at)
    assert(baseOffset <= position, `${reader} is given ${name}-${index}:${baseOffset} and not ${position}`)
    return this.onCommitted(name, topicId, index, bytes, at, reader)
  }

  /** `witness` shows the batch at `position` as committed. Returns the offset after it. */
  onCommitted(name: string, topicId: Uuid, index: number, bytes: Buffer, position: number, witness: string): number {
    const size = batchHeader.batchSizeInBytes(bytes, position)
    const baseOffset = batchHeader.baseOffset(bytes, position)
    const key = `${topicId}-${index}`
    let log = this.#logs.get(key)
    if (log === undefined) {
      log = new CommittedLog(`${name}-${index}`)
      this.#logs.set(key, log)
    }
    const nextOffset = batchHeader.nextOffset(bytes, position)
    const known = log.batches.get(baseOffset)
    if (known !== undefined) {
      const isSame = known.bytes.equals(bytes.subarray(position, position + size))
      assert(isSame, `${witness} has another batch at ${log.name}:${baseOffset} than was committed by ${known.witness}`)
      return nextOffset
    }
    assert(
      baseOffset >= log.endOffset,
      `${witness} has a batch at ${log.name}:${baseOffset} within what was committed otherwise`,
    )
    assert(baseOffset === log.endOffset, `${witness} shows ${log.name}:${baseOffset}, committed up to ${log.endOffset}`)
    const copy = Buffer.from(bytes.subarray(position, position + size))
    assert(batchHeader.isCrcValid(copy, 0), `${witness} has a broken batch at ${log.name}:${baseOffset}`)
    log.batches.set(baseOffset, { bytes: copy, nextOffset, witness })
    log.endOffset = nextOffset
    if (!name.startsWith('__')) this.#noteValues(topicId, log, copy, baseOffset)
    return nextOffset
  }

  #noteValues(topicId: Uuid, log: CommittedLog, bytes: Buffer, baseOffset: number): void {
    const cursor = new RecordCursor()
    cursor.reset(bytes, batchHeader.batchHeaderSize)
    while (!cursor.isAtEnd) {
      cursor.next()
      const value = bytes.toString('utf8', cursor.valuePosition, cursor.valuePosition + cursor.valueSize)
      const offset = baseOffset + cursor.offsetDelta
      const sentTo = this.#tried.get(value)
      assert(sentTo !== undefined, `${log.name}:${offset} holds ${value}, which nobody sent`)
      assert(sentTo === topicId, `${log.name}:${offset} holds ${value}, which was sent to another topic of that name`)
      const before = log.offsets.get(value)
      assert(before === undefined, `${value} is doubled: at ${log.name}:${before} and ${offset}`)
      log.offsets.set(value, offset)
      const at = value.lastIndexOf('/')
      const producer = value.slice(0, at)
      const number = Number(value.slice(at + 1))
      const last = log.lastOfProducer.get(producer) ?? -1
      if (this.#inOrder.has(producer)) assert(number > last, `${value} comes after number ${last} in ${log.name}`)
      log.lastOfProducer.set(producer, Math.max(last, number))
    }
  }
}
