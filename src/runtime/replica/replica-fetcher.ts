/**
 * Fetches a share of the partitions that one broker leads: one lane, one connection, one request at a time. Made and fed by
 * replica-fetchers.ts. The next request leaves when what the last one brought is written, because its offsets tell the
 * leader what this replica has; a partition whose disk is slow is left out meanwhile.
 *
 * A request may wait at the leader for news. Partitions that come in the meantime are not kept waiting with it: the
 * connection is given up for another one.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import { frameMemory } from '../../base/frame-memory.ts'
import type { Logger } from '../../base/logger.ts'
import type { ConnectOptions, Network } from '../../base/network.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import type { FetchRequestInput, FetchResponse } from '../../protocol/api/01-fetch.ts'
import type { ListOffsetsRequestInput, ListOffsetsResponse } from '../../protocol/api/02-list-offsets.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { type ErrorCode, errorName, KafkaError } from '../../protocol/errors.ts'
import { restAfter } from '../../replication/follower-errors.ts'
import { FollowerFetchSession } from '../../replication/follower-session.ts'
import { replicaFetchVersion, replicaListOffsetsVersion } from '../../replication/replica-versions.ts'
import type { ReplicationQuota } from '../../replication/replication-quota.ts'
import { PeerConnection, PeerError } from '../peer-connection.ts'
import type { Following } from './following.ts'
import { ReplicaAnswers } from './replica-answers.ts'

/** What all fetchers of a broker share. */
export interface ReplicaFetcherEnvironment {
  readonly brokerId: number
  readonly brokerEpoch: () => number
  readonly metadataVersion: () => number
  /** Where brokers reach the leader; undefined while the metadata does not say. */
  readonly endpointOf: (brokerId: number) => ConnectOptions | undefined
  readonly network: Network
  readonly clock: Clock
  readonly logger: Logger
  readonly config: ReplicaFetchConfig
  /** Of throttled replicas; see Following.isThrottled. */
  readonly quota: ReplicationQuota
}

/** Read each time: some of it changes while the broker runs. */
export type ReplicaFetchConfig = Pick<
  BrokerConfig,
  | 'replicaFetchMaxBytes'
  | 'replicaFetchMinBytes'
  | 'replicaFetchWaitMaxMs'
  | 'replicaFetchBackoffMs'
  | 'replicaFetchResponseMaxBytes'
  | 'replicaSocketTimeoutMs'
>

/** A request that is held by the leader gives way to new partitions after this time. */
const giveWayMs = 10
/** Beyond it the partitions that are not written yet are left out of the next request. */
const slowWriteMs = 100
/** Throttled partitions are looked at again so often. */
const throttledWaitMsMax = 100
const latestTimestamp = -1
const noFrame = Buffer.alloc(0)

export class ReplicaFetcher {
  readonly leaderId: number
  readonly lane: number
  readonly #environment: ReplicaFetcherEnvironment
  readonly #answers: ReplicaAnswers
  readonly #session = new FollowerFetchSession()
  readonly #topics = new Map<Uuid, Map<number, Following>>()
  /** Where to fetch may have changed since the last request. */
  readonly #changed = new Set<Following>()
  readonly #writing = new Set<Following>()
  /** Left out for the quota's sake. */
  readonly #throttled = new Set<Following>()
  #connection: PeerConnection | undefined
  #size = 0
  #isClosed = false
  #isAsking = false
  #hasGivenWay = false
  /** The leader is left alone for a while. */
  #isResting = false
  #failuresCount = 0
  #giveWayTimer: Timer | undefined
  #wake: (() => void) | undefined
  readonly #done: Promise<void>

  constructor(environment: ReplicaFetcherEnvironment, leaderId: number, lane: number) {
    this.#environment = environment
    this.leaderId = leaderId
    this.lane = lane
    this.#answers = new ReplicaAnswers({
      clock: environment.clock,
      logger: environment.logger,
      restMsMax: () => environment.config.replicaFetchBackoffMs,
      partitionMaxBytes: () => environment.config.replicaFetchMaxBytes,
      findOffset: (following, timestamp) => this.#findOffset(following, timestamp),
      onChanged: (following) => this.#onChanged(following),
      onAppended: (following, sizeInBytes) => this.#onAppended(following, sizeInBytes),
    })
    this.#done = this.#run()
  }

  /** Partitions that are followed through this fetcher. */
  get size(): number {
    return this.#size
  }

  add(following: Following): void {
    const { topicId, index } = following.partition
    let topic = this.#topics.get(topicId)
    if (topic === undefined) {
      topic = new Map()
      this.#topics.set(topicId, topic)
    }
    if (!topic.has(index)) this.#size++
    topic.set(index, following)
    this.#failuresCount = 0
    this.#isResting = false
    this.#answers.prepare(following)
    this.#onChanged(following)
  }

  /** It is not touched any more, whatever comes of requests under way. */
  remove(following: Following): void {
    following.end()
    const { topicId, index } = following.partition
    const topic = this.#topics.get(topicId)
    this.#changed.delete(following)
    this.#throttled.delete(following)
    if (this.#writing.delete(following) && this.#writing.size === 0) this.#wake?.()
    if (topic?.get(index) !== following) return
    topic.delete(index)
    this.#size--
    if (topic.size === 0) this.#topics.delete(topicId)
    this.#session.remove(topicId, index)
  }

  /** The leader may be elsewhere, or be back. */
  onLeaderChanged(): void {
    this.#failuresCount = 0
    const endpoint = this.#environment.endpointOf(this.leaderId)
    const present = this.#connection?.endpoint
    if (present !== undefined && (endpoint?.host !== present.host || endpoint.port !== present.port)) {
      this.#connection?.close()
    }
    this.#wake?.()
  }

  /** Settings of topics changed: replicas may be throttled that were not. */
  onThrottlesChanged(): void {
    for (const following of this.#followings()) this.#onChanged(following)
  }

  /** Resolves when nothing is under way any more. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const following of [...this.#followings()]) this.remove(following)
    this.#giveWayTimer?.cancel()
    this.#connection?.close()
    this.#wake?.()
    return this.#done
  }

  *#followings(): Iterable<Following> {
    for (const topic of this.#topics.values()) yield* topic.values()
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#updateSession()
      if (this.#session.size === 0) await this.#sleep(this.#idleMs())
      else if (this.#connection?.isOpen !== true) await this.#connect()
      else await this.#fetch(this.#connection)
    }
    this.#connection?.close()
  }

  #idleMs(): number | undefined {
    if (this.#throttled.size === 0) return undefined
    const { quota, clock } = this.#environment
    return Math.max(1, Math.min(quota.waitMs(clock.monotonic()), throttledWaitMsMax))
  }

  /** Brings what the session asks for in line with the partitions. */
  #updateSession(): void {
    const { config, quota, clock } = this.#environment
    for (const following of this.#throttled) this.#changed.add(following)
    this.#throttled.clear()
    if (this.#changed.size === 0) return
    const isExceeded = quota.waitMs(clock.monotonic()) > 0
    for (const following of this.#changed) {
      const { topicId, index } = following.partition
      const position = following.position(config.replicaFetchMaxBytes)
      if (position === undefined) this.#session.remove(topicId, index)
      else if (isExceeded && following.isThrottled && following.isBehind) {
        this.#throttled.add(following)
        this.#session.remove(topicId, index)
      } else {
        this.#session.set(topicId, index, position)
        following.requestedOffset = position.fetchOffset
      }
    }
    this.#changed.clear()
  }

  async #connect(): Promise<void> {
    const { network, clock, config, endpointOf, brokerId, logger } = this.#environment
    const endpoint = endpointOf(this.leaderId)
    this.#session.reset()
    if (endpoint === undefined) return this.#rest()
    try {
      const connection = await PeerConnection.open({
        network,
        clock,
        endpoint,
        clientId: `broker-${brokerId}-fetcher-${this.lane}`,
        timeoutMs: config.replicaSocketTimeoutMs,
        isNegotiated: false,
        frameMemory,
      })
      if (this.#isClosed) connection.close()
      else this.#connection = connection
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      if (this.#failuresCount === 0) {
        logger.info('a leader cannot be reached to follow it', { leader: this.leaderId, error: error.message })
      }
      await this.#rest()
    }
  }

  async #fetch(connection: PeerConnection): Promise<void> {
    const { config, brokerId, brokerEpoch, metadataVersion } = this.#environment
    const version = replicaFetchVersion(metadataVersion())
    const waitMs = this.#throttled.size > 0 ? throttledWaitMsMax : Number.POSITIVE_INFINITY
    const maxWaitMs = Math.min(config.replicaFetchWaitMaxMs, waitMs)
    const request: FetchRequestInput = {
      replicaId: version >= 15 ? -1 : brokerId,
      ...(version >= 15 ? { replicaState: { replicaId: brokerId, replicaEpoch: brokerEpoch() } } : {}),
      maxWaitMs,
      minBytes: config.replicaFetchMinBytes,
      maxBytes: config.replicaFetchResponseMaxBytes,
      isolationLevel: 0,
      rackId: '',
      ...this.#session.next(),
    }
    let answer: FetchResponse
    let frame: Buffer = noFrame
    const onFrame = (bytes: Buffer): void => {
      frame = bytes
    }
    try {
      this.#isAsking = true
      answer = await connection.ask<FetchResponse>(apiKeys.Fetch, request, { version, waitMs: maxWaitMs, onFrame })
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      await this.#onBroken(error)
      return
    } finally {
      this.#isAsking = false
      this.#giveWayTimer?.cancel()
      this.#giveWayTimer = undefined
    }
    await this.#onAnswer(answer)
    frameMemory.release(frame)
  }

  async #onBroken(error: PeerError): Promise<void> {
    this.#connection = undefined
    this.#session.reset()
    if (this.#isClosed || this.#hasGivenWay) {
      this.#hasGivenWay = false
      return
    }
    this.#environment.logger.info('the connection to a leader broke', { leader: this.leaderId, error: error.message })
    await this.#rest()
  }

  async #onAnswer(answer: FetchResponse): Promise<void> {
    if (!this.#session.onAnswer(answer.errorCode as ErrorCode, answer.sessionId)) {
      // A session that the leader forgot is made anew at once; what goes on failing rests.
      if (this.#failuresCount > 0) await this.#rest()
      else this.#failuresCount++
      return
    }
    this.#failuresCount = 0
    let isPassedOver = false
    for (const { topicId, partitions } of answer.responses) {
      const topic = this.#topics.get(topicId)
      if (topic === undefined) continue
      for (const partition of partitions) {
        const following = topic.get(partition.partitionIndex)
        if (following === undefined) continue
        if (following.isAnsweredBy(partition)) this.#answers.handle(following, partition)
        else isPassedOver = true
      }
    }
    // The session takes what it said for known, offsets above all, and would not say it again.
    if (isPassedOver) this.#session.reset()
    await this.#untilWritten()
  }

  #onAppended(following: Following, sizeInBytes: number): void {
    const { quota, clock } = this.#environment
    if (following.isThrottled) quota.onBytes(sizeInBytes, clock.monotonic())
    this.#writing.add(following)
    const log = following.partition.log!
    void log.whenWritten().then(() => {
      if (!this.#writing.delete(following)) return
      if (following.phase === 'writing') following.phase = 'ready'
      this.#onChanged(following)
      if (this.#writing.size === 0) this.#wake?.()
    })
  }

  async #untilWritten(): Promise<void> {
    const { clock } = this.#environment
    const untilMs = clock.monotonic() + slowWriteMs
    while (this.#writing.size > 0 && !this.#isClosed) {
      const leftMs = untilMs - clock.monotonic()
      if (leftMs <= 0) return
      await this.#sleep(leftMs)
    }
  }

  /** The next request is to take `following` as it is now; one that waits at the leader gives way to it. */
  #onChanged(following: Following): void {
    if (following.phase === 'ended') return
    this.#changed.add(following)
    if (following.phase !== 'ready') return
    if (this.#isAsking) this.#giveWay()
    else if (!this.#isResting) this.#wake?.()
  }

  #giveWay(): void {
    if (this.#giveWayTimer !== undefined) return
    this.#giveWayTimer = this.#environment.clock.schedule(giveWayMs, () => {
      if (!this.#isAsking) return
      this.#hasGivenWay = true
      this.#connection?.close()
    })
  }

  async #findOffset(following: Following, timestamp: -1 | -2): Promise<number> {
    const { topic, index } = following.partition
    const request: ListOffsetsRequestInput = {
      replicaId: this.#environment.brokerId,
      isolationLevel: 0,
      topics: [
        {
          name: topic,
          partitions: [
            { partitionIndex: index, currentLeaderEpoch: following.leaderEpoch, timestamp: BigInt(timestamp) },
          ],
        },
      ],
    }
    const connection = this.#connection
    if (connection === undefined) throw new PeerError('closed', 'there is no connection to the leader')
    const version = replicaListOffsetsVersion
    const answer = await connection.ask<ListOffsetsResponse>(apiKeys.ListOffsets, request, { version })
    const found = answer.topics[0]?.partitions[0]
    if (found === undefined) throw new KafkaError('UNKNOWN_SERVER_ERROR', 'the leader does not answer ListOffsets')
    if (found.errorCode !== 0) throw new KafkaError(errorName(found.errorCode as ErrorCode))
    if (found.offset < 0) {
      const end = timestamp === latestTimestamp ? 'end' : 'start'
      throw new KafkaError('UNKNOWN_SERVER_ERROR', `the leader does not know the ${end} of its log`)
    }
    return found.offset
  }

  async #rest(): Promise<void> {
    this.#failuresCount++
    this.#isResting = true
    await this.#sleep(restAfter(this.#failuresCount, this.#environment.config.replicaFetchBackoffMs))
    this.#isResting = false
  }

  /** Until somebody wakes it, or so long. */
  #sleep(waitMs: number | undefined): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = waitMs === undefined ? undefined : this.#environment.clock.schedule(waitMs, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = undefined
        timer?.cancel()
        resolve()
      }
    })
  }
}
