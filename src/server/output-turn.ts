/**
 * Lets all that connections write in one turn of the event loop leave together at its end: one system call per
 * connection and turn, and one end-of-turn callback for all of them.
 */
import type { Clock } from '../base/clock.ts'

export interface TurnMember {
  onTurnEnd(): void
}

export class OutputTurn {
  readonly #clock: Clock
  #members: TurnMember[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `member.onTurnEnd` runs once at the end of this turn; a member adds itself at most once per turn. */
  add(member: TurnMember): void {
    if (this.#members.length === 0) this.#clock.endOfTurn(this.#run)
    this.#members.push(member)
  }

  readonly #run = (): void => {
    const members = this.#members
    this.#members = []
    for (const member of members) member.onTurnEnd()
  }
}
