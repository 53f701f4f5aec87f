/**
 * What formatting writes of the metadata log, the same as Kafka's `kafka-storage format --standalone`: the feature levels
 * that the first controller puts into an empty log (`bootstrap.checkpoint`), and for a voter the snapshot 0-0 that names
 * the voters. Also reads the former back.
 */
import type { Clock } from '../../base/clock.ts'
import { joinPath, metadataPartitionName } from '../../log/file-names.ts'
import type { FileSystem } from '../../log/file-system.ts'
import { metadataRecord } from '../../metadata/metadata-record.ts'
import { encodeMetadataRecord } from '../../metadata/metadata-record-codec.ts'
import { type Voter, VoterSet } from '../../raft/voter-set.ts'
import { readSnapshot, SnapshotEncoder, snapshotName } from './raft-snapshots.ts'

export const bootstrapCheckpointName = 'bootstrap.checkpoint'

export interface FeatureLevel {
  readonly name: string
  readonly level: number
}

/** The features of a new cluster of Kafka 4.3.1, in its order. kraft.version is no record: the voters' snapshot has it. */
export const defaultFeatureLevels: readonly FeatureLevel[] = [
  { name: 'metadata.version', level: 30 },
  { name: 'eligible.leader.replicas.version', level: 1 },
  { name: 'group.version', level: 1 },
  { name: 'share.version', level: 1 },
  { name: 'streams.version', level: 1 },
  { name: 'transaction.version', level: 2 },
]

export interface FormatMetadataOptions {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  /** The log directory; it exists and is empty but for meta.properties. */
  readonly logDirectory: string
  /** Those of the new quorum; none on brokers, further controllers, and for a static quorum. */
  readonly voters: readonly Voter[]
  readonly featureLevels?: readonly FeatureLevel[]
}

/** Every log directory of a node gets a bootstrap.checkpoint; only the metadata log directory of a voter the rest. */
export async function formatMetadataDirectory(options: FormatMetadataOptions): Promise<void> {
  const { fileSystem, clock, logDirectory, voters } = options
  if (voters.length > 0) {
    const directory = joinPath(logDirectory, metadataPartitionName)
    await fileSystem.makeDirectory(directory)
    const settings = { kraftVersion: 1, voters: new VoterSet(voters) }
    const nowMs = clock.now()
    const encoder = new SnapshotEncoder({ epoch: 0, lastContainedLogTimestamp: nowMs, settings }, nowMs)
    const bytes = Buffer.concat([encoder.header(), encoder.footer()])
    await fileSystem.replaceFile(joinPath(directory, snapshotName({ endOffset: 0, epoch: 0 })), bytes)
    await fileSystem.syncDirectory(logDirectory)
  }
  const bytes = encodeBootstrapCheckpoint(options.featureLevels ?? defaultFeatureLevels, clock.now())
  await fileSystem.replaceFile(joinPath(logDirectory, bootstrapCheckpointName), bytes)
}

export function encodeBootstrapCheckpoint(featureLevels: readonly FeatureLevel[], nowMs: number): Buffer {
  const encoder = new SnapshotEncoder({ epoch: 0, lastContainedLogTimestamp: 0, settings: undefined }, nowMs)
  const values = featureLevels.map(({ name, level }) =>
    encodeMetadataRecord(metadataRecord('FeatureLevelRecord', 0, { name, featureLevel: level })),
  )
  return Buffer.concat([encoder.header(), encoder.data(values), encoder.footer()])
}

/** The framed records of `bootstrap.checkpoint`, for the controller that finds the log empty; the defaults when there is none. */
export async function readBootstrapRecords(fileSystem: FileSystem, logDirectory: string): Promise<Buffer[]> {
  const path = joinPath(logDirectory, bootstrapCheckpointName)
  if ((await fileSystem.size(path)) === undefined) {
    return defaultFeatureLevels.map(({ name, level }) =>
      encodeMetadataRecord(metadataRecord('FeatureLevelRecord', 0, { name, featureLevel: level })),
    )
  }
  const content = await readSnapshot(fileSystem, path)
  return [...content.batches()].flat()
}
