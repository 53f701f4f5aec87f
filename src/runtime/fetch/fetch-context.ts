/**
 * What one Fetch request means (KIP-227): which partitions are read for it, and which session it starts, goes on with or
 * has none of. The fetch handler opens it with the request and closes it with the answers, in which a session leaves out
 * what its reader knows.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { FetchTopic, ForgottenTopic } from '../../protocol/api/01-fetch.ts'
import { type ErrorCode, errorCodes } from '../../protocol/errors.ts'
import type { FetchReader } from './fetch-reader.ts'
import { type FetchSession, finalEpoch, initialEpoch, nextEpoch } from './fetch-session.ts'
import type { FetchSessionCache } from './fetch-session-cache.ts'
import { FetchTarget } from './fetch-target.ts'
import { type FetchTargets, ListedTargets } from './fetch-targets.ts'

export interface FetchFacts {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: readonly FetchTopic[]
  readonly forgottenTopicsData: readonly ForgottenTopic[]
  readonly isFollower: boolean
  /** Version 13 and up. */
  readonly usesTopicIds: boolean
  /** A number for what else decides what is answered; see FetchSession.beginRound. */
  readonly view: number
}

/** The name of a topic id, as the metadata knows it. */
export type TopicName = (topicId: Uuid) => string | undefined

export class FetchContext {
  readonly targets: FetchTargets
  readonly #cache: FetchSessionCache
  readonly #facts: FetchFacts
  readonly #kind: 'sessionless' | 'full' | 'incremental'
  readonly #session: FetchSession | undefined

  private constructor(
    cache: FetchSessionCache,
    facts: FetchFacts,
    kind: 'sessionless' | 'full' | 'incremental',
    targets: FetchTargets,
    session?: FetchSession,
  ) {
    this.#cache = cache
    this.#facts = facts
    this.#kind = kind
    this.targets = targets
    this.#session = session
  }

  /** The context, or the error that answers the whole request. */
  static open(cache: FetchSessionCache, facts: FetchFacts, topicName: TopicName): FetchContext | ErrorCode {
    const { sessionId, sessionEpoch } = facts
    if (sessionEpoch === finalEpoch || sessionEpoch === initialEpoch) {
      if (sessionId !== 0) cache.remove(sessionId)
      const kind = sessionEpoch === finalEpoch ? 'sessionless' : 'full'
      return new FetchContext(cache, facts, kind, new ListedTargets(newTargets(facts, topicName)))
    }
    const session = cache.get(sessionId)
    if (session === undefined) return errorCodes.FETCH_SESSION_ID_NOT_FOUND
    if (session.epoch !== sessionEpoch) return errorCodes.INVALID_FETCH_SESSION_EPOCH
    if (session.usesTopicIds !== facts.usesTopicIds) return errorCodes.FETCH_SESSION_TOPIC_ID_ERROR
    const sizeBefore = session.size
    session.beginRound(cache.nowMs, facts.view)
    updateSession(session, facts, topicName)
    session.epoch = nextEpoch(session.epoch)
    cache.onUsed(session, sizeBefore)
    if (session.size > 0) return new FetchContext(cache, facts, 'incremental', session, session)
    cache.remove(session.id)
    return new FetchContext(cache, facts, 'sessionless', new ListedTargets([]))
  }

  get isIncremental(): boolean {
    return this.#kind === 'incremental'
  }

  /**
   * The reader's answers go out: the session notes them. Returns the session's id for the answer, 0 without one, or the
   * error that replaces the answer when another request overtook this one.
   */
  close(reader: FetchReader): { readonly sessionId: number; readonly error: ErrorCode } {
    if (this.#kind === 'sessionless') return { sessionId: 0, error: 0 }
    const session = this.#session ?? this.#createSession()
    if (session === undefined) return { sessionId: 0, error: 0 }
    if (this.#session !== undefined && session.epoch !== nextEpoch(this.#facts.sessionEpoch)) {
      return { sessionId: 0, error: errorCodes.INVALID_FETCH_SESSION_EPOCH }
    }
    for (let index = 0; index < reader.answers.length; index++) {
      session.onAnswered(reader.answeredTargets[index]!, reader.answers[index]!)
    }
    return { sessionId: session.id, error: 0 }
  }

  #createSession(): FetchSession | undefined {
    const { isFollower, usesTopicIds } = this.#facts
    const session = this.#cache.create(isFollower, usesTopicIds, this.targets.size)
    if (session === undefined) return undefined
    for (const target of this.targets.toRead()) {
      if (session.get(usesTopicIds ? target.topicId : target.topic, target.index) === undefined) session.add(target)
    }
    this.#cache.onUsed(session, 0)
    return session
  }
}

/** A partition that is named twice is read once, where and as the last says. */
function newTargets({ topics, usesTopicIds }: FetchFacts, topicName: TopicName): FetchTarget[] {
  const targets: FetchTarget[] = []
  const earlier = hasRepeats(topics, usesTopicIds) ? new Map<string, FetchTarget>() : undefined
  for (const topic of topics) {
    const name = usesTopicIds ? (topicName(topic.topicId) ?? '') : topic.topic
    for (const asked of topic.partitions) {
      const known = earlier?.get(`${asked.partition} ${usesTopicIds ? topic.topicId : name}`)
      const target = known ?? newTarget(topic.topicId, name, usesTopicIds, asked.partition)
      target.update(asked)
      if (known !== undefined) continue
      targets.push(target)
      earlier?.set(`${asked.partition} ${usesTopicIds ? topic.topicId : name}`, target)
    }
  }
  return targets
}

function newTarget(topicId: Uuid, name: string, usesTopicIds: boolean, index: number): FetchTarget {
  return usesTopicIds ? FetchTarget.byId(topicId, name, index) : FetchTarget.byName(name, index)
}

/** Whether a partition may be named twice: no client does it, so the usual request pays for no set of partitions. */
function hasRepeats(topics: readonly FetchTopic[], usesTopicIds: boolean): boolean {
  if (topics.length > 1) {
    const names = new Set(topics.map(({ topic, topicId }) => (usesTopicIds ? topicId : topic)))
    if (names.size < topics.length) return true
  }
  return topics.some(({ partitions }) => {
    const isSorted = partitions.every((asked, at) => at === 0 || asked.partition > partitions[at - 1]!.partition)
    return !isSorted && new Set(partitions.map(({ partition }) => partition)).size < partitions.length
  })
}

function updateSession(session: FetchSession, facts: FetchFacts, topicName: TopicName): void {
  const { topics, forgottenTopicsData, usesTopicIds } = facts
  for (const topic of topics) {
    const key = usesTopicIds ? topic.topicId : topic.topic
    for (const asked of topic.partitions) {
      let target = session.get(key, asked.partition)
      if (target === undefined) {
        const name = usesTopicIds ? (topicName(topic.topicId) ?? '') : topic.topic
        target = newTarget(topic.topicId, name, usesTopicIds, asked.partition)
        session.add(target)
      }
      target.update(asked)
      session.touch(target)
    }
  }
  for (const topic of forgottenTopicsData) {
    for (const index of topic.partitions) session.remove(usesTopicIds ? topic.topicId : topic.topic, index)
  }
}
