/**
 * How often the log manager does what it does in the background, in milliseconds. The composition root takes them from the
 * broker's configuration; the defaults are Apache Kafka's.
 */
export interface LogManagerIntervals {
  /** log.flush.offset.checkpoint.interval.ms and log.flush.start.offset.checkpoint.interval.ms. */
  readonly checkpointMs: number
  /** replica.high.watermark.checkpoint.interval.ms. */
  readonly highWatermarkMs: number
  /** log.retention.check.interval.ms. */
  readonly retentionMs: number
  /** producer.id.expiration.check.interval.ms. */
  readonly producerExpirationCheckMs: number
  /** How often logs with `flush.ms` are looked at. */
  readonly flushCheckMs: number
}

export const defaultLogManagerIntervals: LogManagerIntervals = {
  checkpointMs: 60_000,
  highWatermarkMs: 5_000,
  retentionMs: 300_000,
  producerExpirationCheckMs: 600_000,
  flushCheckMs: 1_000,
}
