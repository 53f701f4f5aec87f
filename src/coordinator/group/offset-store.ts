/**
 * Hard state: the committed offsets of all groups of a partition, and those of transactions that are still open. Only
 * GroupState's replay changes it; requests read it. All of it can be undone to an earlier offset of the log.
 *
 * Offsets of a transaction wait under its producer id: the commit marker moves them among the committed ones, unless
 * a later record committed the same partition without a transaction meanwhile, and the abort marker drops them.
 *
 * Invariant: no empty map stands for a group or a topic, and a producer is listed under a group exactly while it has
 * an open transaction there (until its marker, even when a tombstone took all its offsets).
 */
import { UndoableMap, type UndoLog } from '../../metadata/undo-log.ts'
import type { OffsetCommit } from './group-record.ts'

export interface CommittedOffset extends OffsetCommit {
  /** Offset of the record that says so: of two records the later one counts. */
  readonly recordOffset: number
}

export type PartitionOffsets = UndoableMap<number, CommittedOffset>
export type TopicOffsets = UndoableMap<string, PartitionOffsets>

/** Group, topic, partition. */
class OffsetMap {
  readonly groups: UndoableMap<string, TopicOffsets>
  readonly #undoLog: UndoLog

  constructor(undoLog: UndoLog) {
    this.#undoLog = undoLog
    this.groups = new UndoableMap(undoLog)
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.groups.get(groupId)?.get(topic)?.get(partition)
  }

  set(groupId: string, topic: string, partition: number, commit: CommittedOffset): void {
    let topics = this.groups.get(groupId)
    if (topics === undefined) {
      topics = new UndoableMap(this.#undoLog)
      this.groups.set(groupId, topics)
    }
    let partitions = topics.get(topic)
    if (partitions === undefined) {
      partitions = new UndoableMap(this.#undoLog)
      topics.set(topic, partitions)
    }
    partitions.set(partition, commit)
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.groups.get(groupId)
    const partitions = topics?.get(topic)
    if (topics === undefined || partitions === undefined) return
    partitions.delete(partition)
    if (partitions.size === 0) topics.delete(topic)
    if (topics.size === 0) this.groups.delete(groupId)
  }
}

export class OffsetStore {
  readonly #undoLog: UndoLog
  readonly #committed: OffsetMap
  readonly #pending: UndoableMap<bigint, OffsetMap>
  readonly #producersByGroup: UndoableMap<string, UndoableMap<bigint, true>>

  constructor(undoLog: UndoLog) {
    this.#undoLog = undoLog
    this.#committed = new OffsetMap(undoLog)
    this.#pending = new UndoableMap(undoLog)
    this.#producersByGroup = new UndoableMap(undoLog)
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(groupId, topic, partition)
  }

  /** Undefined when the group has none. */
  ofGroup(groupId: string): TopicOffsets | undefined {
    return this.#committed.groups.get(groupId)
  }

  groupIds(): MapIterator<string> {
    return this.#committed.groups.keys()
  }

  hasOpenTransaction(groupId: string): boolean {
    return this.#producersByGroup.get(groupId) !== undefined
  }

  /** An open transaction has an offset for it. */
  isPending(groupId: string, topic: string, partition: number): boolean {
    const producers = this.#producersByGroup.get(groupId)
    if (producers === undefined) return false
    for (const producerId of producers.keys()) {
      if (this.#pending.get(producerId)?.get(groupId, topic, partition) !== undefined) return true
    }
    return false
  }

  /** Offsets of open transactions, of one group or of all; a partition may come more than once. */
  *pendingPartitions(ofGroupId?: string): Generator<{ groupId: string; topic: string; partition: number }> {
    for (const offsets of this.#pending.values()) {
      for (const [groupId, topics] of offsets.groups.entries()) {
        if (ofGroupId !== undefined && groupId !== ofGroupId) continue
        for (const [topic, partitions] of topics.entries()) {
          for (const partition of partitions.keys()) yield { groupId, topic, partition }
        }
      }
    }
  }

  commit(groupId: string, topic: string, partition: number, commit: CommittedOffset): void {
    this.#committed.set(groupId, topic, partition, commit)
  }

  commitPending(producerId: bigint, groupId: string, topic: string, partition: number, commit: CommittedOffset): void {
    let offsets = this.#pending.get(producerId)
    if (offsets === undefined) {
      offsets = new OffsetMap(this.#undoLog)
      this.#pending.set(producerId, offsets)
    }
    offsets.set(groupId, topic, partition, commit)
    let producers = this.#producersByGroup.get(groupId)
    if (producers === undefined) {
      producers = new UndoableMap(this.#undoLog)
      this.#producersByGroup.set(groupId, producers)
    }
    if (!producers.has(producerId)) producers.set(producerId, true)
  }

  /** Takes the offset away, also from open transactions. */
  delete(groupId: string, topic: string, partition: number): void {
    this.#committed.delete(groupId, topic, partition)
    for (const producerId of this.#producersByGroup.get(groupId)?.keys() ?? []) {
      this.#pending.get(producerId)?.delete(groupId, topic, partition)
    }
  }

  endTransaction(producerId: bigint, isCommit: boolean): void {
    const offsets = this.#pending.get(producerId)
    if (offsets === undefined) return
    this.#pending.delete(producerId)
    for (const groupId of [...this.#producersByGroup.keys()]) this.#forgetProducer(groupId, producerId)
    if (!isCommit) return
    for (const [groupId, topics] of offsets.groups.entries()) {
      for (const [topic, partitions] of topics.entries()) {
        for (const [partition, commit] of partitions.entries()) {
          const existing = this.get(groupId, topic, partition)
          if (existing !== undefined && existing.recordOffset > commit.recordOffset) continue
          this.commit(groupId, topic, partition, commit)
        }
      }
    }
  }

  #forgetProducer(groupId: string, producerId: bigint): void {
    const producers = this.#producersByGroup.get(groupId)!
    if (!producers.has(producerId)) return
    producers.delete(producerId)
    if (producers.size === 0) this.#producersByGroup.delete(groupId)
  }
}
