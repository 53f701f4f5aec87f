/**
 * JoinGroup: who may become a member, under which id, and what that does to the group. Answers go by token, because a
 * member waits until everybody has joined.
 */
import type { JoinGroupRequest } from '../../protocol/api/11-join-group.ts'
import { type ErrorCode, errorCodes, type KafkaError } from '../../protocol/errors.ts'
import type { ReplyToken } from '../coordinator-machine.ts'
import type { ClassicGroup } from './classic-group.ts'
import { ClassicMember, type MemberProtocol } from './classic-member.ts'
import type { GroupContext } from './group-context.ts'
import { appendErrorCode } from './group-errors.ts'
import { joinError, joined } from './group-responses.ts'
import { newMemberJoinTimeoutMs } from './group-settings.ts'
import { memberError } from './member-checks.ts'
import type { Rebalance } from './rebalance.ts'

/** Who sent a request. */
export interface GroupRequestContext {
  readonly apiVersion: number
  /** Empty for none. */
  readonly clientId: string
  /** As Kafka stores it: `/` and the numeric address. */
  readonly clientHost: string
}

/** From this version on a new dynamic member must come back with the id that it is given (KIP-394). */
const memberIdRequiredVersion = 4
/** From this version on a leader can be told to keep the assignment (KIP-814). */
const skipAssignmentVersion = 9

/** One JoinGroup on its way. */
interface Join {
  readonly token: ReplyToken
  readonly request: JoinGroupRequest
  readonly client: GroupRequestContext
  readonly protocols: readonly MemberProtocol[]
}

/** Copied out of the frame; of two with one name the first counts. */
function copyProtocols(request: JoinGroupRequest): MemberProtocol[] {
  const protocols = new Map<string, MemberProtocol>()
  for (const { name, metadata } of request.protocols) {
    if (!protocols.has(name)) protocols.set(name, { name, metadata: Buffer.from(metadata) })
  }
  return [...protocols.values()]
}

export class GroupJoin {
  readonly #context: GroupContext
  readonly #rebalance: Rebalance

  constructor(context: GroupContext, rebalance: Rebalance) {
    this.#context = context
    this.#rebalance = rebalance
  }

  join(token: ReplyToken, request: JoinGroupRequest, client: GroupRequestContext): void {
    const refusal = this.#refusal(request)
    if (refusal !== undefined) {
      this.#context.reply(token, joinError(refusal, request.memberId))
      return
    }
    const { groupId, memberId } = request
    const isNewGroup = this.#context.state.group(groupId) === undefined
    const group = isNewGroup ? this.#context.createGroup(groupId) : this.#context.liveGroup(groupId)!
    const join: Join = { token, request, client, protocols: copyProtocols(request) }
    if (!this.#hasRoom(group, memberId)) {
      group.remove(memberId)
      this.#refuse(join, errorCodes.GROUP_MAX_SIZE_REACHED, '')
      this.#rebalance.maybeComplete(group)
    } else if (!group.supports(request.protocolType, join.protocols)) {
      this.#refuse(join, errorCodes.INCONSISTENT_GROUP_PROTOCOL)
    } else if (memberId === '') this.#joinNew(join, group)
    else this.#joinKnown(join, group)
    if (isNewGroup) this.#storeNewGroup(group, token)
  }

  #refusal(request: JoinGroupRequest): ErrorCode | undefined {
    const { groupId, sessionTimeoutMs, memberId } = request
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#context.settings
    if (groupId === '') return errorCodes.INVALID_GROUP_ID
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      return errorCodes.INVALID_SESSION_TIMEOUT
    }
    const stored = this.#context.state.group(groupId)
    if (stored === undefined) return memberId === '' ? undefined : errorCodes.UNKNOWN_MEMBER_ID
    return stored.type === 'classic' ? undefined : errorCodes.INCONSISTENT_GROUP_PROTOCOL
  }

  /** While a rebalance gathers members it counts who has come, which lets the last ones of too many be refused. */
  #hasRoom(group: ClassicGroup, memberId: string): boolean {
    const { maxSize } = this.#context.settings
    if (group.isEmpty) return true
    const member = group.members.get(memberId)
    if (group.state === 'PreparingRebalance')
      return member?.isAwaitingJoin === true || group.awaitingJoinCount < maxSize
    return member !== undefined || group.members.size < maxSize
  }

  /** The group must outlive a restart from now on; with it the answer waits. */
  #storeNewGroup(group: ClassicGroup, token: ReplyToken): void {
    const { groupId } = group
    const answer = this.#context.outbox.takeReply(token)
    const record = {
      protocolType: '',
      generation: 0,
      protocol: null,
      leader: null,
      currentStateTimestamp: group.stateTimestampMs,
      members: [],
    }
    this.#context.write([{ kind: 'classic', groupId, group: record }], (error) => {
      if (error !== undefined) this.#onNewGroupLost(group, token, answer !== undefined, error)
      else if (answer !== undefined) this.#context.reply(token, answer)
    })
  }

  #onNewGroupLost(group: ClassicGroup, token: ReplyToken, isAnswerHeld: boolean, error: KafkaError): void {
    const response = joinError(appendErrorCode(error), '')
    if (isAnswerHeld) this.#context.reply(token, response)
    if (this.#context.state.group(group.groupId) !== undefined) return
    for (const member of group.members.values()) this.#rebalance.answerJoin(group, member, response)
    if (this.#context.livingGroup(group.groupId) === group) this.#context.forget(group.groupId)
  }

  #joinNew(join: Join, group: ClassicGroup): void {
    const { request, client } = join
    const { groupInstanceId } = request
    const memberId = this.#context.newMemberId(groupInstanceId ?? client.clientId)
    if (groupInstanceId !== null) {
      const oldMemberId = group.staticMembers.get(groupInstanceId)
      if (oldMemberId === undefined) this.#addMember(join, group, memberId)
      else this.#replaceStatic(join, group, group.members.get(oldMemberId)!, memberId)
    } else if (client.apiVersion >= memberIdRequiredVersion) {
      const timer = this.#context.schedule(request.sessionTimeoutMs, () => this.#onPendingTimeout(group, memberId))
      group.pendingMembers.set(memberId, timer)
      this.#refuse(join, errorCodes.MEMBER_ID_REQUIRED, memberId)
    } else this.#addMember(join, group, memberId)
  }

  #joinKnown(join: Join, group: ClassicGroup): void {
    const { memberId, groupInstanceId } = join.request
    if (group.pendingMembers.has(memberId)) {
      // Ids are handed out to dynamic members only.
      if (groupInstanceId !== null) this.#refuse(join, errorCodes.UNKNOWN_MEMBER_ID)
      else this.#addMember(join, group, memberId)
      return
    }
    const error = memberError(group, memberId, groupInstanceId)
    if (error !== 0) this.#refuse(join, error)
    else this.#rejoin(join, group, group.members.get(memberId)!)
  }

  #rejoin(join: Join, group: ClassicGroup, member: ClassicMember): void {
    const { memberId } = member
    const isSame = member.matches(join.protocols)
    const isLeader = group.isLeader(memberId)
    if (group.state === 'CompletingRebalance' && isSame) {
      // It may not have got the answer: the generation is still being assigned, so the leader gets the members again.
      this.#context.reply(join.token, joined(group, memberId, isLeader))
    } else if (group.state === 'Stable' && isSame && !isLeader) {
      this.#context.reply(join.token, joined(group, memberId, false))
    } else if (group.isEmpty) {
      this.#refuse(join, errorCodes.UNKNOWN_MEMBER_ID)
    } else {
      // A leader that joins again wants a new assignment, perhaps because topics have changed.
      this.#updateMember(join, group, member)
      this.#rebalance.prepareOrComplete(group, `member ${memberId} joins again${reasonOf(join)}`)
    }
  }

  #addMember(join: Join, group: ClassicGroup, memberId: string): void {
    const { request, client, token, protocols } = join
    const { groupInstanceId, rebalanceTimeoutMs, sessionTimeoutMs } = request
    const { clientId, clientHost } = client
    const fields = { memberId, groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols }
    const member = new ClassicMember(fields)
    member.isNew = true
    if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.isNewMemberAdded = true
    if (group.members.size === 0) group.protocolType = request.protocolType
    group.add(member)
    group.awaitJoin(member, token)
    // It cannot send heartbeats while it waits, and a client that is gone is not noticed.
    this.#rebalance.restartSession(group, member, newMemberJoinTimeoutMs)
    this.#rebalance.prepareOrComplete(group, `new member ${memberId}${reasonOf(join)}`)
  }

  #updateMember(join: Join, group: ClassicGroup, member: ClassicMember): void {
    group.setProtocols(member, join.protocols)
    member.rebalanceTimeoutMs = join.request.rebalanceTimeoutMs
    member.sessionTimeoutMs = join.request.sessionTimeoutMs
    // A second JoinGroup of one member: its client has given up the first.
    this.#rebalance.answerJoin(group, member, joinError(errorCodes.REBALANCE_IN_PROGRESS, member.memberId))
    group.awaitJoin(member, join.token)
  }

  /** A static member was restarted and comes with a new id. */
  #replaceStatic(join: Join, group: ClassicGroup, oldMember: ClassicMember, memberId: string): void {
    const { groupId } = group
    const { protocols, rebalanceTimeoutMs, sessionTimeoutMs } = oldMember
    const before = { oldMember, protocols, rebalanceTimeoutMs, sessionTimeoutMs, leaderId: group.leaderId }
    const member = this.#swapStatic(group, oldMember, memberId)
    const isStable = group.state === 'Stable'
    this.#updateMember(join, group, member)
    this.#rebalance.restartSession(group, member)
    const reason = `static member ${memberId} replaces ${oldMember.memberId}${reasonOf(join)}`
    if (isStable && group.selectProtocol() === group.protocolName) {
      this.#context.logger.info('static member came back, no rebalance', { groupId, memberId })
      this.#context.write([{ kind: 'classic', groupId, group: group.toRecord() }], (error) => {
        if (error === undefined) this.#answerReplaced(join, group, member, before.leaderId)
        else this.#onReplacementLost(join, group, member, before, error)
      })
    } else if (isStable || group.state === 'CompletingRebalance') this.#rebalance.prepare(group, reason)
    else this.#rebalance.maybeComplete(group)
  }

  #swapStatic(group: ClassicGroup, oldMember: ClassicMember, memberId: string): ClassicMember {
    const error = errorCodes.FENCED_INSTANCE_ID
    this.#rebalance.fence(group, oldMember, error)
    return group.replaceStatic(oldMember, memberId)
  }

  #answerReplaced(join: Join, group: ClassicGroup, member: ClassicMember, oldLeaderId: string | null): void {
    if (!member.isAwaitingJoin) return
    const canSkip = join.client.apiVersion >= skipAssignmentVersion
    const isLeader = group.isLeader(member.memberId)
    // Older clients that see themselves as leader would assign anew, so they are told the leader's old id.
    const response = joined(group, member.memberId, canSkip && isLeader && group.state !== 'PreparingRebalance')
    response.skipAssignment = canSkip && isLeader
    if (!canSkip) response.leader = oldLeaderId ?? ''
    this.#rebalance.answerJoin(group, member, response)
  }

  #onReplacementLost(
    join: Join,
    group: ClassicGroup,
    member: ClassicMember,
    before: {
      oldMember: ClassicMember
      protocols: readonly MemberProtocol[]
      rebalanceTimeoutMs: number
      sessionTimeoutMs: number
      leaderId: string | null
    },
    error: KafkaError,
  ): void {
    const response = joinError(appendErrorCode(error), '')
    if (!this.#rebalance.answerJoin(group, member, response)) this.#context.reply(join.token, response)
    if (group.members.get(member.memberId) !== member) return
    const oldMember = this.#swapStatic(group, member, before.oldMember.memberId)
    group.setProtocols(oldMember, before.protocols)
    oldMember.rebalanceTimeoutMs = before.rebalanceTimeoutMs
    oldMember.sessionTimeoutMs = before.sessionTimeoutMs
    this.#rebalance.restartSession(group, oldMember)
  }

  #onPendingTimeout(group: ClassicGroup, memberId: string): void {
    this.#context.logger.info('pending member did not come back', { groupId: group.groupId, memberId })
    group.removePending(memberId)
    if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) this.#rebalance.complete(group)
  }

  #refuse(join: Join, error: ErrorCode, memberId = join.request.memberId): void {
    this.#context.reply(join.token, joinError(error, memberId))
  }
}

function reasonOf({ request }: Join): string {
  return request.reason === null || request.reason === '' ? '' : `; client reason: ${request.reason}`
}
