/**
 * JoinGroup (11). Joins a classic group; the answer waits until the rebalance has gathered everybody.
 *
 * Version 1: request gains rebalanceTimeoutMs.
 * Version 2: response gains throttleTimeMs; the answer leaves before the throttling starts.
 * Version 4: a member without an id is given one by MEMBER_ID_REQUIRED (KIP-394).
 * Version 5: request gains groupInstanceId; response gains groupInstanceId; static members (KIP-345).
 * Version 6: flexible.
 * Version 7: response gains protocolType; the answer names the protocol type and may have no protocol (KIP-559).
 * Version 8: request gains reason; the member says why it joins (KIP-800).
 * Version 9: response gains skipAssignment; the leader may be told to skip the assignment (KIP-814).
 */
import {
  arrayOf,
  bool,
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

export const joinGroupRequestProtocol = struct('JoinGroupRequestProtocol', {
  name: string({ mapKey: true }),
  metadata: bytes(),
})
export type JoinGroupRequestProtocol = Infer<typeof joinGroupRequestProtocol>

export const joinGroupRequest = request(
  { name: 'JoinGroupRequest', apiKey: 11, versions: [0, 9], flexibleSince: 6, listeners: ['broker'] },
  {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ since: 1, default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string({ since: 5, nullableSince: 5, default: null }),
    protocolType: string(),
    protocols: arrayOf(joinGroupRequestProtocol),
    reason: string({ since: 8, nullableSince: 8, default: null, ignorable: true }),
  },
)
export type JoinGroupRequest = Infer<typeof joinGroupRequest>
export type JoinGroupRequestInput = InferInput<typeof joinGroupRequest>

export const joinGroupResponseMember = struct('JoinGroupResponseMember', {
  memberId: string(),
  groupInstanceId: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
  metadata: bytes(),
})
export type JoinGroupResponseMember = Infer<typeof joinGroupResponseMember>

export const joinGroupResponse = response(
  { name: 'JoinGroupResponse', apiKey: 11, versions: [0, 9], flexibleSince: 6 },
  {
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ since: 7, nullableSince: 7, default: null, ignorable: true }),
    protocolName: string({ nullableSince: 7 }),
    leader: string(),
    skipAssignment: bool({ since: 9 }),
    memberId: string(),
    members: arrayOf(joinGroupResponseMember),
  },
)
export type JoinGroupResponse = Infer<typeof joinGroupResponse>
export type JoinGroupResponseInput = InferInput<typeof joinGroupResponse>
