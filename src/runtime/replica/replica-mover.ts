/**
 * Moves replicas from one log directory of this broker to another while they are written and read (KIP-113, KIP-858): fills
 * a future log from the present one, has the controller record the new directory, closes the gap that is left, and puts
 * the new log in service within one turn. Asked by log-directories.ts, and by the replica manager at the start for moves
 * that a stop or a crash interrupted.
 *
 * Invariant: the log in service has every record that was acknowledged or shown, and no reader sees its end go back.
 */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { frameMemory } from '../../base/frame-memory.ts'
import type { Logger } from '../../base/logger.ts'
import type { FutureLogs } from '../../log/future-logs.ts'
import type { LogDirectory } from '../../log/log-directory.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { KafkaError } from '../../protocol/errors.ts'
import * as batch from '../../protocol/record/batch-header.ts'
import type { DirectoryAssignments } from '../broker/directory-assignments.ts'
import type { Partition } from './partition.ts'

const pieceSizeMax = 1024 * 1024
/** While the controller is waited for, the new log is kept up with the present one. */
const recordWaitMs = 200
/** No throttle sleeps longer before it looks at the rate again. */
const throttleMsMax = 1000

export interface ReplicaMoverOptions {
  readonly logs: { readonly futures: FutureLogs; directoryOf(log: PartitionLog): LogDirectory | undefined }
  readonly assignments: Pick<DirectoryAssignments, 'assign' | 'whenRecorded'>
  readonly clock: Clock
  readonly logger: Logger
  /** How many replicas are copied at once: num.replica.alter.log.dirs.threads. */
  readonly copiesMax: number
  /** Of all together: replica.alter.log.dirs.io.max.bytes.per.second as it is now. */
  readonly bytesPerSecondMax: () => number
}

interface Move {
  readonly partition: Partition
  readonly present: PartitionLog
  readonly directory: LogDirectory
  /** The future log; another object when it has its live name. */
  log: PartitionLog
  /** It copies, or has copied; else it waits until another one is done. */
  hasTurn: boolean
  isCancelled: boolean
  /** The controller was told of the new directory. */
  isRecorded: boolean
  /** The new log is in service. */
  isInService: boolean
  /** Ends what it waits for, if that can be ended. */
  wake: () => void
  done: Promise<void>
}

/** The move was given up, or its partition is served no more. */
class MoveEndedError extends Error {
  override name = 'MoveEndedError'
}

export class ReplicaMover {
  readonly #options: ReplicaMoverOptions
  readonly #moves = new Map<Partition, Move>()
  /** Those without a turn, in their order. */
  readonly #waiting = new Set<Move>()
  #turnsCount = 0
  #isStopped = false

  constructor(options: ReplicaMoverOptions) {
    this.#options = options
  }

  get movesCount(): number {
    return this.#moves.size
  }

  /** Where the replica is being moved to. */
  destinationOf(partition: Partition): LogDirectory | undefined {
    return this.#moves.get(partition)?.directory
  }

  /** Starts a move; there must be none of that partition. Resolves when the future log is there. Rejects with KafkaError. */
  async start(partition: Partition, directory: LogDirectory): Promise<void> {
    const present = partition.log!
    const log = await this.#options.logs.futures.create(present, directory)
    if (this.#isStopped || partition.log !== present) return
    const { name } = partition
    this.#options.logger.info('a replica is moved', { partition: name, from: present.directory, to: log.directory })
    this.#begin(partition, present, log, directory)
  }

  /** The log of the partition was opened: a move that was interrupted goes on. */
  resume(partition: Partition, present: PartitionLog): void {
    const { futures } = this.#options.logs
    const log = futures.get(partition.topic, partition.index)
    const directory = log === undefined ? undefined : this.#options.logs.directoryOf(log)
    if (log === undefined || directory === undefined || log.isOffline || present.isOffline) return
    this.#options.logger.info('a replica goes on moving', { partition: partition.name, to: log.directory })
    this.#begin(partition, present, log, directory)
  }

  /** Gives up the move of a partition, unless it is done; resolves when no trace is left of it. */
  async cancel(partition: Partition): Promise<void> {
    const move = this.#moves.get(partition)
    if (move !== undefined) {
      move.isCancelled = true
      move.wake()
      await move.done
    }
    await this.#options.logs.futures.cancel(partition.topic, partition.index)
  }

  /** What is under way goes on at the next start. Resolves when nothing touches any log any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const moves = [...this.#moves.values()]
    for (const { wake } of moves) wake()
    await Promise.all(moves.map(({ done }) => done))
  }

  #begin(partition: Partition, present: PartitionLog, log: PartitionLog, directory: LogDirectory): void {
    assert(!this.#moves.has(partition), `${partition.name} moves to one directory at a time`)
    const states = { hasTurn: false, isCancelled: false, isRecorded: false, isInService: false }
    const move: Move = { partition, present, directory, log, ...states, wake: () => {}, done: Promise.resolve() }
    this.#moves.set(partition, move)
    move.done = this.#run(move)
  }

  async #run(move: Move): Promise<void> {
    const { partition, present } = move
    const { futures } = this.#options.logs
    try {
      await this.#takeTurn(move)
      // What compaction takes from the present log may be in the new one already, without the tombstone that removes it.
      await present.compaction.pause()
      partition.futureLog = move.log
      await this.#catchUp(move)
      // What the controller is told must be there after a loss of power.
      await move.log.flush()
      await this.#record(move)
      await this.#catchUp(move)
      move.log = await futures.finish(move.log)
      partition.futureLog = move.log
      await this.#putInService(move)
      // The present log goes only when the new one has as much on the disk.
      await move.log.flush()
      await futures.discard(present)
      this.#options.logger.info('a replica was moved', { partition: partition.name, to: move.log.directory })
    } catch (error) {
      this.#onEnded(move, error as Error)
    } finally {
      if (partition.futureLog === move.log) partition.futureLog = undefined
      if (!move.isInService) present.compaction.resume()
      this.#moves.delete(partition)
      this.#passTurn(move)
    }
  }

  async #takeTurn(move: Move): Promise<void> {
    if (this.#turnsCount < this.#options.copiesMax) {
      this.#turnsCount++
      move.hasTurn = true
      return
    }
    this.#check(move)
    this.#waiting.add(move)
    await new Promise<void>((resolve) => {
      move.wake = resolve
    })
    this.#waiting.delete(move)
    this.#check(move)
  }

  #passTurn({ hasTurn }: Move): void {
    if (!hasTurn) return
    const [next] = this.#waiting
    if (next === undefined) this.#turnsCount--
    else {
      this.#waiting.delete(next)
      next.hasTurn = true
      next.wake()
    }
  }

  #check({ partition, present, log, isCancelled }: Move): void {
    const isServed = partition.log === present && partition.state !== 'removed' && partition.state !== 'offline'
    if (this.#isStopped || isCancelled || !isServed) throw new MoveEndedError('the move was given up')
    if (present.isOffline || log.isOffline) throw new MoveEndedError('its directory is offline')
  }

  async #record(move: Move): Promise<void> {
    const { assignments } = this.#options
    move.isRecorded = true
    assignments.assign(move.partition.topicId, move.partition.index, move.directory.directoryId)
    let isAccepted = false
    void assignments.whenRecorded().then(() => {
      isAccepted = true
      move.wake()
    })
    while (!isAccepted) {
      await this.#sleep(recordWaitMs, move)
      await this.#catchUp(move)
    }
  }

  /**
   * Copies until the new log is a piece behind at most: what comes while it copies keeps it from ever having all. One lap
   * goes to where the present log ended when the lap began.
   */
  async #catchUp(move: Move): Promise<void> {
    for (let piecesCount = 2; piecesCount > 1; ) {
      const endOffset = move.present.logEndOffset
      const isBehind = () => move.log.nextOffset < Math.min(endOffset, move.present.logEndOffset)
      for (piecesCount = 0; piecesCount === 0 || isBehind(); piecesCount++) {
        this.#check(move)
        await this.#throttle(await this.#copyPiece(move), move)
      }
    }
  }

  /** Returns the bytes that were copied, 0 at the end of the present log. */
  async #copyPiece(move: Move): Promise<number> {
    const { present, log } = move
    await align(present, log)
    this.#check(move)
    if (log.nextOffset >= present.logEndOffset) {
      mirrorOffsets(move)
      return 0
    }
    const records = await readPiece(present, Math.max(log.nextOffset, present.logStartOffset))
    this.#check(move)
    await startOver(present, log, records)
    this.#check(move)
    if (records.length > 0) log.appendAsFollower(records)
    await log.whenWritten()
    this.#check(move)
    mirrorOffsets(move)
    return Math.max(1, records.length)
  }

  /** The gap is what came while the log was renamed. From where both have written the same, the next turn is the new log's. */
  async #putInService(move: Move): Promise<void> {
    const { partition, present, log } = move
    for (;;) {
      this.#check(move)
      const tail = isAligned(present, log) ? present.readTail(log.nextOffset) : undefined
      if (tail === undefined) await this.#copyPiece(move)
      else {
        // What is appended may push out of memory what is still to come.
        for (const records of tail) frameMemory.hold(records)
        for (const records of tail) if (log.canAppend(records.length)) log.appendAsFollower(records)
        for (const records of tail) frameMemory.release(records)
        if (log.nextOffset === present.nextOffset && log.logEndOffset >= present.logEndOffset) break
        await log.whenWritten()
      }
    }
    mirrorOffsets(move)
    partition.replaceLog(log)
    this.#options.logs.futures.promote(log)
    move.isInService = true
  }

  async #throttle(sizeInBytes: number, move: Move): Promise<void> {
    let left = sizeInBytes
    while (left > 0) {
      const rate = this.#options.bytesPerSecondMax() / this.#turnsCount
      const dueMs = (left / rate) * 1000
      if (dueMs < 1) return
      const waitMs = Math.min(dueMs, throttleMsMax)
      await this.#sleep(waitMs, move)
      this.#check(move)
      left -= (rate * waitMs) / 1000
    }
  }

  /** So long, or until somebody wakes it. */
  #sleep(waitMs: number, move: Move): Promise<void> {
    this.#check(move)
    return new Promise((resolve) => {
      const timer = this.#options.clock.schedule(waitMs, resolve)
      move.wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  #onEnded(move: Move, error: Error): void {
    const { logger, logs, assignments } = this.#options
    const { partition, present } = move
    const isExpected = error instanceof MoveEndedError || (error instanceof KafkaError && !this.#isHealthy(move))
    const fields = { partition: partition.name, error: error.message }
    if (!isExpected) logger.error('a replica could not be moved', fields)
    else if (!this.#isStopped) logger.info('a replica is not moved', fields)
    if (this.#isStopped || move.isInService || partition.state === 'removed') return
    const original = logs.directoryOf(present)
    if (move.isRecorded && original?.isOnline === true) {
      assignments.assign(partition.topicId, partition.index, original.directoryId)
    }
    if (move.log.isOffline) void logs.futures.cancel(partition.topic, partition.index).catch(() => {})
  }

  #isHealthy({ partition, present, log }: Move): boolean {
    return partition.state !== 'removed' && !present.isOffline && !log.isOffline
  }
}

/** Empty when the records there were deleted just now. */
async function readPiece(present: PartitionLog, fromOffset: number): Promise<Buffer> {
  const sizeMax = Math.min(pieceSizeMax, present.config.segmentBytes)
  try {
    return await present.readBatches(fromOffset, present.logEndOffset, sizeMax)
  } catch (error) {
    if (error instanceof KafkaError && error.error === 'OFFSET_OUT_OF_RANGE') return Buffer.alloc(0)
    throw error
  }
}

/** When `records`, the next of `present`, do not follow on `log`, because those between were deleted, it starts with them. */
async function startOver(present: PartitionLog, log: PartitionLog, records: Buffer): Promise<void> {
  const isBehind = log.nextOffset < present.logStartOffset
  if (records.length > 0) {
    const startOffset = batch.baseOffset(records, 0)
    if (isBehind && startOffset > log.nextOffset) await log.truncateFullyAndStartAt(startOffset)
    return
  }
  assert(
    isBehind || log.nextOffset >= present.logEndOffset,
    `${present.directory} has nothing from ${log.nextOffset} on`,
  )
  if (isBehind && present.logStartOffset === present.logEndOffset) {
    await log.truncateFullyAndStartAt(present.logEndOffset)
  }
}

/** What `log` has is in `present` too, in the same epochs. */
function isAligned(present: PartitionLog, log: PartitionLog): boolean {
  if (log.nextOffset > present.nextOffset) return false
  if (log.latestEpoch < 0 || log.latestEpoch === present.latestEpoch) return true
  const end = present.endOffsetForEpoch(log.latestEpoch)
  return end !== undefined && end.epoch === log.latestEpoch && end.endOffset >= log.nextOffset
}

/** Cuts what `present` does not have (any more) off the end of `log`. */
async function align(present: PartitionLog, log: PartitionLog): Promise<void> {
  while (!isAligned(present, log)) {
    const end = present.endOffsetForEpoch(log.latestEpoch)
    const ownEnd = end === undefined ? undefined : log.endOffsetForEpoch(end.epoch)
    const common =
      end === undefined
        ? (log.epochs.at(-1)?.startOffset ?? 0)
        : Math.min(end.endOffset, ownEnd?.endOffset ?? end.endOffset)
    await log.truncateTo(Math.min(common, present.nextOffset))
  }
}

/** High watermark and start follow those of the log that is copied. */
function mirrorOffsets({ partition, present, log }: Move): void {
  log.updateHighWatermark(present.highWatermark)
  if (log.advanceLogStartOffset(Math.min(present.logStartOffset, log.highWatermark))) partition.onLowWatermark()
}
