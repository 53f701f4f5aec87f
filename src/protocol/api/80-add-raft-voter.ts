/**
 * AddRaftVoter (80). Adds a voter to the KRaft quorum (KIP-853).
 *
 * Version 1: request gains ackWhenCommitted.
 */
import {
  arrayOf,
  bool,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const listener = struct('Listener', {
  name: string({ mapKey: true }),
  host: string(),
  port: uint16(),
})
export type Listener = Infer<typeof listener>

export const addRaftVoterRequest = request(
  { name: 'AddRaftVoterRequest', apiKey: 80, versions: [0, 1], flexibleSince: 0, listeners: ['controller', 'broker'] },
  {
    clusterId: string({ nullableSince: 0 }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: arrayOf(listener),
    ackWhenCommitted: bool({ since: 1, default: true }),
  },
)
export type AddRaftVoterRequest = Infer<typeof addRaftVoterRequest>
export type AddRaftVoterRequestInput = InferInput<typeof addRaftVoterRequest>

export const addRaftVoterResponse = response(
  { name: 'AddRaftVoterResponse', apiKey: 80, versions: [0, 1], flexibleSince: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, ignorable: true }),
  },
)
export type AddRaftVoterResponse = Infer<typeof addRaftVoterResponse>
export type AddRaftVoterResponseInput = InferInput<typeof addRaftVoterResponse>
