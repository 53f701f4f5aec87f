/**
 * The coordinator of the groups in one partition of `__consumer_offsets`: the classic protocol, with static members,
 * MEMBER_ID_REQUIRED and cooperative rebalances, and committed offsets with their expiry. A pure machine: see
 * coordinator-machine.ts for how it is driven. Groups of the other protocols stay in the log as they are.
 *
 * Requests for the whole of which there is one error throw it as KafkaError; JoinGroup and SyncGroup answer by token.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../protocol/api/08-offset-commit.ts'
import type { OffsetFetchResponseGroup } from '../../protocol/api/09-offset-fetch.ts'
import type { JoinGroupRequest } from '../../protocol/api/11-join-group.ts'
import type { HeartbeatRequest, HeartbeatResponse } from '../../protocol/api/12-heartbeat.ts'
import type { LeaveGroupResponse } from '../../protocol/api/13-leave-group.ts'
import type { SyncGroupRequest } from '../../protocol/api/14-sync-group.ts'
import type { DescribedGroup } from '../../protocol/api/15-describe-groups.ts'
import type { ListedGroup } from '../../protocol/api/16-list-groups.ts'
import type { DeletableGroupResult } from '../../protocol/api/42-delete-groups.ts'
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '../../protocol/api/47-offset-delete.ts'
import { errorCodes, KafkaError, ProtocolError } from '../../protocol/errors.ts'
import type { CoordinatorMachine, CoordinatorOutput, Instant, ReplyToken } from '../coordinator-machine.ts'
import { GroupCatalog, type ListGroupsFilter } from './group-catalog.ts'
import { GroupContext, type GroupContextOptions } from './group-context.ts'
import { GroupJoin, type GroupRequestContext } from './group-join.ts'
import { GroupMembership, type LeaveRequest } from './group-membership.ts'
import { decodeGroupRecord, type GroupRecord } from './group-record.ts'
import { joinError, syncError } from './group-responses.ts'
import type { GroupState } from './group-state.ts'
import { type OffsetFetchGroup, OffsetRequests } from './offset-requests.ts'
import { Rebalance } from './rebalance.ts'

/** Groups that are looked at for expired offsets in one go. */
const expirySliceCount = 1_000

export class GroupCoordinator implements CoordinatorMachine {
  readonly #context: GroupContext
  readonly #rebalance: Rebalance
  readonly #join: GroupJoin
  readonly #membership: GroupMembership
  readonly #offsets: OffsetRequests
  readonly #catalog: GroupCatalog

  constructor(options: GroupContextOptions) {
    this.#context = new GroupContext(options)
    this.#rebalance = new Rebalance(this.#context)
    this.#join = new GroupJoin(this.#context, this.#rebalance)
    this.#membership = new GroupMembership(this.#context, this.#rebalance)
    this.#offsets = new OffsetRequests(this.#context, this.#rebalance)
    this.#catalog = new GroupCatalog(this.#context, this.#offsets)
  }

  /** To look at. */
  get state(): GroupState {
    return this.#context.state
  }

  get endOffset(): number {
    return this.state.endOffset
  }

  joinGroup(token: ReplyToken, request: JoinGroupRequest, client: GroupRequestContext, now: Instant): void {
    this.#context.now = now
    this.#join.join(token, request, client)
  }

  syncGroup(token: ReplyToken, request: SyncGroupRequest, now: Instant): void {
    this.#context.now = now
    this.#membership.sync(token, request)
  }

  heartbeat(request: HeartbeatRequest, now: Instant): HeartbeatResponse {
    this.#context.now = now
    return this.#membership.heartbeat(request)
  }

  leaveGroup(request: LeaveRequest, now: Instant): LeaveGroupResponse {
    this.#context.now = now
    return this.#membership.leave(request)
  }

  commitOffsets(request: OffsetCommitRequest, apiVersion: number, now: Instant): OffsetCommitResponse {
    this.#context.now = now
    return this.#offsets.commit(request, apiVersion)
  }

  fetchOffsets(request: OffsetFetchGroup, requireStable: boolean): OffsetFetchResponseGroup {
    return this.#offsets.fetch(request, requireStable)
  }

  deleteOffsets(request: OffsetDeleteRequest, now: Instant): OffsetDeleteResponse {
    this.#context.now = now
    return this.#offsets.delete(request)
  }

  describeGroup(groupId: string, apiVersion: number): DescribedGroup {
    return this.#catalog.describe(groupId, apiVersion)
  }

  listGroups(filter: ListGroupsFilter): ListedGroup[] {
    return this.#catalog.list(filter)
  }

  deleteGroup(groupId: string, now: Instant): DeletableGroupResult {
    this.#context.now = now
    return this.#catalog.delete(groupId)
  }

  /** Ids by name. */
  onTopicsDeleted(topics: ReadonlyMap<string, Uuid>, now: Instant): void {
    this.#context.now = now
    this.#offsets.onTopicsDeleted(topics)
  }

  replay(offset: number, producerId: bigint, key: Buffer | null, value: Buffer | null): void {
    const record = this.#decode(offset, key, value)
    if (record === undefined) this.advanceTo(offset + 1)
    else this.state.replay(offset, producerId, detached(record))
  }

  replayEndTransaction(offset: number, producerId: bigint, isCommit: boolean): void {
    this.state.replayEndTransaction(offset, producerId, isCommit)
  }

  advanceTo(endOffset: number): void {
    this.state.advanceTo(endOffset)
  }

  commitTo(endOffset: number): void {
    this.state.commitTo(endOffset)
  }

  undoTo(endOffset: number): void {
    this.state.undoTo(endOffset)
  }

  becomeActive(now: Instant): void {
    this.#context.now = now
    for (const [groupId, stored] of this.state.groups()) {
      if (stored.type !== 'classic' || stored.metadata.members.length === 0) continue
      const group = this.#context.liveGroup(groupId)!
      for (const member of group.members.values()) this.#rebalance.restartSession(group, member)
      if (group.members.size > this.#context.settings.maxSize) {
        this.#rebalance.prepare(group, `loaded with ${group.members.size} members, more than are allowed now`)
      }
    }
    this.#scheduleExpiry()
  }

  becomeInactive(): void {
    for (const group of this.#context.livingGroups()) {
      group.cancelTimers()
      for (const member of group.members.values()) {
        this.#rebalance.answerJoin(group, member, joinError(errorCodes.NOT_COORDINATOR, member.memberId))
        this.#rebalance.answerSync(member, syncError(errorCodes.NOT_COORDINATOR))
      }
    }
  }

  nextDueMs(): number | undefined {
    return this.#context.nextDueMs()
  }

  runDue(now: Instant): void {
    this.#context.now = now
    this.#context.runDue()
  }

  takeOutput(): CoordinatorOutput {
    return this.#context.outbox.take()
  }

  #scheduleExpiry(): void {
    this.#context.schedule(this.#context.settings.offsetsRetentionCheckIntervalMs, () => {
      this.#expireSlice(
        [...this.state.groups()].map(([groupId]) => groupId),
        0,
      )
    })
  }

  #expireSlice(groupIds: readonly string[], start: number): void {
    const end = Math.min(start + expirySliceCount, groupIds.length)
    for (let index = start; index < end; index++) this.#offsets.expire(groupIds[index]!)
    if (end === groupIds.length) this.#scheduleExpiry()
    else this.#context.schedule(0, () => this.#expireSlice(groupIds, end))
  }

  /** One record that cannot be read must not keep a whole partition's groups from loading. */
  #decode(offset: number, key: Buffer | null, value: Buffer | null): GroupRecord | undefined {
    if (key === null) return undefined
    try {
      return decodeGroupRecord(key, value)
    } catch (error) {
      if (!(error instanceof KafkaError || error instanceof ProtocolError)) throw error
      this.#context.logger.warn('a record of __consumer_offsets cannot be read', { offset, error: error.message })
      return undefined
    }
  }
}

/** What stays in memory must not hold the piece of the log that it was read from. */
function detached(record: GroupRecord): GroupRecord {
  if (record.kind !== 'classic' || record.group === null) return record
  const members = record.group.members.map((member) => ({
    ...member,
    subscription: Buffer.from(member.subscription),
    assignment: Buffer.from(member.assignment),
  }))
  return { ...record, group: { ...record.group, members } }
}
