/**
 * The voters of the quorum as a value: never changed, only replaced by another one. It comes from the configuration
 * (kraft.version 0, voters known by id alone) or from KRaftVoters control records (kraft.version 1, voters known by id
 * and directory id). Everything in this room that asks "who votes" or "is that a majority" asks it here.
 */
import { assert } from '../base/assert.ts'
import { type Uuid, zeroUuid } from '../base/uuid.ts'

/** A replica of the metadata log: the same id with another directory is another replica (KIP-853). */
export interface ReplicaKey {
  readonly id: number
  /** zeroUuid where it is not known. */
  readonly directoryId: Uuid
}

export interface Endpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface Voter extends ReplicaKey {
  /** The first is the one that the other voters dial. */
  readonly endpoints: readonly Endpoint[]
  /** The range of kraft.version that the voter can take part in. */
  readonly kraftVersionMin: number
  readonly kraftVersionMax: number
}

/** Equal ids, and equal directory ids unless one of the two is not known. */
export function isSameReplica(left: ReplicaKey, right: ReplicaKey): boolean {
  if (left.id !== right.id) return false
  return left.directoryId === right.directoryId || left.directoryId === zeroUuid || right.directoryId === zeroUuid
}

export function describeReplica(replica: ReplicaKey): string {
  return replica.directoryId === zeroUuid ? `${replica.id}` : `${replica.id}-${replica.directoryId}`
}

export class VoterSet {
  readonly #voters: ReadonlyMap<number, Voter>

  constructor(voters: readonly Voter[]) {
    this.#voters = new Map(voters.map((voter) => [voter.id, voter]))
    assert(this.#voters.size === voters.length, 'the ids of voters differ')
  }

  get size(): number {
    return this.#voters.size
  }

  get voters(): readonly Voter[] {
    return [...this.#voters.values()]
  }

  get ids(): readonly number[] {
    return [...this.#voters.keys()]
  }

  /** How many voters make a majority: any two of that size share a voter. */
  get majorityCount(): number {
    return Math.floor(this.#voters.size / 2) + 1
  }

  get(id: number): Voter | undefined {
    return this.#voters.get(id)
  }

  isVoter(replica: ReplicaKey): boolean {
    const voter = this.#voters.get(replica.id)
    return voter !== undefined && (voter.directoryId === zeroUuid || voter.directoryId === replica.directoryId)
  }

  isOnlyVoter(replica: ReplicaKey): boolean {
    return this.#voters.size === 1 && this.isVoter(replica)
  }

  /** Where the other voters reach `id`; undefined when it is no voter or has no endpoint. */
  endpointOf(id: number): Endpoint | undefined {
    return this.#voters.get(id)?.endpoints[0]
  }

  /** With one voter more; undefined when the id is taken. */
  with(voter: Voter): VoterSet | undefined {
    return this.#voters.has(voter.id) ? undefined : new VoterSet([...this.voters, voter])
  }

  /** Without that voter; undefined when it is none, or the last one. */
  without(replica: ReplicaKey): VoterSet | undefined {
    if (!this.isVoter(replica) || this.size === 1) return undefined
    return new VoterSet(this.voters.filter((voter) => voter.id !== replica.id))
  }

  /** With endpoints and versions of a voter replaced; undefined when it is no voter. */
  withUpdated(voter: Voter): VoterSet | undefined {
    const known = this.#voters.get(voter.id)
    if (known === undefined || !isSameReplica(known, voter)) return undefined
    return new VoterSet(this.voters.map((other) => (other.id === voter.id ? voter : other)))
  }

  equals(other: VoterSet): boolean {
    return this === other || JSON.stringify(this.#sorted()) === JSON.stringify(other.#sorted())
  }

  #sorted(): readonly Voter[] {
    return this.voters.toSorted((left, right) => left.id - right.id)
  }
}
