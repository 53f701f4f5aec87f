/**
 * The shards of one internal topic that this broker coordinates, by partition: it opens one when the broker is elected to
 * lead the partition, closes it when the broker resigns, and finds the one that a request is for.
 *
 * A leader that is elected anew in a later epoch resigns and is elected in one turn. Nothing of its log was lost, so its
 * shard goes on, with all who wait; therefore shards close at the end of the turn.
 */
import type { CoordinatorMachine } from '../../coordinator/coordinator-machine.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { type CoordinatorEnvironment, CoordinatorShard } from './coordinator-shard.ts'

export class CoordinatorRuntime<M extends CoordinatorMachine> {
  readonly #environment: CoordinatorEnvironment
  readonly #makeMachine: (partition: number) => M
  readonly #shards = new Map<number, CoordinatorShard<M>>()
  readonly #resigned = new Set<CoordinatorShard<M>>()
  /** Who waits until a partition's shard is active. */
  readonly #waiting = new Map<number, Set<() => void>>()

  /** `makeMachine` makes an empty one; a log that cannot be read at first is tried again with another. */
  constructor(environment: CoordinatorEnvironment, makeMachine: (partition: number) => M) {
    this.#environment = environment
    this.#makeMachine = makeMachine
  }

  onElected(partition: number, leaderEpoch: number): void {
    const before = this.#shards.get(partition)
    if (before !== undefined) {
      const isResigned = this.#resigned.delete(before)
      if (before.leaderEpoch < leaderEpoch) {
        before.leaderEpoch = leaderEpoch
        return
      }
      if (!isResigned) return
      // Of another topic with the same name.
      before.close()
    }
    const onActive = () => this.#wake(partition)
    const shard = new CoordinatorShard(this.#environment, partition, leaderEpoch, this.#makeMachine, onActive)
    this.#shards.set(partition, shard)
    shard.load()
  }

  /** Of an epoch that is over already it does nothing. */
  onResigned(partition: number, leaderEpoch: number): void {
    const shard = this.#shards.get(partition)
    if (shard === undefined || shard.leaderEpoch > leaderEpoch) return
    if (this.#resigned.size === 0) this.#environment.clock.endOfTurn(() => this.#closeResigned())
    this.#resigned.add(shard)
  }

  /** The broker stops. */
  close(): void {
    for (const shard of this.#shards.values()) shard.close()
    this.#shards.clear()
    for (const partition of [...this.#waiting.keys()]) this.#wake(partition)
  }

  #closeResigned(): void {
    for (const shard of this.#resigned) {
      this.#shards.delete(shard.partition)
      shard.close()
    }
    this.#resigned.clear()
  }

  /** Throws NOT_COORDINATOR when it is not here. It may be loading still. */
  shard(partition: number): CoordinatorShard<M> {
    const shard = this.#shards.get(partition)
    if (shard === undefined) throw new KafkaError('NOT_COORDINATOR')
    return shard
  }

  /** Resolves when requests to the partition's coordinator are answered here, and after `timeoutMs` milliseconds at the latest. */
  untilActive(partition: number, timeoutMs: number): Promise<void> {
    if (this.#shards.get(partition)?.state === 'active') return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(partition) ?? new Set()
      this.#waiting.set(partition, waiting)
      const wake = () => {
        timer.cancel()
        waiting.delete(wake)
        resolve()
      }
      const timer = this.#environment.clock.schedule(timeoutMs, wake)
      waiting.add(wake)
    })
  }

  #wake(partition: number): void {
    for (const wake of this.#waiting.get(partition) ?? []) wake()
    this.#waiting.delete(partition)
  }

  shards(): Iterable<CoordinatorShard<M>> {
    return this.#shards.values()
  }
}
