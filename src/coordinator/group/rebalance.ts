/**
 * The rebalance of a classic group: gathering its members, starting the next generation, handing out the assignment, and
 * the deadlines of all that. group-membership.ts starts it when members come, change and go.
 *
 * Waiting ends when everybody has joined, or after the longest rebalance timeout among the members: then dynamic
 * members that did not come are out. The first rebalance of an empty group waits group.initial.rebalance.delay.ms
 * instead, again and again while new members come, up to the rebalance timeout.
 */
import { assert } from '../../base/assert.ts'
import { type ErrorCode, errorCodes, errorName } from '../../protocol/errors.ts'
import type { ClassicGroup } from './classic-group.ts'
import { type ClassicMember, noAssignment } from './classic-member.ts'
import type { GroupContext } from './group-context.ts'
import { joinError, joined, syncError, synced } from './group-responses.ts'

export class Rebalance {
  readonly #context: GroupContext

  constructor(context: GroupContext) {
    this.#context = context
  }

  /** Starts a rebalance, or lets the one under way go on if that is possible now. */
  prepareOrComplete(group: ClassicGroup, reason: string): void {
    if (group.canRebalance) this.prepare(group, reason)
    else this.maybeComplete(group)
  }

  prepare(group: ClassicGroup, reason: string): void {
    if (group.state === 'CompletingRebalance') this.#refuseSync(group, errorCodes.REBALANCE_IN_PROGRESS)
    group.pendingSyncMembers.clear()
    group.syncTimer?.cancel()
    const isInitial = group.isEmpty
    const { groupId, generationId } = group
    this.#context.logger.info('group prepares to rebalance', { groupId, state: group.state, generationId, reason })
    group.transitionTo('PreparingRebalance', this.#context.now.wallMs)
    if (isInitial) {
      const delayMs = this.#context.settings.initialRebalanceDelayMs
      this.#awaitInitialMembers(group, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0))
    } else if (group.hasAllMembersJoined) this.complete(group)
    else this.#awaitMembers(group)
  }

  /** Not during the initial rebalance, which takes its time. */
  maybeComplete(group: ClassicGroup): void {
    if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return
    if (group.hasAllMembersJoined) this.complete(group)
  }

  /** Starts the next generation with who has joined, unless nobody has. */
  complete(group: ClassicGroup): void {
    group.joinTimer?.cancel()
    const lateMembers = [...group.members.values()].filter((member) => !member.isAwaitingJoin && !member.isStatic)
    for (const member of lateMembers) group.remove(member.memberId)
    const { groupId } = group
    if (lateMembers.length > 0) {
      const memberIds = lateMembers.map(({ memberId }) => memberId)
      this.#context.logger.info('group removed members that have not joined', { groupId, memberIds })
    }
    if (!group.electJoinedLeader() && group.members.size > 0) {
      // Only static members are left, and none of them came: they have until their sessions end.
      this.#awaitMembers(group)
      return
    }
    group.startNextGeneration(this.#context.now.wallMs)
    if (group.isEmpty) this.#storeEmpty(group)
    else this.#answerJoined(group)
  }

  /** Ends the member's session unless it is heard of before. */
  restartSession(group: ClassicGroup, member: ClassicMember, timeoutMs = member.sessionTimeoutMs): void {
    const deadlineMs = this.#context.now.monotonicMs + timeoutMs
    const isTimerInTime = member.heartbeatTimer !== undefined && deadlineMs >= member.heartbeatDeadlineMs
    member.heartbeatDeadlineMs = deadlineMs
    if (!isTimerInTime) this.#armHeartbeatTimer(group, member)
  }

  /** A member is gone: who waited for its JoinGroup is told, and the group goes on without it. */
  removeMember(group: ClassicGroup, member: ClassicMember): void {
    this.answerJoin(group, member, joinError(errorCodes.UNKNOWN_MEMBER_ID, ''))
    this.answerSync(member, syncError(errorCodes.UNKNOWN_MEMBER_ID))
    group.remove(member.memberId)
  }

  /** Another incarnation of the static member has come: this one's requests are refused. */
  fence(group: ClassicGroup, member: ClassicMember, error: ErrorCode): void {
    this.answerJoin(group, member, joinError(error, member.memberId))
    this.answerSync(member, syncError(error))
  }

  answerJoin(group: ClassicGroup, member: ClassicMember, response: object): boolean {
    const token = group.takeJoin(member)
    this.#context.reply(token, response)
    return token !== undefined
  }

  answerSync(member: ClassicMember, response: object): boolean {
    const token = member.syncToken
    member.syncToken = undefined
    this.#context.reply(token, response)
    return token !== undefined
  }

  /** The leader's assignment is written: everybody gets theirs. */
  onAssignmentStored(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members.values()) member.assignment = assignments.get(member.memberId) ?? noAssignment
    group.transitionTo('Stable', this.#context.now.wallMs)
    for (const member of group.members.values()) {
      if (this.answerSync(member, synced(group, member.assignment))) this.restartSession(group, member)
    }
  }

  /** It could not be written: everybody has to join again. */
  onAssignmentLost(group: ClassicGroup, error: ErrorCode): void {
    this.#refuseSync(group, error)
    this.prepareOrComplete(group, `${errorName(error)} when storing the assignment`)
  }

  #awaitInitialMembers(group: ClassicGroup, delayMs: number, remainingMs: number): void {
    group.joinTimer = this.#context.schedule(delayMs, () => {
      if (!group.isNewMemberAdded || remainingMs === 0) {
        this.complete(group)
        return
      }
      group.isNewMemberAdded = false
      const nextDelayMs = Math.min(this.#context.settings.initialRebalanceDelayMs, remainingMs)
      this.#awaitInitialMembers(group, nextDelayMs, Math.max(remainingMs - delayMs, 0))
    })
  }

  #awaitMembers(group: ClassicGroup): void {
    group.joinTimer?.cancel()
    group.joinTimer = this.#context.schedule(group.rebalanceTimeoutMs, () => this.complete(group))
  }

  #storeEmpty(group: ClassicGroup): void {
    const { groupId, generationId } = group
    this.#context.logger.info('group is empty', { groupId, generationId })
    // The generation before may come back after a crash, and times out again: no reason to hold anybody up.
    this.#context.write([{ kind: 'classic', groupId, group: group.toRecord() }], (error) => {
      if (error !== undefined) {
        this.#context.logger.warn('an empty group could not be written', { groupId, error: error.message })
      } else if (group.isEmpty && group.pendingMembers.size === 0 && this.#context.livingGroup(groupId) === group) {
        this.#context.forget(groupId)
      }
    })
  }

  #answerJoined(group: ClassicGroup): void {
    const { groupId, generationId } = group
    this.#context.logger.info('group starts a generation', { groupId, generationId, members: group.members.size })
    for (const member of group.members.values()) {
      this.answerJoin(group, member, joined(group, member.memberId, group.isLeader(member.memberId)))
      this.restartSession(group, member)
      member.isNew = false
      group.pendingSyncMembers.add(member.memberId)
    }
    group.syncTimer = this.#context.schedule(group.rebalanceTimeoutMs, () => this.#onSyncTimeout(group))
  }

  #onSyncTimeout(group: ClassicGroup): void {
    const lateIds = [...group.pendingSyncMembers]
    if (lateIds.length === 0) return
    assert(group.state === 'CompletingRebalance' || group.state === 'Stable', `no sync is awaited in ${group.state}`)
    for (const memberId of lateIds) group.remove(memberId)
    this.prepare(group, `no sync from ${lateIds.join(', ')}`)
  }

  #refuseSync(group: ClassicGroup, error: ErrorCode): void {
    for (const member of group.members.values()) {
      member.assignment = noAssignment
      if (this.answerSync(member, syncError(error))) this.restartSession(group, member)
    }
  }

  #armHeartbeatTimer(group: ClassicGroup, member: ClassicMember): void {
    member.heartbeatTimer?.cancel()
    const delayMs = member.heartbeatDeadlineMs - this.#context.now.monotonicMs
    member.heartbeatTimer = this.#context.schedule(delayMs, () => this.#onHeartbeatTimer(group, member))
  }

  #onHeartbeatTimer(group: ClassicGroup, member: ClassicMember): void {
    member.heartbeatTimer = undefined
    if (member.heartbeatDeadlineMs > this.#context.now.monotonicMs) {
      this.#armHeartbeatTimer(group, member)
      return
    }
    // Its session starts anew with the answer that it waits for.
    if (member.isExcusedFromHeartbeats) return
    const { memberId } = member
    this.#context.logger.info('member failed, no heartbeat', { groupId: group.groupId, memberId })
    this.removeMember(group, member)
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
      this.prepareOrComplete(group, `member ${memberId} failed`)
    } else if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) this.complete(group)
  }
}
