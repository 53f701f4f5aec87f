/**
 * A batch of a producer on its way: records are added until it is full or due, then it is closed, sent, and sent again
 * with the same bytes until it is answered. The producer alone uses it.
 */
import { BatchBuilder } from '../protocol/record/batch-builder.ts'
import {
  baseSequencePosition,
  producerEpochPosition,
  producerIdPosition,
  setCrc,
} from '../protocol/record/batch-header.ts'
import type { Codecs, CompressionType } from '../protocol/record/compression.ts'
import { decodeRecords, type RecordHeader } from '../protocol/record/record.ts'

export interface ProducedRecord {
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly headers?: readonly RecordHeader[]
  /** Milliseconds since 1970; now without it. */
  readonly timestamp?: number
  /** Chosen by the key, or at random, without it. */
  readonly partition?: number
}

/** Told once per record: its place, or why it is not written. */
export type Receipt = (error: Error | undefined, partition: number, offset: number) => void

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface BatchSettings {
  readonly compressionType: CompressionType
  readonly compressionLevel: number | undefined
  readonly codecs: Codecs
}

export class PendingBatch {
  readonly topic: string
  readonly partition: number
  /** When it was begun, in milliseconds of Date.now. */
  readonly createdMs: number
  readonly #settings: BatchSettings
  readonly #builder: BatchBuilder
  readonly #receipts: (Receipt | undefined)[] = []
  /** It was sent, and nobody knows what became of it. */
  isMaybeWritten = false
  /** It was given to another producer once. */
  isRestarted = false
  #bytes: Buffer | undefined
  #size = 0
  #identity: (ProducerIdentity & { readonly baseSequence: number }) | undefined

  constructor(topic: string, partition: number, createdMs: number, settings: BatchSettings, sizeHint: number) {
    this.topic = topic
    this.partition = partition
    this.createdMs = createdMs
    this.#settings = settings
    const batch = this
    // Read when the batch is built: who it comes from is known only then.
    const fields = {
      compressionType: settings.compressionType,
      ...(settings.compressionLevel === undefined ? {} : { compressionLevel: settings.compressionLevel }),
      codecs: settings.codecs,
      get producerId(): bigint {
        return batch.#identity?.producerId ?? -1n
      },
      get producerEpoch(): number {
        return batch.#identity?.producerEpoch ?? -1
      },
      get baseSequence(): number {
        return batch.#identity?.baseSequence ?? -1
      },
    }
    this.#builder = new BatchBuilder(fields, sizeHint)
  }

  get recordsCount(): number {
    return this.#builder.recordsCount
  }

  /** Bytes before compression, header included. */
  get size(): number {
    return this.#builder.size
  }

  /** What it was when the producer's budget was charged. */
  get chargedSize(): number {
    return this.#size
  }

  get isClosed(): boolean {
    return this.#bytes !== undefined
  }

  /** Returns by how many bytes the batch has grown. */
  append(record: Omit<ProducedRecord, 'timestamp'>, timestamp: number, receipt: Receipt | undefined): number {
    this.#builder.append(record, timestamp)
    this.#receipts.push(receipt)
    const grown = this.#builder.size - this.#size
    this.#size = this.#builder.size
    return grown
  }

  /** The bytes to send: built once, with the sequence numbers of an idempotent producer. */
  close(identity?: ProducerIdentity & { readonly baseSequence: number }): Buffer {
    if (this.#bytes === undefined) {
      this.#identity = identity
      this.#bytes = this.#builder.build()
    }
    return this.#bytes
  }

  /** Other sequence numbers for a batch that is closed and not written. */
  renumber(baseSequence: number): void {
    if (baseSequence === this.bytes.readInt32BE(baseSequencePosition)) return
    this.bytes.writeInt32BE(baseSequence, baseSequencePosition)
    setCrc(this.bytes, 0)
  }

  /** Another producer, and sequence numbers of its. */
  identify({ producerId, producerEpoch }: ProducerIdentity, baseSequence: number): void {
    this.bytes.writeBigInt64BE(producerId, producerIdPosition)
    this.bytes.writeInt16BE(producerEpoch, producerEpochPosition)
    this.bytes.writeInt32BE(baseSequence, baseSequencePosition)
    setCrc(this.bytes, 0)
  }

  /** The bytes of a batch that is closed. */
  get bytes(): Buffer {
    return this.#bytes!
  }

  /** Two batches of the halves of a closed one, which a broker found too large. It is of no more use itself. */
  split(): [PendingBatch, PendingBatch] {
    const records = decodeRecords(this.bytes, 0, this.#settings.codecs)
    const middle = Math.ceil(records.length / 2)
    const partOf = (from: number, to: number): PendingBatch => {
      const part = new PendingBatch(this.topic, this.partition, this.createdMs, this.#settings, this.#size)
      for (let index = from; index < to; index++)
        part.append(records[index]!, Number(records[index]!.timestamp), this.#receipts[index])
      return part
    }
    return [partOf(0, middle), partOf(middle, records.length)]
  }

  settle(error: Error | undefined, baseOffset: number): void {
    for (const [index, receipt] of this.#receipts.entries())
      receipt?.(error, this.partition, error === undefined && baseOffset >= 0 ? baseOffset + index : -1)
  }
}
