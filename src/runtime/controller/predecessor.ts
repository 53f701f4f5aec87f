/**
 * When the controller that led before this one was last heard of, as far as the metadata log tells: it commits something
 * every half second (metadata.max.idle.interval.ms). A node that was broker too and fell silent as a controller has been
 * silent as a broker for as long, so that its session need not begin anew under its successor. Kept by the controller
 * runtime of each node that may take over.
 *
 * It decides nothing: the session still has to run out, and a heartbeat renews it as ever.
 */

export interface SilentPredecessor {
  readonly brokerId: number
  /** Monotonic milliseconds. */
  readonly lastHeardMs: number
}

export class Predecessor {
  readonly #nodeId: number
  #leaderId = -1
  #silent: SilentPredecessor | undefined

  constructor(nodeId: number) {
    this.#nodeId = nodeId
  }

  onLeaderChange(leaderId: number): void {
    this.#leaderId = leaderId
  }

  /** Something was committed, by whoever leads. */
  onCommitted(nowMs: number): void {
    if (this.#leaderId < 0 || this.#leaderId === this.#nodeId) return
    this.#silent = { brokerId: this.#leaderId, lastHeardMs: nowMs }
  }

  /** Of this node's taking over; told once. `silenceMsMax`: a log that was idle for longer says nothing of the silence. */
  take(nowMs: number, silenceMsMax: number): SilentPredecessor | undefined {
    const silent = this.#silent
    this.#silent = undefined
    return silent && { ...silent, lastHeardMs: Math.max(silent.lastHeardMs, nowMs - silenceMsMax) }
  }
}
