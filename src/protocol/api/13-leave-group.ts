/**
 * LeaveGroup (13). Takes members out of a classic group, from version 3 several at once.
 *
 * Version 1: response gains throttleTimeMs.
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: request gains members and loses memberId; response gains members; many members, static ones by
 * instance id (KIP-345).
 * Version 4: flexible.
 * Version 5: request gains reason; each member says why (KIP-800).
 */
import { arrayOf, type Infer, type InferInput, int16, int32, request, response, string, struct } from '../schema.ts'

export const memberIdentity = struct('MemberIdentity', {
  memberId: string({ since: 3 }),
  groupInstanceId: string({ since: 3, nullableSince: 3, default: null }),
  reason: string({ since: 5, nullableSince: 5, default: null, ignorable: true }),
})
export type MemberIdentity = Infer<typeof memberIdentity>

export const leaveGroupRequest = request(
  { name: 'LeaveGroupRequest', apiKey: 13, versions: [0, 5], flexibleSince: 4, listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string({ until: 2 }),
    members: arrayOf(memberIdentity, { since: 3 }),
  },
)
export type LeaveGroupRequest = Infer<typeof leaveGroupRequest>
export type LeaveGroupRequestInput = InferInput<typeof leaveGroupRequest>

export const memberResponse = struct('MemberResponse', {
  memberId: string({ since: 3 }),
  groupInstanceId: string({ since: 3, nullableSince: 3 }),
  errorCode: int16({ since: 3 }),
})
export type MemberResponse = Infer<typeof memberResponse>

export const leaveGroupResponse = response(
  { name: 'LeaveGroupResponse', apiKey: 13, versions: [0, 5], flexibleSince: 4 },
  {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
    members: arrayOf(memberResponse, { since: 3 }),
  },
)
export type LeaveGroupResponse = Infer<typeof leaveGroupResponse>
export type LeaveGroupResponseInput = InferInput<typeof leaveGroupResponse>
