/**
 * RemoveRaftVoter (81). Removes a voter from the KRaft quorum (KIP-853).
 */
import { type Infer, type InferInput, int16, int32, request, response, string, uuid } from '../schema.ts'

export const removeRaftVoterRequest = request(
  {
    name: 'RemoveRaftVoterRequest',
    apiKey: 81,
    versions: [0, 0],
    flexibleSince: 0,
    listeners: ['controller', 'broker'],
  },
  {
    clusterId: string({ nullableSince: 0 }),
    voterId: int32(),
    voterDirectoryId: uuid(),
  },
)
export type RemoveRaftVoterRequest = Infer<typeof removeRaftVoterRequest>
export type RemoveRaftVoterRequestInput = InferInput<typeof removeRaftVoterRequest>

export const removeRaftVoterResponse = response(
  { name: 'RemoveRaftVoterResponse', apiKey: 81, versions: [0, 0], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, ignorable: true }),
  },
)
export type RemoveRaftVoterResponse = Infer<typeof removeRaftVoterResponse>
export type RemoveRaftVoterResponseInput = InferInput<typeof removeRaftVoterResponse>
