/**
 * The votes of one election or pre-election, counted among the voters of the set at its start. Decided when a majority
 * has granted, lost when a majority no longer can.
 */
import type { VoterSet } from './voter-set.ts'

export class VoteTally {
  readonly voters: VoterSet
  readonly #answers = new Map<number, boolean>()

  constructor(voters: VoterSet) {
    this.voters = voters
  }

  record(voterId: number, isGranted: boolean): void {
    if (this.voters.get(voterId) !== undefined) this.#answers.set(voterId, isGranted)
  }

  get isWon(): boolean {
    return this.grantingIds.length >= this.voters.majorityCount
  }

  get isLost(): boolean {
    const deniedCount = this.#answers.size - this.grantingIds.length
    return this.voters.size - deniedCount < this.voters.majorityCount
  }

  get grantingIds(): readonly number[] {
    return [...this.#answers].filter(([, isGranted]) => isGranted).map(([id]) => id)
  }

  /** Voters that have not answered. */
  get openIds(): readonly number[] {
    return this.voters.ids.filter((id) => !this.#answers.has(id))
  }
}
