/**
 * Topics and partitions of the image, by id and by name. MetadataImage is the only one to call the replay functions;
 * everyone else reads.
 *
 * Invariant: byName holds the topics of byId and nothing else, and so does the index of names that `.` and `_` make
 * look alike in metric names.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { MetadataDelta } from './metadata-delta.ts'
import { type MetadataRecordData, metadataRecord } from './metadata-record.ts'
import { mergeChange, type PartitionRegistration, registrationFromRecord } from './partition-registration.ts'
import { TopicImage } from './topic-image.ts'
import { UndoableMap, type UndoLog } from './undo-log.ts'

/** The name that metrics use: Kafka refuses two topics that have it in common. */
export function metricName(topicName: string): string {
  return topicName.replaceAll('.', '_')
}

export class TopicsImage {
  readonly #undoLog: UndoLog
  readonly #delta: () => MetadataDelta | undefined
  readonly #byId: UndoableMap<Uuid, TopicImage>
  readonly #byName = new Map<string, TopicImage>()
  readonly #namesByMetricName = new Map<string, Set<string>>()
  #partitionCount = 0

  constructor(undoLog: UndoLog, delta: () => MetadataDelta | undefined) {
    this.#undoLog = undoLog
    this.#delta = delta
    this.#byId = new UndoableMap(undoLog, (_id, previous, current) => this.#onTopicChange(previous, current))
  }

  /** Topics. */
  get size(): number {
    return this.#byId.size
  }

  get partitionCount(): number {
    return this.#partitionCount
  }

  get(id: Uuid): TopicImage | undefined {
    return this.#byId.get(id)
  }

  getByName(name: string): TopicImage | undefined {
    return this.#byName.get(name)
  }

  values(): MapIterator<TopicImage> {
    return this.#byId.values()
  }

  names(): MapIterator<string> {
    return this.#byName.keys()
  }

  getPartition(id: Uuid, partitionId: number): PartitionRegistration | undefined {
    return this.#byId.get(id)?.partitions.get(partitionId)
  }

  /** An existing topic whose name has the same metric name; only asked for names with `.` or `_` in them. */
  collidingName(name: string): string | undefined {
    const names = this.#namesByMetricName.get(metricName(name))
    return names?.values().next().value
  }

  replayTopic(data: MetadataRecordData<'TopicRecord'>): void {
    assert(!this.#byId.has(data.topicId), `topic ${data.name} with id ${data.topicId} exists already`)
    assert(!this.#byName.has(data.name), `a topic named ${data.name} exists already`)
    const topic: TopicImage = new TopicImage(
      data.topicId,
      data.name,
      new UndoableMap(this.#undoLog, (partitionId, previous, current) =>
        this.#onPartitionChange(topic, partitionId, previous, current),
      ),
    )
    this.#byId.set(data.topicId, topic)
  }

  replayPartition(data: MetadataRecordData<'PartitionRecord'>): void {
    this.#topic(data.topicId).partitions.set(data.partitionId, registrationFromRecord(data))
  }

  replayPartitionChange(data: MetadataRecordData<'PartitionChangeRecord'>): void {
    const topic = this.#topic(data.topicId)
    const partition = topic.partitions.get(data.partitionId)
    assert(partition !== undefined, `a change of ${topic.name}-${data.partitionId}, which does not exist`)
    topic.partitions.set(data.partitionId, mergeChange(partition, data))
  }

  /** Removes the topic and tells its name, whose configuration goes with it. */
  replayRemoveTopic(data: MetadataRecordData<'RemoveTopicRecord'>): string {
    const topic = this.#topic(data.topicId)
    this.#byId.delete(data.topicId)
    return topic.name
  }

  replayClearElr(data: MetadataRecordData<'ClearElrRecord'>): void {
    if (data.topicName === '') {
      for (const topic of this.#byId.values()) this.#clearElr(topic)
      return
    }
    const topic = this.#byName.get(data.topicName)
    assert(topic !== undefined, `ELRs are cleared of ${data.topicName}, which does not exist`)
    this.#clearElr(topic)
  }

  #clearElr(topic: TopicImage): void {
    for (const [partitionId, partition] of topic.partitions.entries()) {
      if (partition.elr.length === 0 && partition.lastKnownElr.length === 0) continue
      const change = metadataRecord('PartitionChangeRecord', 2, {
        partitionId,
        topicId: topic.id,
        eligibleLeaderReplicas: [],
        lastKnownElr: [],
      })
      topic.partitions.set(partitionId, mergeChange(partition, change.data))
    }
  }

  #topic(id: Uuid): TopicImage {
    const topic = this.#byId.get(id)
    assert(topic !== undefined, `no topic has the id ${id}`)
    return topic
  }

  #onTopicChange(previous: TopicImage | undefined, current: TopicImage | undefined): void {
    if (previous !== undefined) {
      this.#byName.delete(previous.name)
      this.#partitionCount -= previous.partitions.size
      this.#forgetMetricName(previous.name)
      this.#delta()?.onTopicDeleted(previous)
    }
    if (current !== undefined) {
      this.#byName.set(current.name, current)
      this.#partitionCount += current.partitions.size
      this.#noteMetricName(current.name)
      this.#delta()?.onTopicCreated(current)
    }
  }

  #onPartitionChange(
    topic: TopicImage,
    partitionId: number,
    previous: PartitionRegistration | undefined,
    current: PartitionRegistration | undefined,
  ): void {
    if (previous === undefined) this.#partitionCount++
    if (current === undefined) this.#partitionCount--
    this.#delta()?.onPartitionChange(topic, partitionId, previous, current)
  }

  #noteMetricName(name: string): void {
    if (!/[._]/.test(name)) return
    const key = metricName(name)
    const names = this.#namesByMetricName.get(key)
    if (names === undefined) this.#namesByMetricName.set(key, new Set([name]))
    else names.add(name)
  }

  #forgetMetricName(name: string): void {
    const key = metricName(name)
    const names = this.#namesByMetricName.get(key)
    if (names === undefined || !names.delete(name)) return
    if (names.size === 0) this.#namesByMetricName.delete(key)
  }
}
