/**
 * Random sequences of metadata records that a controller could have written: each contradicts nothing before it. For
 * property tests of the image.
 */
import { type Random, SeededRandom } from '../../src/base/random.ts'
import { randomUuid } from '../../src/base/uuid.ts'
import { MetadataImage } from '../../src/metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../../src/metadata/metadata-record.ts'

function pick<T>(random: Random, values: Iterable<T>): T | undefined {
  const all = [...values]
  return all.length === 0 ? undefined : all[random.integer(all.length)]
}

function registerBroker(random: Random, offset: number): MetadataRecord {
  return metadataRecord('RegisterBrokerRecord', 4, {
    brokerId: random.integer(4),
    incarnationId: randomUuid(random),
    brokerEpoch: offset,
    endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
    features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 }],
    rack: random.integer(2) === 0 ? null : 'a',
    fenced: true,
    logDirs: [randomUuid(random)],
    cordonedLogDirs: random.integer(2) === 0 ? null : [],
  })
}

function changeBroker(random: Random, image: MetadataImage): MetadataRecord | undefined {
  const broker = pick(random, image.cluster.brokers())
  if (broker === undefined) return undefined
  const identity = { brokerId: broker.id, brokerEpoch: broker.epoch }
  switch (random.integer(5)) {
    case 0:
      return metadataRecord('UnregisterBrokerRecord', 0, identity)
    case 1:
      return metadataRecord('FenceBrokerRecord', 0, { id: broker.id, epoch: broker.epoch })
    case 2:
      return metadataRecord('UnfenceBrokerRecord', 0, { id: broker.id, epoch: broker.epoch })
    default:
      return metadataRecord('BrokerRegistrationChangeRecord', 3, {
        ...identity,
        fenced: random.integer(3) - 1,
        inControlledShutdown: random.integer(2),
        logDirs: random.integer(2) === 0 ? [] : [randomUuid(random)],
        cordonedLogDirs: random.integer(2) === 0 ? null : [randomUuid(random)],
      })
  }
}

function createTopic(random: Random, image: MetadataImage): MetadataRecord | undefined {
  const name = `${pick(random, ['a', 'b.', 'c_', 'd'])}${random.integer(6)}`
  if (image.topics.getByName(name) !== undefined) return undefined
  return metadataRecord('TopicRecord', 0, { name, topicId: randomUuid(random) })
}

function createPartition(random: Random, image: MetadataImage): MetadataRecord | undefined {
  const topic = pick(random, image.topics.values())
  if (topic === undefined) return undefined
  const replicas = [1, 2, 3].slice(0, 1 + random.integer(3))
  return metadataRecord('PartitionRecord', 2, {
    partitionId: topic.partitions.size,
    topicId: topic.id,
    replicas,
    isr: replicas.slice(0, 1 + random.integer(replicas.length)),
    leader: replicas[0]!,
    leaderRecoveryState: random.integer(2),
    leaderEpoch: random.integer(5),
    partitionEpoch: random.integer(5),
    directories: replicas.map(() => randomUuid(random)),
    eligibleLeaderReplicas: random.integer(2) === 0 ? null : [2],
    lastKnownElr: random.integer(2) === 0 ? null : [3],
  })
}

function changePartition(random: Random, image: MetadataImage): MetadataRecord | undefined {
  const topic = pick(random, image.topics.values())
  const partitionId = topic === undefined ? undefined : pick(random, topic.partitions.keys())
  if (topic === undefined || partitionId === undefined) return undefined
  const replicas = random.integer(3) === 0 ? [2, 3] : null
  return metadataRecord('PartitionChangeRecord', 2, {
    partitionId,
    topicId: topic.id,
    isr: random.integer(2) === 0 ? null : [random.integer(4)],
    leader: random.integer(5) - 2,
    replicas,
    directories: replicas === null ? null : replicas.map(() => randomUuid(random)),
    removingReplicas: random.integer(3) === 0 ? [1] : null,
    addingReplicas: random.integer(3) === 0 ? [2] : null,
    leaderRecoveryState: random.integer(3) - 1,
    eligibleLeaderReplicas: random.integer(3) === 0 ? [1] : null,
    lastKnownElr: random.integer(3) === 0 ? [] : null,
  })
}

function otherTopicRecord(random: Random, image: MetadataImage): MetadataRecord | undefined {
  const topic = pick(random, image.topics.values())
  if (topic === undefined) return undefined
  if (random.integer(2) === 0) return metadataRecord('RemoveTopicRecord', 0, { topicId: topic.id })
  return metadataRecord('ClearElrRecord', 0, { topicName: random.integer(2) === 0 ? '' : topic.name })
}

function config(random: Random): MetadataRecord {
  return metadataRecord('ConfigRecord', 0, {
    resourceType: pick(random, [2, 4, 16, 32])!,
    resourceName: pick(random, ['', '1', 'a1', 'd2'])!,
    name: pick(random, ['retention.ms', 'cleanup.policy', 'min.insync.replicas'])!,
    value: random.integer(3) === 0 ? null : String(random.integer(100)),
  })
}

function security(random: Random): MetadataRecord {
  const name = `user${random.integer(3)}`
  const id = Buffer.alloc(16, 100 + random.integer(3)).toString('base64url')
  switch (random.integer(7)) {
    case 0:
      return metadataRecord('UserScramCredentialRecord', 0, {
        name,
        mechanism: 1 + random.integer(2),
        salt: random.bytes(4),
        storedKey: random.bytes(4),
        serverKey: random.bytes(4),
        iterations: 4096,
      })
    case 1:
      return metadataRecord('RemoveUserScramCredentialRecord', 0, { name, mechanism: 1 + random.integer(2) })
    case 2:
      return metadataRecord('AccessControlEntryRecord', 0, { id, resourceName: name, principal: `User:${name}` })
    case 3:
      return metadataRecord('RemoveAccessControlEntryRecord', 0, { id })
    case 4:
      return metadataRecord('DelegationTokenRecord', 0, {
        tokenId: name,
        owner: name,
        renewers: ['r'],
        maxTimestamp: 7,
      })
    case 5:
      return metadataRecord('RemoveDelegationTokenRecord', 0, { tokenId: name })
    default:
      return metadataRecord('ClientQuotaRecord', 0, {
        entity: [{ entityType: 'user', entityName: random.integer(2) === 0 ? null : name }],
        key: pick(random, ['producer_byte_rate', 'request_percentage'])!,
        value: random.integer(10),
        remove: random.integer(3) === 0,
      })
  }
}

function other(random: Random, image: MetadataImage): MetadataRecord {
  switch (random.integer(5)) {
    case 0:
      return metadataRecord('ProducerIdsRecord', 0, {
        brokerId: 1,
        brokerEpoch: 5,
        nextProducerId: image.nextProducerId + 1000n,
      })
    case 1:
      return metadataRecord('RegisterControllerRecord', 0, {
        controllerId: random.integer(3),
        incarnationId: randomUuid(random),
        endPoints: [],
        features: [],
      })
    case 2:
      return metadataRecord('ZkMigrationStateRecord', 0, { zkMigrationState: 0 })
    case 3:
      return metadataRecord('FeatureLevelRecord', 0, {
        name: pick(random, ['group.version', 'share.version'])!,
        featureLevel: random.integer(2),
      })
    default:
      return metadataRecord('NoOpRecord', 0, {})
  }
}

function transaction(random: Random, image: MetadataImage): MetadataRecord {
  if (!image.isInTransaction) return metadataRecord('BeginTransactionRecord', 0, { name: 'several at once' })
  return random.integer(2) === 0
    ? metadataRecord('EndTransactionRecord', 0, {})
    : metadataRecord('AbortTransactionRecord', 0, {})
}

function nextRecord(random: Random, image: MetadataImage, offset: number): MetadataRecord | undefined {
  // Within a transaction the image does not show yet what the records build on: only those that build on nothing.
  const kinds = image.isInTransaction ? [7, 8, 9, 9] : [0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6, 7, 8, 9]
  switch (pick(random, kinds)) {
    case 0:
      return registerBroker(random, offset)
    case 1:
      return changeBroker(random, image)
    case 2:
      return createTopic(random, image)
    case 3:
      return createPartition(random, image)
    case 4:
      return changePartition(random, image)
    case 5:
      return otherTopicRecord(random, image)
    case 6:
      return other(random, image)
    case 7:
      return config(random)
    case 8:
      return security(random)
    default:
      return transaction(random, image)
  }
}

/** `count` records at offsets 0, 1, 2 ...; the first sets metadata.version 30. */
export function recordSequence(seed: number, count: number): MetadataRecord[] {
  const random = new SeededRandom(seed)
  const image = new MetadataImage()
  const records: MetadataRecord[] = [
    metadataRecord('FeatureLevelRecord', 0, { name: 'metadata.version', featureLevel: 30 }),
  ]
  image.replay(records[0]!, 0)
  while (records.length < count) {
    const record = nextRecord(random, image, records.length)
    if (record === undefined) continue
    image.replay(record, records.length)
    records.push(record)
  }
  return records
}
