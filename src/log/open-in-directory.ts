/**
 * Opens the log of a partition in one of the log directories, with what the checkpoints of that directory know of it. Used
 * by the log manager and by future-logs.ts.
 */
import type { Uuid } from '../base/uuid.ts'
import type { LogConfig } from '../config/log-config.ts'
import { joinPath, partitionDirectoryName } from './file-names.ts'
import type { LogDirectory } from './log-directory.ts'
import { PartitionLog, type PartitionLogOptions } from './partition-log.ts'

export interface OpenInDirectoryOptions {
  readonly topic: string
  readonly partition: number
  /** Undefined takes the one that the files say. */
  readonly topicId: Uuid | undefined
  readonly config: LogConfig
  /** Of the partition's own directory; default its live name. */
  readonly name?: string
  /** In place of what the checkpoints say: for a log that was closed just now. */
  readonly state?: Pick<PartitionLogOptions, 'logStartOffset' | 'recoveryPoint' | 'highWatermark' | 'cleanerOffset'>
  readonly queuedBytesMax?: number | undefined
}

/** Rejects as PartitionLog.open does. */
export function openInDirectory(directory: LogDirectory, options: OpenInDirectoryOptions): Promise<PartitionLog> {
  const { topic, partition, topicId, config, queuedBytesMax, state } = options
  const loaded = (checkpoint: Parameters<LogDirectory['loadedOffset']>[0]): number =>
    directory.loadedOffset(checkpoint, topic, partition)
  return PartitionLog.open({
    directory: joinPath(directory.path, options.name ?? partitionDirectoryName(topic, partition)),
    topic,
    partition,
    topicId,
    config,
    environment: directory.environment,
    hadCleanShutdown: state !== undefined || directory.hadCleanShutdown,
    onTruncated: () => directory.saveCheckpoints('recoveryPoint', 'logStartOffset', 'cleanerOffset'),
    ...(queuedBytesMax === undefined ? {} : { queuedBytesMax }),
    ...(state ?? {
      logStartOffset: loaded('logStartOffset'),
      recoveryPoint: loaded('recoveryPoint'),
      highWatermark: loaded('highWatermark'),
      cleanerOffset: loaded('cleanerOffset'),
    }),
  })
}
