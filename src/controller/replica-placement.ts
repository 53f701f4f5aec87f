/**
 * Where the replicas of new partitions go. Racks come first: the replicas of a partition go round the racks, so that no
 * rack holds two while another has none; within a rack they go round its brokers. Each partition starts one rack and
 * one broker further than the one before, which makes the stripes:
 *
 *   racks A, B, C of three brokers each, offsets 0:   A0 B0 C0 | B1 C1 A1 | C2 A2 B2
 *
 * Starting points are random, and shuffled anew when every live broker has been first once. Live brokers are taken
 * before fenced ones; the first replica, which will lead, is never on a fenced one.
 */
import type { Random } from '../base/random.ts'
import { KafkaError } from '../protocol/errors.ts'

export interface UsableBroker {
  readonly id: number
  readonly rack: string | null
  readonly isFenced: boolean
}

function shuffle<T>(values: T[], random: Random): void {
  for (let index = values.length - 1; index > 0; index--) {
    const other = random.integer(index + 1)
    const value = values[index]!
    values[index] = values[other]!
    values[other] = value
  }
}

/** Brokers taken in turn; each round (one partition) starts one further than the round before. */
class BrokerRing {
  readonly #ids: number[]
  #offset = 0
  #taken = 0
  #round = 0

  constructor(ids: number[], random: Random) {
    this.#ids = ids.sort((a, b) => a - b)
    if (ids.length > 0) this.#offset = random.integer(ids.length)
  }

  /** The next broker of this round, or undefined when all are taken. */
  next(round: number): number | undefined {
    const count = this.#ids.length
    if (count === 0) return undefined
    if (round !== this.#round) {
      this.#round = round
      this.#taken = 0
      this.#offset = (this.#offset + 1) % count
    }
    if (this.#taken >= count) return undefined
    return this.#ids[(this.#offset + this.#taken++) % count]
  }

  shuffle(random: Random): void {
    shuffle(this.#ids, random)
  }
}

interface Rack {
  readonly live: BrokerRing
  readonly fenced: BrokerRing
}

class ReplicaPlacer {
  readonly #racks: Rack[]
  readonly #random: Random
  readonly #liveCount: number
  #rackOffset: number
  #round = 0

  constructor(brokers: readonly UsableBroker[], random: Random) {
    this.#random = random
    this.#liveCount = brokers.filter((broker) => !broker.isFenced).length
    const names = [...new Set(brokers.map((broker) => broker.rack))].sort((a, b) => {
      if (a === null || b === null) return a === null ? -1 : 1
      return a < b ? -1 : 1
    })
    const ring = (rack: string | null, isFenced: boolean) => {
      const members = brokers.filter((broker) => broker.rack === rack && broker.isFenced === isFenced)
      return new BrokerRing(
        members.map((broker) => broker.id),
        random,
      )
    }
    this.#racks = names.map((name) => ({ live: ring(name, false), fenced: ring(name, true) }))
    this.#rackOffset = random.integer(this.#racks.length)
  }

  /** Needs at least one live broker, and as many brokers as replicas. */
  placePartition(replicaCount: number): number[] {
    if (this.#round === this.#liveCount && this.#liveCount > 1) {
      shuffle(this.#racks, this.#random)
      for (const rack of this.#racks) {
        rack.live.shuffle(this.#random)
        rack.fenced.shuffle(this.#random)
      }
      this.#round = 0
    }
    const racks = this.#racks
    const start = this.#rackOffset % racks.length
    const first = this.#takeFirst(start)
    const replicas = [first.id]
    // The rack of the first replica is passed over once: it has had its turn.
    let skippedIndex = first.rackIndex
    for (let index = start; replicas.length < replicaCount; index = (index + 1) % racks.length) {
      if (index === skippedIndex) {
        skippedIndex = -1
        continue
      }
      const rack = racks[index]!
      const id = rack.live.next(this.#round) ?? rack.fenced.next(this.#round)
      if (id !== undefined) replicas.push(id)
    }
    this.#round++
    this.#rackOffset = start + 1
    return replicas
  }

  #takeFirst(start: number): { readonly id: number; readonly rackIndex: number } {
    for (let rackIndex = start; ; rackIndex = (rackIndex + 1) % this.#racks.length) {
      const id = this.#racks[rackIndex]!.live.next(this.#round)
      if (id !== undefined) return { id, rackIndex }
    }
  }
}

/**
 * Places `partitionCount` partitions. Throws INVALID_REPLICATION_FACTOR when there are not enough brokers, or none that
 * is live.
 */
export function placeReplicas(
  brokers: readonly UsableBroker[],
  partitionCount: number,
  replicaCount: number,
  random: Random,
): number[][] {
  if (replicaCount <= 0) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      `Invalid replication factor ${replicaCount}: the replication factor must be positive.`,
    )
  }
  if (!brokers.some((broker) => !broker.isFenced)) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      'All brokers are currently fenced, or have all their log directories cordoned.',
    )
  }
  if (replicaCount > brokers.length) {
    throw new KafkaError(
      'INVALID_REPLICATION_FACTOR',
      `The target replication factor of ${replicaCount} cannot be reached because only ${brokers.length} broker(s) are ` +
        'registered or some brokers have all their log directories cordoned.',
    )
  }
  const placer = new ReplicaPlacer(brokers, random)
  return Array.from({ length: partitionCount }, () => placer.placePartition(replicaCount))
}
