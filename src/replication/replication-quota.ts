/**
 * How much of the replication of throttled replicas is let through (KIP-73), as a debt that shrinks with time: who took
 * more than the rate allows takes nothing until the debt is paid. One object per direction and broker.
 */

/** A second's worth may be taken at once after a time in which nothing was. */
const creditMsMax = 1000

export class ReplicationQuota {
  readonly #bytesPerSecond: () => number
  #creditBytes = 0
  #countedMs = Number.NEGATIVE_INFINITY

  /** `bytesPerSecond` is asked each time: it may change. */
  constructor(bytesPerSecond: () => number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  /** So many bytes of throttled replicas were taken. `nowMs` is monotonic. */
  onBytes(sizeInBytes: number, nowMs: number): void {
    this.#count(nowMs)
    this.#creditBytes -= sizeInBytes
  }

  /** Milliseconds until throttled replicas may go on; 0 when they may. */
  waitMs(nowMs: number): number {
    this.#count(nowMs)
    if (this.#creditBytes > 0) return 0
    const rate = this.#bytesPerSecond()
    return rate <= 0
      ? creditMsMax
      : Math.max(1, Math.min(creditMsMax, Math.ceil((1000 * (1 - this.#creditBytes)) / rate)))
  }

  #count(nowMs: number): void {
    const rate = this.#bytesPerSecond()
    const creditMax = (rate * creditMsMax) / 1000
    const elapsedMs = nowMs - this.#countedMs
    this.#countedMs = nowMs
    if (!Number.isFinite(elapsedMs)) this.#creditBytes = creditMax
    else this.#creditBytes = Math.min(creditMax, this.#creditBytes + (elapsedMs * rate) / 1000)
  }
}

/** Whether a topic's setting `*.replication.throttled.replicas` names the replica: `*`, or `partition:broker,...`. */
export function isThrottledReplica(setting: string | undefined, partition: number, brokerId: number): boolean {
  if (setting === undefined || setting === '') return false
  const text = setting.trim()
  return text === '*' || text.split(',').some((element) => element.trim() === `${partition}:${brokerId}`)
}
