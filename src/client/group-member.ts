/**
 * A member of a classic group: joins, assigns when it leads, heartbeats, and joins again when the group rebalances. The
 * consumer (group-consumer.ts) asks it before each poll for its assignment; a rebalance is never missed, because
 * `assignment` changes its generation.
 */
import { type JoinGroupResponse, joinGroupRequest, joinGroupResponse } from '../protocol/api/11-join-group.ts'
import { heartbeatRequest, heartbeatResponse } from '../protocol/api/12-heartbeat.ts'
import { leaveGroupRequest, leaveGroupResponse } from '../protocol/api/13-leave-group.ts'
import { syncGroupRequest, syncGroupResponse } from '../protocol/api/14-sync-group.ts'
import { type ErrorName, errorName, KafkaError } from '../protocol/errors.ts'
import { isRetriable } from './client-errors.ts'
import { sleep } from './deadline.ts'
import type { Membership } from './group-offsets.ts'
import type { KafkaClient } from './kafka-client.ts'
import {
  assignRanges,
  decodeAssignment,
  decodeSubscribedTopics,
  encodeAssignment,
  encodeSubscription,
  rangeProtocol,
  type TopicPartitions,
} from './range-assignor.ts'

export interface GroupMemberOptions {
  readonly groupId: string
  readonly groupInstanceId?: string | undefined
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly heartbeatIntervalMs?: number
  /** The topics wanted now; asked at each joining, so that new ones that match a pattern are found. */
  subscribedTopics(): Promise<readonly string[]>
}

const joinExchange = { request: joinGroupRequest, response: joinGroupResponse }
const syncExchange = { request: syncGroupRequest, response: syncGroupResponse }
const heartbeatExchange = { request: heartbeatRequest, response: heartbeatResponse }
const leaveExchange = { request: leaveGroupRequest, response: leaveGroupResponse }
const protocolType = 'consumer'

/** After these the member joins again, with its id or as a new one. */
const rejoinErrors = new Set<ErrorName>(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])

export class GroupMember {
  readonly #client: KafkaClient
  readonly #options: GroupMemberOptions
  #memberId = ''
  #generationId = -1
  #needsJoin = true
  #timer: NodeJS.Timeout | undefined
  #failure: Error | undefined

  constructor(client: KafkaClient, options: GroupMemberOptions) {
    this.#client = client
    this.#options = options
  }

  /** True when the assignment is not ours any more: commit, then `join`. */
  get needsJoin(): boolean {
    return this.#needsJoin
  }

  get membership(): Membership {
    const groupInstanceId = this.#options.groupInstanceId ?? null
    return { generationId: this.#generationId, memberId: this.#memberId, groupInstanceId }
  }

  /** Joins and resolves with what this member reads from now on. Rejects when the group refuses it for good. */
  async join(): Promise<readonly TopicPartitions[]> {
    this.#stopHeartbeats()
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      try {
        const assigned = await this.#joinOnce()
        this.#needsJoin = false
        this.#scheduleHeartbeat()
        return assigned
      } catch (error) {
        if (!(error instanceof KafkaError) || !this.#mayJoinAgain(error.error)) throw error
        if (error.error !== 'MEMBER_ID_REQUIRED') await sleep(50)
      }
    }
  }

  /** Ends the membership at once, so that others need not wait for the session timeout. Static members stay. */
  async leave(): Promise<void> {
    this.#stopHeartbeats()
    const { groupId, groupInstanceId } = this.#options
    if (this.#memberId === '' || groupInstanceId !== undefined) return
    const connection = await this.#client.connectionTo({ groupId })
    const isNew = connection.versionOf(leaveGroupRequest) >= 3
    const member = { memberId: this.#memberId, groupInstanceId: null, reason: 'the consumer is being closed' }
    const message = isNew ? { groupId, members: [member] } : { groupId, memberId: this.#memberId }
    await connection.ask(leaveExchange, message)
    this.#memberId = ''
  }

  #mayJoinAgain(error: ErrorName): boolean {
    if (error === 'UNKNOWN_MEMBER_ID' || error === 'ILLEGAL_GENERATION') this.#memberId = ''
    return error === 'MEMBER_ID_REQUIRED' || rejoinErrors.has(error)
  }

  async #joinOnce(): Promise<readonly TopicPartitions[]> {
    const topics = await this.#options.subscribedTopics()
    const { groupId, groupInstanceId = null, sessionTimeoutMs = 45_000, rebalanceTimeoutMs = 300_000 } = this.#options
    const message = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupInstanceId,
      protocolType,
      protocols: [{ name: rangeProtocol, metadata: encodeSubscription(topics) }],
    }
    const joined = await this.#client.ask(
      joinExchange,
      message,
      { groupId },
      {
        extraTimeoutMs: rebalanceTimeoutMs,
        judge: ({ errorCode, memberId }) => {
          if (errorName(errorCode) === 'MEMBER_ID_REQUIRED') this.#memberId = memberId
          throwIfFailed(errorCode)
        },
      },
    )
    this.#memberId = joined.memberId
    this.#generationId = joined.generationId
    return this.#sync(joined)
  }

  async #sync(joined: JoinGroupResponse): Promise<readonly TopicPartitions[]> {
    const isLeader = joined.leader === joined.memberId && !joined.skipAssignment
    const { groupId, groupInstanceId = null } = this.#options
    const message = {
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId,
      protocolType,
      protocolName: joined.protocolName ?? rangeProtocol,
      assignments: isLeader ? await this.#assign(joined) : [],
    }
    const synced = await this.#client.ask(
      syncExchange,
      message,
      { groupId },
      {
        extraTimeoutMs: this.#options.rebalanceTimeoutMs ?? 300_000,
        judge: ({ errorCode }) => throwIfFailed(errorCode),
      },
    )
    return decodeAssignment(synced.assignment)
  }

  async #assign({ members }: JoinGroupResponse): Promise<{ memberId: string; assignment: Buffer }[]> {
    const topics = [...new Set(members.flatMap(({ metadata }) => decodeSubscribedTopics(metadata)))]
    await this.#client.loadTopics(topics)
    const ranges = assignRanges(members, (topic) => this.#client.metadata.topic(topic)?.partitions.length ?? 0)
    return [...ranges].map(([memberId, assigned]) => ({ memberId, assignment: encodeAssignment(assigned) }))
  }

  #scheduleHeartbeat(): void {
    this.#timer = setTimeout(() => void this.#heartbeat(), this.#options.heartbeatIntervalMs ?? 3000)
  }

  #stopHeartbeats(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #heartbeat(): Promise<void> {
    const { groupId, groupInstanceId = null } = this.#options
    const message = { groupId, generationId: this.#generationId, memberId: this.#memberId, groupInstanceId }
    try {
      await this.#client.ask(
        heartbeatExchange,
        message,
        { groupId },
        {
          judge: ({ errorCode }) => throwIfFailed(errorCode),
        },
      )
    } catch (error) {
      this.#onHeartbeatFailed(error as Error)
    }
    if (!this.#needsJoin && this.#timer !== undefined) this.#scheduleHeartbeat()
  }

  #onHeartbeatFailed(error: Error): void {
    if (isRetriable(error)) return
    this.#needsJoin = true
    if (error instanceof KafkaError && rejoinErrors.has(error.error)) this.#mayJoinAgain(error.error)
    else this.#failure = error
  }

  /** A commit was refused because the group has moved on. */
  rejoin(): void {
    this.#needsJoin = true
  }
}

function throwIfFailed(errorCode: number): void {
  if (errorCode !== 0) throw new KafkaError(errorName(errorCode))
}
