/**
 * The file `quorum-state` beside the metadata log, as JSON: epoch, leader, vote. Version 0 is kraft.version 0,
 * version 1 has directory ids and no voters.
 */
import { arrayOf, data, type Infer, type InferInput, int32, int64Number, string, struct, uuid } from '../schema.ts'

export const voter = struct('Voter', {
  voterId: int32({ until: 0 }),
})
export type Voter = Infer<typeof voter>

export const quorumStateData = data(
  { name: 'QuorumStateData', versions: [0, 1], flexibleSince: 0 },
  {
    clusterId: string({ until: 0 }),
    leaderId: int32({ default: -1 }),
    leaderEpoch: int32({ default: -1 }),
    votedId: int32({ default: -1 }),
    votedDirectoryId: uuid({ since: 1 }),
    appliedOffset: int64Number({ until: 0 }),
    currentVoters: arrayOf(voter, { until: 0, nullableSince: 0 }),
  },
)
export type QuorumStateData = Infer<typeof quorumStateData>
export type QuorumStateDataInput = InferInput<typeof quorumStateData>
