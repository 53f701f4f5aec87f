/**
 * What changed in an image since its delta was last taken, for those who act on changes: the replica manager, the
 * coordinators, the dynamic configuration. Nobody rescans the image. Several changes of one thing are one entry, from
 * the first old value to the last new one.
 */
import type { Uuid } from '../base/uuid.ts'
import type { BrokerRegistration, ControllerRegistration } from './broker-registration.ts'
import type { ConfigResource } from './config-resource.ts'
import type { PartitionRegistration } from './partition-registration.ts'
import type { TopicImage } from './topic-image.ts'

export interface Change<V> {
  /** undefined: it did not exist. */
  readonly previous: V | undefined
  /** undefined: it exists no longer. */
  readonly current: V | undefined
}

export interface ConfigChange {
  readonly resource: ConfigResource
  /** Every key that was written, also with the value that it had: a broker reloads on it (KAFKA-14136). */
  readonly keys: ReadonlySet<string>
}

export interface TopicChange {
  readonly topic: TopicImage
  /** By partition index; created partitions have no previous one. */
  readonly partitions: Map<number, Change<PartitionRegistration>>
}

/** Whether a part of the image that nobody here looks into changed. */
export type OtherPart = 'clientQuotas' | 'scram' | 'acls' | 'delegationTokens'

export class MetadataDelta {
  /** Topics that came to be, by id; their partitions are also in `changedTopics`. */
  readonly createdTopics = new Map<Uuid, TopicImage>()
  /** Topics that are gone, by id, as they last were. */
  readonly deletedTopics = new Map<Uuid, TopicImage>()
  /** Topics with created or changed partitions, by id. */
  readonly changedTopics = new Map<Uuid, TopicChange>()
  readonly brokers = new Map<number, Change<BrokerRegistration>>()
  readonly controllers = new Map<number, Change<ControllerRegistration>>()
  /** By `configResourceKey`. */
  readonly configs = new Map<string, ConfigChange>()
  readonly features = new Map<string, Change<number>>()
  readonly otherParts = new Set<OtherPart>()

  get isEmpty(): boolean {
    return (
      this.createdTopics.size === 0 &&
      this.deletedTopics.size === 0 &&
      this.changedTopics.size === 0 &&
      this.brokers.size === 0 &&
      this.controllers.size === 0 &&
      this.configs.size === 0 &&
      this.features.size === 0 &&
      this.otherParts.size === 0
    )
  }

  onTopicCreated(topic: TopicImage): void {
    this.createdTopics.set(topic.id, topic)
  }

  onTopicDeleted(topic: TopicImage): void {
    this.changedTopics.delete(topic.id)
    // Created and deleted in between: nobody has seen it.
    if (!this.createdTopics.delete(topic.id)) this.deletedTopics.set(topic.id, topic)
  }

  onPartitionChange(
    topic: TopicImage,
    partitionId: number,
    previous: PartitionRegistration | undefined,
    current: PartitionRegistration | undefined,
  ): void {
    let change = this.changedTopics.get(topic.id)
    if (change === undefined) {
      change = { topic, partitions: new Map() }
      this.changedTopics.set(topic.id, change)
    }
    noteChange(change.partitions, partitionId, previous, current)
  }

  onBrokerChange(id: number, previous: BrokerRegistration | undefined, current: BrokerRegistration | undefined): void {
    noteChange(this.brokers, id, previous, current)
  }

  onControllerChange(
    id: number,
    previous: ControllerRegistration | undefined,
    current: ControllerRegistration | undefined,
  ): void {
    noteChange(this.controllers, id, previous, current)
  }

  onFeatureChange(name: string, previous: number | undefined, current: number | undefined): void {
    noteChange(this.features, name, previous, current)
  }

  onConfigChange(resourceKey: string, resource: ConfigResource, key: string): void {
    const keys = this.configs.get(resourceKey)?.keys as Set<string> | undefined
    if (keys === undefined) this.configs.set(resourceKey, { resource, keys: new Set([key]) })
    else keys.add(key)
  }

  onOtherChange(part: OtherPart): void {
    this.otherParts.add(part)
  }
}

function noteChange<K, V>(changes: Map<K, Change<V>>, key: K, previous: V | undefined, current: V | undefined): void {
  const earlier = changes.get(key)
  changes.set(key, { previous: earlier === undefined ? previous : earlier.previous, current })
}
