/**
 * A group coordinator by itself: a clock that the test moves, a log in a list, and a transcript of what was asked,
 * answered and written that a person can read. Member ids show as the client's name and a number (`a-1`). Records commit
 * as soon as they are written unless the test holds them back.
 */
import { expect } from 'vitest'
import { silentLogger } from '../../../src/base/logger.ts'
import type { Random } from '../../../src/base/random.ts'
import { zeroUuid } from '../../../src/base/uuid.ts'
import type { CoordinatorRecord, CoordinatorWrite, Instant } from '../../../src/coordinator/coordinator-machine.ts'
import { GroupCoordinator } from '../../../src/coordinator/group/group-coordinator.ts'
import { decodeGroupRecord, type GroupRecord } from '../../../src/coordinator/group/group-record.ts'
import { defaultGroupSettings, type GroupSettings } from '../../../src/coordinator/group/group-settings.ts'
import type { GroupState } from '../../../src/coordinator/group/group-state.ts'
import type { OffsetCommitRequest } from '../../../src/protocol/api/08-offset-commit.ts'
import type { JoinGroupRequest, JoinGroupResponse } from '../../../src/protocol/api/11-join-group.ts'
import type { SyncGroupRequest, SyncGroupResponse } from '../../../src/protocol/api/14-sync-group.ts'
import { errorName, KafkaError } from '../../../src/protocol/errors.ts'

export const startMs = 1_700_000_000_000
export const topicId = 'jHvrNl9GQHCPWRQGGK3cDw'

/** Member ids end in a counter. */
class CountingRandom implements Random {
  #count = 0

  next(): number {
    return 0
  }

  integer(): number {
    return 0
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    bytes.writeUInt32BE(++this.#count, count - 4)
    return bytes
  }
}

interface PendingWrite {
  readonly write: CoordinatorWrite
  readonly endOffset: number
}

export interface JoinFields extends Partial<JoinGroupRequest> {
  readonly version?: number
  readonly clientId?: string
}

export interface CommitFields extends Partial<Omit<OffsetCommitRequest, 'topics'>> {
  readonly version?: number
}

export function subscription(...topics: string[]): Buffer {
  const parts = topics.flatMap((topic) => {
    const size = Buffer.alloc(2)
    size.writeInt16BE(topic.length)
    return [size, Buffer.from(topic)]
  })
  const count = Buffer.alloc(6)
  count.writeInt32BE(topics.length, 2)
  return Buffer.concat([count, ...parts, Buffer.from('ffffffff', 'hex')])
}

export const range = { name: 'range', metadata: subscription('orders') }
export const sticky = { name: 'sticky', metadata: subscription('orders') }

export class GroupHarness {
  machine!: GroupCoordinator
  readonly log: CoordinatorRecord[] = []
  readonly lines: string[] = []
  /** Answers by token. */
  readonly replies = new Map<number, object>()
  holdsCommits = false
  /** The next write fails with it. */
  nextWriteError: KafkaError | undefined
  settings: GroupSettings
  elapsedMs = 0
  readonly #pending: PendingWrite[] = []
  readonly #random = new CountingRandom()
  readonly #names = new Map<number, string>()
  #nextToken = 1

  constructor(settings: Partial<GroupSettings> = {}) {
    this.settings = { ...defaultGroupSettings, initialRebalanceDelayMs: 0, ...settings }
    this.restart()
  }

  get now(): Instant {
    return { wallMs: startMs + this.elapsedMs, monotonicMs: this.elapsedMs }
  }

  /** A new machine that has read the log. */
  restart(): void {
    this.machine = this.#replayed()
    this.machine.becomeActive(this.now)
    this.#process()
  }

  /** Returns the token of the answer. */
  join(name: string, fields: JoinFields = {}): number {
    const token = this.#nextToken++
    const request: JoinGroupRequest = {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [range],
      reason: null,
      ...fields,
    }
    this.#names.set(token, name)
    const instance = request.groupInstanceId === null ? '' : ` instance ${request.groupInstanceId}`
    const protocols = request.protocols.map((protocol) => protocol.name).join(', ')
    this.#line(`> ${name} joins as "${short(request.memberId)}"${instance} [${protocols}]`)
    const client = { apiVersion: fields.version ?? 9, clientId: fields.clientId ?? name, clientHost: '/127.0.0.1' }
    this.machine.joinGroup(token, request, client, this.now)
    this.#process()
    return token
  }

  /** Joins, with the id that it is told to use; returns the id. */
  member(name: string, fields: JoinFields = {}): string {
    const first = this.joined(this.join(name, fields))
    if (errorName(first.errorCode) === 'MEMBER_ID_REQUIRED') this.join(name, { ...fields, memberId: first.memberId })
    this.advance(0)
    return first.memberId
  }

  /** A group of these members, stable, in the order of leader and followers; each gets its name as assignment. */
  stableGroup(...names: string[]): string[] {
    const ids: string[] = []
    const fields = { groupId: 'g' }
    for (const name of names) {
      ids.push(this.member(name, fields))
      for (const [index, id] of ids.slice(0, -1).entries()) this.join(names[index]!, { memberId: id })
    }
    const generationId = names.length
    for (const [index, id] of [...ids.entries()].reverse()) {
      const assignments = index === 0 ? ids.map((memberId, at) => [memberId, names[at]!] as const) : []
      this.sync(names[index]!, id, generationId, assignments)
    }
    return ids
  }

  sync(
    name: string,
    memberId: string,
    generationId: number,
    assignments: readonly (readonly [string, string])[] = [],
    fields: Partial<SyncGroupRequest> = {},
  ): number {
    const token = this.#nextToken++
    this.#names.set(token, name)
    const told = assignments.map(([id, text]) => `${short(id)}=${text}`).join(' ')
    this.#line(`> ${name} syncs generation ${generationId}${told === '' ? '' : ` with ${told}`}`)
    const request: SyncGroupRequest = {
      groupId: 'g',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: null,
      assignments: assignments.map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
      ...fields,
    }
    this.machine.syncGroup(token, request, this.now)
    this.#process()
    return token
  }

  heartbeat(memberId: string, generationId: number, groupInstanceId: string | null = null, groupId = 'g'): string {
    const response = this.machine.heartbeat({ groupId, memberId, generationId, groupInstanceId }, this.now)
    this.#process()
    return errorName(response.errorCode)
  }

  /** By id, or by instance id where the id is empty; returns the errors. */
  leave(...members: readonly (readonly [memberId: string, groupInstanceId?: string])[]): string[] {
    this.#line(`> leaves: ${members.map(([id, instance]) => instance ?? short(id)).join(' ')}`)
    const identities = members.map(([memberId, instance]) => ({
      memberId,
      groupInstanceId: instance ?? null,
      reason: null,
    }))
    const response = this.machine.leaveGroup({ groupId: 'g', members: identities }, this.now)
    this.#process()
    return response.members.map(({ errorCode }) => errorName(errorCode))
  }

  /** Commits `offset` for partition 0 of `topic`; returns the error. */
  commit(
    memberId: string,
    generationId: number,
    offset: number | bigint,
    topic = 'orders',
    fields: CommitFields = {},
  ): string {
    const { version = 10, ...others } = fields
    const partition = { partitionIndex: 0, committedOffset: BigInt(offset), committedLeaderEpoch: -1 }
    const request: OffsetCommitRequest = {
      groupId: 'g',
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId: null,
      retentionTimeMs: -1,
      ...others,
      topics: [{ name: topic, topicId, partitions: [{ ...partition, committedMetadata: null }] }],
    }
    try {
      const response = this.machine.commitOffsets(request, version, this.now)
      this.#process()
      return errorName(response.topics[0]!.partitions[0]!.errorCode)
    } catch (error) {
      if (error instanceof KafkaError) return error.error
      throw error
    }
  }

  /** The committed offset of partition 0; undefined for none. */
  committed(topic = 'orders', groupId = 'g', asked = zeroUuid): bigint | undefined {
    const topics = [{ name: topic, topicId: asked, partitionIndexes: [0] }]
    const response = this.machine.fetchOffsets({ groupId, topics }, false)
    const { committedOffset } = response.topics[0]!.partitions[0]!
    return committedOffset === -1n ? undefined : committedOffset
  }

  joined(token: number): JoinGroupResponse {
    return this.#reply(token) as JoinGroupResponse
  }

  synced(token: number): SyncGroupResponse {
    return this.#reply(token) as SyncGroupResponse
  }

  isWaiting(token: number): boolean {
    return !this.replies.has(token)
  }

  describe(groupId = 'g'): string {
    const { groupState, members } = this.machine.describeGroup(groupId, 6)
    return [groupState, ...members.map(({ memberId }) => short(memberId))].join(' ')
  }

  /** Moves the clock, stopping wherever something is due. */
  advance(ms: number): void {
    const untilMs = this.elapsedMs + ms
    if (ms > 0) this.#line(`  ${ms} ms`)
    for (
      let dueMs = this.machine.nextDueMs();
      dueMs !== undefined && dueMs <= untilMs;
      dueMs = this.machine.nextDueMs()
    ) {
      this.elapsedMs = Math.max(this.elapsedMs, dueMs)
      this.machine.runDue(this.now)
      this.#process()
    }
    this.elapsedMs = untilMs
  }

  /** What was held back is committed. */
  commitAll(): void {
    this.holdsCommits = false
    this.#settle()
    this.#process()
  }

  /** What was held back is lost with `error`. */
  loseAll(error = new KafkaError('NOT_LEADER_OR_FOLLOWER')): void {
    const lost = this.#pending.splice(0)
    this.holdsCommits = false
    if (lost.length === 0) return
    const first = lost[0]!
    const endOffset = first.endOffset - first.write.records.length
    this.log.length = endOffset
    this.machine.undoTo(endOffset)
    for (const { write } of lost) write.onSettled?.(this.now, error)
    this.#process()
  }

  takeTranscript(): string {
    return this.lines.splice(0).join('\n')
  }

  records(): GroupRecord[] {
    return this.log.map(({ key, value }) => decodeGroupRecord(key, value)!)
  }

  /** Whatever happened: the log alone gives the hard state. */
  expectReplayed(): void {
    expect(hardState(this.#replayed().state)).toEqual(hardState(this.machine.state))
  }

  #replayed(): GroupCoordinator {
    const machine = new GroupCoordinator({ settings: () => this.settings, logger: silentLogger, random: this.#random })
    for (const [offset, { key, value }] of this.log.entries()) machine.replay(offset, -1n, key, value)
    machine.commitTo(this.log.length)
    return machine
  }

  #process(): void {
    const { replies, writes } = this.machine.takeOutput()
    for (const { token, response } of replies) this.#onReply(token, response)
    for (const write of writes) this.#append(write)
    if (!this.holdsCommits) this.#settle()
    if (replies.length > 0 || writes.length > 0) this.#process()
  }

  #append(write: CoordinatorWrite): void {
    const error = this.nextWriteError
    this.nextWriteError = undefined
    for (const { key, value } of write.records) this.#line(`= ${describeRecord(decodeGroupRecord(key, value)!)}`)
    this.log.push(...write.records)
    this.#pending.push({ write, endOffset: this.log.length })
    if (error !== undefined) this.loseAll(error)
  }

  #settle(): void {
    for (const { write, endOffset } of this.#pending.splice(0)) {
      this.machine.commitTo(endOffset)
      write.onSettled?.(this.now, undefined)
    }
  }

  #reply(token: number): object {
    const reply = this.replies.get(token)
    if (reply === undefined) throw new Error(`${this.#names.get(token)} has no answer yet`)
    return reply
  }

  #onReply(token: number, response: object): void {
    expect(this.replies.has(token)).toBe(false)
    this.replies.set(token, response)
    this.#line(`< ${this.#names.get(token)}: ${describeReply(response as JoinGroupResponse | SyncGroupResponse)}`)
  }

  #line(text: string): void {
    this.lines.push(text)
  }
}

/** `a-00000000-0000-4000-8000-000000000001` is shown as `a-1`. */
export function short(memberId: string): string {
  return memberId.replace(/-[0-9a-f]{8}-.*0*?([1-9a-f][0-9a-f]*)$/, (_all, count: string) => `-${parseInt(count, 16)}`)
}

function describeReply(response: JoinGroupResponse | SyncGroupResponse): string {
  if (response.errorCode !== 0) {
    const id = 'memberId' in response && response.memberId !== '' ? ` ${short(response.memberId)}` : ''
    return `${errorName(response.errorCode)}${id}`
  }
  if ('assignment' in response) return `assigned "${response.assignment.toString()}"`
  const { generationId, memberId, leader, protocolName, members, skipAssignment } = response
  const others = members.length === 0 ? '' : `, members ${members.map((member) => short(member.memberId)).join(' ')}`
  const skip = skipAssignment ? ', skips assignment' : ''
  return `generation ${generationId} as ${short(memberId)}, leader ${short(leader)}, ${protocolName}${others}${skip}`
}

function describeRecord(record: GroupRecord): string {
  if (record.kind === 'offset') {
    const { groupId, topic, partition, commit } = record
    return `offset ${groupId} ${topic}-${partition} ${commit === null ? 'deleted' : commit.offset}`
  }
  if (record.kind === 'foreign') return `${record.type} group ${record.groupId}`
  if (record.group === null) return `group ${record.groupId} deleted`
  const { generation, members } = record.group
  const shown = members.map(({ memberId, assignment }) => `${short(memberId)}=${assignment.toString()}`)
  return `group ${record.groupId} generation ${generation}${shown.length === 0 ? ' empty' : ` ${shown.join(' ')}`}`
}

/** Everything that a replay must give again. */
export function hardState(state: GroupState): object {
  const offsets = [...state.offsets.groupIds()].map((groupId) => [
    groupId,
    [...state.offsets.ofGroup(groupId)!.entries()].map(([topic, partitions]) => [topic, [...partitions.entries()]]),
  ])
  return {
    endOffset: state.endOffset,
    groups: [...state.groups()].sort(([left], [right]) => (left < right ? -1 : 1)),
    offsets: offsets.sort(([left], [right]) => (left! < right! ? -1 : 1)),
    pending: [...state.offsets.pendingPartitions()],
  }
}
