/**
 * Opens what the raft driver drives: the directory `__cluster_metadata-0` with its segments, snapshots and quorum state,
 * and finds out what the raft core must know before its first step. It promises that log and snapshots fit together: the
 * log reaches to the newest readable snapshot, or begins there.
 */
import { assert } from '../../base/assert.ts'
import type { Logger } from '../../base/logger.ts'
import { metadataTopicId } from '../../base/uuid.ts'
import { defaultLogConfig, type LogConfig } from '../../config/log-config.ts'
import { joinPath, metadataPartitionName } from '../../log/file-names.ts'
import type { FileSystem } from '../../log/file-system.ts'
import type { LogEnvironment } from '../../log/log-environment.ts'
import { PartitionLog } from '../../log/partition-log.ts'
import { forEachBatch } from '../../protocol/record/batch-cursor.ts'
import * as batch from '../../protocol/record/batch-header.ts'
import { controlChangesOf, type SettingsChange } from '../../raft/log-batches.ts'
import type { RaftStart } from '../../raft/raft-io.ts'
import { type Voter, VoterSet } from '../../raft/voter-set.ts'
import { readQuorumState } from './raft-quorum-state.ts'
import { listSnapshots, readSnapshot, type SnapshotContent, type SnapshotFile, snapshotName } from './raft-snapshots.ts'

export interface MetadataLogSettings {
  /** metadata.log.segment.bytes */
  readonly segmentBytes: number
  /** metadata.log.segment.ms */
  readonly segmentMs: number
}

/** Bytes of log read at once while looking for control records. */
const scanBytes = 1024 * 1024

export interface OpenedMetadataLog {
  readonly directory: string
  readonly log: PartitionLog
  readonly snapshots: readonly SnapshotFile[]
  /** The newest snapshot, when there is one. */
  readonly content: SnapshotContent | undefined
  readonly start: RaftStart
}

export async function openMetadataLog(
  logDirectory: string,
  settings: MetadataLogSettings,
  staticVoters: readonly Voter[],
  environment: LogEnvironment,
): Promise<OpenedMetadataLog> {
  const { fileSystem, logger } = environment
  const directory = joinPath(logDirectory, metadataPartitionName)
  await makeDirectory(fileSystem, logDirectory, directory)
  const election = await readQuorumState(fileSystem, directory)
  const { snapshots, content } = await loadNewestSnapshot(fileSystem, directory, logger)
  const newest = snapshots.at(-1)
  const log = await PartitionLog.open({
    directory,
    topic: '__cluster_metadata',
    partition: 0,
    topicId: metadataTopicId,
    config: metadataLogConfig(settings),
    environment,
    logStartOffset: 0,
    recoveryPoint: newest?.endOffset ?? 0,
    highWatermark: newest?.endOffset ?? 0,
    hadCleanShutdown: false,
    flushAlways: true,
  })
  if (newest !== undefined) await fitLogToSnapshot(log, newest)
  const stored = content?.settings
  // Below kraft.version 1 no file says who votes, not even a snapshot.
  const base =
    stored !== undefined && stored.kraftVersion > 0 ? stored : { kraftVersion: 0, voters: new VoterSet(staticVoters) }
  const changes = await scanSettings(log, Math.max(log.logStartOffset, newest?.endOffset ?? 0))
  const start: RaftStart = {
    election,
    log: {
      startOffset: log.logStartOffset,
      endOffset: log.logEndOffset,
      epochs: log.epochs,
      snapshots,
    },
    settings: base,
    changes,
  }
  return { directory, log, snapshots, content, start }
}

async function makeDirectory(fileSystem: FileSystem, logDirectory: string, directory: string): Promise<void> {
  const names = new Set((await fileSystem.list(logDirectory)).map(({ name }) => name))
  if (names.has(metadataPartitionName)) return
  await fileSystem.makeDirectory(directory)
  await fileSystem.syncDirectory(logDirectory)
}

/** The raft core decides what goes: the log itself keeps everything. */
function metadataLogConfig(settings: MetadataLogSettings): LogConfig {
  return {
    ...defaultLogConfig,
    segmentBytes: settings.segmentBytes,
    segmentMs: settings.segmentMs,
    retentionBytes: -1,
    retentionMs: -1,
    maxMessageBytes: settings.segmentBytes,
    fileDeleteDelayMs: 0,
  }
}

/** Snapshots up to the newest that can be read. A damaged one is passed over: the log may still hold what it held. */
async function loadNewestSnapshot(
  fileSystem: FileSystem,
  directory: string,
  logger: Logger,
): Promise<{ snapshots: SnapshotFile[]; content: SnapshotContent | undefined }> {
  const snapshots = await listSnapshots(fileSystem, directory)
  for (let newest = snapshots.at(-1); newest !== undefined; newest = snapshots.at(-1)) {
    try {
      const content = await readSnapshot(fileSystem, joinPath(directory, snapshotName(newest)))
      return { snapshots, content }
    } catch (error) {
      logger.error('a snapshot of the metadata log is damaged and not used', {
        snapshot: snapshotName(newest),
        error: (error as Error).message,
      })
      snapshots.pop()
    }
  }
  return { snapshots, content: undefined }
}

/** A crash between the download of a snapshot and the truncation that follows leaves a log that the snapshot replaces. */
async function fitLogToSnapshot(log: PartitionLog, newest: SnapshotFile): Promise<void> {
  const isOlder =
    log.logEndOffset < newest.endOffset || (log.latestEpoch < newest.epoch && log.logEndOffset > log.logStartOffset)
  if (isOlder) await log.truncateFullyAndStartAt(newest.endOffset)
  if (log.logStartOffset > newest.endOffset) {
    throw new Error(
      `${log.directory} begins at ${log.logStartOffset}, but its newest readable snapshot ends at ${newest.endOffset}`,
    )
  }
}

/** The control records about voters from `fromOffset` on. */
async function scanSettings(log: PartitionLog, fromOffset: number): Promise<SettingsChange[]> {
  const changes: SettingsChange[] = []
  for (let offset = fromOffset; offset < log.logEndOffset; ) {
    const bytes = await log.readBatches(offset, log.logEndOffset, scanBytes)
    assert(bytes.length > 0, `the log has records from ${offset} to ${log.logEndOffset}`)
    for (const change of controlChangesOf(bytes)) if (change.offset >= fromOffset) changes.push(change)
    offset = endOffsetOf(bytes)
  }
  return changes
}

/** The offset after the last of whole batches. */
export function endOffsetOf(bytes: Buffer): number {
  let endOffset = 0
  forEachBatch(bytes, (_, position) => {
    endOffset = batch.lastOffset(bytes, position) + 1
  })
  return endOffset
}
