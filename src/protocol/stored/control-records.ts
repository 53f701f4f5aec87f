/**
 * Values of control records: transaction markers in partitions; leader changes, the frame of a snapshot, and the
 * voter set in the metadata log. The key of each is two int16, version 0 and the type: 0 abort, 1 commit, 2 leader
 * change, 3 snapshot header, 4 snapshot footer, 5 kraft version, 6 voters.
 */
import {
  arrayOf,
  data,
  type Infer,
  type InferInput,
  int16,
  int32,
  int64Number,
  string,
  struct,
  structField,
  uint16,
  uuid,
} from '../schema.ts'

export const controlRecordTypeSchema = data(
  { name: 'ControlRecordTypeSchema', versions: [0, 0] },
  {
    type: int16(),
  },
)
export type ControlRecordTypeSchema = Infer<typeof controlRecordTypeSchema>
export type ControlRecordTypeSchemaInput = InferInput<typeof controlRecordTypeSchema>

export const endTxnMarker = data(
  { name: 'EndTxnMarker', versions: [0, 0] },
  {
    coordinatorEpoch: int32(),
  },
)
export type EndTxnMarker = Infer<typeof endTxnMarker>
export type EndTxnMarkerInput = InferInput<typeof endTxnMarker>

export const leaderChangeMessageVoter = struct('Voter', {
  voterId: int32(),
  voterDirectoryId: uuid({ since: 1 }),
})
export type LeaderChangeMessageVoter = Infer<typeof leaderChangeMessageVoter>

export const leaderChangeMessage = data(
  { name: 'LeaderChangeMessage', versions: [0, 1], flexibleSince: 0 },
  {
    version: int16(),
    leaderId: int32(),
    voters: arrayOf(leaderChangeMessageVoter),
    grantingVoters: arrayOf(leaderChangeMessageVoter),
  },
)
export type LeaderChangeMessage = Infer<typeof leaderChangeMessage>
export type LeaderChangeMessageInput = InferInput<typeof leaderChangeMessage>

export const snapshotHeaderRecord = data(
  { name: 'SnapshotHeaderRecord', versions: [0, 0], flexibleSince: 0 },
  {
    version: int16(),
    lastContainedLogTimestamp: int64Number(),
  },
)
export type SnapshotHeaderRecord = Infer<typeof snapshotHeaderRecord>
export type SnapshotHeaderRecordInput = InferInput<typeof snapshotHeaderRecord>

export const snapshotFooterRecord = data(
  { name: 'SnapshotFooterRecord', versions: [0, 0], flexibleSince: 0 },
  {
    version: int16(),
  },
)
export type SnapshotFooterRecord = Infer<typeof snapshotFooterRecord>
export type SnapshotFooterRecordInput = InferInput<typeof snapshotFooterRecord>

export const kRaftVersionRecord = data(
  { name: 'KRaftVersionRecord', versions: [0, 0], flexibleSince: 0 },
  {
    version: int16(),
    kRaftVersion: int16(),
  },
)
export type KRaftVersionRecord = Infer<typeof kRaftVersionRecord>
export type KRaftVersionRecordInput = InferInput<typeof kRaftVersionRecord>

export const endpoint = struct('Endpoint', {
  name: string({ mapKey: true }),
  host: string(),
  port: uint16(),
})
export type Endpoint = Infer<typeof endpoint>

export const kRaftVersionFeature = struct('KRaftVersionFeature', {
  minSupportedVersion: int16(),
  maxSupportedVersion: int16(),
})
export type KRaftVersionFeature = Infer<typeof kRaftVersionFeature>

export const votersRecordVoter = struct('Voter', {
  voterId: int32(),
  voterDirectoryId: uuid(),
  endpoints: arrayOf(endpoint),
  kRaftVersionFeature: structField(kRaftVersionFeature),
})
export type VotersRecordVoter = Infer<typeof votersRecordVoter>

export const votersRecord = data(
  { name: 'VotersRecord', versions: [0, 0], flexibleSince: 0 },
  {
    version: int16(),
    voters: arrayOf(votersRecordVoter),
  },
)
export type VotersRecord = Infer<typeof votersRecord>
export type VotersRecordInput = InferInput<typeof votersRecord>
