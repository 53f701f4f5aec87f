/**
 * An image as records, in Kafka's order: features with metadata.version first, brokers, controllers, topics with their
 * partitions, configurations, quotas, producer ids, access control, credentials, tokens. Replayed into an empty image
 * they give an equal one.
 *
 * The walk is made at once, over references to immutable values (a few milliseconds for 20,000 partitions); the records
 * are made slice by slice while the caller lets other work run, and the image may move on in between.
 */
import { brokerToRecord, controllerToRecord } from './broker-registration.ts'
import type { MetadataImage } from './metadata-image.ts'
import { type MetadataRecord, metadataRecord } from './metadata-record.ts'
import { metadataVersionFeature, supportsControllerRegistration } from './metadata-version.ts'
import { registrationToRecord } from './partition-registration.ts'

/** Kafka's largest batch. */
export const snapshotSliceLength = 1024

type RecordMaker = () => MetadataRecord

/** Slices of at most `sliceLength` records, made when asked for. */
export function snapshotSlices(image: MetadataImage, sliceLength = snapshotSliceLength): Iterable<MetadataRecord[]> {
  const makers: RecordMaker[] = []
  collectFeatures(image, makers)
  collectCluster(image, makers)
  collectTopics(image, makers)
  collectConfigs(image, makers)
  collectClientQuotas(image, makers)
  if (image.nextProducerId > 0n) {
    const nextProducerId = image.nextProducerId
    makers.push(() => metadataRecord('ProducerIdsRecord', 0, { brokerId: -1, brokerEpoch: -1, nextProducerId }))
  }
  collectSecurity(image, makers)
  return slices(makers, sliceLength)
}

function* slices(makers: readonly RecordMaker[], sliceLength: number): Generator<MetadataRecord[]> {
  for (let start = 0; start < makers.length; start += sliceLength) {
    yield makers.slice(start, start + sliceLength).map((make) => make())
  }
}

function collectFeatures(image: MetadataImage, makers: RecordMaker[]): void {
  const features = [...image.features].sort(([a], [b]) => {
    if (a === metadataVersionFeature || b === metadataVersionFeature) return a === metadataVersionFeature ? -1 : 1
    return a < b ? -1 : 1
  })
  for (const [name, featureLevel] of features) {
    makers.push(() => metadataRecord('FeatureLevelRecord', 0, { name, featureLevel }))
  }
}

function collectCluster(image: MetadataImage, makers: RecordMaker[]): void {
  const version = image.metadataVersion
  for (const broker of image.cluster.brokers()) makers.push(() => brokerToRecord(broker, version))
  if (!supportsControllerRegistration(version)) return
  for (const controller of image.cluster.controllers()) makers.push(() => controllerToRecord(controller))
}

function collectTopics(image: MetadataImage, makers: RecordMaker[]): void {
  const version = image.metadataVersion
  for (const topic of image.topics.values()) {
    makers.push(() => metadataRecord('TopicRecord', 0, { name: topic.name, topicId: topic.id }))
    for (const [partitionId, partition] of topic.partitions.entries()) {
      makers.push(() => registrationToRecord(topic.id, partitionId, partition, version))
    }
  }
}

function collectConfigs(image: MetadataImage, makers: RecordMaker[]): void {
  for (const { resource, values } of image.configs.values()) {
    const { type: resourceType, name: resourceName } = resource
    for (const [name, value] of values) {
      makers.push(() => metadataRecord('ConfigRecord', 0, { resourceType, resourceName, name, value }))
    }
  }
}

function collectClientQuotas(image: MetadataImage, makers: RecordMaker[]): void {
  for (const { entity, values } of image.security.clientQuotas()) {
    for (const [key, value] of values) {
      makers.push(() => metadataRecord('ClientQuotaRecord', 0, { entity, key, value, remove: false }))
    }
  }
}

function collectSecurity(image: MetadataImage, makers: RecordMaker[]): void {
  for (const data of image.security.acls()) makers.push(() => ({ type: 'AccessControlEntryRecord', version: 0, data }))
  for (const data of image.security.scramCredentials()) {
    makers.push(() => ({ type: 'UserScramCredentialRecord', version: 0, data }))
  }
  for (const data of image.security.delegationTokens()) {
    makers.push(() => ({ type: 'DelegationTokenRecord', version: 0, data }))
  }
}
