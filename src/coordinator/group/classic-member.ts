/**
 * Soft state: one member of a classic group. What a client sent is copied before it comes here, so that a member does
 * not hold the frame of its request.
 */
import { assert } from '../../base/assert.ts'
import type { Timer } from '../../base/clock.ts'
import type { MemberMetadata } from '../../protocol/stored/group/group-metadata.ts'
import type { ReplyToken } from '../coordinator-machine.ts'

export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface ClassicMemberFields {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
}

export const noAssignment = Buffer.alloc(0)

export class ClassicMember {
  readonly memberId: string
  /** Null: a dynamic member. */
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** In the order in which the member prefers them. */
  protocols: readonly MemberProtocol[]
  assignment: Buffer = noAssignment
  /** Its JoinGroup, while the answer waits. */
  joinToken: ReplyToken | undefined
  /** Its SyncGroup, while the answer waits. */
  syncToken: ReplyToken | undefined
  /** It has not had an answer yet, so it cannot send heartbeats. */
  isNew = false
  /** Monotonic milliseconds at which it is taken for dead. */
  heartbeatDeadlineMs = 0
  /** Runs at or before the deadline: a heartbeat moves the deadline and leaves the timer alone. */
  heartbeatTimer: Timer | undefined

  constructor(fields: ClassicMemberFields) {
    this.memberId = fields.memberId
    this.groupInstanceId = fields.groupInstanceId
    this.clientId = fields.clientId
    this.clientHost = fields.clientHost
    this.rebalanceTimeoutMs = fields.rebalanceTimeoutMs
    this.sessionTimeoutMs = fields.sessionTimeoutMs
    this.protocols = fields.protocols
  }

  static fromRecord(record: MemberMetadata, protocolName: string | null): ClassicMember {
    const { rebalanceTimeout, sessionTimeout, subscription, assignment } = record
    const member = new ClassicMember({
      memberId: record.memberId,
      groupInstanceId: record.groupInstanceId,
      clientId: record.clientId,
      clientHost: record.clientHost,
      rebalanceTimeoutMs: rebalanceTimeout === -1 ? sessionTimeout : rebalanceTimeout,
      sessionTimeoutMs: sessionTimeout,
      protocols: [{ name: protocolName ?? '', metadata: subscription }],
    })
    member.assignment = assignment
    return member
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null
  }

  get isAwaitingJoin(): boolean {
    return this.joinToken !== undefined
  }

  get isAwaitingSync(): boolean {
    return this.syncToken !== undefined
  }

  /** Who waits for the coordinator cannot be expected to send heartbeats. */
  get isExcusedFromHeartbeats(): boolean {
    return !this.isNew && (this.isAwaitingJoin || this.isAwaitingSync)
  }

  metadata(protocolName: string): Buffer {
    const protocol = this.protocols.find(({ name }) => name === protocolName)
    assert(protocol !== undefined, `${this.memberId} supports ${protocolName}`)
    return protocol.metadata
  }

  /** The same protocols, in the same order. */
  matches(protocols: readonly MemberProtocol[]): boolean {
    if (protocols.length !== this.protocols.length) return false
    return this.protocols.every((protocol, index) => {
      const other = protocols[index]!
      return protocol.name === other.name && protocol.metadata.equals(other.metadata)
    })
  }

  /** The same member under another id, waiting for nothing. */
  withId(memberId: string): ClassicMember {
    const member = new ClassicMember({ ...this.#fields(), memberId })
    member.assignment = this.assignment
    return member
  }

  toRecord(protocolName: string | null, assignment: Buffer): MemberMetadata {
    assert(protocolName !== null, `a group with ${this.memberId} in it has a protocol`)
    return {
      memberId: this.memberId,
      groupInstanceId: this.groupInstanceId,
      clientId: this.clientId,
      clientHost: this.clientHost,
      rebalanceTimeout: this.rebalanceTimeoutMs,
      sessionTimeout: this.sessionTimeoutMs,
      subscription: this.metadata(protocolName),
      assignment,
    }
  }

  #fields(): ClassicMemberFields {
    const { memberId, groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = this
    return { memberId, groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols }
  }
}
