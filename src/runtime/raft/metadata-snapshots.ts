/**
 * Decides when this node writes a snapshot of the metadata log: after so many bytes of records
 * (metadata.log.max.record.bytes.between.snapshots) or so long (metadata.log.max.snapshot.interval.ms). Follows the feed
 * behind the publisher, whose image it writes; the driver draws the records in slices.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { MetadataRecord } from '../../metadata/metadata-record.ts'
import { encodeMetadataRecord } from '../../metadata/metadata-record-codec.ts'
import { snapshotSlices } from '../../metadata/metadata-snapshot.ts'
import type { DecodedBatch, MetadataFollower } from './metadata-feed.ts'
import type { MetadataPublisher } from './metadata-publisher.ts'
import type { RaftDriver } from './raft-driver.ts'

export interface MetadataSnapshotsOptions {
  readonly publisher: MetadataPublisher
  readonly clock: Clock
  readonly logger: Logger
  /** metadata.log.max.record.bytes.between.snapshots */
  readonly maxBytes: number
  /** metadata.log.max.snapshot.interval.ms; 0 for never. */
  readonly maxIntervalMs: number
}

export class MetadataSnapshots implements MetadataFollower {
  readonly #options: MetadataSnapshotsOptions
  #driver: Pick<RaftDriver, 'writeSnapshot'> | undefined
  #bytes = 0
  #lastMs: number
  #writing: Promise<void> | undefined

  constructor(options: MetadataSnapshotsOptions) {
    this.#options = options
    this.#lastMs = options.clock.monotonic()
  }

  /** From now on snapshots are written. */
  start(driver: Pick<RaftDriver, 'writeSnapshot'>): void {
    this.#driver = driver
  }

  onSnapshot(): void {
    this.#reset()
  }

  onCommitted(batch: DecodedBatch): void {
    this.#bytes += batch.sizeInBytes
    const { clock, maxBytes, maxIntervalMs } = this.#options
    const isDue = maxIntervalMs > 0 && clock.monotonic() - this.#lastMs >= maxIntervalMs
    // Not within the delivery of this batch, which the driver counts as delivered only afterwards.
    if (this.#bytes >= maxBytes || isDue) clock.endOfTurn(() => void this.write())
  }

  /** Writes one now, unless one is being written or a metadata transaction is under way. */
  write(): Promise<void> {
    const { publisher, logger } = this.#options
    if (this.#driver === undefined || publisher.image.isInTransaction) return Promise.resolve()
    if (this.#writing !== undefined) return this.#writing
    this.#reset()
    const { image, lastTimestampMs } = publisher
    const endOffset = image.nextOffset
    const slices = encoded(snapshotSlices(image))
    this.#writing = this.#driver
      .writeSnapshot(endOffset, slices, lastTimestampMs)
      .then(
        (isWritten) => {
          if (isWritten) logger.info('wrote a snapshot of the metadata log', { endOffset })
        },
        (error: Error) => logger.error('a snapshot of the metadata log cannot be written', { error: error.message }),
      )
      .finally(() => {
        this.#writing = undefined
      })
    return this.#writing
  }

  #reset(): void {
    this.#bytes = 0
    this.#lastMs = this.#options.clock.monotonic()
  }
}

function* encoded(slices: Iterable<readonly MetadataRecord[]>): Generator<Buffer[]> {
  for (const slice of slices) yield slice.map((record) => encodeMetadataRecord(record))
}
