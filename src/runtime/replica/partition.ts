/**
 * One partition that this broker holds a replica of: its role, its log, who waits for what happens to it. The replica
 * manager gives it roles as the metadata says; handlers append to it and read from it; its log tells it what is written.
 *
 * A record is acknowledged (acks=all) and shown to consumers only below the high watermark, which moves when the log has
 * written and the in-sync replicas have fetched. Everything that this changes is told from `#onAdvance`, in this order:
 * producers that wait, listeners (the coordinators), fetches that wait.
 */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { Uuid } from '../../base/uuid.ts'
import { compressionLevelOf } from '../../config/log-config.ts'
import type { AppendOptions, AppendResult } from '../../log/log-append.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { type ErrorCode, errorCodes, errorName, KafkaError } from '../../protocol/errors.ts'
import type { Codecs } from '../../protocol/record/compression.ts'
import { validateRecords } from '../../protocol/record/validate.ts'
import {
  type BrokerEligibility,
  type InSyncReplicasDecision,
  type IsrProposal,
  LeaderReplicas,
  type PartitionAssignment,
} from '../../replication/leader-replicas.ts'
import { AppendedSizes } from './appended-sizes.ts'
import { OffsetWaitQueue } from './offset-wait-queue.ts'
import { PartitionFollower } from './partition-follower.ts'

/** Takes to the controller what partitions propose; see isr-changes.ts. */
export interface IsrProposals {
  propose(partition: Partition, proposal: IsrProposal): void
}

/** What all partitions of a broker share. */
export interface PartitionEnvironment {
  readonly brokerId: number
  readonly clock: Clock
  readonly codecs: Codecs
  readonly eligibility: BrokerEligibility
  /** replica.lag.time.max.ms */
  readonly lagTimeMaxMs: number
  /** Where changes of the in-sync replicas are proposed; nobody is taken in or dropped without it. */
  readonly isrChanges?: IsrProposals
  /** A partition's disk failed; `wasLeader` until then. */
  readonly onOffline?: (partition: Partition, wasLeader: boolean) => void
}

/** opening: the log is not there yet. offline: its disk failed. removed: not ours any more, for good. */
export type PartitionState = 'opening' | 'leader' | 'follower' | 'offline' | 'removed'

/** A fetch that waits for more bytes; see delayed-fetch.ts. */
export interface FetchWait {
  /** So many bytes more are written, replicated, and shown to read_committed readers (infinite: nobody counted). */
  onAdvance(writtenBytes: number, replicatedBytes: number, stableBytes: number): void
  /** The answer is another one now: the leader changed, the partition is gone, its disk failed. */
  onChanged(): void
}

/** A DeleteRecords that waits for the replicas; see delayed-delete-records.ts. It leaves `lowWatermarkWaits` by itself. */
export interface LowWatermarkWait {
  /** All living replicas start at `lowWatermark` or above. */
  onLowWatermark(lowWatermark: number): void
  onFailed(error: ErrorCode): void
}

export interface PartitionAppend {
  /** -1, 0 or 1. */
  readonly requiredAcks: number
  readonly origin: AppendOptions['origin']
  /** Version of the Produce request. */
  readonly produceVersion?: number
  /** What the log is told of transactions. */
  readonly transaction?: Pick<AppendOptions, 'isTransactionVerified' | 'transactionVersion'>
}

/** Told what happens to a partition: coordinators. */
export interface PartitionListener {
  onHighWatermark?(highWatermark: number): void
}

/** What a request says that does not care for the leader's epoch. */
const anyEpoch = -1

export class Partition {
  readonly topic: string
  readonly topicId: Uuid
  readonly index: number
  /** `topic-index`, for messages. */
  readonly name: string
  readonly writtenWaits = new OffsetWaitQueue()
  readonly replicatedWaits = new OffsetWaitQueue()
  readonly fetchWaits = new Set<FetchWait>()
  /** What is to take the place of `log` when it has all of it; see replica-mover.ts. */
  futureLog: PartitionLog | undefined
  readonly lowWatermarkWaits = new Set<LowWatermarkWait>()
  /** Changes whenever a reader might see something else than before. */
  changeCount = 0
  /** Marks the request that touches it, so that a partition named twice is seen. */
  requestMark = 0
  readonly #environment: PartitionEnvironment
  readonly #sizes = new AppendedSizes()
  readonly #follower = new PartitionFollower()
  readonly #listeners: PartitionListener[] = []
  #state: PartitionState = 'opening'
  #leaderId = -1
  #leaderEpoch = -1
  #log: PartitionLog | undefined
  #replicas: LeaderReplicas | undefined
  #clientOptions: AppendOptions = { leaderEpoch: -1, origin: 'client' }

  constructor(environment: PartitionEnvironment, topic: string, topicId: Uuid, index: number) {
    this.#environment = environment
    this.topic = topic
    this.topicId = topicId
    this.index = index
    this.name = `${topic}-${index}`
  }

  get state(): PartitionState {
    return this.#state
  }

  /** -1: none. */
  get leaderId(): number {
    return this.#leaderId
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** There once the partition has a role. */
  get log(): PartitionLog | undefined {
    return this.#log
  }

  /** Only the leader has it. */
  get replicas(): LeaderReplicas | undefined {
    return this.#replicas
  }

  get highWatermark(): number {
    return this.#log?.highWatermark ?? -1
  }

  addListener(listener: PartitionListener): void {
    this.#listeners.push(listener)
  }

  removeListener(listener: PartitionListener): void {
    const at = this.#listeners.indexOf(listener)
    if (at >= 0) this.#listeners.splice(at, 1)
  }

  /** Why a request that needs the leader, and believes in `currentLeaderEpoch` (-1: any), is refused; 0 when it is not. */
  leaderError(currentLeaderEpoch: number): ErrorCode {
    if (this.#state === 'leader' && (currentLeaderEpoch === anyEpoch || currentLeaderEpoch === this.#leaderEpoch))
      return 0
    if (this.#state === 'removed') return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    if (this.#state === 'offline') return errorCodes.KAFKA_STORAGE_ERROR
    if (this.#state === 'opening') return errorCodes.NOT_LEADER_OR_FOLLOWER
    if (currentLeaderEpoch !== anyEpoch && currentLeaderEpoch < this.#leaderEpoch) return errorCodes.FENCED_LEADER_EPOCH
    if (currentLeaderEpoch > this.#leaderEpoch) return errorCodes.UNKNOWN_LEADER_EPOCH
    return this.#state === 'leader' ? 0 : errorCodes.NOT_LEADER_OR_FOLLOWER
  }

  /** Like `leaderError`, for a consumer that may also read from a follower (KIP-392). */
  readError(currentLeaderEpoch: number): ErrorCode {
    const isCurrent = currentLeaderEpoch === anyEpoch || currentLeaderEpoch === this.#leaderEpoch
    return this.#state === 'follower' && isCurrent ? 0 : this.leaderError(currentLeaderEpoch)
  }

  /** The metadata names this broker as leader. Of the same epoch: the ISR changed. */
  becomeLeader(log: PartitionLog, assignment: PartitionAssignment): void {
    const { clock } = this.#environment
    if (this.#state === 'leader' && assignment.leaderEpoch === this.#leaderEpoch) {
      if (this.#replicas!.updateAssignment(assignment, clock.monotonic())) this.#onHighWatermark()
      this.onLowWatermark()
      return
    }
    this.#adopt(log, this.#environment.brokerId, assignment.leaderEpoch)
    log.assignEpochStart(assignment.leaderEpoch, log.nextOffset)
    this.#replicas = new LeaderReplicas({
      brokerId: this.#environment.brokerId,
      assignment,
      logEndOffset: log.logEndOffset,
      highWatermark: log.highWatermark,
      leaderEpochStartOffset: log.nextOffset,
      minInSyncReplicas: log.config.minInSyncReplicas,
      lagTimeMaxMs: this.#environment.lagTimeMaxMs,
      eligibility: this.#environment.eligibility,
      nowMs: clock.monotonic(),
    })
    this.#state = 'leader'
    log.updateHighWatermark(this.#replicas.highWatermark)
    // Who waits since an earlier epoch of the same leader goes on: nothing of the log was lost.
    this.replicatedWaits.reach(log.highWatermark)
    this.#tellHighWatermark()
    this.#wakeChanged()
  }

  /** The metadata names another leader, or none (-1). */
  becomeFollower(log: PartitionLog, leaderId: number, leaderEpoch: number): void {
    const isSame = this.#state === 'follower' && leaderEpoch === this.#leaderEpoch && leaderId === this.#leaderId
    if (!isSame) this.#follower.forgetLeader()
    this.#adopt(log, leaderId, leaderEpoch)
    this.#state = 'follower'
    this.#replicas = undefined
    if (!isSame) this.#sizes.clear()
    if (!isSame) this.#onChanged(errorCodes.NOT_LEADER_OR_FOLLOWER)
  }

  /** Appends what the leader of `leaderEpoch` sent. Throws as PartitionLog.appendAsFollower, and what refuses an old answer. */
  appendAsFollower(records: Buffer, leaderEpoch: number): void {
    assert(this.#state === 'follower' && leaderEpoch === this.#leaderEpoch, `an old answer for ${this.name}`)
    const { lastOffset } = this.#log!.appendAsFollower(records)
    this.#sizes.push(lastOffset + 1, records.length)
  }

  /** What the leader says of its log; it counts here as far as this log is written. */
  onLeaderOffsets(highWatermark: number, logStartOffset: number): void {
    this.#follower.onLeaderOffsets(highWatermark, logStartOffset)
    this.#onFollowerAdvance()
  }

  /** Runs a truncation of the follower's log. Meanwhile nothing is appended, and the role must not change. */
  changeEnd(truncate: () => Promise<void>): Promise<void> {
    this.#sizes.clear()
    return this.#follower.change(truncate)
  }

  get isChangingEnd(): boolean {
    return this.#follower.isChangingEnd
  }

  whenEndSettled(): Promise<void> {
    return this.#follower.whenUnchanging()
  }

  /** The disk failed: nothing that was not acknowledged can be promised. */
  goOffline(): void {
    if (this.#state === 'removed' || this.#state === 'offline') return
    const wasLeader = this.#state === 'leader'
    this.#state = 'offline'
    this.#replicas = undefined
    this.#onChanged(errorCodes.KAFKA_STORAGE_ERROR)
    this.#environment.onOffline?.(this, wasLeader)
  }

  /** The topic is deleted, or the replica moved away. This object serves nothing any more. */
  remove(): void {
    this.#state = 'removed'
    this.#replicas = undefined
    this.#log?.setListener({})
    this.#onChanged(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  }

  /** The settings of the log changed. */
  onConfigChange(): void {
    if (this.#replicas === undefined || this.#log === undefined) return
    const { minInSyncReplicas } = this.#log.config
    if (this.#replicas.updateMinInSyncReplicas(minInSyncReplicas, this.#environment.clock.monotonic())) {
      this.#onHighWatermark()
    }
  }

  /**
   * Checks `records` and appends them as the leader. Throws KafkaError: what leaderError says, NOT_ENOUGH_REPLICAS, what
   * validateRecords and the log refuse. The records are in the log once they are written; see DelayedProduce.
   */
  append(records: Buffer, options: PartitionAppend): AppendResult {
    const refusal = this.leaderError(-1)
    if (refusal !== 0) throw errorOf(refusal, this.name)
    const log = this.#log!
    if (options.requiredAcks === -1 && this.#replicas!.isUnderMinInSyncReplicas) throw this.#notEnoughReplicas()
    const { clock, codecs } = this.#environment
    const settings = log.config
    const validated = validateRecords(records, {
      settings,
      nowMs: clock.now(),
      partition: this.name,
      produceVersion: options.produceVersion ?? Number.MAX_SAFE_INTEGER,
      origin: options.origin === 'client' ? 'client' : 'coordinator',
      mode: settings.validateRecords,
      codecs,
      compressionLevel: compressionLevelOf(settings),
    })
    const result = log.append(validated.records, this.#logOptions(options))
    if (!result.isDuplicate) this.#sizes.push(result.lastOffset + 1, validated.records.length)
    return result
  }

  /**
   * The log starts at `offset` (-1: the high watermark) from now on, if it did not start later; returns that offset and
   * where the replicas start. Throws KafkaError: what leaderError says, POLICY_VIOLATION, OFFSET_OUT_OF_RANGE.
   */
  deleteRecords(offset: number): { readonly startOffset: number; readonly lowWatermark: number } {
    const refusal = this.leaderError(-1)
    if (refusal !== 0) throw errorOf(refusal, this.name)
    const log = this.#log!
    if (!log.config.isDelete) throw new KafkaError('POLICY_VIOLATION', `Records of ${this.name} are not to be deleted`)
    const startOffset = offset === -1 ? log.highWatermark : offset
    if (startOffset < 0)
      throw new KafkaError('OFFSET_OUT_OF_RANGE', `The offset ${offset} of ${this.name} is not valid`)
    // Followers that wait for records learn of it at once.
    if (log.advanceLogStartOffset(startOffset)) this.#wakeChanged()
    return { startOffset, lowWatermark: this.lowWatermark }
  }

  /** Where the living replicas start, the lowest of them; -1 when this broker does not know, or does not lead. */
  get lowWatermark(): number {
    if (this.#replicas === undefined) return -1
    const { logStartOffset } = this.#log!
    return this.#replicas.lowWatermark(Math.min(logStartOffset, this.futureLog?.logStartOffset ?? logStartOffset))
  }

  /** The replica goes on in `log`, which lies in another directory and has all that the present one has, in the queue at least. */
  replaceLog(log: PartitionLog): void {
    const present = this.#log!
    assert(
      log.nextOffset === present.nextOffset && log.logEndOffset >= present.logEndOffset,
      `${this.name} loses records`,
    )
    // An epoch in which nothing was written yet is in no batch.
    for (const { epoch, startOffset } of present.epochs) {
      if (epoch > log.latestEpoch) log.assignEpochStart(epoch, startOffset)
    }
    log.updateConfig(present.config)
    present.setListener({})
    this.#adopt(log, this.#leaderId, this.#leaderEpoch)
    this.futureLog = undefined
    this.#onAdvance(log.logEndOffset)
    this.#wakeChanged()
    this.onLowWatermark()
  }

  /** Everything below `endOffset` is as safe as `requiredAcks` (1 or -1) asks. */
  isReached(endOffset: number, requiredAcks: number): boolean {
    return endOffset <= (requiredAcks === -1 ? this.#log!.highWatermark : this.#log!.logEndOffset)
  }

  /** For answers to acks=all: 0, or NOT_ENOUGH_REPLICAS_AFTER_APPEND when the ISR shrank below the minimum meanwhile. */
  get replicatedError(): ErrorCode {
    return this.#replicas?.isUnderMinInSyncReplicas === true ? errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND : 0
  }

  /** A follower has everything below `fetchOffset`, and it is what is here: its log does not diverge. */
  onFollowerFetch(brokerId: number, brokerEpoch: number, fetchOffset: number, logStartOffset: number): void {
    const replicas = this.#replicas
    if (replicas === undefined) return
    const nowMs = this.#environment.clock.monotonic()
    const isMoved = replicas.onFollowerFetch(brokerId, brokerEpoch, fetchOffset, logStartOffset, nowMs)
    this.#propose(replicas.maybeExpand(brokerId))
    if (isMoved) this.#onHighWatermark()
    this.onLowWatermark()
  }

  /** The metadata of a broker changed: what it fetched before may count now, or it holds nothing back any more. */
  onBrokerChange(brokerId: number): void {
    const follower = this.#replicas?.follower(brokerId)
    if (follower === undefined) return
    const isMoved = this.#replicas!.onEligibilityChange(this.#environment.clock.monotonic())
    // Who does not tell its broker epoch may be a process that is gone.
    if (follower.brokerEpoch !== -1) this.#propose(this.#replicas!.maybeExpand(brokerId))
    if (isMoved) this.#onHighWatermark()
    this.onLowWatermark()
  }

  /** Proposes to drop the in-sync replicas that lag. */
  shrinkInSyncReplicas(): void {
    this.#propose(this.#replicas?.maybeShrink(this.#environment.clock.monotonic()))
  }

  /** The controller took `proposal`, and this is what it made of it. */
  onInSyncReplicas(proposal: IsrProposal, decision: InSyncReplicasDecision): void {
    const isMoved = this.#replicas?.onDecided(proposal, decision, this.#environment.clock.monotonic())
    if (isMoved === true) this.#onHighWatermark()
    this.onLowWatermark()
  }

  /** The controller did not take `proposal`, and never will. */
  onProposalUndone(proposal: IsrProposal): void {
    const isMoved = this.#replicas?.onProposalFailed(proposal, this.#environment.clock.monotonic())
    if (isMoved === true) this.#onHighWatermark()
  }

  /** A replica of this partition may start later now. */
  onLowWatermark(): void {
    if (this.lowWatermarkWaits.size === 0) return
    for (const wait of [...this.lowWatermarkWaits]) wait.onLowWatermark(this.lowWatermark)
  }

  #propose(proposal: IsrProposal | undefined): void {
    if (proposal !== undefined) this.#environment.isrChanges?.propose(this, proposal)
  }

  /** One object serves all plain appends of an epoch. */
  #logOptions(options: PartitionAppend): AppendOptions {
    const { origin, transaction } = options
    if (origin !== 'client' || transaction !== undefined) {
      return { leaderEpoch: this.#leaderEpoch, origin, ...transaction }
    }
    if (this.#clientOptions.leaderEpoch !== this.#leaderEpoch) {
      this.#clientOptions = { leaderEpoch: this.#leaderEpoch, origin }
    }
    return this.#clientOptions
  }

  #adopt(log: PartitionLog, leaderId: number, leaderEpoch: number): void {
    this.#leaderId = leaderId
    this.#leaderEpoch = leaderEpoch
    if (this.#log === log) return
    this.#log = log
    log.setListener({
      onAdvance: (logEndOffset) => this.#onAdvance(logEndOffset),
      onFailure: () => this.goOffline(),
    })
  }

  #onAdvance(logEndOffset: number): void {
    if (this.#replicas?.onLogEndOffset(logEndOffset, this.#environment.clock.monotonic()) === true) {
      this.#onHighWatermark()
    } else if (this.#replicas !== undefined) {
      this.#wakeFetches(this.#log!.highWatermark, this.#log!.lastStableOffset)
    } else if (this.#state === 'follower') this.#onFollowerAdvance()
    // Behind those that wait for replicas: what is replicated by now is not late.
    this.writtenWaits.reach(logEndOffset)
  }

  #onHighWatermark(): void {
    const log = this.#log!
    const highWatermarkBefore = log.highWatermark
    const stableBefore = log.lastStableOffset
    log.updateHighWatermark(this.#replicas!.highWatermark)
    this.replicatedWaits.reach(log.highWatermark)
    this.#tellHighWatermark()
    this.#wakeFetches(highWatermarkBefore, stableBefore)
  }

  #onFollowerAdvance(): void {
    const log = this.#log!
    const { highWatermark, lastStableOffset } = log
    if (!this.#follower.apply(log)) return
    if (log.highWatermark > highWatermark) this.#tellHighWatermark()
    this.#wakeFetches(highWatermark, lastStableOffset)
  }

  #tellHighWatermark(): void {
    if (this.#listeners.length === 0) return
    for (const listener of [...this.#listeners]) listener.onHighWatermark?.(this.highWatermark)
  }

  #wakeFetches(highWatermarkBefore: number, stableBefore: number): void {
    this.changeCount++
    const log = this.#log!
    const writtenBytes = this.#sizes.takeWritten(log.logEndOffset)
    const countedBytes = this.#sizes.takeReplicated(log.highWatermark)
    if (this.fetchWaits.size === 0) return
    const isUncounted = countedBytes === 0 && log.highWatermark > highWatermarkBefore
    const replicatedBytes = isUncounted ? Number.POSITIVE_INFINITY : countedBytes
    const isStable = log.lastStableOffset === log.highWatermark && stableBefore === highWatermarkBefore
    // The end of a transaction lets through what was counted long ago, or never.
    const unheldBytes = log.lastStableOffset > stableBefore ? Number.POSITIVE_INFINITY : 0
    // Who wakes leaves the set, and may wait again at once.
    for (const wait of [...this.fetchWaits]) {
      wait.onAdvance(writtenBytes, replicatedBytes, isStable ? replicatedBytes : unheldBytes)
    }
  }

  #onChanged(error: ErrorCode): void {
    this.writtenWaits.failAll(error)
    this.replicatedWaits.failAll(error)
    for (const wait of [...this.lowWatermarkWaits]) wait.onFailed(error)
    this.#wakeChanged()
  }

  #wakeChanged(): void {
    this.changeCount++
    for (const wait of [...this.fetchWaits]) wait.onChanged()
  }

  #notEnoughReplicas(): KafkaError {
    const { assignment, effectiveMinInSyncReplicas } = this.#replicas!
    return new KafkaError(
      'NOT_ENOUGH_REPLICAS',
      `The in-sync replicas of ${this.name} are ${assignment.inSyncReplicas.join(',')}, fewer than ${effectiveMinInSyncReplicas}`,
    )
  }
}

function errorOf(code: ErrorCode, partition: string): KafkaError {
  return new KafkaError(errorName(code), `${errorName(code)}: ${partition}`)
}
