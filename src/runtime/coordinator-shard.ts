/**
 * One partition of an internal topic and the machine that coordinates it: the shell between pure state and log. Requests
 * run as soon as they come; what they write is gathered until the end of the turn and appended as one batch; their answers
 * leave when the high watermark has passed what was written, and so do answers to requests that only read, because they
 * may have seen it.
 *
 * When an append fails, the machine goes back to the last offset that is written, and just the requests whose records
 * were in the batch fail; those that only read are run again.
 *
 * Invariant: `settlements` ascend by end offset, and each is settled exactly once.
 */
import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type {
  CoordinatorMachine,
  CoordinatorRecord,
  CoordinatorWrite,
  Instant,
  ReplyToken,
} from '../coordinator/coordinator-machine.ts'
import { KafkaError } from '../protocol/errors.ts'
import { buildBatch } from '../protocol/record/batch-builder.ts'
import { batchHeaderSize } from '../protocol/record/batch-header.ts'
import type { Codecs, CompressionType } from '../protocol/record/compression.ts'
import { loadCoordinator } from './coordinator-loader.ts'
import type { CoordinatorLog } from './coordinator-log.ts'

export interface CoordinatorEnvironment {
  readonly log: CoordinatorLog
  readonly clock: Clock
  readonly logger: Logger
  readonly codecs: Codecs
  /** How long an answer waits for the in-sync replicas, in milliseconds. */
  readonly writeTimeoutMs: () => number
  /** Bytes of log read at a time. */
  readonly loadBufferSize: () => number
  readonly compressionType: () => CompressionType
}

/** Length, attributes, deltas, lengths and headers count of a record, at most. */
const recordOverheadSizeMax = 5 + 1 + 10 + 5 + 5 + 5 + 1
const loadRetryMs = 1_000

interface Settlement {
  /** Settled when the high watermark is here. */
  readonly endOffset: number
  /** Monotonic milliseconds; after it the client is told that it took too long. */
  readonly deadlineMs: number
  isSettled: boolean
  onSettled(error: KafkaError | undefined): void
  /** Its records could not be written; those that only read may try again. */
  onUndone(error: KafkaError): void
}

export type CoordinatorShardState = 'loading' | 'active' | 'closed'

export class CoordinatorShard<M extends CoordinatorMachine> {
  readonly partition: number
  readonly leaderEpoch: number
  readonly #environment: CoordinatorEnvironment
  readonly #machine: M
  readonly #replies = new Map<ReplyToken, (response: object) => void>()
  #state: CoordinatorShardState = 'loading'
  #nextToken = 1
  /** Records that are replayed and not appended yet. */
  #gathered: CoordinatorRecord[] = []
  #gatheredSize = 0
  #isFlushDue = false
  #writtenEndOffset = 0
  #settlements: Settlement[] = []
  #dueTimer: Timer | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #timeoutTimer: Timer | undefined
  #stopListening: (() => void) | undefined

  constructor(environment: CoordinatorEnvironment, partition: number, leaderEpoch: number, machine: M) {
    this.#environment = environment
    this.partition = partition
    this.leaderEpoch = leaderEpoch
    this.#machine = machine
  }

  get state(): CoordinatorShardState {
    return this.#state
  }

  /** Reads the log. A partition with nothing in it is active when this returns. */
  load(): void {
    const { log, codecs, loadBufferSize, clock } = this.#environment
    const startMs = clock.monotonic()
    try {
      this.#stopListening?.()
      this.#stopListening = log.onHighWatermark(this.partition, (offset) => this.#onHighWatermark(offset))
      const loading = loadCoordinator({
        log,
        partition: this.partition,
        machine: this.#machine,
        codecs,
        bufferSize: loadBufferSize(),
        isCancelled: () => this.#state === 'closed',
      })
      if (loading === undefined) this.#becomeActive(startMs)
      else {
        void loading.then(
          () => this.#becomeActive(startMs),
          (error: Error) => this.#onLoadFailed(error),
        )
      }
    } catch (error) {
      this.#onLoadFailed(error as Error)
    }
  }

  /** Another broker coordinates the partition, or none. */
  close(): void {
    if (this.#state === 'closed') return
    const wasActive = this.#state === 'active'
    this.#state = 'closed'
    this.#stopListening?.()
    this.#dueTimer?.cancel()
    this.#timeoutTimer?.cancel()
    this.#gathered = []
    const error = new KafkaError('NOT_COORDINATOR')
    const settlements = this.#settlements
    this.#settlements = []
    if (wasActive) {
      this.#machine.becomeInactive()
      this.#deliverReplies()
    }
    for (const settlement of settlements) this.#settle(settlement, error)
    this.#replies.clear()
  }

  /**
   * Runs `operation`, which returns the answer. Throws, or rejects with, KafkaError: what the operation throws,
   * COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, or why its records could not be written.
   */
  execute<R>(operation: (machine: M, now: Instant) => R): R | Promise<R> {
    this.#checkActive()
    const startOffset = this.#machine.endOffset
    const answer = this.#run(operation)
    const { endOffset } = this.#machine
    if (endOffset <= this.#environment.log.highWatermark(this.partition) && this.#settlements.length === 0)
      return answer
    const isWrite = endOffset > startOffset
    return new Promise((resolve, reject) => {
      this.#await(
        endOffset,
        (error) => (error === undefined ? resolve(answer) : reject(error)),
        (error) => {
          if (isWrite || this.#state !== 'active') reject(error)
          else this.#executeAgain(operation, resolve, reject)
        },
      )
    })
  }

  /** Runs `operation`, whose answer comes by token, now or whenever. Throws as `execute`. */
  request<R extends object>(operation: (machine: M, token: ReplyToken, now: Instant) => void): Promise<R> {
    this.#checkActive()
    const token = this.#nextToken++
    return new Promise((resolve) => {
      this.#replies.set(token, resolve as (response: object) => void)
      this.#run((machine, now) => operation(machine, token, now))
    })
  }

  #executeAgain<R>(
    operation: (machine: M, now: Instant) => R,
    resolve: (answer: R | Promise<R>) => void,
    reject: (error: unknown) => void,
  ): void {
    try {
      resolve(this.execute(operation))
    } catch (error) {
      reject(error)
    }
  }

  #becomeActive(startMs: number): void {
    if (this.#state === 'closed') return
    const { clock, logger, log } = this.#environment
    this.#state = 'active'
    this.#writtenEndOffset = this.#machine.endOffset
    this.#machine.commitTo(log.highWatermark(this.partition))
    this.#run((machine, now) => machine.becomeActive(now))
    const loadedMs = Math.round(clock.monotonic() - startMs)
    const { partition } = this
    if (this.#writtenEndOffset > 0) {
      logger.info('coordinator is loaded', { partition, endOffset: this.#writtenEndOffset, loadedMs })
    }
  }

  #onLoadFailed(error: Error): void {
    if (this.#state === 'closed') return
    const { logger, clock } = this.#environment
    logger.error('coordinator cannot be loaded, it is tried again', {
      partition: this.partition,
      error: error.message,
    })
    this.#machine.undoTo(0)
    this.#dueTimer = clock.schedule(loadRetryMs, () => this.load())
  }

  #checkActive(): void {
    if (this.#state === 'active') return
    throw new KafkaError(this.#state === 'loading' ? 'COORDINATOR_LOAD_IN_PROGRESS' : 'NOT_COORDINATOR')
  }

  #now(): Instant {
    const { clock } = this.#environment
    return { wallMs: clock.now(), monotonicMs: clock.monotonic() }
  }

  /** Gives the machine an input and takes care of what it leads to. */
  #run<R>(input: (machine: M, now: Instant) => R): R {
    try {
      return input(this.#machine, this.#now())
    } finally {
      this.#takeOutput()
      this.#arm()
    }
  }

  #takeOutput(): void {
    const { replies, writes } = this.#machine.takeOutput()
    for (const { token, response } of replies) this.#deliver(token, response)
    for (const write of writes) this.#gather(write)
  }

  #deliverReplies(): void {
    for (const { token, response } of this.#machine.takeOutput().replies) this.#deliver(token, response)
  }

  #deliver(token: ReplyToken, response: object): void {
    const resolve = this.#replies.get(token)
    this.#replies.delete(token)
    resolve?.(response)
  }

  #gather(write: CoordinatorWrite): void {
    let size = 0
    for (const { key, value } of write.records) size += recordOverheadSizeMax + key.length + (value?.length ?? 0)
    const sizeMax = this.#environment.log.batchSizeMax(this.partition) - batchHeaderSize
    if (this.#gatheredSize + size > sizeMax) this.#flush()
    this.#gathered.push(...write.records)
    this.#gatheredSize += size
    if (write.onSettled !== undefined) {
      const endOffset = this.#writtenEndOffset + this.#gathered.length
      const onSettled = (error: KafkaError | undefined) => this.#tellWrite(write, error)
      this.#await(endOffset, onSettled, onSettled)
    }
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    this.#environment.clock.endOfTurn(() => {
      this.#isFlushDue = false
      this.#flush()
    })
  }

  #tellWrite(write: CoordinatorWrite, error: KafkaError | undefined): void {
    if (this.#state === 'active') this.#run((_machine, now) => write.onSettled!(now, error))
  }

  #flush(): void {
    if (this.#gathered.length === 0 || this.#state !== 'active') return
    const records = this.#gathered
    this.#gathered = []
    this.#gatheredSize = 0
    try {
      const { log } = this.#environment
      const { baseOffset, lastOffset } = log.append(this.partition, this.#batchOf(records))
      assert(
        baseOffset === this.#writtenEndOffset && lastOffset === baseOffset + records.length - 1,
        `records of partition ${this.partition} are at ${this.#writtenEndOffset}, not at ${baseOffset}`,
      )
      this.#writtenEndOffset = lastOffset + 1
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#onAppendFailed(error)
      return
    }
    this.#onHighWatermark(this.#environment.log.highWatermark(this.partition))
  }

  /** As Kafka's coordinators write: without a producer, but with base sequence 0. */
  #batchOf(records: readonly CoordinatorRecord[]): Buffer {
    const { clock, codecs, compressionType } = this.#environment
    return buildBatch({ records, timestamp: clock.now(), baseSequence: 0, compressionType: compressionType(), codecs })
  }

  #onAppendFailed(error: KafkaError): void {
    const { logger } = this.#environment
    logger.warn('records of a coordinator could not be written', { partition: this.partition, error: error.message })
    this.#machine.undoTo(this.#writtenEndOffset)
    const firstLost = this.#settlements.findIndex(({ endOffset }) => endOffset > this.#writtenEndOffset)
    if (firstLost < 0) return
    for (const settlement of this.#settlements.splice(firstLost)) {
      if (settlement.isSettled) continue
      settlement.isSettled = true
      settlement.onUndone(error)
    }
  }

  #onHighWatermark(highWatermark: number): void {
    if (this.#state !== 'active') return
    const committedEndOffset = Math.min(highWatermark, this.#writtenEndOffset)
    this.#machine.commitTo(committedEndOffset)
    while (this.#settlements.length > 0 && this.#settlements[0]!.endOffset <= committedEndOffset) {
      this.#settle(this.#settlements.shift()!, undefined)
    }
  }

  #settle(settlement: Settlement, error: KafkaError | undefined): void {
    if (settlement.isSettled) return
    settlement.isSettled = true
    settlement.onSettled(error)
  }

  #await(
    endOffset: number,
    onSettled: (error: KafkaError | undefined) => void,
    onUndone: (error: KafkaError) => void,
  ): void {
    const { clock, writeTimeoutMs } = this.#environment
    const timeoutMs = writeTimeoutMs()
    const deadlineMs = clock.monotonic() + timeoutMs
    this.#settlements.push({ endOffset, deadlineMs, isSettled: false, onSettled, onUndone })
    this.#timeoutTimer ??= clock.schedule(timeoutMs, () => this.#onTimeout())
  }

  /** The records may still be replicated; their requests have waited long enough. */
  #onTimeout(): void {
    this.#timeoutTimer = undefined
    const { clock } = this.#environment
    const nowMs = clock.monotonic()
    const late = this.#settlements.filter(({ deadlineMs, isSettled }) => !isSettled && deadlineMs <= nowMs)
    for (const settlement of late) this.#settle(settlement, new KafkaError('REQUEST_TIMED_OUT'))
    const next = this.#settlements.find(({ isSettled }) => !isSettled)
    if (next === undefined || this.#timeoutTimer !== undefined) return
    this.#timeoutTimer = clock.schedule(Math.max(0, next.deadlineMs - nowMs), () => this.#onTimeout())
  }

  /** One timer for whatever the machine wants to do next. */
  #arm(): void {
    const dueMs = this.#machine.nextDueMs()
    if (this.#state !== 'active' || dueMs === undefined || dueMs >= this.#dueMs) return
    this.#dueTimer?.cancel()
    this.#dueMs = dueMs
    const { clock } = this.#environment
    this.#dueTimer = clock.schedule(Math.max(0, dueMs - clock.monotonic()), () => {
      this.#dueMs = Number.POSITIVE_INFINITY
      this.#run((machine, now) => machine.runDue(now))
    })
  }
}
