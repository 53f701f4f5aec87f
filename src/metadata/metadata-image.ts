/**
 * The cluster as the metadata log describes it, up to an offset: one mutable image with indexes. A controller keeps one
 * that runs ahead of what is committed and can go back (`isUndoable`); a broker keeps one of what is committed and hands
 * on what changed (`delta`). Everything reads it; `replay` is the only mutation, on leader, follower and restart alike.
 *
 * Values in it are immutable and replaced as a whole, so a snapshot is a walk over references, and whoever holds a
 * registration holds it as it was. Kinds of state that are not served yet are kept all the same.
 *
 * Invariant: the image is exactly the replay of the records below `nextOffset`, in order.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { type BrokerRegistration, isActive } from './broker-registration.ts'
import { ClusterImage } from './cluster-image.ts'
import { ConfigsImage } from './configs-image.ts'
import type { MetadataDelta } from './metadata-delta.ts'
import type { MetadataRecord, MetadataRecordData } from './metadata-record.ts'
import { metadataVersionFeature, minMetadataVersion } from './metadata-version.ts'
import { SecurityImage } from './security-image.ts'
import { TopicsImage } from './topics-image.ts'
import { UndoableCell, UndoableList, UndoableMap, UndoLog } from './undo-log.ts'

export interface MetadataImageOptions {
  /** Keeps what is needed to go back to an earlier offset. */
  readonly isUndoable?: boolean
}

/** What one image is made of; a loaded snapshot puts another in its place. */
interface ImageParts {
  readonly undoLog: UndoLog
  readonly topics: TopicsImage
  readonly cluster: ClusterImage
  readonly configs: ConfigsImage
  readonly security: SecurityImage
  readonly features: UndoableMap<string, number>
  readonly nextProducerId: UndoableCell<bigint>
  readonly isInTransaction: UndoableCell<boolean>
  readonly transaction: UndoableList<MetadataRecord>
  nextOffset: number
  delta: MetadataDelta | undefined
}

function makeParts(isUndoable: boolean): ImageParts {
  const undoLog = new UndoLog(isUndoable)
  const delta = () => parts.delta
  const parts: ImageParts = {
    undoLog,
    topics: new TopicsImage(undoLog, delta),
    cluster: new ClusterImage(undoLog, delta),
    configs: new ConfigsImage(undoLog, delta),
    security: new SecurityImage(undoLog, delta),
    features: new UndoableMap(undoLog, (name, previous, current) =>
      parts.delta?.onFeatureChange(name, previous, current),
    ),
    nextProducerId: new UndoableCell(undoLog, 0n),
    isInTransaction: new UndoableCell(undoLog, false),
    transaction: new UndoableList(undoLog),
    nextOffset: 0,
    delta: undefined,
  }
  return parts
}

export class MetadataImage {
  readonly #isUndoable: boolean
  #parts: ImageParts

  constructor(options: MetadataImageOptions = {}) {
    this.#isUndoable = options.isUndoable ?? false
    this.#parts = makeParts(this.#isUndoable)
  }

  get topics(): TopicsImage {
    return this.#parts.topics
  }

  get cluster(): ClusterImage {
    return this.#parts.cluster
  }

  get configs(): ConfigsImage {
    return this.#parts.configs
  }

  get security(): SecurityImage {
    return this.#parts.security
  }

  /** Collects changes while set; the publisher takes it away with each commit. */
  get delta(): MetadataDelta | undefined {
    return this.#parts.delta
  }

  set delta(delta: MetadataDelta | undefined) {
    this.#parts.delta = delta
  }

  /** An empty image of the same kind, to load a snapshot into. */
  emptyTwin(): MetadataImage {
    return new MetadataImage({ isUndoable: this.#isUndoable })
  }

  /** Becomes what `other` is; `other` is not to be used any more. Whoever holds this image sees the new state. */
  become(other: MetadataImage): void {
    const { delta } = this.#parts
    this.#parts = other.#parts
    this.#parts.delta = delta
  }

  /** The offset after the last replayed record. */
  get nextOffset(): number {
    return this.#parts.nextOffset
  }

  /** Between a BeginTransaction and its end: what came since is not in the image yet. */
  get isInTransaction(): boolean {
    return this.#parts.isInTransaction.value
  }

  /** Finalized levels above 0, metadata.version among them. */
  get features(): ReadonlyMap<string, number> {
    return new Map(this.#parts.features.entries())
  }

  featureLevel(name: string): number {
    return this.#parts.features.get(name) ?? 0
  }

  /** The finalized metadata.version; the oldest supported while the log says nothing. */
  get metadataVersion(): number {
    return this.#parts.features.get(metadataVersionFeature) ?? minMetadataVersion
  }

  /** Whether anything at all was replayed: the log has been bootstrapped. */
  get isBootstrapped(): boolean {
    return this.#parts.features.has(metadataVersionFeature)
  }

  /** The first producer id that no block has handed out. */
  get nextProducerId(): bigint {
    return this.#parts.nextProducerId.value
  }

  isActiveBroker(id: number): boolean {
    return isActive(this.cluster.broker(id))
  }

  /** Brokers that are not fenced, by ascending id. */
  aliveBrokers(): BrokerRegistration[] {
    return [...this.cluster.brokers()].filter((broker) => !broker.isFenced).sort((a, b) => a.id - b.id)
  }

  topicName(id: Uuid): string | undefined {
    return this.topics.get(id)?.name
  }

  /** Replays the record at `offset`. Throws AssertionError when the record contradicts the image: the log is broken. */
  replay(record: MetadataRecord, offset: number): void {
    this.#parts.undoLog.begin(offset)
    this.#parts.nextOffset = offset + 1
    switch (record.type) {
      case 'BeginTransactionRecord':
        assert(!this.isInTransaction, `a transaction begins within another at ${offset}`)
        this.#parts.isInTransaction.set(true)
        return
      case 'EndTransactionRecord':
        this.#endTransaction(offset, true)
        return
      case 'AbortTransactionRecord':
        this.#endTransaction(offset, false)
        return
      default:
        if (this.isInTransaction) this.#parts.transaction.push(record)
        else this.#apply(record, offset)
    }
  }

  /** Control records and the like take up offsets too. */
  skipTo(nextOffset: number): void {
    if (nextOffset <= this.nextOffset) return
    this.#parts.undoLog.begin(nextOffset - 1)
    this.#parts.nextOffset = nextOffset
  }

  /** Undoes every record at or after `offset`. */
  undoTo(offset: number): void {
    this.#parts.undoLog.undoTo(offset)
    this.#parts.nextOffset = Math.min(this.#parts.nextOffset, offset)
  }

  /** Records below `endOffset` are committed: they will not be undone. */
  commitTo(endOffset: number): void {
    this.#parts.undoLog.commitTo(endOffset)
  }

  #endTransaction(offset: number, isCommit: boolean): void {
    assert(this.isInTransaction, `a transaction ends at ${offset} that did not begin`)
    const records = this.#parts.transaction.values
    this.#parts.transaction.clear()
    this.#parts.isInTransaction.set(false)
    if (!isCommit) return
    for (const record of records) this.#apply(record, offset)
  }

  #apply(record: MetadataRecord, offset: number): void {
    switch (record.type) {
      case 'TopicRecord':
        this.topics.replayTopic(record.data)
        break
      case 'PartitionRecord':
        this.topics.replayPartition(record.data)
        break
      case 'PartitionChangeRecord':
        this.topics.replayPartitionChange(record.data)
        break
      case 'RemoveTopicRecord':
        this.configs.deleteTopic(this.topics.replayRemoveTopic(record.data))
        break
      case 'ClearElrRecord':
        this.topics.replayClearElr(record.data)
        break
      case 'RegisterBrokerRecord':
      case 'UnregisterBrokerRecord':
      case 'BrokerRegistrationChangeRecord':
      case 'FenceBrokerRecord':
      case 'UnfenceBrokerRecord':
      case 'RegisterControllerRecord':
        this.cluster.replay(record, offset)
        break
      case 'ConfigRecord':
        this.configs.replay(record.data)
        break
      case 'FeatureLevelRecord':
        this.#replayFeatureLevel(record.data)
        break
      case 'ProducerIdsRecord':
        this.#replayProducerIds(record.data)
        break
      case 'ClientQuotaRecord':
      case 'UserScramCredentialRecord':
      case 'RemoveUserScramCredentialRecord':
      case 'AccessControlEntryRecord':
      case 'RemoveAccessControlEntryRecord':
      case 'DelegationTokenRecord':
      case 'RemoveDelegationTokenRecord':
        this.security.replay(record)
        break
      case 'NoOpRecord':
      case 'ZkMigrationStateRecord':
        return
      default:
        assert(false, `${record.type} cannot be here`)
    }
  }

  #replayFeatureLevel(data: MetadataRecordData<'FeatureLevelRecord'>): void {
    if (data.featureLevel === 0) this.#parts.features.delete(data.name)
    else this.#parts.features.set(data.name, data.featureLevel)
  }

  #replayProducerIds(data: MetadataRecordData<'ProducerIdsRecord'>): void {
    assert(
      data.nextProducerId > this.nextProducerId,
      `producer ids go forward: ${data.nextProducerId} after ${this.nextProducerId}`,
    )
    this.#parts.nextProducerId.set(data.nextProducerId)
  }
}
