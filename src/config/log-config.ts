/**
 * The settings of one partition's log, resolved from topic, broker and default values. Names are those of the topic
 * configuration keys; config/topic-config.ts builds it, the log and the replica manager read it, and a new object
 * replaces the old one when a setting changes.
 */
export type TimestampType = 'CreateTime' | 'LogAppendTime'

export interface LogConfig {
  /** segment.bytes: roll before a segment grows beyond it; bytes. */
  readonly segmentBytes: number
  /** segment.ms: roll when the first record is older; milliseconds. */
  readonly segmentMs: number
  /** segment.jitter.ms: at most so much is taken off segment.ms, at random. */
  readonly segmentJitterMs: number
  /** segment.index.bytes: a segment is rolled when an index of that size is full. */
  readonly segmentIndexBytes: number
  /** index.interval.bytes: bytes of log between two entries of the offset index. */
  readonly indexIntervalBytes: number
  /** flush.messages: flush after so many messages; a bigint-sized default is Number.MAX_SAFE_INTEGER here. */
  readonly flushMessages: number
  /** flush.ms: flush when the oldest unflushed message is older. */
  readonly flushMs: number
  /** retention.bytes, -1 for no limit. */
  readonly retentionBytes: number
  /** retention.ms, -1 for no limit. */
  readonly retentionMs: number
  /** max.message.bytes: the largest record batch. */
  readonly maxMessageBytes: number
  /** cleanup.policy. */
  readonly isCompact: boolean
  readonly isDelete: boolean
  readonly fileDeleteDelayMs: number
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  readonly minInSyncReplicas: number
  readonly uncleanLeaderElectionEnable: boolean
  /** compression.type: `producer` keeps what the producer chose. */
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly preallocate: boolean
  readonly messageTimestampType: TimestampType
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  /** Levels for the codec of compression.type, where the broker compresses itself. */
  readonly compressionGzipLevel: number
  readonly compressionLz4Level: number
  readonly compressionZstdLevel: number
  /** validate.records, ottla's own key: `full` opens every record that a producer sends. */
  readonly validateRecords: 'header' | 'full'
}

/** Apache Kafka 4.3.1's defaults. LONG values beyond 2^53 are Number.MAX_SAFE_INTEGER: no clock reaches either. */
export const defaultLogConfig: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
  retentionBytes: -1,
  retentionMs: 604_800_000,
  maxMessageBytes: 1_048_588,
  isCompact: false,
  isDelete: true,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  minCleanableDirtyRatio: 0.5,
  minInSyncReplicas: 1,
  uncleanLeaderElectionEnable: false,
  compressionType: 'producer',
  preallocate: false,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
  compressionGzipLevel: -1,
  compressionLz4Level: 9,
  compressionZstdLevel: 3,
  validateRecords: 'header',
}

/** Of the codec that the topic asks for, where it has levels. */
export function compressionLevelOf(config: LogConfig): number | undefined {
  switch (config.compressionType) {
    case 'gzip':
      return config.compressionGzipLevel
    case 'lz4':
      return config.compressionLz4Level
    case 'zstd':
      return config.compressionZstdLevel
    default:
      return undefined
  }
}
