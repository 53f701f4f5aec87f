/**
 * Who has been heard of, and when: the controller's soft state about brokers. It is lost when another controller takes
 * over, which then gives every live broker a whole session to be heard of again, less what it knows of a silence before.
 *
 * Times are monotonic milliseconds.
 */
export interface BrokerSession {
  readonly epoch: number
  /** undefined: never since its registration, or fenced when this controller began. */
  lastContactMs: number | undefined
  /** How far it has applied the metadata log; -1 when it has not said. */
  metadataOffset: number
  /** Brokers that stay must have read up to here before it may leave; undefined: it is not shutting down. */
  controlledShutdownOffset: number | undefined
}

export class BrokerHeartbeats {
  readonly #sessions = new Map<number, BrokerSession>()
  readonly #sessionTimeoutMs: number

  constructor(sessionTimeoutMs: number) {
    this.#sessionTimeoutMs = sessionTimeoutMs
  }

  /** Forgets everyone; `live` have just been heard of, with their epochs. */
  activate(live: Iterable<{ readonly id: number; readonly epoch: number }>, nowMs: number): void {
    this.#sessions.clear()
    for (const { id, epoch } of live) this.#session(id, epoch).lastContactMs = nowMs
  }

  touch(brokerId: number, epoch: number, metadataOffset: number, nowMs: number): void {
    const session = this.#session(brokerId, epoch)
    session.lastContactMs = nowMs
    session.metadataOffset = metadataOffset
  }

  /** The broker, if it has a session, was not heard of since. */
  backdate(brokerId: number, lastContactMs: number): void {
    const session = this.#sessions.get(brokerId)
    if (session?.lastContactMs !== undefined) session.lastContactMs = Math.min(session.lastContactMs, lastContactMs)
  }

  remove(brokerId: number): void {
    this.#sessions.delete(brokerId)
  }

  hasValidSession(brokerId: number, epoch: number, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId)
    if (session === undefined || session.epoch !== epoch || session.lastContactMs === undefined) return false
    return nowMs - session.lastContactMs <= this.#sessionTimeoutMs
  }

  /** When the broker's session ends unless it is heard of; undefined when it has none. */
  expiryMs(brokerId: number): number | undefined {
    const lastContactMs = this.#sessions.get(brokerId)?.lastContactMs
    return lastContactMs === undefined ? undefined : lastContactMs + this.#sessionTimeoutMs
  }

  metadataOffset(brokerId: number): number {
    return this.#sessions.get(brokerId)?.metadataOffset ?? -1
  }

  controlledShutdownOffset(brokerId: number): number | undefined {
    return this.#sessions.get(brokerId)?.controlledShutdownOffset
  }

  /** Sets where the broker's shutdown is complete, once. */
  beginControlledShutdown(brokerId: number, epoch: number, offset: number): void {
    const session = this.#session(brokerId, epoch)
    session.controlledShutdownOffset ??= offset
  }

  endControlledShutdown(brokerId: number): void {
    const session = this.#sessions.get(brokerId)
    if (session !== undefined) session.controlledShutdownOffset = undefined
  }

  #session(brokerId: number, epoch: number): BrokerSession {
    const existing = this.#sessions.get(brokerId)
    if (existing !== undefined && existing.epoch === epoch) return existing
    const session: BrokerSession = {
      epoch,
      lastContactMs: undefined,
      metadataOffset: -1,
      controlledShutdownOffset: undefined,
    }
    this.#sessions.set(brokerId, session)
    return session
  }
}
