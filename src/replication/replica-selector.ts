/**
 * Which replica a consumer is to read from (KIP-392), as Apache Kafka's RackAwareReplicaSelector chooses. Pure;
 * runtime/preferred-replicas.ts says who may be chosen.
 */

export interface ReplicaView {
  readonly brokerId: number
  readonly rack: string | null
  readonly logEndOffset: number
  /** When it last had all that the leader had, monotonic milliseconds. */
  readonly lastCaughtUpMs: number
}

/** `replicas` are those that have what the consumer asks for, the leader among them. */
export type ReplicaSelector = (rack: string, replicas: readonly ReplicaView[], leader: ReplicaView) => ReplicaView

/** The leader when it is in the consumer's rack or nobody is, else the one in the rack that has most. */
export function selectInRack(rack: string, replicas: readonly ReplicaView[], leader: ReplicaView): ReplicaView {
  if (leader.rack === rack) return leader
  let best: ReplicaView | undefined
  for (const replica of replicas) {
    if (replica.rack === rack && (best === undefined || isBetter(replica, best))) best = replica
  }
  return best ?? leader
}

function isBetter(one: ReplicaView, other: ReplicaView): boolean {
  if (one.logEndOffset !== other.logEndOffset) return one.logEndOffset > other.logEndOffset
  if (one.lastCaughtUpMs !== other.lastCaughtUpMs) return one.lastCaughtUpMs > other.lastCaughtUpMs
  return one.brokerId < other.brokerId
}
