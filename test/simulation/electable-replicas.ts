/**
 * Holds that whoever may be elected has all that is committed: by the metadata log up to where it is committed, every
 * member of an ISR, and every eligible leader replica (KIP-966), whose log is open in the life that is registered. An
 * earlier life may have lost its end since, and the controller has not heard of it yet. Nobody has to be elected to be
 * found wanting.
 *
 * The observer gives it the log's batches. No broker's image would do: a leader goes by a smaller ISR from the controller's
 * answer on, before any broker that serves has it in its image (the controller's own may still be starting).
 */
import { assert } from '../../src/base/assert.ts'
import { MetadataDelta } from '../../src/metadata/metadata-delta.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { decodeMetadataRecord } from '../../src/metadata/metadata-record-codec.ts'
import * as batchHeader from '../../src/protocol/record/batch-header.ts'
import { recordValues } from '../../src/runtime/raft/raft-snapshots.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import type { Ledger } from './ledger.ts'

export interface Life {
  /** Of its registration; undefined before. */
  readonly brokerEpoch: number | undefined
  partition(topicId: string, index: number): Partition | undefined
}

export class ElectableReplicas {
  readonly #ledger: Ledger
  /** The life that serves under a broker id. */
  readonly #lifeOf: (brokerId: number) => Life | undefined
  /** What is committed of the metadata; its delta is of the batch that is replayed. */
  readonly #image = new MetadataImage()

  constructor(ledger: Ledger, lifeOf: (brokerId: number) => Life | undefined) {
    this.#ledger = ledger
    this.#lifeOf = lifeOf
  }

  /** The next batch of the metadata log is committed. */
  onMetadata(bytes: Buffer, position: number): void {
    if (batchHeader.isControl(bytes, position)) return
    const delta = new MetadataDelta()
    this.#image.delta = delta
    const baseOffset = batchHeader.baseOffset(bytes, position)
    recordValues(bytes, position).forEach((record, at) => {
      this.#image.replay(decodeMetadataRecord(record), baseOffset + at)
    })
    for (const [topicId, { partitions }] of delta.changedTopics) {
      for (const index of partitions.keys()) this.check(topicId, index)
    }
  }

  check(topicId: string, index: number): void {
    const registration = this.#image.topics.get(topicId)?.partitions.get(index)
    if (registration === undefined || this.#ledger.deletedTopics.has(topicId)) return
    const endOffset = this.#ledger.endOffset(topicId, index)
    for (const brokerId of [...registration.isr, ...registration.elr]) {
      const brokerEpoch = this.#image.cluster.broker(brokerId)?.epoch
      const life = this.#lifeOf(brokerId)
      if (life === undefined || life.brokerEpoch === undefined || life.brokerEpoch !== brokerEpoch) continue
      const partition = life.partition(topicId, index)
      const isServed = partition?.state === 'leader' || partition?.state === 'follower'
      const { log } = partition ?? {}
      if (!isServed || log === undefined || log.isOffline) continue
      assert(
        log.logEndOffset >= endOffset,
        `broker ${brokerId} may lead ${partition.name}, but has ${log.logEndOffset} of the ${endOffset} that are committed`,
      )
    }
  }
}
