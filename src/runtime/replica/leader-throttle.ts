/**
 * The leader's side of a reassignment's throttle (KIP-73): holds back what followers fetch of replicas that
 * `leader.replication.throttled.replicas` names, once all of them together get more than leader.replication.throttled.rate.
 *
 * Only followers that are not in sync are held back and counted: one in the ISR holds back the producers.
 */
import type { Clock } from '../../base/clock.ts'
import type { MetadataImage } from '../../metadata/metadata-image.ts'
import { isThrottledReplica, type ReplicationQuota } from '../../replication/replication-quota.ts'
import type { Partition } from './partition.ts'

const throttledReplicas = 'leader.replication.throttled.replicas'

export interface LeaderThrottleOptions {
  readonly brokerId: number
  readonly image: MetadataImage
  readonly quota: ReplicationQuota
  readonly clock: Clock
}

export class LeaderThrottle {
  readonly #options: LeaderThrottleOptions

  constructor(options: LeaderThrottleOptions) {
    this.#options = options
  }

  /** The follower `replicaId` gets no records of the partition now. */
  isHeldBack(partition: Partition, replicaId: number): boolean {
    const { quota, clock } = this.#options
    return this.#isThrottled(partition, replicaId) && quota.waitMs(clock.monotonic()) > 0
  }

  /** The follower `replicaId` gets so many bytes. */
  onRead(partition: Partition, replicaId: number, sizeInBytes: number): void {
    if (!this.#isThrottled(partition, replicaId)) return
    this.#options.quota.onBytes(sizeInBytes, this.#options.clock.monotonic())
  }

  #isThrottled({ topic, index, replicas }: Partition, replicaId: number): boolean {
    if (replicas === undefined || replicas.assignment.inSyncReplicas.includes(replicaId)) return false
    const { image, brokerId } = this.#options
    return isThrottledReplica(image.configs.topic(topic).get(throttledReplicas), index, brokerId)
  }
}
