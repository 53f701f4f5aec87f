/**
 * The delta from one image to another, for the one case in which nobody replayed the records in between: a snapshot was
 * loaded over what was there. What is equal makes no change.
 */

import { configResourceKey } from './config-resource.ts'
import { MetadataDelta, type OtherPart } from './metadata-delta.ts'
import type { MetadataImage } from './metadata-image.ts'
import type { TopicImage } from './topic-image.ts'

export function deltaBetween(previous: MetadataImage, current: MetadataImage): MetadataDelta {
  const delta = new MetadataDelta()
  compareTopics(previous, current, delta)
  compareEach(brokersOf(previous), brokersOf(current), (id, before, after) => delta.onBrokerChange(id, before, after))
  compareEach(controllersOf(previous), controllersOf(current), (id, before, after) =>
    delta.onControllerChange(id, before, after),
  )
  compareEach(previous.features, current.features, (name, before, after) => delta.onFeatureChange(name, before, after))
  compareConfigs(previous, current, delta)
  compareSecurity(previous, current, delta)
  return delta
}

function brokersOf(image: MetadataImage) {
  return new Map([...image.cluster.brokers()].map((broker) => [broker.id, broker]))
}

function controllersOf(image: MetadataImage) {
  return new Map([...image.cluster.controllers()].map((controller) => [controller.id, controller]))
}

function compareTopics(previous: MetadataImage, current: MetadataImage, delta: MetadataDelta): void {
  for (const topic of previous.topics.values()) {
    if (current.topics.get(topic.id) === undefined) delta.onTopicDeleted(topic)
  }
  for (const topic of current.topics.values()) {
    const before = previous.topics.get(topic.id)
    if (before === undefined) delta.onTopicCreated(topic)
    comparePartitions(before, topic, delta)
  }
}

/** A partition epoch never comes twice, so it tells equal registrations of one partition. */
function comparePartitions(before: TopicImage | undefined, topic: TopicImage, delta: MetadataDelta): void {
  for (const [partitionId, registration] of topic.partitions.entries()) {
    const earlier = before?.partitions.get(partitionId)
    if (earlier?.partitionEpoch === registration.partitionEpoch) continue
    delta.onPartitionChange(topic, partitionId, earlier, registration)
  }
}

function compareEach<K, V>(
  previous: ReadonlyMap<K, V>,
  current: ReadonlyMap<K, V>,
  onDifference: (key: K, before: V | undefined, after: V | undefined) => void,
): void {
  for (const [key, before] of previous) {
    if (!current.has(key)) onDifference(key, before, undefined)
  }
  for (const [key, after] of current) {
    const before = previous.get(key)
    if (canonical(before) !== canonical(after)) onDifference(key, before, after)
  }
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, each) => {
    if (each instanceof Map) return [...each].sort()
    return typeof each === 'bigint' ? String(each) : each
  })
}

function compareConfigs(previous: MetadataImage, current: MetadataImage, delta: MetadataDelta): void {
  const resources = [...previous.configs.values(), ...current.configs.values()].map((each) => each.resource)
  for (const resource of resources) {
    const before = previous.configs.get(resource.type, resource.name)
    const after = current.configs.get(resource.type, resource.name)
    for (const key of [...before.keys(), ...after.keys()]) {
      if (before.get(key) === after.get(key)) continue
      delta.onConfigChange(configResourceKey(resource.type, resource.name), resource, key)
    }
  }
}

function compareSecurity(previous: MetadataImage, current: MetadataImage, delta: MetadataDelta): void {
  const parts: [OtherPart, unknown[], unknown[]][] = [
    ['clientQuotas', [...previous.security.clientQuotas()], [...current.security.clientQuotas()]],
    ['scram', [...previous.security.scramCredentials()], [...current.security.scramCredentials()]],
    ['acls', [...previous.security.acls()], [...current.security.acls()]],
    ['delegationTokens', [...previous.security.delegationTokens()], [...current.security.delegationTokens()]],
  ]
  for (const [part, before, after] of parts) {
    if (canonical(before) !== canonical(after)) delta.onOtherChange(part)
  }
}
