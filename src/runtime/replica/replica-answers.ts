/**
 * What becomes of a leader's answers, partition by partition: records are appended, a log that parted from the leader's is
 * cut, an offset that the leader does not have is looked for, an error makes the partition rest. Used by each fetcher;
 * whatever fails here fails for one partition only.
 */
import type { Clock } from '../../base/clock.ts'
import { frameMemory } from '../../base/frame-memory.ts'
import type { Logger } from '../../base/logger.ts'
import { UnexpectedAppendOffsetError } from '../../log/log-append.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import type { PartitionData } from '../../protocol/api/01-fetch.ts'
import { type ErrorCode, errorName, KafkaError } from '../../protocol/errors.ts'
import { isPassing, reactionTo, restAfter } from '../../replication/follower-errors.ts'
import { checkReplicatedRecords } from '../../replication/follower-records.ts'
import {
  remedyOutOfRange,
  truncationAtDivergence,
  truncationBeforeFetch,
} from '../../replication/follower-truncation.ts'
import type { Following } from './following.ts'

export interface ReplicaAnswersOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** replica.fetch.backoff.ms as it is now. */
  readonly restMsMax: () => number
  /** replica.fetch.max.bytes as it is now. */
  readonly partitionMaxBytes: () => number
  /** Asks the leader where its log begins (-2) or ends (-1). Rejects with KafkaError or PeerError. */
  readonly findOffset: (following: Following, timestamp: -1 | -2) => Promise<number>
  /** The phase changed, or where to fetch: the next request is to say so. */
  readonly onChanged: (following: Following) => void
  /** Records of so many bytes were appended; the phase is `writing` until they are in the log. */
  readonly onAppended: (following: Following, sizeInBytes: number) => void
}

/** A partition that fails so often in a row is told of, even if it may pass. */
const failuresWorthTelling = 8

export class ReplicaAnswers {
  readonly #options: ReplicaAnswersOptions

  constructor(options: ReplicaAnswersOptions) {
    this.#options = options
  }

  /** Brings the log into a state from which it can follow. */
  prepare(following: Following): void {
    const log = following.partition.log!
    if (log.nextOffset !== log.logEndOffset) this.#afterWrites(following, log)
    else this.#cutBeforeFetch(following, log)
  }

  handle(following: Following, answer: PartitionData): void {
    try {
      if (answer.errorCode !== 0) this.#onError(following, answer.errorCode as ErrorCode)
      else if (answer.divergingEpoch.epoch >= 0) this.#onDivergence(following, answer)
      else this.#onRecords(following, answer)
    } catch (error) {
      this.rest(following, error as Error)
    }
  }

  /** Leaves the partition alone for a while. */
  rest(following: Following, error: Error, isExpected = false): void {
    if (following.phase === 'ended') return
    const { clock, logger, restMsMax } = this.#options
    const { partition } = following
    following.failuresCount++
    const fields = { partition: partition.name, leader: partition.leaderId, error: error.message }
    if (following.failuresCount === (isExpected ? failuresWorthTelling : 1)) {
      logger.warn('a partition cannot follow its leader at present', fields)
    }
    following.phase = 'resting'
    following.timer?.cancel()
    following.timer = clock.schedule(restAfter(following.failuresCount, restMsMax()), () => this.#onReady(following))
    this.#options.onChanged(following)
  }

  #onReady(following: Following): void {
    if (following.phase === 'ended') return
    following.phase = 'ready'
    this.#options.onChanged(following)
  }

  #afterWrites(following: Following, log: PartitionLog): void {
    following.phase = 'changing'
    void log.whenWritten().then(() => {
      if (!following.isCurrent || log.isOffline) return
      following.phase = 'ready'
      this.prepare(following)
    })
  }

  #cutBeforeFetch(following: Following, log: PartitionLog): void {
    const offset = truncationBeforeFetch(log)
    if (offset === undefined) this.#onReady(following)
    else this.#truncate(following, log, offset)
  }

  #onRecords(following: Following, answer: PartitionData): void {
    const { partition, leaderEpoch } = following
    const { records, problem } = checkReplicatedRecords(answer.records ?? noBytes, leaderEpoch)
    if (records.length > 0 && !this.#append(following, records, answer)) return
    partition.onLeaderOffsets(answer.highWatermark, answer.logStartOffset)
    const isBehind = partition.log!.nextOffset < answer.highWatermark
    following.onRecords(records.length, isBehind, this.#options.partitionMaxBytes())
    if (problem !== undefined) {
      this.rest(following, new Error(`the leader's answer has ${problem}`))
      return
    }
    following.failuresCount = 0
    if (records.length > 0) {
      following.phase = 'writing'
      this.#options.onAppended(following, records.length)
    }
    this.#options.onChanged(following)
  }

  /** False when the log is changed first, to append to it afterwards. */
  #append(following: Following, records: Buffer, answer: PartitionData): boolean {
    const { partition, leaderEpoch } = following
    const log = partition.log!
    try {
      partition.appendAsFollower(records, leaderEpoch)
      return true
    } catch (error) {
      const isEmpty = log.nextOffset === log.logStartOffset
      if (!(error instanceof UnexpectedAppendOffsetError) || !isEmpty) throw error
      // The leader's log starts within a batch, which came whole.
      const { firstOffset } = error
      frameMemory.hold(records)
      this.#change(following, async () => {
        await partition.changeEnd(() => log.truncateFullyAndStartAt(firstOffset, log.logStartOffset))
        return () => {
          this.#onRecords(following, { ...answer, records })
          frameMemory.release(records)
        }
      })
      return false
    }
  }

  #onDivergence(following: Following, { divergingEpoch }: PartitionData): void {
    const log = following.partition.log!
    this.#truncate(following, log, truncationAtDivergence(log, divergingEpoch), divergingEpoch)
  }

  #truncate(following: Following, log: PartitionLog, offset: number, diverging?: object): void {
    const { logEndOffset, latestEpoch } = log
    const fields = { partition: following.partition.name, offset, logEndOffset, latestEpoch, ...diverging }
    this.#options.logger.info('a follower cuts its log', fields)
    this.#change(following, async () => {
      await following.partition.changeEnd(() => log.truncateTo(offset))
      if (log.nextOffset === logEndOffset && log.latestEpoch === latestEpoch) {
        throw new Error("its log differs from the leader's, but nothing of it is left to cut")
      }
      return undefined
    })
  }

  #onError(following: Following, code: ErrorCode): void {
    const reaction = reactionTo(code)
    if (reaction === 'findOffsets') this.#change(following, () => this.#remedyOutOfRange(following))
    else if (reaction === 'awaitMetadata') {
      following.phase = 'fenced'
      this.#options.onChanged(following)
    } else this.rest(following, new KafkaError(errorName(code)), isPassing(code))
  }

  async #remedyOutOfRange(following: Following): Promise<undefined> {
    const { findOffset, logger } = this.#options
    const endOffset = await findOffset(following, -1)
    const startOffset = await findOffset(following, -2)
    const { partition } = following
    const { log } = partition
    if (log === undefined || !following.isCurrent) return
    const remedy = remedyOutOfRange(log, startOffset, endOffset)
    const { logEndOffset } = log
    const fields = { partition: following.partition.name, logEndOffset, leaderStart: startOffset, leaderEnd: endOffset }
    logger.warn("a follower is out of its leader's range", { ...fields, remedy: remedy.kind })
    if (remedy.kind === 'retry') throw new KafkaError('OFFSET_OUT_OF_RANGE')
    await partition.changeEnd(() =>
      remedy.kind === 'truncate' ? log.truncateTo(remedy.offset) : log.truncateFullyAndStartAt(remedy.offset),
    )
  }

  /** Fetches nothing until `change` is done; then goes on, or does what it resolves with. */
  #change(following: Following, change: () => Promise<(() => void) | undefined>): void {
    following.phase = 'changing'
    this.#options.onChanged(following)
    change().then(
      (next) => {
        if (!following.isCurrent) return
        following.phase = 'ready'
        if (next === undefined) this.#options.onChanged(following)
        else this.#goOn(following, next)
      },
      (error: Error) => this.rest(following, error, error instanceof KafkaError && isPassing(error.code)),
    )
  }

  #goOn(following: Following, next: () => void): void {
    try {
      next()
    } catch (error) {
      this.rest(following, error as Error)
    }
  }
}

const noBytes = Buffer.alloc(0)
