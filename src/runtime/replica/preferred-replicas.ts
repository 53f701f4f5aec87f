/**
 * Tells consumers that name their rack which follower to read from instead of the leader (KIP-392), when
 * `replica.selector.class` says so. Asked by FetchReader for partitions that this broker leads.
 *
 * Only in-sync followers that have what the consumer asks for, and that it can reach on its listener, are chosen: one that
 * lags would hold the consumer back for as long as it lags.
 */
import type { MetadataImage } from '../../metadata/metadata-image.ts'
import type { ReplicaSelector, ReplicaView } from '../../replication/replica-selector.ts'
import type { Partition } from './partition.ts'

export interface PreferredReplicasOptions {
  readonly brokerId: number
  readonly image: MetadataImage
  readonly select: ReplicaSelector
}

/** Who reads, as far as it matters here. */
export interface ReaderPlace {
  /** Of the consumer; empty when it does not say. */
  readonly rack: string
  readonly listenerName: string
}

export class PreferredReplicas {
  readonly #options: PreferredReplicasOptions

  constructor(options: PreferredReplicasOptions) {
    this.#options = options
  }

  /** The id of a follower; -1: the leader serves itself. */
  choose(partition: Partition, { rack, listenerName }: ReaderPlace, fetchOffset: number): number {
    const { replicas, log } = partition
    if (rack === '' || replicas === undefined || log === undefined) return -1
    const { brokerId, image, select } = this.#options
    const views: ReplicaView[] = []
    for (const id of replicas.assignment.inSyncReplicas) {
      const follower = replicas.follower(id)
      const hasIt =
        follower !== undefined && follower.logEndOffset >= fetchOffset && follower.logStartOffset <= fetchOffset
      const broker = hasIt ? image.cluster.broker(id) : undefined
      if (follower === undefined || broker === undefined || broker.isFenced) continue
      if (!broker.endpoints.some(({ name }) => name === listenerName)) continue
      const { logEndOffset, lastCaughtUpMs } = follower
      views.push({ brokerId: id, rack: broker.rack, logEndOffset, lastCaughtUpMs })
    }
    if (views.length === 0) return -1
    const leader: ReplicaView = {
      brokerId,
      rack: image.cluster.broker(brokerId)?.rack ?? null,
      logEndOffset: log.logEndOffset,
      lastCaughtUpMs: Number.POSITIVE_INFINITY,
    }
    views.push(leader)
    const chosen = select(rack, views, leader)
    return chosen === leader ? -1 : chosen.brokerId
  }
}
