/**
 * One partition of an internal topic and the machine that coordinates it: the shell between pure state and log. Requests
 * run as soon as they come; what they write is gathered until the end of the turn and appended as one batch; their answers
 * leave when the high watermark has passed what was written, and so do answers to requests that only read, because they
 * may have seen it.
 *
 * When an append fails, the machine goes back to the last offset that is written, and just the requests whose records
 * were in the batch fail; those that only read are run again.
 *
 * Invariant: what the machine has replayed is what is written, followed by what is gathered, in that order. So nothing
 * that may make the machine write (settling) happens while an input or its output is being worked on.
 */
import { assert } from '../../base/assert.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type {
  CoordinatorMachine,
  CoordinatorRecord,
  CoordinatorWrite,
  Instant,
  ReplyToken,
} from '../../coordinator/coordinator-machine.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { buildBatch } from '../../protocol/record/batch-builder.ts'
import { batchHeaderSize } from '../../protocol/record/batch-header.ts'
import type { Codecs, CompressionType } from '../../protocol/record/compression.ts'
import { loadCoordinator } from './coordinator-loader.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import { type Settlement, SettlementQueue } from './coordinator-settlements.ts'

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

export type CoordinatorShardState = 'loading' | 'active' | 'closed'

interface PendingReply {
  readonly resolve: (response: object) => void
  readonly reject: (error: KafkaError) => void
}

/** Length, attributes, deltas, lengths and headers count of a record, at most. */
const recordOverheadSizeMax = 5 + 1 + 10 + 5 + 5 + 5 + 1
const loadRetryMs = 1_000

export class CoordinatorShard<M extends CoordinatorMachine> {
  readonly partition: number
  /** In which this broker leads the partition; a later one of the same leader changes nothing else. */
  leaderEpoch: number
  readonly #environment: CoordinatorEnvironment
  readonly #makeMachine: (partition: number) => M
  readonly #onActive: (partition: number) => void
  readonly #replies = new Map<ReplyToken, PendingReply>()
  readonly #settlements = new SettlementQueue()
  #machine: M
  #state: CoordinatorShardState = 'loading'
  #nextToken = 1
  /** Records that are replayed and not appended yet. */
  #gathered: CoordinatorRecord[] = []
  #gatheredSize = 0
  #isFlushDue = false
  #writtenEndOffset = 0
  #committedEndOffset = 0
  /** Settled with the error of the append that lost their records, as soon as no input is worked on. */
  #lost: { readonly settlement: Settlement; readonly error: KafkaError }[] = []
  /** Why the input at hand could not write. */
  #inputError: KafkaError | undefined
  /** The same of the last input that is done. */
  #runError: KafkaError | undefined
  #isBusy = false
  #dueTimer: Timer | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #timeoutTimer: Timer | undefined
  #stopListening: (() => void) | undefined

  constructor(
    environment: CoordinatorEnvironment,
    partition: number,
    leaderEpoch: number,
    makeMachine: (partition: number) => M,
    onActive: (partition: number) => void,
  ) {
    this.#environment = environment
    this.#onActive = onActive
    this.partition = partition
    this.leaderEpoch = leaderEpoch
    this.#makeMachine = makeMachine
    this.#machine = makeMachine(partition)
  }

  get state(): CoordinatorShardState {
    return this.#state
  }

  /** Reads the log. A partition with nothing in it is active when this returns. */
  load(): void {
    const { log, codecs, loadBufferSize, clock } = this.#environment
    const startMs = clock.monotonic()
    this.#machine = this.#makeMachine(this.partition)
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

  /** Another broker coordinates the partition, or none. Who waits is told NOT_COORDINATOR. */
  close(): void {
    if (this.#state === 'closed') return
    const wasActive = this.#state === 'active'
    this.#state = 'closed'
    this.#stopListening?.()
    this.#dueTimer?.cancel()
    this.#timeoutTimer?.cancel()
    this.#gathered = []
    if (wasActive) {
      this.#machine.becomeInactive()
      for (const { token, response } of this.#machine.takeOutput().replies) this.#deliver(token, response)
    }
    const error = new KafkaError('NOT_COORDINATOR')
    for (const settlement of this.#settlements.takeAll()) settlement.onSettled(error)
    for (const { reject } of this.#replies.values()) reject(error)
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
    if (this.#runError !== undefined) throw this.#runError
    const { endOffset } = this.#machine
    if (endOffset <= this.#committedEndOffset && this.#settlements.isEmpty) return answer
    const isWrite = endOffset > startOffset
    return new Promise((resolve, reject) => {
      this.#await(
        endOffset,
        (error) => (error === undefined ? resolve(answer) : reject(error)),
        (error) => (isWrite ? reject(error) : resolve(this.#executeAgain(operation))),
      )
    })
  }

  /** Runs `operation`, whose answer comes by token, now or whenever. Throws, or rejects, as `execute`. */
  request<R extends object>(operation: (machine: M, token: ReplyToken, now: Instant) => void): Promise<R> {
    this.#checkActive()
    const token = this.#nextToken++
    return new Promise((resolve, reject) => {
      this.#replies.set(token, { resolve: resolve as PendingReply['resolve'], reject })
      this.#run((machine, now) => operation(machine, token, now))
    })
  }

  async #executeAgain<R>(operation: (machine: M, now: Instant) => R): Promise<R> {
    return this.execute(operation)
  }

  #becomeActive(startMs: number): void {
    if (this.#state === 'closed') return
    const { clock, logger, log } = this.#environment
    const { partition } = this
    this.#state = 'active'
    this.#writtenEndOffset = this.#machine.endOffset
    this.#committedEndOffset = Math.min(log.highWatermark(partition), this.#writtenEndOffset)
    this.#machine.commitTo(this.#committedEndOffset)
    this.#run((machine, now) => machine.becomeActive(now))
    this.#onActive(partition)
    if (this.#writtenEndOffset === 0) return
    const loadedMs = Math.round(clock.monotonic() - startMs)
    logger.info('coordinator is loaded', { partition, endOffset: this.#writtenEndOffset, loadedMs })
  }

  #onLoadFailed(error: Error): void {
    if (this.#state === 'closed') return
    const { logger, clock } = this.#environment
    const { partition } = this
    logger.error('coordinator cannot be loaded, it is tried again', { partition, error: error.message })
    this.#dueTimer = clock.schedule(loadRetryMs, () => this.load())
  }

  #checkActive(): void {
    if (this.#state === 'active') return
    throw new KafkaError(this.#state === 'loading' ? 'COORDINATOR_LOAD_IN_PROGRESS' : 'NOT_COORDINATOR')
  }

  /** Gives the machine an input and takes care of what it leads to. */
  #run<R>(input: (machine: M, now: Instant) => R): R {
    const { clock } = this.#environment
    const wasBusy = this.#isBusy
    this.#isBusy = true
    this.#inputError = undefined
    try {
      return input(this.#machine, { wallMs: clock.now(), monotonicMs: clock.monotonic() })
    } finally {
      this.#takeOutput()
      const error = this.#inputError
      this.#isBusy = wasBusy
      if (!wasBusy) this.#settle()
      this.#runError = error
      this.#arm()
    }
  }

  #takeOutput(): void {
    const { replies, writes } = this.#machine.takeOutput()
    for (const { token, response } of replies) this.#deliver(token, response)
    for (const write of writes) this.#gather(write)
  }

  #deliver(token: ReplyToken, response: object): void {
    const reply = this.#replies.get(token)
    this.#replies.delete(token)
    reply?.resolve(response)
  }

  /** Records that do not fit into one batch with those before them end it. */
  #gather(write: CoordinatorWrite): void {
    let size = 0
    for (const { key, value } of write.records) size += recordOverheadSizeMax + key.length + (value?.length ?? 0)
    const sizeMax = this.#batchSizeMax()
    if (this.#gatheredSize + size > sizeMax) this.#flush()
    const error = this.#inputError
    if (error !== undefined) {
      // It was undone with what was before it.
      if (write.onSettled !== undefined) this.#lost.push({ settlement: this.#settlementOf(write, 0), error })
      return
    }
    for (const record of write.records) this.#gathered.push(record)
    this.#gatheredSize += size
    if (write.onSettled !== undefined) {
      this.#push(this.#settlementOf(write, this.#writtenEndOffset + this.#gathered.length))
    }
    if (this.#gatheredSize > sizeMax) this.#flush()
    else this.#flushAtEndOfTurn()
  }

  /** Of records, in bytes; 0 when the partition is not here any more, and nothing can be written. */
  #batchSizeMax(): number {
    try {
      return this.#environment.log.batchSizeMax(this.partition) - batchHeaderSize
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#gathered = []
      this.#gatheredSize = 0
      this.#onAppendFailed(error)
      return 0
    }
  }

  #settlementOf(write: CoordinatorWrite, endOffset: number): Settlement {
    const onSettled = (error: KafkaError | undefined) => {
      if (this.#state === 'active') this.#run((_machine, now) => write.onSettled!(now, error))
    }
    return { endOffset, deadlineMs: this.#deadlineMs(), onSettled, onUndone: onSettled }
  }

  #flushAtEndOfTurn(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    this.#environment.clock.endOfTurn(() => {
      this.#isFlushDue = false
      this.#flush()
      if (!this.#isBusy) this.#settle()
    })
  }

  #flush(): void {
    if (this.#gathered.length === 0 || this.#state !== 'active') return
    const records = this.#gathered
    this.#gathered = []
    this.#gatheredSize = 0
    const { log } = this.#environment
    try {
      const { baseOffset, lastOffset } = log.append(this.partition, this.#batchOf(records))
      assert(
        baseOffset === this.#writtenEndOffset && lastOffset === baseOffset + records.length - 1,
        `records of partition ${this.partition} are at ${this.#writtenEndOffset}, not at ${baseOffset}`,
      )
      this.#writtenEndOffset = lastOffset + 1
      this.#committedEndOffset = Math.min(log.highWatermark(this.partition), this.#writtenEndOffset)
      this.#machine.commitTo(this.#committedEndOffset)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#onAppendFailed(error)
    }
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
    this.#inputError = error
    for (const settlement of this.#settlements.takeAbove(this.#writtenEndOffset)) this.#lost.push({ settlement, error })
  }

  #onHighWatermark(highWatermark: number): void {
    if (this.#state !== 'active') return
    this.#committedEndOffset = Math.min(highWatermark, this.#writtenEndOffset)
    this.#machine.commitTo(this.#committedEndOffset)
    if (!this.#isBusy) this.#settle()
  }

  /** Tells who waits; what that makes the machine write is settled in its turn. */
  #settle(): void {
    if (this.#lost.length === 0 && this.#settlements.isEmpty) return
    this.#isBusy = true
    try {
      for (;;) {
        const lost = this.#lost
        this.#lost = []
        for (const { settlement, error } of lost) settlement.onUndone(error)
        const reached = this.#settlements.takeReached(this.#committedEndOffset)
        for (const settlement of reached) settlement.onSettled(undefined)
        if (lost.length === 0 && reached.length === 0) return
      }
    } finally {
      this.#isBusy = false
    }
  }

  #await(
    endOffset: number,
    onSettled: (error: KafkaError | undefined) => void,
    onUndone: (error: KafkaError) => void,
  ): void {
    this.#push({ endOffset, deadlineMs: this.#deadlineMs(), onSettled, onUndone })
  }

  #deadlineMs(): number {
    const { clock, writeTimeoutMs } = this.#environment
    return clock.monotonic() + writeTimeoutMs()
  }

  #push(settlement: Settlement): void {
    this.#settlements.push(settlement)
    this.#armTimeout()
  }

  #armTimeout(): void {
    const deadlineMs = this.#settlements.nextDeadlineMs
    if (this.#timeoutTimer !== undefined || deadlineMs === undefined) return
    const { clock } = this.#environment
    this.#timeoutTimer = clock.schedule(Math.max(0, deadlineMs - clock.monotonic()), () => this.#onTimeout())
  }

  /** The records may still be replicated; their requests have waited long enough. */
  #onTimeout(): void {
    this.#timeoutTimer = undefined
    const error = new KafkaError('REQUEST_TIMED_OUT')
    for (const settlement of this.#settlements.takeLate(this.#environment.clock.monotonic()))
      settlement.onSettled(error)
    this.#armTimeout()
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
