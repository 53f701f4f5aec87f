/**
 * All that this broker follows: for each leader as many fetchers as num.replica.fetchers says, partitions shared out among
 * them. The replica manager tells it which partition follows whom, by way of the metadata, and takes partitions back
 * before anything else becomes of them.
 *
 * Invariant: a partition is in one fetcher at most, for the leader and the leader epoch that it has.
 */
import type { BrokerConfig } from '../../config/broker-config.ts'
import { configResourceTypes } from '../../metadata/config-resource.ts'
import type { MetadataDelta } from '../../metadata/metadata-delta.ts'
import { isThrottledReplica, ReplicationQuota } from '../../replication/replication-quota.ts'
import { Following } from './following.ts'
import type { Partition } from './partition.ts'
import { type ReplicaFetchConfig, ReplicaFetcher, type ReplicaFetcherEnvironment } from './replica-fetcher.ts'

/** What the replica manager needs. */
export interface ReplicaFollowers {
  /** The partition follows `partition.leaderId` in `partition.leaderEpoch`; nobody, when that is -1. Twice is once. */
  follow(partition: Partition): void
  /** Nothing is appended to it any more, nor its log changed. */
  unfollow(partition: Partition): void
}

export interface ReplicaFetchersOptions extends Omit<ReplicaFetcherEnvironment, 'quota' | 'config'> {
  readonly config: ReplicaFetchConfig & Pick<BrokerConfig, 'number'>
  /** A topic's own setting follower.replication.throttled.replicas. */
  readonly throttledReplicasOf: (topic: string) => string | undefined
}

interface Followed {
  readonly following: Following
  readonly fetcher: ReplicaFetcher
}

export class ReplicaFetchers implements ReplicaFollowers {
  readonly #options: ReplicaFetchersOptions
  readonly #environment: ReplicaFetcherEnvironment
  readonly #followed = new Map<Partition, Followed>()
  /** By leader, then by lane. */
  readonly #fetchers = new Map<number, Map<number, ReplicaFetcher>>()
  readonly #closing = new Set<Promise<void>>()
  #lanesCount: number
  #isClosed = false

  constructor(options: ReplicaFetchersOptions) {
    this.#options = options
    const quota = new ReplicationQuota(() => options.config.number('follower.replication.throttled.rate'))
    this.#environment = { ...options, quota }
    this.#lanesCount = options.config.number('num.replica.fetchers')
  }

  /** Partitions that follow a leader. */
  get followedCount(): number {
    return this.#followed.size
  }

  get fetchersCount(): number {
    let count = 0
    for (const lanes of this.#fetchers.values()) count += lanes.size
    return count
  }

  follow(partition: Partition): void {
    const { leaderId, leaderEpoch } = partition
    const present = this.#followed.get(partition)
    if (present?.following.leaderEpoch === leaderEpoch && present.fetcher.leaderId === leaderId) return
    this.unfollow(partition)
    if (leaderId < 0 || leaderId === this.#options.brokerId || this.#isClosed) return
    const following = new Following(partition)
    following.isThrottled = this.#isThrottled(partition)
    const fetcher = this.#fetcher(leaderId, this.#laneOf(partition))
    this.#followed.set(partition, { following, fetcher })
    fetcher.add(following)
  }

  unfollow(partition: Partition): void {
    const present = this.#followed.get(partition)
    if (present === undefined) return
    this.#followed.delete(partition)
    present.fetcher.remove(present.following)
    if (present.fetcher.size === 0) this.#closeSoon(present.fetcher)
  }

  /** Subscribed to the metadata after the replica manager: leaders may have moved, settings changed. */
  onMetadataChange(delta: MetadataDelta): void {
    for (const brokerId of delta.brokers.keys()) {
      for (const fetcher of this.#fetchers.get(brokerId)?.values() ?? []) fetcher.onLeaderChanged()
    }
    for (const { resource } of delta.configs.values()) {
      if (resource.type !== configResourceTypes.topic) continue
      for (const [partition, { following }] of this.#followed) {
        if (partition.topic === resource.name) following.isThrottled = this.#isThrottled(partition)
      }
    }
    for (const fetcher of this.#all()) if (delta.configs.size > 0) fetcher.onThrottlesChanged()
  }

  /** The broker's settings changed: num.replica.fetchers may have. */
  onConfigChange(): void {
    const lanesCount = this.#options.config.number('num.replica.fetchers')
    if (lanesCount === this.#lanesCount) return
    this.#lanesCount = lanesCount
    for (const partition of [...this.#followed.keys()]) {
      this.unfollow(partition)
      this.follow(partition)
    }
  }

  /** Follows nobody any more. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isClosed = true
    this.#followed.clear()
    for (const fetcher of this.#all()) this.#track(fetcher.close())
    this.#fetchers.clear()
    await Promise.all(this.#closing)
  }

  #isThrottled({ topic, index }: Partition): boolean {
    return isThrottledReplica(this.#options.throttledReplicasOf(topic), index, this.#options.brokerId)
  }

  *#all(): Iterable<ReplicaFetcher> {
    for (const lanes of this.#fetchers.values()) yield* lanes.values()
  }

  #laneOf({ topicId, index }: Partition): number {
    let hash = index
    for (let at = 0; at < topicId.length; at++) hash = (hash * 31 + topicId.charCodeAt(at)) | 0
    return (hash >>> 0) % this.#lanesCount
  }

  #fetcher(leaderId: number, lane: number): ReplicaFetcher {
    let lanes = this.#fetchers.get(leaderId)
    if (lanes === undefined) {
      lanes = new Map()
      this.#fetchers.set(leaderId, lanes)
    }
    let fetcher = lanes.get(lane)
    if (fetcher === undefined) {
      fetcher = new ReplicaFetcher(this.#environment, leaderId, lane)
      lanes.set(lane, fetcher)
    }
    return fetcher
  }

  /** At the end of the turn: a new epoch of the same leader takes partitions away and brings them back. */
  #closeSoon(fetcher: ReplicaFetcher): void {
    this.#options.clock.endOfTurn(() => {
      const lanes = this.#fetchers.get(fetcher.leaderId)
      if (fetcher.size > 0 || lanes?.get(fetcher.lane) !== fetcher) return
      lanes.delete(fetcher.lane)
      if (lanes.size === 0) this.#fetchers.delete(fetcher.leaderId)
      this.#track(fetcher.close())
    })
  }

  #track(closing: Promise<void>): void {
    this.#closing.add(closing)
    void closing.then(() => this.#closing.delete(closing))
  }
}
