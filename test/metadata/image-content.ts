/**
 * What an image holds, as plain sorted values to compare: two images are equal when these are.
 */
import { brokerToRecord, controllerToRecord } from '../../src/metadata/broker-registration.ts'
import type { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { latestMetadataVersion } from '../../src/metadata/metadata-version.ts'

function sortedByJson<T>(values: Iterable<T>): T[] {
  const text = (value: T) => JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? String(each) : each))
  return [...values].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

export function imageContent(image: MetadataImage): object {
  return {
    features: sortedByJson(image.features),
    metadataVersion: image.metadataVersion,
    nextProducerId: image.nextProducerId,
    isInTransaction: image.isInTransaction,
    brokers: sortedByJson([...image.cluster.brokers()].map((each) => brokerToRecord(each, latestMetadataVersion))),
    controllers: sortedByJson([...image.cluster.controllers()].map((each) => controllerToRecord(each))),
    topicCount: image.topics.size,
    partitionCount: image.topics.partitionCount,
    names: [...image.topics.names()].sort(),
    topics: sortedByJson(
      [...image.topics.values()].map((topic) => ({
        id: topic.id,
        name: topic.name,
        isFoundByName: image.topics.getByName(topic.name) === topic,
        partitions: [...topic.partitions.entries()].sort(([a], [b]) => a - b),
      })),
    ),
    configs: sortedByJson(
      [...image.configs.values()].map(({ resource, values }) => ({ resource, values: sortedByJson(values) })),
    ),
    clientQuotas: sortedByJson(
      [...image.security.clientQuotas()].map(({ entity, values }) => ({ entity, values: sortedByJson(values) })),
    ),
    scram: sortedByJson(image.security.scramCredentials()),
    acls: sortedByJson(image.security.acls()),
    delegationTokens: sortedByJson(image.security.delegationTokens()),
  }
}
