/**
 * Gives the committed log to its listener: snapshot first, then every batch in order, whole reads at a time so that a long
 * replay does not hold up the event loop. Leadership of this node is told only once everything before its epoch has been
 * delivered. Owned by the raft driver, which tells it how far the log is committed.
 */
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import type { ReadResult } from '../../log/records-slice.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { BatchCursor } from '../../protocol/record/batch-cursor.ts'
import * as batch from '../../protocol/record/batch-header.ts'
import type { OffsetAndEpoch } from '../../raft/log-view.ts'
import type { RaftListener } from './raft-listener.ts'
import { recordValues, type SnapshotContent } from './raft-snapshots.ts'

const readBytesMax = 1024 * 1024

interface OwnEpoch {
  readonly epoch: number
  readonly epochStartOffset: number
  isActive: boolean
}

export class RaftDelivery {
  readonly #log: PartitionLog
  readonly #clock: Clock
  readonly #listener: RaftListener
  readonly #onFailure: (error: Error) => void
  #nextOffset: number
  #highWatermark: number
  #lastTimestampMs = 0
  #own: OwnEpoch | undefined
  #isRunning = false
  #isStopped = false

  constructor(
    log: PartitionLog,
    clock: Clock,
    startOffset: number,
    listener: RaftListener,
    onFailure: (error: Error) => void,
  ) {
    this.#log = log
    this.#clock = clock
    this.#listener = listener
    this.#onFailure = onFailure
    this.#nextOffset = startOffset
    this.#highWatermark = startOffset
  }

  /** Batches below were delivered. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  /** Append time of the last record that was delivered, by itself or in a snapshot; 0 before. */
  get lastTimestampMs(): number {
    return this.#lastTimestampMs
  }

  loadSnapshot(id: OffsetAndEpoch, content: SnapshotContent): void {
    this.#guard(() => {
      this.#listener.onLoadSnapshot({
        endOffset: id.endOffset,
        epoch: id.epoch,
        lastContainedLogTimestamp: content.lastContainedLogTimestamp,
        sizeInBytes: content.sizeInBytes,
        batches: content.batches(),
      })
    })
    this.#nextOffset = id.endOffset
    this.#highWatermark = Math.max(this.#highWatermark, id.endOffset)
    this.#lastTimestampMs = content.lastContainedLogTimestamp
  }

  onHighWatermark(highWatermark: number): void {
    this.#highWatermark = highWatermark
    this.#run()
  }

  onLeaderChange(leaderId: number, epoch: number, epochStartOffset: number | undefined): void {
    const left = this.#own
    this.#own = epochStartOffset === undefined ? undefined : { epoch, epochStartOffset, isActive: false }
    if (left?.isActive) this.#guard(() => this.#listener.onResign({ epoch: left.epoch }))
    this.#guard(() => this.#listener.onLeaderChange({ leaderId, epoch }))
    this.#maybeActivate()
  }

  /** This node leads no more, though its epoch has not ended. */
  onResigned(): void {
    const left = this.#own
    this.#own = undefined
    if (left?.isActive) this.#guard(() => this.#listener.onResign({ epoch: left.epoch }))
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Delivers until nothing committed is left; reads from memory go on at once, those from the disk and every slice later. */
  #run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    let isFirst = true
    while (!this.#isStopped && this.#nextOffset < this.#highWatermark) {
      if (!isFirst) {
        this.#later()
        return
      }
      isFirst = false
      let result: ReadResult | Promise<ReadResult>
      try {
        result = this.#log.read(this.#nextOffset, readBytesMax, {
          upToOffset: this.#highWatermark,
          minOneBatch: true,
        })
      } catch (error) {
        this.#fail(error as Error)
        return
      }
      const bytes = result instanceof Promise ? undefined : inMemory(result)
      if (bytes === undefined) {
        this.#deliverLater(result)
        return
      }
      this.#deliver(bytes, this.#nextOffset)
    }
    this.#isRunning = false
  }

  #later(): void {
    this.#clock.schedule(0, () => {
      this.#isRunning = false
      this.#run()
    })
  }

  #deliverLater(result: ReadResult | Promise<ReadResult>): void {
    const fromOffset = this.#nextOffset
    const read = async () => (await result).readAll()
    read().then(
      (bytes) => {
        if (this.#isStopped) return
        this.#deliver(bytes, fromOffset)
        this.#isRunning = false
        this.#run()
      },
      (error: Error) => {
        this.#isRunning = false
        // The log was replaced by a snapshot while it was read: delivery goes on from there.
        if (error instanceof KafkaError && error.error === 'OFFSET_OUT_OF_RANGE') this.#run()
        else this.#fail(error)
      },
    )
  }

  #deliver(bytes: Buffer, fromOffset: number): void {
    // A snapshot took the log's place while it was read.
    if (this.#nextOffset !== fromOffset) return
    const cursor = new BatchCursor(bytes)
    try {
      while (!this.#isStopped && cursor.next()) {
        const lastOffset = batch.lastOffset(bytes, cursor.position)
        if (lastOffset < this.#nextOffset) continue
        if (lastOffset >= this.#highWatermark) break
        this.#deliverBatch(bytes, cursor.position, lastOffset, cursor.size)
        this.#nextOffset = lastOffset + 1
        this.#maybeActivate()
      }
    } catch (error) {
      this.#fail(error as Error)
    }
    assert(this.#isStopped || this.#nextOffset > fromOffset, `a committed batch at ${fromOffset}`)
  }

  #deliverBatch(bytes: Buffer, position: number, lastOffset: number, sizeInBytes: number): void {
    this.#lastTimestampMs = batch.maxTimestamp(bytes, position)
    this.#listener.onCommitted({
      baseOffset: batch.baseOffset(bytes, position),
      lastOffset,
      epoch: batch.leaderEpoch(bytes, position),
      appendTimestampMs: this.#lastTimestampMs,
      sizeInBytes,
      records: batch.isControl(bytes, position) ? [] : recordValues(bytes, position),
    })
  }

  #maybeActivate(): void {
    const own = this.#own
    if (own === undefined || own.isActive || this.#nextOffset <= own.epochStartOffset) return
    own.isActive = true
    this.#guard(() => this.#listener.onBecomeLeader({ epoch: own.epoch }))
  }

  #guard(call: () => void): void {
    if (this.#isStopped) return
    try {
      call()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#onFailure(error)
  }
}

/** What was read, when all of it is in memory. */
function inMemory(result: ReadResult): Buffer | undefined {
  const buffers: Buffer[] = []
  for (const slice of result.slices) {
    if (!(slice instanceof Buffer)) return undefined
    buffers.push(slice)
  }
  // Bytes of the raft log are in no frame that is used again.
  result.release()
  return buffers.length === 1 ? buffers[0] : Buffer.concat(buffers)
}
