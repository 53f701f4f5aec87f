/**
 * The fetch sessions of this broker, at most max.incremental.fetch.session.cache.slots. When it is full a new session
 * takes the place of one that was not used for two minutes, or of one that had its two minutes and is worth less:
 * consumers' before followers', small before large. Otherwise there is no session, and the reader sends everything again.
 */
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { FetchSession } from './fetch-session.ts'

/** Kafka's min.incremental.fetch.session.eviction.ms, which cannot be configured. */
const evictionMs = 120_000

export interface FetchSessionCacheOptions {
  /** max.incremental.fetch.session.cache.slots */
  readonly sessionsMax: number
  readonly clock: Clock
  readonly random: Random
}

export class FetchSessionCache {
  readonly #options: FetchSessionCacheOptions
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>()
  #partitionsCount = 0
  #evictionsCount = 0

  constructor(options: FetchSessionCacheOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Partitions of all sessions, as of their last use. */
  get partitionsCount(): number {
    return this.#partitionsCount
  }

  get evictionsCount(): number {
    return this.#evictionsCount
  }

  /** Monotonic. */
  get nowMs(): number {
    return this.#options.clock.monotonic()
  }

  get(id: number): FetchSession | undefined {
    return this.#sessions.get(id)
  }

  /** A request used the session, and may have changed its partitions from `sizeBefore`. */
  onUsed(session: FetchSession, sizeBefore: number): void {
    if (this.#sessions.get(session.id) !== session) return
    this.#partitionsCount += session.size - sizeBefore
    session.lastUsedMs = this.#options.clock.monotonic()
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
  }

  remove(id: number): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.#sessions.delete(id)
    this.#partitionsCount -= session.size
    session.close()
  }

  /** An empty session for `size` partitions; undefined when there is no room. The caller adds them and calls `onUsed` with 0. */
  create(isPrivileged: boolean, usesTopicIds: boolean, size: number): FetchSession | undefined {
    const { clock, sessionsMax } = this.#options
    const nowMs = clock.monotonic()
    if (this.#sessions.size >= sessionsMax && !this.#evict(isPrivileged, size, nowMs)) return undefined
    const session = new FetchSession({ id: this.#newId(), isPrivileged, usesTopicIds, nowMs })
    this.#sessions.set(session.id, session)
    return session
  }

  #evict(isPrivileged: boolean, size: number, nowMs: number): boolean {
    if (this.#options.sessionsMax <= 0) return false
    const [oldest] = this.#sessions.values()
    if (nowMs - oldest!.lastUsedMs > evictionMs) return this.#evictSession(oldest!)
    let cheapest: FetchSession | undefined
    for (const session of this.#sessions.values()) {
      if (nowMs - session.createdMs <= evictionMs) continue
      if (cheapest === undefined || isCheaper(session, cheapest.isPrivileged, cheapest.size)) cheapest = session
    }
    if (cheapest === undefined || !isCheaper(cheapest, isPrivileged, size)) return false
    return this.#evictSession(cheapest)
  }

  #evictSession(session: FetchSession): boolean {
    this.remove(session.id)
    this.#evictionsCount++
    return true
  }

  /** From 1 to 2^31-2: 0 means none. */
  #newId(): number {
    for (;;) {
      const id = 1 + this.#options.random.integer(0x7ffffffe)
      if (!this.#sessions.has(id)) return id
    }
  }
}

function isCheaper(session: FetchSession, isPrivileged: boolean, size: number): boolean {
  if (session.isPrivileged !== isPrivileged) return isPrivileged
  return session.size < size
}
