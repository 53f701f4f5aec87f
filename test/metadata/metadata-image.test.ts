import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { MetadataDelta } from '../../src/metadata/metadata-delta.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../../src/metadata/metadata-record.ts'
import { imageContent } from './image-content.ts'
import { recordSequence } from './record-sequences.ts'

const topicId = 'dG9waWMtd2l0aC1hbi1pZA'

function replayed(records: readonly MetadataRecord[], image = new MetadataImage()): MetadataImage {
  for (const record of records) image.replay(record, image.nextOffset)
  return image
}

function topicWithPartition(): MetadataRecord[] {
  return [
    metadataRecord('TopicRecord', 0, { name: 'orders', topicId }),
    metadataRecord('PartitionRecord', 2, {
      partitionId: 0,
      topicId,
      replicas: [1, 2],
      isr: [1, 2],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [topicId, topicId],
    }),
  ]
}

function changed(fields: Parameters<typeof metadataRecord<'PartitionChangeRecord'>>[2]): MetadataImage {
  const change = metadataRecord('PartitionChangeRecord', 2, { partitionId: 0, topicId, ...fields })
  return replayed([...topicWithPartition(), change])
}

describe('partition epochs are implicit', () => {
  test('a change without a leader moves the partition epoch only', () => {
    expect(changed({ isr: [1] }).topics.getPartition(topicId, 0)).toMatchObject({
      isr: [1],
      replicas: [1, 2],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 1,
    })
  })

  test('a change that names the leader moves both, be it the same leader', () => {
    expect(changed({ leader: 1 }).topics.getPartition(topicId, 0)).toMatchObject({ leaderEpoch: 1, partitionEpoch: 1 })
  })

  test('no leader is a change of leader too', () => {
    expect(changed({ leader: -1, isr: [] }).topics.getPartition(topicId, 0)).toMatchObject({
      leader: -1,
      isr: [],
      leaderEpoch: 1,
      partitionEpoch: 1,
    })
  })

  test('clearing ELRs is a change of the partitions that have any', () => {
    const image = changed({ eligibleLeaderReplicas: [2], lastKnownElr: [1] })
    replayed([metadataRecord('ClearElrRecord', 0, { topicName: 'orders' })], image)
    expect(image.topics.getPartition(topicId, 0)).toMatchObject({ elr: [], lastKnownElr: [], partitionEpoch: 2 })
    replayed([metadataRecord('ClearElrRecord', 0, { topicName: '' })], image)
    expect(image.topics.getPartition(topicId, 0)).toMatchObject({ partitionEpoch: 2 })
  })

  test('replicas of a log from before directories are in the directory called migrating', () => {
    const record = metadataRecord('PartitionRecord', 0, { partitionId: 1, topicId, replicas: [1, 2], isr: [1] })
    const image = replayed([...topicWithPartition(), record])
    expect(image.topics.getPartition(topicId, 1)?.directories).toEqual([
      'AAAAAAAAAAAAAAAAAAAAAA',
      'AAAAAAAAAAAAAAAAAAAAAA',
    ])
  })
})

describe('the image', () => {
  test('drops a topic with its partitions and configuration', () => {
    const image = replayed([
      ...topicWithPartition(),
      metadataRecord('ConfigRecord', 0, { resourceType: 2, resourceName: 'orders', name: 'retention.ms', value: '5' }),
      metadataRecord('RemoveTopicRecord', 0, { topicId }),
    ])
    expect(imageContent(image)).toEqual(imageContent(new MetadataImage()))
  })

  test('a value of null removes a configuration key', () => {
    const image = new MetadataImage()
    const key = { resourceType: 4, resourceName: '', name: 'min.insync.replicas' }
    replayed([metadataRecord('ConfigRecord', 0, { ...key, value: '1' })], image)
    expect([...image.configs.brokerDefaults]).toEqual([['min.insync.replicas', '1']])
    replayed([metadataRecord('ConfigRecord', 0, { ...key, value: null })], image)
    expect([...image.configs.values()]).toEqual([])
  })

  test('refuses a record that contradicts what was before', () => {
    const contradictions: MetadataRecord[] = [
      metadataRecord('PartitionChangeRecord', 2, { partitionId: 9, topicId }),
      metadataRecord('RemoveTopicRecord', 0, { topicId: 'c29tZS1vdGhlci10b3BpYw' }),
      metadataRecord('TopicRecord', 0, { name: 'orders', topicId: 'c29tZS1vdGhlci10b3BpYw' }),
      metadataRecord('BrokerRegistrationChangeRecord', 0, { brokerId: 4, brokerEpoch: 0 }),
      metadataRecord('EndTransactionRecord', 0, {}),
    ]
    for (const record of contradictions) {
      expect(() => replayed([...topicWithPartition(), record]), record.type).toThrow(AssertionError)
    }
  })

  test('tells names that look alike in metrics', () => {
    const image = replayed([
      metadataRecord('TopicRecord', 0, { name: 'a.b', topicId }),
      metadataRecord('TopicRecord', 0, { name: 'plain', topicId: 'c29tZS1vdGhlci10b3BpYw' }),
    ])
    expect(image.topics.collidingName('a_b')).toBe('a.b')
    expect(image.topics.collidingName('plain')).toBeUndefined()
    replayed([metadataRecord('RemoveTopicRecord', 0, { topicId })], image)
    expect(image.topics.collidingName('a_b')).toBeUndefined()
  })
})

describe('transactions', () => {
  const begin = metadataRecord('BeginTransactionRecord', 0, { name: 'test' })

  test('nothing is seen before the end, all after it', () => {
    const image = replayed([begin, ...topicWithPartition()])
    expect(image.topics.size).toBe(0)
    replayed([metadataRecord('EndTransactionRecord', 0, {})], image)
    expect(image.topics.getByName('orders')?.partitions.size).toBe(1)
  })

  test('an aborted one leaves nothing', () => {
    const image = replayed([begin, ...topicWithPartition(), metadataRecord('AbortTransactionRecord', 0, {})])
    expect(imageContent(image)).toEqual(imageContent(new MetadataImage()))
    expect(image.nextOffset).toBe(4)
  })
})

describe('undo', () => {
  test('going back to any offset gives the image of that offset, from which the same records lead on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 120 }), (seed, length) => {
        const records = recordSequence(seed, length)
        const random = new SeededRandom(seed)
        const offset = random.integer(length + 1)
        const committed = random.integer(offset + 1)
        const image = replayed(records.slice(0, committed), new MetadataImage({ isUndoable: true }))
        image.commitTo(committed)
        replayed(records.slice(committed), image)
        const whole = imageContent(image)

        image.undoTo(offset)
        expect(imageContent(image)).toEqual(imageContent(replayed(records.slice(0, offset))))
        expect(image.nextOffset).toBe(offset)

        replayed(records.slice(offset), image)
        expect(imageContent(image)).toEqual(whole)
      }),
      { numRuns: 300 },
    )
  })

  test('what is committed is not kept for undoing', () => {
    const image = replayed(topicWithPartition(), new MetadataImage({ isUndoable: true }))
    image.commitTo(2)
    image.undoTo(0)
    expect(image.topics.size).toBe(1)
  })
})

describe('delta', () => {
  test('tells what was created, from nothing to the last value', () => {
    const image = new MetadataImage()
    image.delta = new MetadataDelta()
    const change = metadataRecord('PartitionChangeRecord', 2, { partitionId: 0, topicId, leader: 2 })
    replayed([...topicWithPartition(), change], image)
    expect([...image.delta.createdTopics.values()].map((topic) => topic.name)).toEqual(['orders'])
    const partition = image.delta.changedTopics.get(topicId)!.partitions.get(0)!
    expect(partition.previous).toBeUndefined()
    expect(partition.current).toBe(image.topics.getPartition(topicId, 0))
  })

  test('tells the first old and the last new value of what changed twice', () => {
    const image = replayed(topicWithPartition())
    const before = image.topics.getPartition(topicId, 0)
    image.delta = new MetadataDelta()
    const change = metadataRecord('PartitionChangeRecord', 2, { partitionId: 0, topicId, isr: [1] })
    replayed([change, change], image)
    expect(image.delta.createdTopics.size).toBe(0)
    expect(image.delta.changedTopics.get(topicId)!.partitions.get(0)).toEqual({
      previous: before,
      current: image.topics.getPartition(topicId, 0),
    })
  })

  test('a deleted topic is there as it was; one that nobody saw is not', () => {
    const image = replayed(topicWithPartition())
    image.delta = new MetadataDelta()
    const remove = metadataRecord('RemoveTopicRecord', 0, { topicId })
    replayed([remove], image)
    expect(image.delta.deletedTopics.get(topicId)?.partitions.size).toBe(1)

    image.delta = new MetadataDelta()
    replayed([...topicWithPartition(), remove], image)
    expect(image.delta.isEmpty).toBe(true)
  })

  test('names configuration keys that were written, also with the same value', () => {
    const image = new MetadataImage()
    const record = metadataRecord('ConfigRecord', 0, {
      resourceType: 4,
      resourceName: '1',
      name: 'log.cleaner.threads',
      value: '2',
    })
    replayed([record], image)
    image.delta = new MetadataDelta()
    replayed([record], image)
    expect([...image.delta.configs.values()]).toEqual([
      { resource: { type: 4, name: '1' }, keys: new Set(['log.cleaner.threads']) },
    ])
  })
})
