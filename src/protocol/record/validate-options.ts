/**
 * What the append check is asked and what it answers. The produce handler and the coordinators fill in the options;
 * validate.ts and record-checks.ts share the two bounds of a producer's timestamps.
 */
import type { Codecs, CompressionName } from './compression.ts'

/** What a topic's settings say about records: a LogConfig fits. */
export interface RecordSettings {
  readonly maxMessageBytes: number
  readonly isCompact: boolean
  readonly compressionType: 'producer' | 'uncompressed' | Exclude<CompressionName, 'none'>
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
}

export interface ValidateOptions {
  readonly settings: RecordSettings
  /** Wall clock in milliseconds. */
  readonly nowMs: number
  /** `topic-partition`, for messages. */
  readonly partition: string
  /** Version of the Produce request; below 7 zstd is refused. The newest without it. */
  readonly produceVersion?: number
  /** `coordinator`: our own batches, which may be control batches. `client` without it. */
  readonly origin?: 'client' | 'coordinator'
  /** validate.records; `header` without it. */
  readonly mode?: 'header' | 'full'
  /** For opening compressed batches. */
  readonly codecs: Codecs
  /** compression.gzip.level and its like, of the codec that the topic asks for. */
  readonly compressionLevel?: number | undefined
}

export interface ValidatedRecords {
  /** Exactly one batch: the client's bytes without what trailed, or a new buffer when they had to be written anew. */
  readonly records: Buffer
  readonly recordsCount: number
  /** The records were compressed anew. */
  readonly isRebuilt: boolean
}

/** Milliseconds; below it Kafka answers INVALID_TIMESTAMP. */
export function earliestTimestamp(options: ValidateOptions): number {
  return options.nowMs - longValue(options.settings.messageTimestampBeforeMaxMs)
}

/** Milliseconds; above it Kafka answers INVALID_TIMESTAMP. */
export function latestTimestamp(options: ValidateOptions): number {
  return options.nowMs + longValue(options.settings.messageTimestampAfterMaxMs)
}

/** Settings carry Kafka's Long.MAX_VALUE, no limit, as the largest safe integer. */
function longValue(value: number): number {
  return value >= Number.MAX_SAFE_INTEGER ? 2 ** 63 : value
}
