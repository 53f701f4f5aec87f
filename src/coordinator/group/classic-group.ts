/**
 * Soft state: one classic group as it lives on its coordinator, between the generations that are written. It knows its
 * members, who of them waits for what, and the protocols that all of them support; rebalance.ts and group-membership.ts
 * decide what happens when.
 *
 *   Empty ---join---> PreparingRebalance ---all joined, or time is up---> CompletingRebalance ---assignment written--->
 *   Stable ---a member joins, leaves, fails---> PreparingRebalance ... and without members back to Empty.
 *
 * Invariants: `awaitingJoinCount` is the number of members with a join token; `leaderId` names a member or is null;
 * every static member is in `members` under the id that `staticMembers` tells.
 */
import { assert } from '../../base/assert.ts'
import type { Timer } from '../../base/clock.ts'
import type { JoinGroupResponseMember } from '../../protocol/api/11-join-group.ts'
import type { GroupMetadataValue } from '../../protocol/stored/group/group-metadata.ts'
import type { ReplyToken } from '../coordinator-machine.ts'
import { ClassicMember, type MemberProtocol } from './classic-member.ts'
import { consumerProtocolType, subscribedTopics } from './subscribed-topics.ts'

export type ClassicGroupStateName = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

export class ClassicGroup {
  readonly groupId: string
  readonly members = new Map<string, ClassicMember>()
  /** Member id by group.instance.id. */
  readonly staticMembers = new Map<string, string>()
  /** Ids that were handed out by MEMBER_ID_REQUIRED and did not come back yet. */
  readonly pendingMembers = new Map<string, Timer>()
  /** Who got this generation's JoinGroup answer and has not sent SyncGroup yet. */
  readonly pendingSyncMembers = new Set<string>()
  generationId = 0
  /** Null for a group that nobody ever joined. */
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  /** Wall clock milliseconds of the last transition; -1 when the record did not tell. */
  stateTimestampMs = -1
  /** Somebody joined since the initial rebalance was last put off. */
  isNewMemberAdded = false
  awaitingJoinCount = 0
  /** Ends the wait for members to join. */
  joinTimer: Timer | undefined
  /** Ends the wait for members to sync. */
  syncTimer: Timer | undefined
  /** Topics that the members consume; undefined when that is unknown. */
  subscribedTopics: ReadonlySet<string> | undefined
  #state: ClassicGroupStateName = 'Empty'
  #previousState: ClassicGroupStateName = 'Dead'
  readonly #supportCounts = new Map<string, number>()

  constructor(groupId: string) {
    this.groupId = groupId
  }

  /** As the last record says: stable with members, else empty. */
  static fromRecord(groupId: string, metadata: GroupMetadataValue): ClassicGroup {
    const group = new ClassicGroup(groupId)
    group.generationId = metadata.generation
    group.protocolType = metadata.protocolType === '' ? null : metadata.protocolType
    group.protocolName = metadata.protocol
    group.leaderId = metadata.leader
    group.stateTimestampMs = metadata.currentStateTimestamp
    group.#state = metadata.members.length === 0 ? 'Empty' : 'Stable'
    for (const member of metadata.members) group.add(ClassicMember.fromRecord(member, metadata.protocol))
    group.refreshSubscribedTopics()
    return group
  }

  get state(): ClassicGroupStateName {
    return this.#state
  }

  get previousState(): ClassicGroupStateName {
    return this.#previousState
  }

  get isEmpty(): boolean {
    return this.#state === 'Empty'
  }

  get canRebalance(): boolean {
    return this.#state === 'Stable' || this.#state === 'CompletingRebalance' || this.#state === 'Empty'
  }

  get hasAllMembersJoined(): boolean {
    return this.members.size === this.awaitingJoinCount && this.pendingMembers.size === 0
  }

  get usesConsumerProtocol(): boolean {
    return this.protocolType === consumerProtocolType
  }

  /** The longest that a member asked for. */
  get rebalanceTimeoutMs(): number {
    let timeoutMs = 0
    for (const member of this.members.values()) timeoutMs = Math.max(timeoutMs, member.rebalanceTimeoutMs)
    return timeoutMs
  }

  transitionTo(state: ClassicGroupStateName, wallMs: number): void {
    assert(allowedTransitions[state].includes(this.#state), `${this.groupId} cannot go from ${this.#state} to ${state}`)
    this.#previousState = this.#state
    this.#state = state
    this.stateTimestampMs = wallMs
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId
  }

  add(member: ClassicMember): void {
    const { memberId, groupInstanceId } = member
    if (groupInstanceId !== null) {
      assert(!this.staticMembers.has(groupInstanceId), `${groupInstanceId} is in ${this.groupId} already`)
      this.staticMembers.set(groupInstanceId, memberId)
    }
    this.leaderId ??= memberId
    this.members.set(memberId, member)
    this.#countProtocols(member, 1)
    if (member.isAwaitingJoin) this.awaitingJoinCount++
    this.removePending(memberId)
  }

  /** Its timers stop; who waits for an answer must have got it. */
  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (member !== undefined) {
      this.members.delete(memberId)
      this.#countProtocols(member, -1)
      if (member.isAwaitingJoin) this.awaitingJoinCount--
      if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId)
      member.heartbeatTimer?.cancel()
    }
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null
    this.removePending(memberId)
    this.pendingSyncMembers.delete(memberId)
  }

  removePending(memberId: string): void {
    this.pendingMembers.get(memberId)?.cancel()
    this.pendingMembers.delete(memberId)
  }

  /** `member` takes the place of another with the same group.instance.id; it keeps what the other had. */
  replaceStatic(oldMember: ClassicMember, newMemberId: string): ClassicMember {
    assert(!oldMember.isAwaitingJoin && !oldMember.isAwaitingSync, 'who is replaced was told so')
    this.members.delete(oldMember.memberId)
    oldMember.heartbeatTimer?.cancel()
    const member = oldMember.withId(newMemberId)
    this.members.set(newMemberId, member)
    this.staticMembers.set(member.groupInstanceId!, newMemberId)
    if (this.leaderId === oldMember.memberId) this.leaderId = newMemberId
    return member
  }

  /** The next generation's leader must have joined. False when nobody did. */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false
    if (this.members.get(this.leaderId)!.isAwaitingJoin) return true
    for (const member of this.members.values()) {
      if (!member.isAwaitingJoin) continue
      this.leaderId = member.memberId
      return true
    }
    return false
  }

  /** Whether a member of that type with one of these protocols fits in. */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.#state === 'Empty') return protocolType !== '' && protocols.length > 0
    if (this.protocolType !== protocolType) return false
    return protocols.some(({ name }) => (this.#supportCounts.get(name) ?? 0) === this.members.size)
  }

  setProtocols(member: ClassicMember, protocols: readonly MemberProtocol[]): void {
    this.#countProtocols(member, -1)
    member.protocols = protocols
    this.#countProtocols(member, 1)
  }

  /** Its JoinGroup is answered when everybody has joined. */
  awaitJoin(member: ClassicMember, token: ReplyToken): void {
    if (!member.isAwaitingJoin) this.awaitingJoinCount++
    member.joinToken = token
  }

  /** The token to answer, which is none afterwards. */
  takeJoin(member: ClassicMember): ReplyToken | undefined {
    const token = member.joinToken
    if (token !== undefined) this.awaitingJoinCount--
    member.joinToken = undefined
    return token
  }

  /** Of the protocols that all members support, the one that most of them like best. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const member of this.members.values()) {
      const vote = member.protocols.find(({ name }) => this.#supportCounts.get(name) === this.members.size)
      assert(vote !== undefined, `members of ${this.groupId} have a protocol in common`)
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
    }
    let selected = ''
    let voteCountMax = 0
    for (const [name, count] of votes) {
      if (count <= voteCountMax) continue
      selected = name
      voteCountMax = count
    }
    return selected
  }

  startNextGeneration(wallMs: number): void {
    this.generationId++
    const isEmpty = this.members.size === 0
    this.protocolName = isEmpty ? null : this.selectProtocol()
    this.refreshSubscribedTopics()
    this.transitionTo(isEmpty ? 'Empty' : 'CompletingRebalance', wallMs)
    this.pendingSyncMembers.clear()
  }

  refreshSubscribedTopics(): void {
    const { protocolName, members } = this
    if (!this.usesConsumerProtocol) this.subscribedTopics = undefined
    else if (members.size === 0) this.subscribedTopics = new Set()
    else if (protocolName === null) this.subscribedTopics = undefined
    else this.subscribedTopics = subscribedTopics([...members.values()].map((member) => member.metadata(protocolName)))
  }

  /** True also when nobody knows. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.usesConsumerProtocol
  }

  /** For the leader, who assigns. */
  joinedMembers(): JoinGroupResponseMember[] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: member.metadata(this.protocolName!),
    }))
  }

  /** What is written of the group; `assignmentOf` may bring an assignment that members do not have yet. */
  toRecord(assignmentOf = (member: ClassicMember): Buffer => member.assignment): GroupMetadataValue {
    const { protocolName } = this
    return {
      protocolType: this.protocolType ?? '',
      generation: this.generationId,
      protocol: protocolName,
      leader: this.leaderId,
      currentStateTimestamp: this.stateTimestampMs,
      members: [...this.members.values()].map((member) => member.toRecord(protocolName, assignmentOf(member))),
    }
  }

  /** No timer of this group runs any more. */
  cancelTimers(): void {
    this.joinTimer?.cancel()
    this.syncTimer?.cancel()
    for (const timer of this.pendingMembers.values()) timer.cancel()
    for (const member of this.members.values()) member.heartbeatTimer?.cancel()
  }

  #countProtocols(member: ClassicMember, difference: number): void {
    for (const { name } of member.protocols) {
      this.#supportCounts.set(name, (this.#supportCounts.get(name) ?? 0) + difference)
    }
  }
}

const allowedTransitions: Readonly<Record<ClassicGroupStateName, readonly ClassicGroupStateName[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty', 'Dead'],
}
