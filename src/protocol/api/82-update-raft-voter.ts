/**
 * UpdateRaftVoter (82). A voter tells the quorum its new endpoints and versions (KIP-853).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  structField,
  uint16,
  uuid,
} from '../schema.ts'

export const listener = struct('Listener', {
  name: string({ mapKey: true }),
  host: string(),
  port: uint16(),
})
export type Listener = Infer<typeof listener>

export const kRaftVersionFeature = struct('KRaftVersionFeature', {
  minSupportedVersion: int16(),
  maxSupportedVersion: int16(),
})
export type KRaftVersionFeature = Infer<typeof kRaftVersionFeature>

export const updateRaftVoterRequest = request(
  { name: 'UpdateRaftVoterRequest', apiKey: 82, versions: [0, 0], flexibleSince: 0, listeners: ['controller'] },
  {
    clusterId: string({ nullableSince: 0 }),
    currentLeaderEpoch: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: arrayOf(listener),
    kRaftVersionFeature: structField(kRaftVersionFeature),
  },
)
export type UpdateRaftVoterRequest = Infer<typeof updateRaftVoterRequest>
export type UpdateRaftVoterRequestInput = InferInput<typeof updateRaftVoterRequest>

export const currentLeader = struct('CurrentLeader', {
  leaderId: int32({ default: -1 }),
  leaderEpoch: int32({ default: -1 }),
  host: string(),
  port: int32(),
})
export type CurrentLeader = Infer<typeof currentLeader>

export const updateRaftVoterResponse = response(
  { name: 'UpdateRaftVoterResponse', apiKey: 82, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    currentLeader: structField(currentLeader, { tag: 0 }),
  },
)
export type UpdateRaftVoterResponse = Infer<typeof updateRaftVoterResponse>
export type UpdateRaftVoterResponseInput = InferInput<typeof updateRaftVoterResponse>
