/**
 * Brings the queue of a log to its files: one write at a time per log, all that was appended meanwhile goes into the next
 * one (group commit). The end offset moves when a write has returned; with `flush.messages`, after the flush that it asks
 * for; a log that always flushes (the raft log) moves it after the write and tells of the flush apart.
 *
 * Invariant: bytes reach the files in the order of their offsets. A failed write or flush takes the log offline and is
 * never tried again.
 */
import { parentPath } from './file-names.ts'
import type { LogSegment } from './log-segment.ts'
import type { LogState } from './log-state.ts'
import type { UnwrittenBytes } from './log-tail.ts'

/** Bytes in one write: the end offset moves, and readers get to see them, after each. */
const writeSizeMax = 1024 * 1024

export interface LogWriterListener {
  /** The end offset moved, once per write. */
  onAdvance(logEndOffset: number): void
  /** Records below `flushedOffset` are on the disk. */
  onFlushed(flushedOffset: number): void
  /** A segment is complete: it can be flushed in the background. */
  onSegmentFinished(): void
}

export class LogWriter {
  readonly #state: LogState
  readonly #listener: LogWriterListener
  readonly #flushAlways: boolean
  readonly #startAtEndOfTurn = (): void => {
    void this.#drain()
  }
  /** The segment whose file is written to; it follows the active one. */
  #segment: LogSegment
  #isRunning = false
  #idleWaiters: (() => void)[] = []

  constructor(state: LogState, listener: LogWriterListener, flushAlways: boolean) {
    this.#state = state
    this.#listener = listener
    this.#flushAlways = flushAlways
    this.#segment = state.segments.active
  }

  /** Something was appended or a segment rolled: writes at the end of this turn, unless it is writing already. */
  wake(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#state.environment.clock.endOfTurn(this.#startAtEndOfTurn)
  }

  /** Resolves when all that was appended so far, and meanwhile, is in the files or the log is offline. */
  whenIdle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  /** The segments were replaced while nothing was queued. */
  onSegmentsReplaced(): void {
    this.#segment = this.#state.segments.active
  }

  async #drain(): Promise<void> {
    const state = this.#state
    try {
      while (state.failure === undefined) {
        const unwritten = state.tail.nextUnwritten(this.#segment, writeSizeMax)
        if (unwritten !== undefined) await this.#write(this.#segment, unwritten)
        else if (this.#segment !== state.segments.active) await this.#moveOn()
        else if (this.#segment.isFileMissing) await this.#createFile(this.#segment)
        else break
      }
    } catch (error) {
      state.fail(error as Error)
    } finally {
      this.#isRunning = false
      const waiters = this.#idleWaiters
      this.#idleWaiters = []
      for (const resolve of waiters) resolve()
    }
  }

  async #write(segment: LogSegment, unwritten: UnwrittenBytes): Promise<void> {
    const state = this.#state
    if (segment.isFileMissing) await this.#createFile(segment)
    const handle = await segment.file.pin()
    try {
      await state.environment.lanes.write.run(() => handle.write(unwritten.buffers, segment.writtenSize))
      const { endOffset } = unwritten
      const mustFlush = this.#flushAlways || endOffset - state.flushedOffset >= state.config.flushMessages
      if (mustFlush && !this.#flushAlways) await this.#flushUpTo(segment)
      this.#advance(segment, unwritten)
      if (mustFlush && this.#flushAlways) await this.#flushUpTo(segment)
      if (mustFlush) this.#onFlushed(endOffset)
    } finally {
      segment.file.unpin()
    }
  }

  #advance(segment: LogSegment, { sizeInBytes, endOffset }: UnwrittenBytes): void {
    segment.writtenSize += sizeInBytes
    this.#state.tail.onWritten(sizeInBytes)
    this.#state.logEndOffset = endOffset
    this.#listener.onAdvance(endOffset)
  }

  /** Flushes the segment under way, and earlier ones when records in them were never flushed. */
  async #flushUpTo(segment: LogSegment): Promise<void> {
    const state = this.#state
    const { segments } = state
    for (let index = Math.max(segments.floorIndex(state.flushedOffset), 0); ; index++) {
      const earlier = segments.at(index)
      if (earlier === undefined || earlier.baseOffset >= segment.baseOffset) break
      await flushSegmentData(state, earlier)
    }
    await flushSegmentData(state, segment)
  }

  #onFlushed(endOffset: number): void {
    const state = this.#state
    if (endOffset <= state.flushedOffset) return
    state.flushedOffset = endOffset
    state.lastFlushMs = state.environment.clock.now()
    this.#listener.onFlushed(endOffset)
  }

  /** The segment is complete: its indexes go to the disk, the next one gets its file. */
  async #moveOn(): Promise<void> {
    const state = this.#state
    const finished = this.#segment
    const next = state.segments.at(state.segments.floorIndex(finished.baseOffset) + 1)!
    await this.#finish(finished, next.baseOffset)
    this.#segment = next
    await this.#createFile(next)
    this.#listener.onSegmentFinished()
  }

  async #finish(segment: LogSegment, endOffset: number): Promise<void> {
    const state = this.#state
    try {
      if (this.#flushAlways || state.config.flushMessages < Number.MAX_SAFE_INTEGER) {
        if (state.flushedOffset < state.logEndOffset) await this.#flushUpTo(segment)
        this.#onFlushed(Math.min(endOffset, state.logEndOffset))
      }
      await state.environment.lanes.write.run(() => segment.saveIndexes(false))
      segment.becomeInactive()
    } catch (error) {
      // Retention may have taken it meanwhile: nothing of it is needed any more.
      if (!segment.isDiscarded) throw error
    }
  }

  async #createFile(segment: LogSegment): Promise<void> {
    const { snapshots, environment } = this.#state
    const snapshot = segment.pendingSnapshot
    await environment.lanes.write.run(async () => {
      await segment.file.pin({ create: true })
      segment.file.unpin()
      if (snapshot !== undefined) await snapshots.write(segment.baseOffset, snapshot, false)
    })
    segment.pendingSnapshot = undefined
    segment.isFileMissing = false
  }
}

/** Flushes a segment's `.log`, and the directories that lead to it when they were never flushed since. */
export async function flushSegmentData(state: LogState, segment: LogSegment): Promise<void> {
  const { lanes, fileSystem } = state.environment
  const handle = await segment.file.pin()
  try {
    await lanes.flush.run(() => handle.sync())
    if (!segment.isEntryDurable) {
      await lanes.flush.run(() => fileSystem.syncDirectory(state.directory))
      segment.isEntryDurable = true
    }
    if (!state.isDirectoryDurable) {
      const path = parentPath(state.directory)
      await lanes.flush.run(() => fileSystem.syncDirectory(path))
      state.isDirectoryDurable = true
    }
  } finally {
    segment.file.unpin()
  }
}
