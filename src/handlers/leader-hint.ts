/**
 * Where the leader of a partition is, for answers that refuse because it is elsewhere (KIP-951): Produce from version 10,
 * Fetch from 16. With it a client goes on without asking for metadata.
 */
import type { Uuid } from '../base/uuid.ts'
import { errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import { brokerEndpoint } from './broker-endpoint.ts'
import type { ConnectionInfo } from './handler.ts'

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface LeaderIdAndEpoch {
  readonly leaderId: number
  readonly leaderEpoch: number
}

/** True for errors that say that the client has the leader wrong. */
export function isLeaderError(errorCode: number): boolean {
  return errorCode === errorCodes.NOT_LEADER_OR_FOLLOWER || errorCode === errorCodes.FENCED_LEADER_EPOCH
}

/** Collects the leaders of one answer's partitions. */
export class LeaderHints {
  readonly #broker: Broker
  readonly #connection: ConnectionInfo
  readonly #endpoints = new Map<number, NodeEndpoint>()

  constructor(broker: Broker, connection: ConnectionInfo) {
    this.#broker = broker
    this.#connection = connection
  }

  /** Endpoints of the leaders that were asked for. */
  get endpoints(): NodeEndpoint[] {
    return [...this.#endpoints.values()]
  }

  /** -1, -1 when the metadata does not know the partition. */
  leaderOf(topicId: Uuid, index: number): LeaderIdAndEpoch {
    const registration = this.#broker.image.topics.getPartition(topicId, index)
    if (registration === undefined) return { leaderId: -1, leaderEpoch: -1 }
    const { leader: leaderId, leaderEpoch } = registration
    if (leaderId >= 0 && !this.#endpoints.has(leaderId)) {
      const endpoint = brokerEndpoint(this.#broker, leaderId, this.#connection)
      if (endpoint !== undefined) this.#endpoints.set(leaderId, { nodeId: leaderId, ...endpoint })
    }
    return { leaderId, leaderEpoch }
  }
}
