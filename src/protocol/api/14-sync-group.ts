/**
 * SyncGroup (14). Hands the leader's assignment to the coordinator and each member its share of it, byte for byte.
 *
 * Version 1: response gains throttleTimeMs.
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: request gains groupInstanceId; static members (KIP-345).
 * Version 4: flexible.
 * Version 5: request gains protocolType, protocolName; response gains protocolType, protocolName; protocol type
 * and name are checked (KIP-559).
 */
import {
  arrayOf,
  bytes,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const syncGroupRequestAssignment = struct('SyncGroupRequestAssignment', {
  memberId: string(),
  assignment: bytes(),
})
export type SyncGroupRequestAssignment = Infer<typeof syncGroupRequestAssignment>

export const syncGroupRequest = request(
  { name: 'SyncGroupRequest', apiKey: 14, versions: [0, 5], flexibleSince: 4, listeners: ['broker'] },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullableSince: 3, default: null }),
    protocolType: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
    protocolName: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
    assignments: arrayOf(syncGroupRequestAssignment),
  },
)
export type SyncGroupRequest = Infer<typeof syncGroupRequest>
export type SyncGroupRequestInput = InferInput<typeof syncGroupRequest>

export const syncGroupResponse = response(
  { name: 'SyncGroupResponse', apiKey: 14, versions: [0, 5], flexibleSince: 4 },
  {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
    protocolType: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
    protocolName: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
    assignment: bytes(),
  },
)
export type SyncGroupResponse = Infer<typeof syncGroupResponse>
export type SyncGroupResponseInput = InferInput<typeof syncGroupResponse>
