/**
 * The groups that this broker coordinates, as handlers ask for them: finds the partition of a group, runs the request
 * there, and turns what goes wrong on the way into the answer that the API has for it. Nothing here rejects because of a
 * client or a disk.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { GroupCoordinator } from '../../coordinator/group/group-coordinator.ts'
import { appendErrorCode } from '../../coordinator/group/group-errors.ts'
import type { GroupRequestContext } from '../../coordinator/group/group-join.ts'
import type { LeaveRequest } from '../../coordinator/group/group-membership.ts'
import { joinError, syncError } from '../../coordinator/group/group-responses.ts'
import type { OffsetFetchGroup } from '../../coordinator/group/offset-requests.ts'
import { coordinatorPartition } from '../../coordinator/java-string-hash.ts'
import type { MetadataDelta } from '../../metadata/metadata-delta.ts'
import type { OffsetCommitRequest, OffsetCommitResponse } from '../../protocol/api/08-offset-commit.ts'
import type { OffsetFetchResponseGroup } from '../../protocol/api/09-offset-fetch.ts'
import type { JoinGroupRequest, JoinGroupResponse } from '../../protocol/api/11-join-group.ts'
import type { HeartbeatRequest, HeartbeatResponse } from '../../protocol/api/12-heartbeat.ts'
import type { LeaveGroupResponse } from '../../protocol/api/13-leave-group.ts'
import type { SyncGroupRequest, SyncGroupResponse } from '../../protocol/api/14-sync-group.ts'
import type { DescribedGroup } from '../../protocol/api/15-describe-groups.ts'
import type { ListedGroup, ListGroupsResponse } from '../../protocol/api/16-list-groups.ts'
import type { DeletableGroupResult } from '../../protocol/api/42-delete-groups.ts'
import type { OffsetDeleteRequest, OffsetDeleteResponse } from '../../protocol/api/47-offset-delete.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../../protocol/errors.ts'
import type { CoordinatorRuntime } from './coordinator-runtime.ts'
import type { CoordinatorShard } from './coordinator-shard.ts'

export type GroupRuntime = CoordinatorRuntime<GroupCoordinator>
type GroupShard = CoordinatorShard<GroupCoordinator>

export interface ListGroupsFilter {
  readonly states: readonly string[]
  readonly types: readonly string[]
}

export class GroupCoordinatorService {
  readonly #runtime: GroupRuntime
  readonly #partitionCount: () => number

  /** `partitionCount`: those of `__consumer_offsets`, or that it will have. */
  constructor(runtime: GroupRuntime, partitionCount: () => number) {
    this.#runtime = runtime
    this.#partitionCount = partitionCount
  }

  partitionFor(groupId: string): number {
    return coordinatorPartition(groupId, this.#partitionCount())
  }

  /** Resolves when this broker, which leads the group's partition, has read it, and after `timeoutMs` milliseconds at the latest. */
  untilLoaded(groupId: string, timeoutMs: number): Promise<void> {
    return this.#runtime.untilActive(this.partitionFor(groupId), timeoutMs)
  }

  onElected(partition: number, leaderEpoch: number): void {
    this.#runtime.onElected(partition, leaderEpoch)
  }

  onResigned(partition: number, leaderEpoch: number): void {
    this.#runtime.onResigned(partition, leaderEpoch)
  }

  /** Offsets of deleted topics go. */
  onMetadataChange(delta: MetadataDelta): void {
    if (delta.deletedTopics.size === 0) return
    const topics = new Map<string, Uuid>()
    for (const { name, id } of delta.deletedTopics.values()) topics.set(name, id)
    for (const shard of this.#runtime.shards()) {
      if (shard.state !== 'active') continue
      forgetOffsets(shard, topics)
    }
  }

  close(): void {
    this.#runtime.close()
  }

  joinGroup(request: JoinGroupRequest, client: GroupRequestContext): Promise<JoinGroupResponse> {
    return answered(
      () =>
        this.#membersShard(request.groupId).request<JoinGroupResponse>((machine, token, now) =>
          machine.joinGroup(token, request, client, now),
        ),
      (error) => joinError(error, error === errorCodes.INVALID_GROUP_ID ? request.memberId : ''),
    ) as Promise<JoinGroupResponse>
  }

  syncGroup(request: SyncGroupRequest): Promise<SyncGroupResponse> {
    return answered(
      () =>
        this.#membersShard(request.groupId).request<SyncGroupResponse>((machine, token, now) =>
          machine.syncGroup(token, request, now),
        ),
      syncError,
    ) as Promise<SyncGroupResponse>
  }

  heartbeat(request: HeartbeatRequest): HeartbeatResponse | Promise<HeartbeatResponse> {
    return answered(
      () => this.#membersShard(request.groupId).execute((machine, now) => machine.heartbeat(request, now)),
      // While the group is loaded nobody knows better.
      (error) => ({ throttleTimeMs: 0, errorCode: error === errorCodes.COORDINATOR_LOAD_IN_PROGRESS ? 0 : error }),
    )
  }

  leaveGroup(request: LeaveRequest): LeaveGroupResponse | Promise<LeaveGroupResponse> {
    return answered(
      () => this.#membersShard(request.groupId).execute((machine, now) => machine.leaveGroup(request, now)),
      (errorCode) => ({ throttleTimeMs: 0, errorCode, members: [] }),
    )
  }

  commitOffsets(
    request: OffsetCommitRequest,
    apiVersion: number,
  ): OffsetCommitResponse | Promise<OffsetCommitResponse> {
    return answered(
      () => this.#shard(request.groupId).execute((machine, now) => machine.commitOffsets(request, apiVersion, now)),
      (errorCode) => ({
        throttleTimeMs: 0,
        topics: request.topics.map(({ name, topicId, partitions }) => ({
          name,
          topicId,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
        })),
      }),
    )
  }

  fetchOffsets(
    request: OffsetFetchGroup,
    requireStable: boolean,
  ): OffsetFetchResponseGroup | Promise<OffsetFetchResponseGroup> {
    const { groupId } = request
    return answered(
      () => this.#shard(groupId).execute((machine) => machine.fetchOffsets(request, requireStable)),
      // Older consumers do not expect COORDINATOR_NOT_AVAILABLE here.
      (error) => ({
        groupId,
        topics: [],
        errorCode: error === errorCodes.COORDINATOR_NOT_AVAILABLE ? errorCodes.NOT_COORDINATOR : error,
      }),
    )
  }

  deleteOffsets(request: OffsetDeleteRequest): OffsetDeleteResponse | Promise<OffsetDeleteResponse> {
    return answered(
      () => this.#membersShard(request.groupId).execute((machine, now) => machine.deleteOffsets(request, now)),
      (errorCode) => ({ errorCode, throttleTimeMs: 0, topics: [] }),
    )
  }

  describeGroup(groupId: string, apiVersion: number): DescribedGroup | Promise<DescribedGroup> {
    return answered(
      () => this.#shard(groupId).execute((machine) => machine.describeGroup(groupId, apiVersion)),
      (errorCode) => describeError(groupId, errorCode),
    )
  }

  deleteGroup(groupId: string): DeletableGroupResult | Promise<DeletableGroupResult> {
    return answered(
      () => this.#shard(groupId).execute((machine, now) => machine.deleteGroup(groupId, now)),
      (errorCode) => ({ groupId, errorCode }),
    )
  }

  /** All that are coordinated here; the error when some of them are being loaded. */
  async listGroups(filter: ListGroupsFilter): Promise<ListGroupsResponse> {
    try {
      const lists = await Promise.all([...this.#runtime.shards()].map((shard) => listGroupsOf(shard, filter)))
      return { throttleTimeMs: 0, errorCode: 0, groups: lists.flat() }
    } catch (error) {
      return { throttleTimeMs: 0, errorCode: codeOf(error), groups: [] }
    }
  }

  /** A group without a name may have offsets, but no members. */
  #membersShard(groupId: string): GroupShard {
    if (groupId === '') throw new KafkaError('INVALID_GROUP_ID')
    return this.#shard(groupId)
  }

  #shard(groupId: string): GroupShard {
    return this.#runtime.shard(this.partitionFor(groupId))
  }
}

/** What cannot be written expires some day; the offsets' own topic may be among those that are gone. */
function forgetOffsets(shard: GroupShard, topics: ReadonlyMap<string, Uuid>): void {
  try {
    const done = shard.execute((machine, now) => machine.onTopicsDeleted(topics, now))
    if (done !== undefined) void done.catch(() => {})
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
  }
}

async function listGroupsOf(shard: GroupShard, filter: ListGroupsFilter): Promise<ListedGroup[]> {
  try {
    return await shard.execute((machine) => machine.listGroups(filter))
  } catch (error) {
    // They are listed by who coordinates them now.
    if (error instanceof KafkaError && error.error === 'NOT_COORDINATOR') return []
    throw error
  }
}

/** What `ask` gives; when it throws or rejects with KafkaError, what `otherwise` makes of the code that clients know. */
function answered<R>(ask: () => R | Promise<R>, otherwise: (code: ErrorCode) => R): R | Promise<R> {
  try {
    const answer = ask()
    return answer instanceof Promise ? answer.catch((error) => otherwise(codeOf(error))) : answer
  } catch (error) {
    return otherwise(codeOf(error))
  }
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof KafkaError) return appendErrorCode(error)
  throw error
}

function describeError(groupId: string, errorCode: ErrorCode): DescribedGroup {
  return {
    errorCode,
    errorMessage: null,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: -2147483648,
  }
}
