/**
 * What the cleaner does with one log, beside its appends and reads: which part is due, the task for a cleaning, its
 * segments put in place, and how far the log is clean. Made by partition-log.ts; everything runs in turn with the log's
 * other changes (truncation, retention, flush, close).
 */
import type { ExclusiveSection } from '../exclusive-section.ts'
import type { LogState } from '../log-state.ts'
import { type CleanableSection, findCleanableSection, planCleaning } from './cleanable-section.ts'
import type { CleanedSegment, CleaningSettings, CleaningTask } from './cleaning-task.ts'
import { indexOfSources, swapSegments } from './segment-swap.ts'

export class LogCompaction {
  readonly #state: LogState
  readonly #structure: ExclusiveSection
  readonly #flush: () => Promise<unknown>
  #isPaused = false

  constructor(state: LogState, structure: ExclusiveSection, flush: () => Promise<unknown>) {
    this.#state = state
    this.#structure = structure
    this.#flush = flush
  }

  /** Nothing is cleaned until `resume`; what is under way ends without a change. Resolves when nothing is changed any more. */
  pause(): Promise<void> {
    this.#isPaused = true
    return this.#structure.run(async () => {
      this.#state.truncationsCount++
    })
  }

  resume(): void {
    this.#isPaused = false
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Compaction has dealt with all below; 0 when it never ran. */
  get cleanerOffset(): number {
    return this.#state.cleanerOffset
  }

  /** What may be worked on now. What is not flushed is flushed first: only what is on the disk for good is cleaned. */
  async findSection(nowMs: number): Promise<CleanableSection> {
    const state = this.#state
    if (state.recoveryPoint < state.segments.active.baseOffset) await this.#flush()
    return this.#structure.run(() => state.guard(() => findCleanableSection(state, nowMs)))
  }

  /**
   * Flushes the log: the markers that make the section stable must not be lost when what they decide over has taken the
   * place of older records. Rejects with CleaningAbortedError when the log has changed since the section was found.
   */
  async plan(section: CleanableSection, nowMs: number, settings: CleaningSettings): Promise<CleaningTask> {
    await this.#flush()
    return this.#structure.run(() => planCleaning(this.#state, section, nowMs, settings))
  }

  /** Puts a segment of that cleaning in place. Rejects with CleaningAbortedError when its sources are not there as they were. */
  replaceSegments({ truncationsCount }: CleaningTask, cleaned: CleanedSegment): Promise<void> {
    return this.#structure.run(() => swapSegments(this.#state, cleaned, truncationsCount))
  }

  /** All of the task is done: notes how far the log is clean. False when the log was cut or closed meanwhile. */
  finish({ truncationsCount }: CleaningTask, endOffset: number): boolean {
    if (!this.#isOnline || truncationsCount !== this.#state.truncationsCount) return false
    this.#state.cleanerOffset = endOffset
    return true
  }

  /** True while the last segment of a task is what it was: nothing but compaction has changed the log. */
  isUnchangedSince({ truncationsCount, segments }: CleaningTask): boolean {
    const isCut = truncationsCount !== this.#state.truncationsCount
    return this.#isOnline && !isCut && indexOfSources(this.#state, segments.slice(-1)) >= 0
  }

  get #isOnline(): boolean {
    return this.#state.failure === undefined && !this.#state.isClosed
  }
}
