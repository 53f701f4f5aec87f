/**
 * The controller's shell. While this node leads the metadata log, requests come in; what the pure controller makes of
 * one is replayed into an image that runs ahead, appended as one batch, and answered when the batch is committed. When
 * this node does not lead, the image follows what others commit, ready to take over.
 *
 *   request > controller.handle > replay > driver.append > ... committed > answer
 *
 * Invariant: the image is the replay of the log's records up to its end; what is not committed can be undone, and is when
 * the append fails or leadership ends.
 */
import { assert } from '../../base/assert.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Hashing } from '../../base/hashing.ts'
import type { Logger } from '../../base/logger.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import { Controller } from '../../controller/controller.ts'
import type { ControllerResult } from '../../controller/controller-result.ts'
import { MetadataImage } from '../../metadata/metadata-image.ts'
import type { MetadataRecord } from '../../metadata/metadata-record.ts'
import { encodeMetadataRecord } from '../../metadata/metadata-record-codec.ts'
import type { BrokerRegistrationRequest } from '../../protocol/api/62-broker-registration.ts'
import { apiKeys } from '../../protocol/api/index.ts'
import { KafkaError } from '../../protocol/errors.ts'
import type { DecodedBatch, DecodedSnapshot, MetadataFollower } from '../raft/metadata-feed.ts'
import { BrokerProcesses } from './broker-processes.ts'
import type { RequesterConnection } from './controller-channel.ts'
import type { ControllerLog } from './controller-log.ts'
import { whenLeadersKnow } from './leader-awareness.ts'
import { PeriodicTask } from './periodic-task.ts'
import { Predecessor } from './predecessor.ts'

/** Larger batches are split; only what is not a user's atomic request is ever so large. */
const maxRecordsPerBatch = 10_000
const fencingRetryMs = 1_000
/** Kafka's unclean.leader.election.interval.ms, which is not for users. */
const uncleanElectionIntervalMs = 300_000

export interface ControllerRuntimeOptions {
  readonly config: BrokerConfig
  readonly clusterId: string
  readonly clock: Clock
  readonly random: Random
  readonly hashing: Hashing
  readonly logger: Logger
  /** What a new cluster starts with, from bootstrap.checkpoint; 4.3.1's own when missing. */
  readonly bootstrapRecords?: readonly MetadataRecord[]
  /** By which brokers that stopped speaking are looked for; without it only their sessions tell. */
  readonly network?: Network
}

export interface RequestOrigin {
  /** The process that used this broker id before is known to be dead: for a broker in the controller's own process. */
  readonly isPredecessorGone?: boolean
  /** Over which another process asked. */
  readonly connection?: RequesterConnection
}

interface PendingReply {
  /** Answered when the record here is committed. */
  readonly offset: number
  readonly resolve: () => void
  readonly reject: (error: KafkaError) => void
}

export class ControllerRuntime implements MetadataFollower {
  readonly #options: ControllerRuntimeOptions
  readonly #image = new MetadataImage({ isUndoable: true })
  readonly #controller: Controller
  #log: ControllerLog | undefined
  /** The epoch in which this node leads; undefined while it does not. */
  #epoch: number | undefined
  /** Everything below was delivered as committed. */
  #committedOffset = 0
  #pending: PendingReply[] = []
  readonly #whenActive = new Set<() => void>()
  readonly #brokers: BrokerProcesses | undefined
  readonly #periodicTasks: readonly PeriodicTask[]
  readonly #predecessor: Predecessor
  #sessionTimer: Timer | undefined
  #idleTimer: Timer | undefined
  #lastAppendMs = 0

  constructor(options: ControllerRuntimeOptions) {
    this.#options = options
    const { config, clusterId, random, hashing, bootstrapRecords, clock, logger, network } = options
    this.#controller = new Controller({
      image: this.#image,
      config,
      clusterId,
      random,
      hashing,
      kraftVersion: () => this.#log?.settings.kraftVersion ?? 0,
      ...(bootstrapRecords === undefined ? {} : { bootstrapRecords }),
    })
    this.#predecessor = new Predecessor(config.nodeId)
    if (network !== undefined) {
      this.#brokers = new BrokerProcesses({
        ...{ nodeId: config.nodeId, network, clock, logger },
        registration: (brokerId) => this.#image.cluster.broker(brokerId),
        onGone: (brokerId, brokerEpoch) => this.#onBrokerGone(brokerId, brokerEpoch),
      })
    }
    this.#periodicTasks = [
      new PeriodicTask(
        clock,
        () => config.leaderImbalanceCheckIntervalMs,
        () => this.#writeUnasked(() => (config.autoLeaderRebalance ? this.#controller.balanceLeaders() : [])),
      ),
      new PeriodicTask(
        clock,
        () => uncleanElectionIntervalMs,
        () => this.#writeUnasked(() => this.#controller.electUncleanly()),
      ),
    ]
  }

  /** Gives the log to append to; before the raft driver starts. */
  attach(log: ControllerLog): void {
    this.#log = log
  }

  /** This node is the active controller. */
  get isActive(): boolean {
    return this.#epoch !== undefined
  }

  /** Resolves when this node is the active controller, at once when it is. */
  whenActive(): Promise<void> {
    if (this.isActive) return Promise.resolve()
    return new Promise((resolve) => this.#whenActive.add(resolve))
  }

  /**
   * Answers a decoded request, all fields in it, when what it wrote is committed. Rejects with KafkaError: NOT_CONTROLLER
   * when this node does not lead or stops leading meanwhile, or the error that refuses the whole request.
   */
  async handle(apiKey: number, request: object, origin: RequestOrigin = {}): Promise<object> {
    if (apiKey !== apiKeys.BrokerRegistration || this.#brokers === undefined) {
      return this.#handle(apiKey, request, origin)
    }
    const registration = request as BrokerRegistrationRequest
    const isPredecessorGone = origin.isPredecessorGone || (await this.#brokers.isPredecessorGone(registration))
    try {
      return await this.#handle(apiKey, request, { ...origin, isPredecessorGone })
    } catch (error) {
      if (error instanceof KafkaError) this.#brokers.onRefused(registration, error)
      throw error
    }
  }

  async #handle(apiKey: number, request: object, origin: RequestOrigin): Promise<object> {
    const log = this.#log
    if (this.#epoch === undefined || log === undefined) throw notController()
    const startMs = this.#options.clock.monotonic()
    // Control records of the raft layer take offsets too, and a broker's epoch is the next offset.
    this.#image.skipTo(log.logEndOffset)
    const circumstances = { nowMs: startMs, isPredecessorGone: origin.isPredecessorGone ?? false }
    const result = this.#decide(apiKey, () => this.#controller.handle(apiKey, request, circumstances))
    if (result.kraftVersion !== undefined) log.upgradeKraftVersion(result.kraftVersion)
    this.#append(log, result.records)
    if (apiKey === apiKeys.BrokerHeartbeat) this.#watchSessions()
    this.#brokers?.onAnswered(apiKey, request, result.response, origin.connection)
    const lastOffset = this.#image.nextOffset - 1
    await this.#whenCommitted()
    const { clock, config } = this.#options
    await whenLeadersKnow({ nodeId: config.nodeId, log, clock, apiKey, request, ...result, lastOffset, startMs })
    return result.response
  }

  close(): void {
    this.#stopLeading()
    this.#failPending()
  }

  onSnapshot(snapshot: DecodedSnapshot): void {
    const loaded = this.#image.emptyTwin()
    for (const record of snapshot.records) loaded.replay(record, snapshot.endOffset - 1)
    loaded.skipTo(snapshot.endOffset)
    loaded.commitTo(snapshot.endOffset)
    this.#image.become(loaded)
    this.#committedOffset = snapshot.endOffset
  }

  onCommitted(batch: DecodedBatch): void {
    const nextOffset = batch.lastOffset + 1
    if (nextOffset > this.#image.nextOffset) {
      batch.records().forEach((record, index) => {
        this.#image.replay(record, batch.baseOffset + index)
      })
      this.#image.skipTo(nextOffset)
    }
    this.#image.commitTo(nextOffset)
    this.#committedOffset = nextOffset
    this.#predecessor.onCommitted(this.#options.clock.monotonic())
    this.#answerPending()
  }

  /** A follower takes so long until it leads instead of one that is silent; never so much of a session that it is short. */
  get #silenceMsMax(): number {
    const { config } = this.#options
    const takeoverMs = config.quorumFetchTimeoutMs + 2 * config.quorumElectionTimeoutMs
    return Math.min(takeoverMs, config.brokerSessionTimeoutMs / 2)
  }

  onLeaderChange({ leaderId }: { readonly leaderId: number }): void {
    this.#predecessor.onLeaderChange(leaderId)
  }

  onBecomeLeader({ epoch }: { readonly epoch: number }): void {
    const log = this.#log
    assert(log !== undefined, 'a controller leads with its log attached')
    const { clock, logger } = this.#options
    this.#epoch = epoch
    this.#image.skipTo(log.logEndOffset)
    logger.info('this node is the active controller', { epoch })
    try {
      const nowMs = clock.monotonic()
      const silent = this.#predecessor.take(nowMs, this.#silenceMsMax)
      this.#append(log, this.#controller.activate(nowMs, silent))
    } catch (error) {
      logger.error('cannot take over as controller', { error: (error as Error).message })
      log.resign(epoch)
      return
    }
    this.#watchSessions()
    this.#watchIdleness()
    for (const task of this.#periodicTasks) task.start()
    this.#brokers?.activate([...this.#image.cluster.brokers()].filter((broker) => !broker.isFenced))
    for (const resolve of this.#whenActive) resolve()
    this.#whenActive.clear()
  }

  /** The network saw the process of another controller go: a hint for when this one is active. */
  onPeerGone(id: number): void {
    this.#brokers?.onPeerGone(id)
  }

  onResign(): void {
    this.#stopLeading()
    this.#image.undoTo(this.#committedOffset)
    this.#failPending()
  }

  #stopLeading(): void {
    this.#sessionTimer?.cancel()
    this.#idleTimer?.cancel()
    for (const task of this.#periodicTasks) task.stop()
    this.#brokers?.deactivate()
    this.#epoch = undefined
  }

  /** Our own mistakes refuse one request and are logged; nothing of it was applied. */
  #decide(apiKey: number, decide: () => ControllerResult<object>): ControllerResult<object> {
    try {
      return decide()
    } catch (error) {
      if (error instanceof KafkaError) throw error
      this.#options.logger.error('the controller failed at a request', { apiKey, error: (error as Error).stack })
      throw new KafkaError('UNKNOWN_SERVER_ERROR')
    }
  }

  #append(log: ControllerLog, records: readonly MetadataRecord[]): void {
    for (let start = 0; start < records.length; start += maxRecordsPerBatch) {
      this.#appendBatch(log, records.slice(start, start + maxRecordsPerBatch))
    }
  }

  /**
   * Replays before it appends: a record that the image refuses never reaches the log. Throws NOT_CONTROLLER when this node
   * does not lead, also when the log finds that out as it is appended to: then `onResign` has undone everything.
   */
  #appendBatch(log: ControllerLog, records: readonly MetadataRecord[]): void {
    const epoch = this.#epoch
    if (epoch === undefined) throw notController()
    const baseOffset = log.logEndOffset
    this.#image.skipTo(baseOffset)
    try {
      records.forEach((record, index) => {
        this.#image.replay(record, baseOffset + index)
      })
      const lastOffset = log.append(records.map((record) => encodeMetadataRecord(record)))
      assert(lastOffset === baseOffset + records.length - 1, `appended up to ${lastOffset} from ${baseOffset}`)
      if (this.#epoch !== epoch) throw notController()
    } catch (error) {
      this.#image.undoTo(baseOffset)
      if (error instanceof KafkaError) throw error
      this.#options.logger.error('metadata records cannot be appended', { error: (error as Error).stack })
      throw new KafkaError('UNKNOWN_SERVER_ERROR')
    }
    this.#lastAppendMs = this.#options.clock.monotonic()
  }

  /** Also what was only read may rest on records that are not committed yet: it waits for them. */
  #whenCommitted(): Promise<void> {
    const offset = this.#image.nextOffset - 1
    if (offset < this.#committedOffset) return Promise.resolve()
    return new Promise((resolve, reject) => this.#pending.push({ offset, resolve, reject }))
  }

  #answerPending(): void {
    let count = 0
    while (count < this.#pending.length && this.#pending[count]!.offset < this.#committedOffset) count++
    if (count === 0) return
    const answered = this.#pending.splice(0, count)
    for (const { resolve } of answered) resolve()
  }

  #failPending(): void {
    const pending = this.#pending
    this.#pending = []
    for (const { reject } of pending) reject(notController())
  }

  /** At the next expiry, but not before `pauseMs`. */
  #watchSessions(pauseMs = 0): void {
    const { clock } = this.#options
    const nowMs = clock.monotonic()
    const expiryMs = this.#controller.nextSessionExpiryMs(nowMs)
    this.#sessionTimer?.cancel()
    this.#sessionTimer = undefined
    if (expiryMs === undefined) return
    // One millisecond later: a session that is exactly as old as its timeout still holds.
    this.#sessionTimer = clock.schedule(Math.max(pauseMs, expiryMs - nowMs) + 1, () => this.#onSessionsDue())
  }

  #onSessionsDue(): void {
    const log = this.#log
    if (this.#epoch === undefined || log === undefined) return
    const { clock, logger } = this.#options
    try {
      for (;;) {
        const records = this.#controller.fenceStaleBrokers(clock.monotonic())
        if (records.length === 0) break
        this.#append(log, records)
        logger.warn('fenced a broker that was not heard of')
      }
    } catch (error) {
      logger.error('a broker whose session ran out cannot be fenced', { error: (error as Error).message })
      this.#watchSessions(fencingRetryMs)
      return
    }
    this.#watchSessions()
  }

  #onBrokerGone(brokerId: number, brokerEpoch: number): void {
    const { logger } = this.#options
    this.#writeUnasked(() => {
      const records = this.#controller.fenceBroker(brokerId, brokerEpoch)
      if (records.length > 0) logger.warn('fenced a broker whose process is gone', { brokerId, brokerEpoch })
      return records
    })
  }

  /** What the controller does without being asked; what cannot be written now is tried again by the next occasion. */
  #writeUnasked(decide: () => readonly MetadataRecord[]): void {
    if (this.#epoch === undefined || this.#log === undefined) return
    try {
      this.#append(this.#log, decide())
    } catch (error) {
      this.#options.logger.error('the controller cannot write what is due', { error: (error as Error).message })
    }
  }

  #watchIdleness(): void {
    const intervalMs = this.#options.config.metadataMaxIdleIntervalMs
    if (intervalMs <= 0) return
    const { clock } = this.#options
    const dueMs = Math.max(0, this.#lastAppendMs + intervalMs - clock.monotonic())
    this.#idleTimer = clock.schedule(dueMs, () => {
      if (this.#epoch === undefined || this.#log === undefined) return
      if (clock.monotonic() - this.#lastAppendMs >= intervalMs) this.#writeIdleRecord(this.#log)
      this.#watchIdleness()
    })
  }

  #writeIdleRecord(log: ControllerLog): void {
    this.#lastAppendMs = this.#options.clock.monotonic()
    try {
      this.#append(log, [this.#controller.idleRecord()])
    } catch (error) {
      this.#options.logger.warn('no idle record was written', { error: (error as Error).message })
    }
  }
}

function notController(): KafkaError {
  return new KafkaError('NOT_CONTROLLER', 'This server is not the active controller.')
}
