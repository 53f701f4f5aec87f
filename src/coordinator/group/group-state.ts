/**
 * Hard state of one partition of `__consumer_offsets`: groups as they were last written, and their offsets. `replay` is
 * the only way to change it, on leader and restart alike; everything can be undone down to an offset that is committed.
 *
 * A group that only commits offsets has no record of its own: its first offset makes it exist, as an empty classic
 * group without a protocol type. Groups of other protocols are known by name, so that theirs is not taken.
 */
import { assert } from '../../base/assert.ts'
import { UndoableMap, UndoLog } from '../../metadata/undo-log.ts'
import type { GroupMetadataValue } from '../../protocol/stored/group/group-metadata.ts'
import type {
  ClassicGroupRecord,
  ForeignGroupRecord,
  ForeignGroupType,
  GroupRecord,
  OffsetRecord,
} from './group-record.ts'
import { OffsetStore } from './offset-store.ts'

export interface StoredClassicGroup {
  readonly type: 'classic'
  readonly metadata: GroupMetadataValue
}

export interface StoredForeignGroup {
  readonly type: ForeignGroupType
}

export type StoredGroup = StoredClassicGroup | StoredForeignGroup

/** A group that nobody ever joined. */
export const simpleGroup: StoredClassicGroup = {
  type: 'classic',
  metadata: { protocolType: '', generation: 0, protocol: null, leader: null, currentStateTimestamp: -1, members: [] },
}

export class GroupState {
  readonly offsets: OffsetStore
  readonly #undoLog = new UndoLog(true)
  readonly #groups: UndoableMap<string, StoredGroup>
  #endOffset = 0

  /** `onGroupDeleted` is told of every tombstone of a classic group. */
  constructor(onGroupDeleted?: (groupId: string) => void) {
    this.offsets = new OffsetStore(this.#undoLog)
    this.#groups = new UndoableMap(this.#undoLog, (groupId, _previous, current) => {
      if (current === undefined) onGroupDeleted?.(groupId)
    })
  }

  /** Exclusive. */
  get endOffset(): number {
    return this.#endOffset
  }

  get groupCount(): number {
    return this.#groups.size
  }

  group(groupId: string): StoredGroup | undefined {
    return this.#groups.get(groupId)
  }

  groups(): MapIterator<[string, StoredGroup]> {
    return this.#groups.entries()
  }

  replay(offset: number, producerId: bigint, record: GroupRecord): void {
    this.#begin(offset)
    if (record.kind === 'offset') this.#replayOffset(offset, producerId, record)
    else if (record.kind === 'classic') this.#replayClassicGroup(record)
    else this.#replayForeignGroup(record)
  }

  replayEndTransaction(offset: number, producerId: bigint, isCommit: boolean): void {
    this.#begin(offset)
    this.offsets.endTransaction(producerId, isCommit)
  }

  advanceTo(endOffset: number): void {
    this.#endOffset = Math.max(this.#endOffset, endOffset)
  }

  commitTo(endOffset: number): void {
    this.#undoLog.commitTo(endOffset)
  }

  undoTo(endOffset: number): void {
    this.#undoLog.undoTo(endOffset)
    this.#endOffset = Math.min(this.#endOffset, endOffset)
  }

  #begin(offset: number): void {
    assert(offset >= this.#endOffset, `records are replayed in order: ${offset} where ${this.#endOffset} comes next`)
    this.#undoLog.begin(offset)
    this.#endOffset = offset + 1
  }

  #replayOffset(recordOffset: number, producerId: bigint, record: OffsetRecord): void {
    const { groupId, topic, partition, commit } = record
    if (commit === null) {
      this.offsets.delete(groupId, topic, partition)
      return
    }
    if (!this.#groups.has(groupId)) this.#groups.set(groupId, simpleGroup)
    const committed = { ...commit, recordOffset }
    if (producerId < 0n) this.offsets.commit(groupId, topic, partition, committed)
    else this.offsets.commitPending(producerId, groupId, topic, partition, committed)
  }

  #replayClassicGroup({ groupId, group }: ClassicGroupRecord): void {
    if (group === null) this.#groups.delete(groupId)
    else this.#groups.set(groupId, { type: 'classic', metadata: group })
  }

  #replayForeignGroup({ groupId, type, exists }: ForeignGroupRecord): void {
    if (exists) this.#groups.set(groupId, { type })
    else if (this.#groups.get(groupId)?.type === type) this.#groups.delete(groupId)
  }
}
