/**
 * Committing, fetching and deleting the offsets of groups, and their expiry. Whether a topic exists and who may touch it
 * the handlers have checked; names and ids come here together.
 */
import { type Uuid, zeroUuid } from '../../base/uuid.ts'
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../protocol/api/08-offset-commit.ts'
import type { OffsetFetchResponseGroup, OffsetFetchResponsePartitions } from '../../protocol/api/09-offset-fetch.ts'
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '../../protocol/api/47-offset-delete.ts'
import { errorCodes } from '../../protocol/errors.ts'
import type { ClassicGroup } from './classic-group.ts'
import { type GroupContext, refuse } from './group-context.ts'
import type { OffsetRecord } from './group-record.ts'
import { memberError } from './member-checks.ts'
import type { CommittedOffset } from './offset-store.ts'
import type { Rebalance } from './rebalance.ts'

/** From this version on a group that does not exist has an error of its own. */
const groupIdNotFoundVersion = 9

export interface OffsetFetchTopic {
  readonly name: string
  /** Zero where the client named the topic: then offsets of an earlier topic of that name count too. */
  readonly topicId: Uuid
  readonly partitionIndexes: readonly number[]
}

export interface OffsetFetchGroup {
  readonly groupId: string
  /** Null: all that the group has. */
  readonly topics: readonly OffsetFetchTopic[] | null
}

export class OffsetRequests {
  readonly #context: GroupContext
  readonly #rebalance: Rebalance

  constructor(context: GroupContext, rebalance: Rebalance) {
    this.#context = context
    this.#rebalance = rebalance
  }

  /** Throws KafkaError when nothing is committed. */
  commit(request: OffsetCommitRequest, apiVersion: number): OffsetCommitResponse {
    this.#checkCommitter(request, apiVersion)
    const { offsetMetadataMaxBytes } = this.#context.settings
    const { wallMs } = this.#context.now
    const expireTimestampMs = request.retentionTimeMs === -1 ? -1 : wallMs + request.retentionTimeMs
    const records: OffsetRecord[] = []
    const topics = request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map((partition) => {
        const { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata } = partition
        const metadata = committedMetadata ?? ''
        if (metadata.length > offsetMetadataMaxBytes) {
          return { partitionIndex, errorCode: errorCodes.OFFSET_METADATA_TOO_LARGE }
        }
        const commit = {
          offset: committedOffset,
          leaderEpoch: committedLeaderEpoch,
          metadata,
          commitTimestampMs: wallMs,
          expireTimestampMs,
          topicId,
        }
        records.push({ kind: 'offset', groupId: request.groupId, topic: name, partition: partitionIndex, commit })
        return { partitionIndex, errorCode: 0 }
      }),
    }))
    if (records.length > 0) this.#context.write(records)
    return { throttleTimeMs: 0, topics }
  }

  /** `requireStable`: partitions with an offset in an open transaction are refused. */
  fetch(request: OffsetFetchGroup, requireStable: boolean): OffsetFetchResponseGroup {
    const { groupId } = request
    const { offsets } = this.#context.state
    const answer = (topic: string, topicId: Uuid, partitionIndex: number, committed: CommittedOffset | undefined) => {
      if (requireStable && offsets.isPending(groupId, topic, partitionIndex)) {
        return noOffset(partitionIndex, errorCodes.UNSTABLE_OFFSET_COMMIT)
      }
      if (committed === undefined || isOfOtherTopic(committed.topicId, topicId)) return noOffset(partitionIndex, 0)
      const { offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata } = committed
      return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode: 0 }
    }
    const topics =
      request.topics === null
        ? [...(offsets.ofGroup(groupId)?.entries() ?? [])].map(([name, partitions]) => ({
            name,
            topicId: zeroUuid,
            partitions: [...partitions.entries()].map(([index, committed]) => answer(name, zeroUuid, index, committed)),
          }))
        : request.topics.map(({ name, topicId, partitionIndexes }) => ({
            name,
            topicId,
            partitions: partitionIndexes.map((index) =>
              answer(name, topicId, index, offsets.get(groupId, name, index)),
            ),
          }))
    return { groupId, topics, errorCode: 0 }
  }

  /** Throws GROUP_ID_NOT_FOUND and NON_EMPTY_GROUP. */
  delete(request: OffsetDeleteRequest): OffsetDeleteResponse {
    const { groupId } = request
    const group = this.#context.viewGroup(groupId)
    if (group === undefined) refuse('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    if (!group.isEmpty && !group.usesConsumerProtocol) refuse('NON_EMPTY_GROUP')
    const { offsets } = this.#context.state
    const records: OffsetRecord[] = []
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        if (group.isSubscribedTo(name)) return { partitionIndex, errorCode: errorCodes.GROUP_SUBSCRIBED_TO_TOPIC }
        const isKnown =
          offsets.get(groupId, name, partitionIndex) !== undefined || offsets.isPending(groupId, name, partitionIndex)
        if (isKnown) records.push(tombstone(groupId, name, partitionIndex))
        return { partitionIndex, errorCode: 0 }
      }),
    }))
    if (records.length > 0) this.#context.write(records)
    return { errorCode: 0, throttleTimeMs: 0, topics }
  }

  /** Tombstones for all that the group has, open transactions included. */
  tombstonesOf(groupId: string): OffsetRecord[] {
    const { offsets } = this.#context.state
    const records: OffsetRecord[] = []
    for (const [topic, partitions] of offsets.ofGroup(groupId)?.entries() ?? []) {
      for (const partition of partitions.keys()) records.push(tombstone(groupId, topic, partition))
    }
    if (!offsets.hasOpenTransaction(groupId)) return records
    for (const { topic, partition } of offsets.pendingPartitions(groupId)) {
      if (offsets.get(groupId, topic, partition) === undefined) records.push(tombstone(groupId, topic, partition))
    }
    return records
  }

  /** Topics are gone; offsets for a topic of the same name that is another one stay. */
  onTopicsDeleted(deleted: ReadonlyMap<string, Uuid>): void {
    const { offsets } = this.#context.state
    const records: OffsetRecord[] = []
    for (const groupId of offsets.groupIds()) {
      for (const [topic, partitions] of offsets.ofGroup(groupId)!.entries()) {
        const topicId = deleted.get(topic)
        if (topicId === undefined) continue
        for (const [partition, committed] of partitions.entries()) {
          if (!isOfOtherTopic(committed.topicId, topicId)) records.push(tombstone(groupId, topic, partition))
        }
      }
    }
    for (const { groupId, topic, partition } of offsets.pendingPartitions()) {
      const isAlone = offsets.get(groupId, topic, partition) === undefined
      if (isAlone && deleted.has(topic)) records.push(tombstone(groupId, topic, partition))
    }
    this.writeInPieces(records)
  }

  /** Tombstones for the group's expired offsets, and for the group when it is empty and has nothing left. */
  expire(groupId: string): void {
    const group = this.#context.viewGroup(groupId)
    if (group === undefined) return
    const { offsets } = this.#context.state
    const records: OffsetRecord[] = []
    let areAllExpired = true
    for (const [topic, partitions] of offsets.ofGroup(groupId)?.entries() ?? []) {
      const isSubscribed = group.isSubscribedTo(topic)
      for (const [partition, committed] of partitions.entries()) {
        const isExpired = !isSubscribed && this.#isExpired(group, committed)
        if (isExpired && !offsets.isPending(groupId, topic, partition)) {
          records.push(tombstone(groupId, topic, partition))
        } else areAllExpired = false
      }
    }
    this.writeInPieces(records)
    if (areAllExpired && group.isEmpty && !offsets.hasOpenTransaction(groupId)) {
      this.#context.write([{ kind: 'classic', groupId, group: null }])
    }
  }

  /** Many tombstones need not be written together, and one batch has a largest size. */
  writeInPieces(records: readonly OffsetRecord[]): void {
    const pieceCount = 1_000
    for (let start = 0; start < records.length; start += pieceCount) {
      this.#context.write(records.slice(start, start + pieceCount))
    }
  }

  /**
   * Members commit in their generation; who is no member commits without one, while the group is empty. A commit is a
   * sign of life, except while the generation is being assigned: then nothing may be committed.
   */
  #checkCommitter(request: OffsetCommitRequest, apiVersion: number): void {
    const { groupId, generationIdOrMemberEpoch: generationId, memberId, groupInstanceId } = request
    const group = this.#context.livingGroup(groupId) ?? this.#context.viewGroup(groupId)
    if (group === undefined) {
      this.#checkForeignCommitter(groupId, generationId, apiVersion)
      return
    }
    if (generationId < 0 && group.isEmpty) return
    if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
      const error = memberError(group, memberId, groupInstanceId)
      if (error === errorCodes.FENCED_INSTANCE_ID) refuse('FENCED_INSTANCE_ID')
      if (error !== 0) refuse('UNKNOWN_MEMBER_ID')
      if (generationId !== group.generationId) refuse('ILLEGAL_GENERATION')
    } else refuse('UNKNOWN_MEMBER_ID')
    if (group.state === 'CompletingRebalance') refuse('REBALANCE_IN_PROGRESS')
    this.#rebalance.restartSession(group, group.members.get(memberId)!)
  }

  #checkForeignCommitter(groupId: string, generationId: number, apiVersion: number): void {
    if (generationId < 0) return
    if (this.#context.state.group(groupId) !== undefined) refuse('UNKNOWN_MEMBER_ID')
    if (apiVersion >= groupIdNotFoundVersion) refuse('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    refuse('ILLEGAL_GENERATION')
  }

  /**
   * Retention counts from when the group became empty; for groups without members' protocol, and for topics that a
   * stable group of consumers does not read, from the commit.
   */
  #isExpired(group: ClassicGroup, committed: CommittedOffset): boolean {
    const { wallMs } = this.#context.now
    const { commitTimestampMs, expireTimestampMs } = committed
    const isSimple = group.protocolType === null
    const isUnread = group.usesConsumerProtocol && group.subscribedTopics !== undefined && group.state === 'Stable'
    if (!isSimple && !group.isEmpty && !isUnread) return false
    if (expireTimestampMs !== -1) return wallMs >= expireTimestampMs
    const isSinceEmpty = !isSimple && group.isEmpty && group.stateTimestampMs !== -1
    const sinceMs = isSinceEmpty ? group.stateTimestampMs : commitTimestampMs
    return wallMs - sinceMs >= this.#context.settings.offsetsRetentionMs
  }
}

function tombstone(groupId: string, topic: string, partition: number): OffsetRecord {
  return { kind: 'offset', groupId, topic, partition, commit: null }
}

function noOffset(partitionIndex: number, errorCode: number): OffsetFetchResponsePartitions {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode }
}

function isOfOtherTopic(committedFor: Uuid, asked: Uuid): boolean {
  return committedFor !== asked && committedFor !== zeroUuid && asked !== zeroUuid
}
