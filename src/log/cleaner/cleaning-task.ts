/**
 * What a cleaning is told, what it says back, and what it may use. A task is plain data: it goes to a worker thread as a
 * message. The thread reads segments and writes `.cleaned` files; the log itself, and which files are its segments, stays
 * with its owner, whom the thread asks to put each finished segment in place.
 */
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { Codecs } from '../../protocol/record/compression.ts'
import type { FileSystem } from '../file-system.ts'
import type { AbortedTransaction } from '../transaction-index.ts'

export interface SourceSegment {
  readonly baseOffset: number
  readonly size: number
}

/** The newest that a producer left in the log: it tells the next start where its sequence stands. */
export interface LastProducerRecord {
  readonly producerEpoch: number
  /** -1 when all that is left of it is a marker. */
  readonly lastDataOffset: number
}

export interface CleaningTask {
  /** Of the log, for messages: topic-partition. */
  readonly name: string
  readonly directory: string
  /** Of the log, when the task was made: a cleaning of a log that was cut since is good for nothing. */
  readonly truncationsCount: number
  /** All from the first up to `firstUncleanableOffset`, in order. */
  readonly segments: readonly SourceSegment[]
  readonly firstDirtyOffset: number
  /** Where the first segment starts that must not be touched. */
  readonly firstUncleanableOffset: number
  /** Those that touch the segments, wherever their markers are. */
  readonly abortedTransactions: readonly AbortedTransaction[]
  readonly lastProducerRecords: ReadonlyMap<bigint, LastProducerRecord>
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
  readonly deleteRetentionMs: number
  readonly nowMs: number
  readonly settings: CleaningSettings
}

/** Of one cleaning thread. */
export interface CleaningSettings {
  /** Bytes of its offset map. */
  readonly dedupeBufferBytes: number
  readonly dedupeBufferLoadFactor: number
  /** Bytes read at once, about. */
  readonly ioBufferBytes: number
  /** Bytes read and written per second. */
  readonly ioBytesPerSecondMax: number
}

/** A finished segment, its files with the suffix `.cleaned`, flushed; it takes the place of `sources`. */
export interface CleanedSegment {
  readonly baseOffset: number
  readonly size: number
  readonly sources: readonly SourceSegment[]
  readonly hasTransactionIndex: boolean
}

export interface CleaningOutcome {
  /** The log is clean below. */
  readonly endOffset: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly recordsRead: number
  readonly recordsWritten: number
  /** Without a key: dropped. */
  readonly invalidRecordsCount: number
  readonly keysCount: number
}

/** The part of a disk that a cleaning needs. */
export type CleaningFiles = Pick<FileSystem, 'open' | 'size' | 'remove'>

export interface CleaningEnvironment {
  readonly fileSystem: CleaningFiles
  readonly codecs: Codecs
  readonly clock: Clock
  readonly random: Random
  /** True when the cleaning should end as soon as it can. */
  isAborted(): boolean
  /** Resolves when the segment is in its place. Rejects with CleaningAbortedError when the log has changed meanwhile. */
  replaceSegments(cleaned: CleanedSegment): Promise<void>
}

/** Who does the work: a worker thread, or in tests the caller's own. */
export interface CleaningRunner {
  /** Rejects as `cleanLog` does, and with CleaningInterruptedError. */
  run(task: CleaningTask, control: CleaningControl): Promise<CleaningOutcome>
  /** Nothing runs any more; threads may go. */
  close(): Promise<void>
}

export interface CleaningControl {
  isAborted(): boolean
  /** `abort` is called when the cleaning should end as soon as it can. */
  onAbort(abort: () => void): void
  replaceSegments(cleaned: CleanedSegment): Promise<void>
}

/** The log changed under the cleaning, or is going: nothing is wrong with it. */
export class CleaningAbortedError extends Error {
  override name = 'CleaningAbortedError'
}

/** Who did the work is gone, for a reason that need not lie in the log. */
export class CleaningInterruptedError extends Error {
  override name = 'CleaningInterruptedError'
}
