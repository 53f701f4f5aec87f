/**
 * What a log manager is given: its surroundings when it opens, and what the metadata says of partitions when it loads them.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { Uuid } from '../base/uuid.ts'
import type { LogConfig } from '../config/log-config.ts'
import type { Codecs } from '../protocol/record/compression.ts'
import type { FileSystem } from './file-system.ts'
import type { AssignedDirectory } from './future-logs.ts'
import type { LogDirectory } from './log-directory.ts'
import type { LogManagerIntervals } from './log-manager-intervals.ts'

export interface LogManagerOptions {
  /** Paths of `log.dirs`; made and formatted when they are not there. */
  readonly directories: readonly string[]
  readonly clusterId: string
  readonly nodeId: number
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** To look into compressed batches by timestamp; without it they cannot be. */
  readonly codecs?: Codecs
  /** A directory failed: its logs answer KAFKA_STORAGE_ERROR from now on. Called once per directory. */
  readonly onDirectoryFailure?: (directory: LogDirectory, error: Error) => void
  /** cordoned.log.dirs: true for a path that gets no new logs while there is another. Default: none. */
  readonly isCordoned?: (path: string) => boolean
  readonly intervals?: LogManagerIntervals
  /** The log cleaner sees to the retention of compacted logs, between its cleanings. */
  readonly leavesCompactedToCleaner?: boolean
  /** producer.id.expiration.ms as it is now; default a day. */
  readonly producerIdExpirationMs?: () => number
  /** Handles kept open beyond those in use; default 1000. */
  readonly openFilesMax?: number
  /** Memory for the newest bytes of all logs; default 32 MiB. */
  readonly tailBytesMax?: number
  /** Memory for indexes of older segments; default 32 MiB. */
  readonly indexBytesMax?: number
  /** Bytes that may wait to be written per log; default 64 MiB. */
  readonly queuedBytesMax?: number
  /** num.recovery.threads.per.data.dir: logs opened at once per directory; default 8. */
  readonly loadsMax?: number
  /** Operations under way at once per directory; writes default to 4. */
  readonly laneLimits?: { read: number; write: number; flush: number }
}

export interface LoadLogsOptions {
  readonly configFor: (topic: string) => LogConfig
  /** True for a partition that this node should not have any more: it is put aside. Default: none. */
  readonly isStray?: (topicId: Uuid, topic: string, partition: number) => boolean
  /** Default: the metadata does not say. */
  readonly assignedDirectory?: AssignedDirectory
}
