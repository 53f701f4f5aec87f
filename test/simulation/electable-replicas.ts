/**
 * Holds that whoever may be elected has all that is committed: by the newest metadata that anybody has, every member of an
 * ISR, and every eligible leader replica (KIP-966), whose log is open in the life that is registered. An earlier life may
 * have lost its end since, and the controller has not heard of it yet. Nobody has to be elected to be found wanting.
 */
import { assert } from '../../src/base/assert.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import type { PartitionRegistration } from '../../src/metadata/partition-registration.ts'
import type { TopicImage } from '../../src/metadata/topic-image.ts'
import type { Partition } from '../../src/runtime/replica/partition.ts'
import type { Ledger } from './ledger.ts'

export interface Life {
  /** Of its registration; undefined before. */
  readonly brokerEpoch: number | undefined
  partition(topicId: string, index: number): Partition | undefined
}

interface Electable {
  readonly brokerId: number
  readonly brokerEpoch: number | undefined
}

export class ElectableReplicas {
  readonly #ledger: Ledger
  /** The life that serves under a broker id. */
  readonly #lifeOf: (brokerId: number) => Life | undefined
  readonly #electable = new Map<string, readonly Electable[]>()

  constructor(ledger: Ledger, lifeOf: (brokerId: number) => Life | undefined) {
    this.#ledger = ledger
    this.#lifeOf = lifeOf
  }

  /** `image` is the first to have this state of the partition. */
  onRegistration(image: MetadataImage, topic: TopicImage, index: number, { isr, elr }: PartitionRegistration): void {
    const electable = [...isr, ...elr].map((brokerId) => {
      return { brokerId, brokerEpoch: image.cluster.broker(brokerId)?.epoch }
    })
    this.#electable.set(`${topic.id}-${index}`, electable)
    this.check(topic.id, index)
  }

  check(topicId: string, index: number): void {
    if (this.#ledger.deletedTopics.has(topicId)) return
    const endOffset = this.#ledger.endOffset(topicId, index)
    for (const { brokerId, brokerEpoch } of this.#electable.get(`${topicId}-${index}`) ?? []) {
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
