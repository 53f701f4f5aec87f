/**
 * What is under way to each replica: one request at a time, given up after a timeout, and a pause after one that failed.
 * An answer counts only while its request is under way, so late, doubled and foreign answers fall through. Forgotten
 * as a whole at each change of role.
 */
interface Connection {
  requestId: number
  /** When the request under way is given up; 0 for none under way. */
  timeoutMs: number
  backoffUntilMs: number
}

export class RequestTracker {
  readonly #requestTimeoutMs: number
  readonly #retryBackoffMs: number
  readonly #connections = new Map<number, Connection>()
  #requestId = 0

  constructor(requestTimeoutMs: number, retryBackoffMs: number) {
    this.#requestTimeoutMs = requestTimeoutMs
    this.#retryBackoffMs = retryBackoffMs
  }

  /** When a request to `id` may be sent, at the latest: now or before it means at once. */
  readyAtMs(id: number, nowMs: number): number {
    const connection = this.#connections.get(id)
    if (connection === undefined) return 0
    return connection.timeoutMs > nowMs ? connection.timeoutMs : connection.backoffUntilMs
  }

  isReady(id: number, nowMs: number): boolean {
    return this.readyAtMs(id, nowMs) <= nowMs
  }

  /** True while an answer from `id` is awaited. */
  isUnderWay(id: number, nowMs: number): boolean {
    return (this.#connections.get(id)?.timeoutMs ?? 0) > nowMs
  }

  /** The number of a request that is now sent to `id`. */
  onSent(id: number, nowMs: number): number {
    this.#requestId++
    this.#connections.set(id, {
      requestId: this.#requestId,
      timeoutMs: nowMs + this.#requestTimeoutMs,
      backoffUntilMs: nowMs,
    })
    return this.#requestId
  }

  /** Whose answer it is; undefined when nobody waits for it any more. */
  onAnswered(requestId: number, isFailed: boolean, nowMs: number): number | undefined {
    for (const [id, connection] of this.#connections) {
      if (connection.requestId !== requestId || connection.timeoutMs === 0) continue
      connection.timeoutMs = 0
      connection.backoffUntilMs = isFailed ? nowMs + this.#retryBackoffMs : 0
      return id
    }
    return undefined
  }

  /** The answer was no help: pause before the next request to `id`. */
  backOff(id: number, nowMs: number): void {
    const connection = this.#connections.get(id)
    if (connection !== undefined) connection.backoffUntilMs = nowMs + this.#retryBackoffMs
  }

  reset(): void {
    this.#connections.clear()
  }
}
