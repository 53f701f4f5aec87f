/**
 * The bytes of the metadata log as the raft core sees them: data batches that it makes from record values, control
 * batches (leader change, voters, the frame of a snapshot) both ways, and fetched bytes checked and split. Also used by
 * the runtime for snapshots.
 */
import { assert } from '../base/assert.ts'
import { decode, encode } from '../protocol/compile.ts'
import { KafkaError } from '../protocol/errors.ts'
import { buildBatch } from '../protocol/record/batch-builder.ts'
import { BatchCursor } from '../protocol/record/batch-cursor.ts'
import * as batch from '../protocol/record/batch-header.ts'
import {
  buildControlBatch,
  type ControlRecordType,
  controlRecordTypes,
  decodeControlKey,
} from '../protocol/record/control-record.ts'
import { decodeRecords } from '../protocol/record/record.ts'
import {
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  type VotersRecordVoter,
  votersRecord,
} from '../protocol/stored/control-records.ts'
import type { QuorumSettings } from './voter-history.ts'
import { type Voter, VoterSet } from './voter-set.ts'

/** Kafka's raft client makes no larger batches, and so reads none. */
export const batchBytesMax = 8 * 1024 * 1024

export type ControlRecord =
  | {
      readonly type: 'leaderChange'
      readonly leaderId: number
      readonly voterIds: readonly number[]
      readonly grantingIds: readonly number[]
    }
  | { readonly type: 'kraftVersion'; readonly kraftVersion: number }
  | { readonly type: 'kraftVoters'; readonly voters: VoterSet }
  | { readonly type: 'snapshotHeader'; readonly lastContainedLogTimestamp: number }
  | { readonly type: 'snapshotFooter' }

/** Where a batch goes. */
export interface BatchPlace {
  readonly baseOffset: number
  readonly epoch: number
  readonly timestampMs: number
}

/** Throws RECORD_LIST_TOO_LARGE when it would not fit into one batch. */
export function encodeDataBatch(place: BatchPlace, values: readonly Buffer[]): Buffer {
  const bytes = buildBatch({
    baseOffset: place.baseOffset,
    leaderEpoch: place.epoch,
    timestamp: place.timestampMs,
    records: values.map((value) => ({ value })),
  })
  if (bytes.length > batchBytesMax) {
    throw new KafkaError('RECORD_LIST_TOO_LARGE', `${values.length} records take ${bytes.length} bytes`)
  }
  return bytes
}

export function encodeControlBatch(place: BatchPlace, records: readonly ControlRecord[]): Buffer {
  return buildControlBatch(place.baseOffset, place.epoch, place.timestampMs, records.map(encodeControlRecord))
}

function encodeControlRecord(record: ControlRecord): { type: ControlRecordType; value: Buffer } {
  switch (record.type) {
    case 'leaderChange':
      return {
        type: controlRecordTypes.LEADER_CHANGE,
        value: encode(leaderChangeMessage, 0, {
          leaderId: record.leaderId,
          voters: record.voterIds.map((voterId) => ({ voterId })),
          grantingVoters: record.grantingIds.map((voterId) => ({ voterId })),
        }),
      }
    case 'kraftVersion':
      return {
        type: controlRecordTypes.KRAFT_VERSION,
        value: encode(kRaftVersionRecord, 0, { kRaftVersion: record.kraftVersion }),
      }
    case 'kraftVoters':
      return {
        type: controlRecordTypes.KRAFT_VOTERS,
        value: encode(votersRecord, 0, { voters: record.voters.voters.map(voterToRecord) }),
      }
    case 'snapshotHeader':
      return {
        type: controlRecordTypes.SNAPSHOT_HEADER,
        value: encode(snapshotHeaderRecord, 0, { lastContainedLogTimestamp: record.lastContainedLogTimestamp }),
      }
    case 'snapshotFooter':
      return { type: controlRecordTypes.SNAPSHOT_FOOTER, value: encode(snapshotFooterRecord, 0, {}) }
  }
}

function voterToRecord(voter: Voter): VotersRecordVoter {
  return {
    voterId: voter.id,
    voterDirectoryId: voter.directoryId,
    endpoints: voter.endpoints.map((endpoint) => ({ ...endpoint })),
    kRaftVersionFeature: {
      minSupportedVersion: voter.kraftVersionMin,
      maxSupportedVersion: voter.kraftVersionMax,
    },
  }
}

function voterFromRecord(record: VotersRecordVoter): Voter {
  return {
    id: record.voterId,
    directoryId: record.voterDirectoryId,
    endpoints: record.endpoints,
    kraftVersionMin: record.kRaftVersionFeature.minSupportedVersion,
    kraftVersionMax: record.kRaftVersionFeature.maxSupportedVersion,
  }
}

export interface PlacedControlRecord {
  readonly offset: number
  readonly record: ControlRecord
}

/** The control records of the batch at `position` that this version knows. Throws KafkaError or ProtocolError when they are unreadable. */
export function decodeControlBatch(bytes: Buffer, position: number): PlacedControlRecord[] {
  assert(batch.isControl(bytes, position), 'a control batch')
  const found: PlacedControlRecord[] = []
  for (const { offset, key, value } of decodeRecords(bytes, position)) {
    const record = decodeControlRecord(decodeControlKey(key), value ?? Buffer.alloc(0))
    if (record !== undefined) found.push({ offset, record })
  }
  return found
}

function decodeControlRecord(type: number, value: Buffer): ControlRecord | undefined {
  switch (type) {
    case controlRecordTypes.LEADER_CHANGE: {
      const version = value.readInt16BE(0) >= 1 ? 1 : 0
      const { leaderId, voters, grantingVoters } = decode(leaderChangeMessage, version, value)
      return {
        type: 'leaderChange',
        leaderId,
        voterIds: voters.map(({ voterId }) => voterId),
        grantingIds: grantingVoters.map(({ voterId }) => voterId),
      }
    }
    case controlRecordTypes.KRAFT_VERSION:
      return { type: 'kraftVersion', kraftVersion: decode(kRaftVersionRecord, 0, value).kRaftVersion }
    case controlRecordTypes.KRAFT_VOTERS: {
      const { voters } = decode(votersRecord, 0, value)
      return { type: 'kraftVoters', voters: new VoterSet(voters.map(voterFromRecord)) }
    }
    case controlRecordTypes.SNAPSHOT_HEADER: {
      const { lastContainedLogTimestamp } = decode(snapshotHeaderRecord, 0, value)
      return { type: 'snapshotHeader', lastContainedLogTimestamp }
    }
    case controlRecordTypes.SNAPSHOT_FOOTER:
      return { type: 'snapshotFooter' }
    default:
      return undefined
  }
}

export interface SettingsChange {
  readonly offset: number
  readonly change: Partial<QuorumSettings>
}

/** What whole batches change about voters and kraft.version. */
export function controlChangesOf(bytes: Buffer): SettingsChange[] {
  const changes: SettingsChange[] = []
  const cursor = new BatchCursor(bytes)
  while (cursor.next()) {
    if (!batch.isControl(bytes, cursor.position)) continue
    for (const { offset, record } of decodeControlBatch(bytes, cursor.position)) {
      if (record.type === 'kraftVersion') changes.push({ offset, change: { kraftVersion: record.kraftVersion } })
      else if (record.type === 'kraftVoters') changes.push({ offset, change: { voters: record.voters } })
    }
  }
  return changes
}

/** Whole batches of one epoch that follow each other. */
export interface BatchRun {
  readonly bytes: Buffer
  readonly endOffset: number
  readonly epoch: number
}

/**
 * Checks fetched bytes: whole batches (a batch cut off at the end is left out), right checksums, offsets from
 * `baseOffset` on without a gap, epochs that go from `epochMin` up to at most `epochMax`. Undefined when something is wrong.
 */
export function splitByEpoch(
  bytes: Buffer,
  baseOffset: number,
  epochMin: number,
  epochMax: number,
): readonly BatchRun[] | undefined {
  const runs: BatchRun[] = []
  const cursor = new BatchCursor(bytes)
  let start = 0
  let epoch = -1
  let endOffset = baseOffset
  try {
    while (cursor.next()) {
      const { position } = cursor
      const batchEpoch = batch.leaderEpoch(bytes, position)
      const isNext = batch.baseOffset(bytes, position) === endOffset && batch.lastOffset(bytes, position) >= endOffset
      if (!isNext || batchEpoch < Math.max(epochMin, epoch) || batchEpoch > epochMax) return undefined
      if (!batch.isCrcValid(bytes, position)) return undefined
      if (epoch !== -1 && batchEpoch !== epoch) {
        runs.push({ bytes: bytes.subarray(start, position), endOffset, epoch })
        start = position
      }
      epoch = batchEpoch
      endOffset = batch.lastOffset(bytes, position) + 1
    }
  } catch (error) {
    if (error instanceof KafkaError) return undefined
    throw error
  }
  if (epoch !== -1) runs.push({ bytes: bytes.subarray(start, cursor.nextPosition), endOffset, epoch })
  return runs
}
