/**
 * SyncGroup, Heartbeat and LeaveGroup of classic groups. A SyncGroup is answered by token, when the leader has sent the
 * assignment and it is written; the others at once.
 */
import type { HeartbeatRequest, HeartbeatResponse } from '../../protocol/api/12-heartbeat.ts'
import type { LeaveGroupResponse, MemberIdentity, MemberResponse } from '../../protocol/api/13-leave-group.ts'
import type { SyncGroupRequest } from '../../protocol/api/14-sync-group.ts'
import { type ErrorCode, errorCodes } from '../../protocol/errors.ts'
import type { ReplyToken } from '../coordinator-machine.ts'
import type { ClassicGroup } from './classic-group.ts'
import { noAssignment } from './classic-member.ts'
import type { GroupContext } from './group-context.ts'
import { appendErrorCode } from './group-errors.ts'
import { syncError, synced } from './group-responses.ts'
import { memberError } from './member-checks.ts'
import type { Rebalance } from './rebalance.ts'

export interface LeaveRequest {
  readonly groupId: string
  readonly members: readonly MemberIdentity[]
}

export class GroupMembership {
  readonly #context: GroupContext
  readonly #rebalance: Rebalance

  constructor(context: GroupContext, rebalance: Rebalance) {
    this.#context = context
    this.#rebalance = rebalance
  }

  sync(token: ReplyToken, request: SyncGroupRequest): void {
    const group = this.#context.livingGroup(request.groupId)
    const error = group === undefined ? errorCodes.UNKNOWN_MEMBER_ID : syncRefusal(group, request)
    if (group === undefined || error !== 0) {
      this.#context.reply(token, syncError(error))
      return
    }
    const { memberId } = request
    const member = group.members.get(memberId)!
    group.pendingSyncMembers.delete(memberId)
    if (group.pendingSyncMembers.size === 0) group.syncTimer?.cancel()
    if (group.state === 'Stable') {
      this.#context.reply(token, synced(group, member.assignment))
      return
    }
    // A second SyncGroup of one member: its client has given up the first.
    this.#rebalance.answerSync(member, syncError(errorCodes.REBALANCE_IN_PROGRESS))
    member.syncToken = token
    if (group.isLeader(memberId)) this.#storeAssignment(group, request)
  }

  heartbeat(request: HeartbeatRequest): HeartbeatResponse {
    const group = this.#context.livingGroup(request.groupId)
    return {
      throttleTimeMs: 0,
      errorCode: group === undefined ? errorCodes.UNKNOWN_MEMBER_ID : this.#beat(group, request),
    }
  }

  /** Members may also be named by their instance id alone, by an administrator. */
  leave(request: LeaveRequest): LeaveGroupResponse {
    const group = this.#context.livingGroup(request.groupId)
    const members = request.members.map((identity) => this.#leaveOne(group, identity))
    const leftIds = members.filter(({ errorCode }) => errorCode === 0).map(({ memberId }) => memberId)
    if (group !== undefined && leftIds.length > 0) {
      if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
        this.#rebalance.prepareOrComplete(group, `members left: ${leftIds.join(', ')}`)
      } else if (group.state === 'PreparingRebalance') this.#rebalance.maybeComplete(group)
    }
    return { throttleTimeMs: 0, errorCode: 0, members }
  }

  #storeAssignment(group: ClassicGroup, request: SyncGroupRequest): void {
    const { groupId, generationId } = group
    const assignments = new Map<string, Buffer>()
    for (const { memberId, assignment } of request.assignments) {
      if (group.members.has(memberId)) assignments.set(memberId, Buffer.from(assignment))
    }
    const record = group.toRecord((member) => assignments.get(member.memberId) ?? noAssignment)
    this.#context.write([{ kind: 'classic', groupId, group: record }], (error) => {
      // Somebody may have joined meanwhile: then this generation is over.
      const isCurrent = group.state === 'CompletingRebalance' && group.generationId === generationId
      if (!isCurrent || this.#context.livingGroup(groupId) !== group) return
      if (error === undefined) this.#rebalance.onAssignmentStored(group, assignments)
      else this.#rebalance.onAssignmentLost(group, appendErrorCode(error))
    })
  }

  #beat(group: ClassicGroup, request: HeartbeatRequest): ErrorCode {
    const { memberId, groupInstanceId, generationId } = request
    const error = memberError(group, memberId, groupInstanceId)
    if (error !== 0) return error
    if (generationId !== group.generationId) return errorCodes.ILLEGAL_GENERATION
    if (group.isEmpty) return errorCodes.UNKNOWN_MEMBER_ID
    this.#rebalance.restartSession(group, group.members.get(memberId)!)
    return group.state === 'PreparingRebalance' ? errorCodes.REBALANCE_IN_PROGRESS : 0
  }

  #leaveOne(group: ClassicGroup | undefined, identity: MemberIdentity): MemberResponse {
    const { memberId, groupInstanceId } = identity
    const response: MemberResponse = { memberId, groupInstanceId, errorCode: 0 }
    if (group === undefined) {
      response.errorCode = errorCodes.UNKNOWN_MEMBER_ID
    } else if (memberId === '') {
      const staticMemberId = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId)
      if (staticMemberId === undefined) response.errorCode = errorCodes.UNKNOWN_MEMBER_ID
      else this.#rebalance.removeMember(group, group.members.get(staticMemberId)!)
    } else if (group.pendingMembers.has(memberId)) {
      group.removePending(memberId)
    } else {
      response.errorCode = memberError(group, memberId, groupInstanceId)
      if (response.errorCode === 0) this.#rebalance.removeMember(group, group.members.get(memberId)!)
    }
    if (group !== undefined && response.errorCode === 0) {
      const { groupId } = group
      const reason = identity.reason ?? 'not provided'
      this.#context.logger.info('member left', { groupId, memberId, groupInstanceId, reason })
    }
    return response
  }
}

function syncRefusal(group: ClassicGroup, request: SyncGroupRequest): ErrorCode {
  if (group.isEmpty) return errorCodes.UNKNOWN_MEMBER_ID
  const error = memberError(group, request.memberId, request.groupInstanceId)
  if (error !== 0) return error
  if (request.generationId !== group.generationId) return errorCodes.ILLEGAL_GENERATION
  if (differs(request.protocolType, group.protocolType) || differs(request.protocolName, group.protocolName)) {
    return errorCodes.INCONSISTENT_GROUP_PROTOCOL
  }
  return group.state === 'PreparingRebalance' ? errorCodes.REBALANCE_IN_PROGRESS : 0
}

/** Older clients do not say. */
function differs(told: string | null, own: string | null): boolean {
  return told !== null && own !== null && told !== own
}
