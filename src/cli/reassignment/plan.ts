/**
 * Where partitions should be so that brokers carry alike, racks share each partition, and little moves: what is on a
 * broker that may keep it stays there; what is left over goes where least is. Pure.
 */
import { OperatorError } from '../operator-error.ts'
import type { Replicas } from './current-assignment.ts'

export interface PlanBroker {
  readonly id: number
  readonly rack: string | null
}

/** `replicationFactor` undefined: each partition keeps its own. Throws OperatorError. */
export function planReplicas(
  current: readonly Replicas[],
  brokers: readonly PlanBroker[],
  replicationFactor?: number,
): Replicas[] {
  const factors = current.map(({ replicas }) => replicationFactor ?? replicas.length)
  const factorMax = Math.max(0, ...factors)
  if (factorMax > brokers.length)
    throw new OperatorError(`${factorMax} replicas need as many brokers: there are ${brokers.length}`)
  const plan = new Plan(brokers, factors)
  const kept = current.map((each, index) => plan.keep(each.replicas, factors[index]!))
  const filled = kept.map((replicas, index) => plan.fill(replicas, factors[index]!))
  return current.map(({ topic, partition, replicas: before }, index) => ({
    topic,
    partition,
    replicas: plan.lead(filled[index]!, before[0]),
  }))
}

class Plan {
  readonly #racks: ReadonlyMap<number, string | null>
  readonly #rackCount: number
  readonly #replicasMax: number
  readonly #leadersMax: number
  readonly #replicaCounts = new Map<number, number>()
  readonly #leaderCounts = new Map<number, number>()

  constructor(brokers: readonly PlanBroker[], factors: readonly number[]) {
    this.#racks = new Map(brokers.map(({ id, rack }) => [id, rack]))
    this.#rackCount = new Set(this.#racks.values()).size
    this.#replicasMax = Math.ceil(factors.reduce((sum, factor) => sum + factor, 0) / Math.max(brokers.length, 1))
    this.#leadersMax = Math.ceil(factors.length / Math.max(brokers.length, 1))
  }

  /** Those of `replicas` that may stay where they are. */
  keep(replicas: readonly number[], factor: number): number[] {
    const kept: number[] = []
    for (const id of replicas) {
      const isFull = this.#count(id) >= this.#replicasMax
      if (kept.length === factor || !this.#racks.has(id) || isFull || this.#isCrowded(id, kept, factor)) continue
      kept.push(id)
      this.#replicaCounts.set(id, this.#count(id) + 1)
    }
    return kept
  }

  /** With as many more as are missing: first where no replica shares the rack, then where least is. */
  fill(kept: readonly number[], factor: number): number[] {
    const replicas = [...kept]
    while (replicas.length < factor) {
      const open = [...this.#racks.keys()].filter((id) => !replicas.includes(id))
      const rankOf = (id: number): number => this.#rackUse(id, replicas) * 1e9 + this.#count(id)
      const best = open.reduce((least, id) => (rankOf(id) < rankOf(least) ? id : least))
      replicas.push(best)
      this.#replicaCounts.set(best, this.#count(best) + 1)
    }
    return replicas
  }

  /** The one that leads first: the one that did, unless it leads its share already. */
  lead(replicas: readonly number[], before: number | undefined): number[] {
    const leads = (id: number): number => this.#leaderCounts.get(id) ?? 0
    const stays = before !== undefined && replicas.includes(before) && leads(before) < this.#leadersMax
    const leader = stays ? before : replicas.reduce((least, id) => (leads(id) < leads(least) ? id : least))
    this.#leaderCounts.set(leader, leads(leader) + 1)
    return [leader, ...replicas.filter((id) => id !== leader)]
  }

  #count(id: number): number {
    return this.#replicaCounts.get(id) ?? 0
  }

  #rackUse(id: number, replicas: readonly number[]): number {
    return replicas.filter((each) => this.#racks.get(each) === this.#racks.get(id)).length
  }

  /** Its rack has its share of the partition. */
  #isCrowded(id: number, replicas: readonly number[], factor: number): boolean {
    return this.#rackUse(id, replicas) >= Math.ceil(factor / this.#rackCount)
  }
}
