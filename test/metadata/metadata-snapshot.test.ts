import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deltaBetween } from '../../src/metadata/delta-between.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { metadataRecord } from '../../src/metadata/metadata-record.ts'
import { decodeMetadataRecord, encodeMetadataRecord } from '../../src/metadata/metadata-record-codec.ts'
import { snapshotSlices } from '../../src/metadata/metadata-snapshot.ts'
import { imageContent } from './image-content.ts'
import { recordSequence } from './record-sequences.ts'

function imageOf(seed: number, length: number): MetadataImage {
  const image = new MetadataImage()
  recordSequence(seed, length).forEach((record, offset) => {
    image.replay(record, offset)
  })
  if (image.isInTransaction) image.replay(metadataRecord('AbortTransactionRecord', 0, {}), image.nextOffset)
  return image
}

const seedAndLength = [fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 200 })] as const

describe('a snapshot', () => {
  test('through bytes into an empty image gives an equal one', () => {
    fc.assert(
      fc.property(...seedAndLength, (seed, length) => {
        const image = imageOf(seed, length)
        const copy = new MetadataImage()
        for (const slice of snapshotSlices(image, 7)) {
          expect(slice.length).toBeLessThanOrEqual(7)
          for (const record of slice) copy.replay(decodeMetadataRecord(encodeMetadataRecord(record)), 1000)
        }
        expect(imageContent(copy)).toEqual(imageContent(image))
      }),
    )
  })

  test('is of the moment in which it was begun, though the image moves on', () => {
    const image = imageOf(7, 150)
    const content = imageContent(image)
    const slices = snapshotSlices(image, 5)[Symbol.iterator]()
    const first = slices.next().value!
    for (const topic of [...image.topics.values()]) {
      image.replay(metadataRecord('RemoveTopicRecord', 0, { topicId: topic.id }), image.nextOffset)
    }
    const copy = new MetadataImage()
    for (const record of first) copy.replay(record, 0)
    for (let slice = slices.next(); !slice.done; slice = slices.next()) {
      for (const record of slice.value) copy.replay(record, 0)
    }
    expect(imageContent(copy)).toEqual(content)
    expect(imageContent(image)).not.toEqual(content)
  })

  test('begins with metadata.version and follows the order that Kafka writes', () => {
    const order = [
      'FeatureLevelRecord',
      'RegisterBrokerRecord',
      'RegisterControllerRecord',
      'TopicRecord',
      'ConfigRecord',
      'ClientQuotaRecord',
      'ProducerIdsRecord',
      'AccessControlEntryRecord',
      'UserScramCredentialRecord',
      'DelegationTokenRecord',
    ]
    const types = [...snapshotSlices(imageOf(3, 2000))].flat().map((record) => record.type)
    const kinds = types.filter((type) => type !== 'PartitionRecord')
    expect(kinds.map((type) => order.indexOf(type))).toEqual(
      kinds.map((type) => order.indexOf(type)).sort((a, b) => a - b),
    )
    expect(new Set(kinds)).toEqual(new Set(order))
    const first = [...snapshotSlices(imageOf(3, 2000))][0]![0]!
    expect(first.data).toEqual({ name: 'metadata.version', featureLevel: 30 })
  })

  test('of 20,000 partitions comes in slices', () => {
    const image = new MetadataImage()
    const topicId = 'dG9waWMtd2l0aC1hbi1pZA'
    image.replay(metadataRecord('TopicRecord', 0, { name: 'big', topicId }), 0)
    for (let partitionId = 0; partitionId < 20_000; partitionId++) {
      image.replay(metadataRecord('PartitionRecord', 2, { topicId, partitionId, replicas: [1], isr: [1] }), 1)
    }
    const lengths = [...snapshotSlices(image)].map((slice) => slice.length)
    expect(lengths.slice(0, -1).every((length) => length === 1024)).toBe(true)
    expect(lengths.reduce((sum, length) => sum + length)).toBe(20_001)
  })
})

describe('the delta between two images', () => {
  test('is empty between equal ones', () => {
    fc.assert(
      fc.property(...seedAndLength, (seed, length) => {
        expect(deltaBetween(imageOf(seed, length), imageOf(seed, length)).isEmpty).toBe(true)
      }),
    )
  })

  test('names what one replayed further has more, less or different', () => {
    const before = imageOf(11, 100)
    const after = imageOf(11, 300)
    const delta = deltaBetween(before, after)
    for (const topic of after.topics.values()) {
      expect(delta.createdTopics.has(topic.id)).toBe(before.topics.get(topic.id) === undefined)
    }
    for (const topic of before.topics.values()) {
      expect(delta.deletedTopics.has(topic.id)).toBe(after.topics.get(topic.id) === undefined)
    }
    for (const broker of after.cluster.brokers()) {
      const earlier = before.cluster.broker(broker.id)
      expect(delta.brokers.has(broker.id)).toBe(JSON.stringify(earlier) !== JSON.stringify(broker))
    }
  })
})
