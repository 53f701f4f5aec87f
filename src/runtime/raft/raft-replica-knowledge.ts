/**
 * Who waits until other replicas know of something committed: the controller answers a request that creates topics when
 * the brokers that live have them too. What replicas know is in their fetches; the raft driver has this check after each.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { RaftNode } from '../../raft/raft-node.ts'

interface Wait {
  readonly ids: readonly number[]
  readonly offset: number
  readonly timer: Timer
  readonly resolve: () => void
}

export class ReplicaKnowledge {
  readonly #raft: RaftNode
  readonly #clock: Clock
  readonly #waits = new Set<Wait>()

  constructor(raft: RaftNode, clock: Clock) {
    this.#raft = raft
    this.#clock = clock
  }

  /** Never rejects; resolves at the latest after `timeoutMs`, and at once where this node does not lead. */
  whenKnown(ids: readonly number[], offset: number, timeoutMs: number): Promise<void> {
    if (!this.#raft.isLeader || this.#raft.doReplicasKnow(ids, offset)) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#clock.schedule(timeoutMs, () => this.#settle(wait))
      const wait = { ids, offset, timer, resolve }
      this.#waits.add(wait)
    })
  }

  check(): void {
    for (const wait of this.#waits) if (this.#raft.doReplicasKnow(wait.ids, wait.offset)) this.#settle(wait)
  }

  /** There will be no more fetches. */
  giveUp(): void {
    for (const wait of this.#waits) this.#settle(wait)
  }

  #settle(wait: Wait): void {
    this.#waits.delete(wait)
    wait.timer.cancel()
    wait.resolve()
  }
}
