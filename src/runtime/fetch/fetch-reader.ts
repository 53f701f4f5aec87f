/**
 * Reads the partitions of one Fetch in order, within its limits, and makes their parts of the answer. What is in memory is
 * read at once; a partition that must be read from files makes the rest wait for it, because each read lowers the limit of
 * those after it. The first batch of the first partition that has one comes whole, however small the limits (KIP-74).
 *
 * The answers may hold file handles: they are sent, or `release` is called.
 */
import type { PartitionLog } from '../../log/partition-log.ts'
import { emptyReadResult, type ReadResult } from '../../log/records-slice.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../../protocol/errors.ts'
import type { RecordsRegion } from '../../protocol/records-region.ts'
import type { LeaderThrottle } from '../replica/leader-throttle.ts'
import type { Partition } from '../replica/partition.ts'
import type { PreferredReplicas, ReaderPlace } from '../replica/preferred-replicas.ts'
import type { ReplicaManager } from '../replica/replica-manager.ts'
import type { FetchTarget } from './fetch-target.ts'
import { copiedSizeMax, type FetchBudget, FetchedRecords } from './fetched-records.ts'

/** One partition of a FetchResponse; all answers have this shape. */
export interface PartitionAnswer {
  readonly partitionIndex: number
  readonly errorCode: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  divergingEpoch: { readonly epoch: number; readonly endOffset: number } | undefined
  currentLeader: { readonly leaderId: number; readonly leaderEpoch: number } | undefined
  abortedTransactions: readonly { readonly producerId: bigint; readonly firstOffset: number }[] | null
  /** A replica that is nearer to the consumer and has what it asks for; -1: none. */
  preferredReadReplica: number
  records: Buffer | RecordsRegion
}

/** What all reads of a broker share. */
export interface ReadEnvironment {
  readonly manager: ReplicaManager
  readonly budget: FetchBudget
  /** Without it consumers read where they ask. */
  readonly preferredReplicas?: PreferredReplicas | undefined
  /** Holds back what moves to new replicas. */
  readonly throttle?: LeaderThrottle
}

export interface FetchParams {
  /** Of a follower; negative for a consumer. */
  readonly replicaId: number
  /** Broker epoch of a follower; -1 when it does not say. */
  readonly replicaEpoch: number
  readonly isReadCommitted: boolean
  /** Where the consumer is; undefined for those that only leaders serve: followers, and consumers before version 11. */
  readonly place: ReaderPlace | undefined
  /** Of all partitions together; beyond it only the first batch of all. */
  readonly maxBytes: number
  /** In a session only partitions with something new are answered. */
  readonly onlyChanges: boolean
}

const noBytes = Buffer.alloc(0)
const noTransactions: readonly never[] = []

export class FetchReader {
  /** What is to be said, in the order of `answeredTargets`. */
  readonly answers: PartitionAnswer[] = []
  readonly answeredTargets: FetchTarget[] = []
  /** Of all records. */
  sizeInBytes = 0
  /** Something is to be said at once: an error, a divergence, a high watermark that a follower waits for. */
  isUrgent = false
  readonly #environment: ReadEnvironment
  readonly #params: FetchParams
  readonly #targets: readonly FetchTarget[]
  #index = 0
  #leftBytes: number

  constructor(environment: ReadEnvironment, params: FetchParams, targets: readonly FetchTarget[]) {
    this.#environment = environment
    this.#params = params
    this.#targets = targets
    const isFollower = params.replicaId >= 0
    this.#leftBytes = isFollower
      ? params.maxBytes
      : Math.min(params.maxBytes, Math.max(environment.budget.leftBytes, 0))
  }

  /** At once, when nothing must be read from files. What fails is answered as the partition's error. */
  run(): void | Promise<void> {
    for (; this.#index < this.#targets.length; this.#index++) {
      const pending = this.#readTarget(this.#targets[this.#index]!)
      if (pending !== undefined) return this.#runOn(pending)
    }
  }

  /** The answers are not sent: what they hold is let go. */
  release(): void {
    for (const { records } of this.answers) if (records instanceof FetchedRecords) records.release()
  }

  async #runOn(first: Promise<void>): Promise<void> {
    await first
    for (this.#index++; this.#index < this.#targets.length; this.#index++) {
      const pending = this.#readTarget(this.#targets[this.#index]!)
      if (pending !== undefined) await pending
    }
  }

  #readTarget(target: FetchTarget): void | Promise<void> {
    const missing = target.isAuthorized
      ? resolveTarget(this.#environment.manager, target)
      : errorCodes.TOPIC_AUTHORIZATION_FAILED
    if (missing !== 0) {
      this.#answerError(target, missing, noTransactions)
      return
    }
    const partition = target.partition!
    target.seenChangeCount = partition.changeCount
    const refusal = this.#refusal(target, partition)
    if (refusal !== 0) return this.#answerError(target, refusal, null)
    const preferredReplica = this.#preferredReplica(target, partition)
    if (preferredReplica < 0) return this.#readPartition(target, partition.log!, partition)
    this.isUrgent = true
    this.#answer(target, partition.log!, noBytes).preferredReadReplica = preferredReplica
  }

  #preferredReplica({ fetchOffset }: FetchTarget, partition: Partition): number {
    const { preferredReplicas } = this.#environment
    const { place } = this.#params
    if (preferredReplicas === undefined || place === undefined) return -1
    return preferredReplicas.choose(partition, place, fetchOffset)
  }

  #refusal(target: FetchTarget, partition: Partition): ErrorCode {
    const { replicaId, replicaEpoch, place } = this.#params
    if (place !== undefined) return partition.readError(target.currentLeaderEpoch)
    const refusal = partition.leaderError(target.currentLeaderEpoch)
    if (refusal !== 0) return refusal
    if (replicaId < 0) return 0
    const replicas = partition.replicas!
    if (replicas.follower(replicaId) === undefined) {
      return target.currentLeaderEpoch < 0 ? errorCodes.NOT_LEADER_OR_FOLLOWER : errorCodes.UNKNOWN_LEADER_EPOCH
    }
    return replicas.isSuperseded(replicaId, replicaEpoch) ? errorCodes.NOT_LEADER_OR_FOLLOWER : 0
  }

  #readPartition(target: FetchTarget, log: PartitionLog, partition: Partition): void | Promise<void> {
    const { fetchOffset, lastFetchedEpoch } = target
    if (lastFetchedEpoch >= 0 && (lastFetchedEpoch !== log.latestEpoch || fetchOffset > log.logEndOffset)) {
      const end = log.endOffsetForEpoch(lastFetchedEpoch)
      if (end === undefined) return this.#answerError(target, errorCodes.OFFSET_OUT_OF_RANGE, null)
      if (end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset) {
        this.isUrgent = true
        this.#answer(target, log, noBytes).divergingEpoch = end
        return
      }
    }
    if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
      return this.#answerError(target, errorCodes.OFFSET_OUT_OF_RANGE, null)
    }
    const { replicaId, replicaEpoch } = this.#params
    // Only now: of a log that diverges nothing counts as replicated.
    if (replicaId >= 0) partition.onFollowerFetch(replicaId, replicaEpoch, fetchOffset, target.logStartOffset)
    if (replicaId >= 0 && this.#environment.throttle?.isHeldBack(partition, replicaId) === true) {
      return this.#onRead(target, log, partition, emptyReadResult)
    }
    const upToOffset = this.#upToOffset(log)
    const minOneBatch = this.sizeInBytes === 0
    if (fetchOffset >= upToOffset) return this.#onCaughtUp(target, log, partition)
    if (this.#leftBytes <= 0 && !minOneBatch) return this.#onRead(target, log, partition, emptyReadResult)
    if (target.maxBytes < 0 || this.#params.maxBytes < 0) {
      return this.#answerError(target, errorCodes.UNKNOWN_SERVER_ERROR, null)
    }
    try {
      const sizeMax = Math.min(target.maxBytes, this.#leftBytes)
      const result = log.read(fetchOffset, sizeMax, { upToOffset, minOneBatch })
      if (!(result instanceof Promise) && !this.#params.isReadCommitted) {
        return this.#onRead(target, log, partition, result)
      }
      return this.#onReadLater(target, log, partition, result, upToOffset)
    } catch (error) {
      this.#answerError(target, codeOf(error), null)
    }
  }

  /** Who knows all of it need not look again before there is news, unless its place is chosen anew each time. */
  #onCaughtUp(target: FetchTarget, log: PartitionLog, partition: Partition): void {
    const { place, onlyChanges } = this.#params
    const mayRest = place === undefined || this.#environment.preferredReplicas === undefined
    if (mayRest && onlyChanges && isNothingNew(target, log)) target.rest()
    this.#onRead(target, log, partition, emptyReadResult)
  }

  async #onReadLater(
    target: FetchTarget,
    log: PartitionLog,
    partition: Partition,
    pending: ReadResult | Promise<ReadResult>,
    upToOffset: number,
  ): Promise<void> {
    let result: ReadResult | undefined
    try {
      result = await pending
      const isReadCommitted = this.#params.isReadCommitted && result.sizeInBytes > 0
      const aborted = isReadCommitted ? await log.abortedTransactions(target.fetchOffset, upToOffset) : noTransactions
      this.#onRead(target, log, partition, result, aborted)
    } catch (error) {
      result?.release()
      this.#answerError(target, codeOf(error), null)
    }
  }

  #onRead(
    target: FetchTarget,
    log: PartitionLog,
    partition: Partition,
    result: ReadResult,
    aborted: PartitionAnswer['abortedTransactions'] = noTransactions,
  ): void {
    const size = result.sizeInBytes
    if (size === 0) {
      if (this.#isNewsForFollower(target, log)) this.isUrgent = true
      if (this.#params.onlyChanges && isNothingNew(target, log)) return
      this.#answer(target, log, noBytes)
      return
    }
    const { replicaId } = this.#params
    if (replicaId >= 0) this.#environment.throttle?.onRead(partition, replicaId, size)
    this.sizeInBytes += size
    this.#leftBytes -= size
    this.#answer(target, log, this.#records(result)).abortedTransactions = this.#params.isReadCommitted ? aborted : null
  }

  #records(result: ReadResult): Buffer | RecordsRegion {
    if (result.sizeInBytes > copiedSizeMax) return new FetchedRecords(result, this.#environment.budget)
    const buffers = result.slices.filter((slice): slice is Buffer => slice instanceof Buffer)
    if (buffers.length < result.slices.length) return new FetchedRecords(result, this.#environment.budget)
    const copy = Buffer.concat(buffers)
    result.release()
    return copy
  }

  /** A follower is told at once that the high watermark or the start moved: it may be the only one that waits. */
  #isNewsForFollower(target: FetchTarget, log: PartitionLog): boolean {
    const { replicaId, onlyChanges } = this.#params
    if (replicaId < 0) return false
    if (!onlyChanges) return target.highWatermark < log.highWatermark
    return target.toldHighWatermark < log.highWatermark || target.toldLogStartOffset < log.logStartOffset
  }

  #upToOffset(log: PartitionLog): number {
    if (this.#params.replicaId >= 0) return log.logEndOffset
    return this.#params.isReadCommitted ? log.lastStableOffset : log.highWatermark
  }

  #answer(target: FetchTarget, log: PartitionLog, records: Buffer | RecordsRegion): PartitionAnswer {
    const answer: PartitionAnswer = {
      partitionIndex: target.index,
      errorCode: 0,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStartOffset,
      divergingEpoch: undefined,
      currentLeader: undefined,
      abortedTransactions: this.#params.isReadCommitted ? noTransactions : null,
      preferredReadReplica: -1,
      records,
    }
    this.answers.push(answer)
    this.answeredTargets.push(target)
    return answer
  }

  #answerError(
    target: FetchTarget,
    errorCode: ErrorCode,
    abortedTransactions: PartitionAnswer['abortedTransactions'],
  ): void {
    this.isUrgent = true
    this.answers.push({
      partitionIndex: target.index,
      errorCode,
      highWatermark: -1,
      lastStableOffset: -1,
      logStartOffset: -1,
      divergingEpoch: undefined,
      currentLeader: undefined,
      abortedTransactions,
      preferredReadReplica: -1,
      records: noBytes,
    })
    this.answeredTargets.push(target)
  }
}

/** Finds the partition of `target` unless it is known; answers why there is none. */
export function resolveTarget(manager: ReplicaManager, target: FetchTarget): ErrorCode {
  if (target.partition !== undefined && target.partition.state !== 'removed') return 0
  target.partition = target.isById
    ? manager.partitionById(target.topicId, target.index)
    : manager.partition(target.topic, target.index)
  if (target.partition !== undefined) return 0
  return target.isById
    ? manager.missingErrorById(target.topicId, target.index)
    : manager.missingError(target.topic, target.index)
}

function isNothingNew(target: FetchTarget, log: PartitionLog): boolean {
  return target.toldHighWatermark === log.highWatermark && target.toldLogStartOffset === log.logStartOffset
}

/** Anything but a KafkaError is a mistake of ours, and no answer. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof KafkaError) return error.code
  throw error
}
