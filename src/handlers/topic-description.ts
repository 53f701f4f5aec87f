/**
 * Partitions as clients are told of them, the same in Metadata and DescribeTopicPartitions: a leader counts only while it
 * can be reached on the client's listener.
 */
import { isOnlineDirectory } from '../metadata/directory-id.ts'
import { directoryOf, noLeader, type PartitionRegistration } from '../metadata/partition-registration.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import { brokerEndpoint } from './broker-endpoint.ts'
import type { ConnectionInfo } from './handler.ts'

/** Which brokers this client can reach; remembered for one request. */
export class ReachableBrokers {
  readonly #broker: Broker
  readonly #connection: ConnectionInfo
  readonly #known = new Map<number, boolean>()

  constructor(broker: Broker, connection: ConnectionInfo) {
    this.#broker = broker
    this.#connection = connection
  }

  has(brokerId: number): boolean {
    let isReachable = this.#known.get(brokerId)
    if (isReachable === undefined) {
      isReachable = brokerEndpoint(this.#broker, brokerId, this.#connection) !== undefined
      this.#known.set(brokerId, isReachable)
    }
    return isReachable
  }

  /** Replicas that nobody can read now: their broker is not reachable, or their directory failed. */
  offlineReplicas(partition: PartitionRegistration): number[] {
    return partition.replicas.filter((brokerId) => {
      if (!this.has(brokerId)) return true
      const { directories } = this.#broker.image.cluster.broker(brokerId)!
      return !isOnlineDirectory(directoryOf(partition, brokerId)!, directories)
    })
  }

  /** The leader, or -1 with the error that says why there is none. */
  leaderOf(partition: PartitionRegistration): { readonly leaderId: number; readonly errorCode: ErrorCode } {
    const { leader } = partition
    if (leader !== noLeader && this.has(leader)) return { leaderId: leader, errorCode: 0 }
    const registration = this.#broker.image.cluster.broker(leader)
    const lacksListener = registration !== undefined && !registration.isFenced
    return {
      leaderId: noLeader,
      errorCode: lacksListener ? errorCodes.LISTENER_NOT_FOUND : errorCodes.LEADER_NOT_AVAILABLE,
    }
  }
}
