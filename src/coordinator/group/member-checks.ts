/**
 * Whether a request comes from who it says. A static member's old incarnation is fenced by its instance id.
 */
import { type ErrorCode, errorCodes } from '../../protocol/errors.ts'
import type { ClassicGroup } from './classic-group.ts'

/** 0, UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID. */
export function memberError(group: ClassicGroup, memberId: string, groupInstanceId: string | null): ErrorCode {
  if (groupInstanceId !== null) {
    const staticMemberId = group.staticMembers.get(groupInstanceId)
    if (staticMemberId === undefined) return errorCodes.UNKNOWN_MEMBER_ID
    if (staticMemberId !== memberId) return errorCodes.FENCED_INSTANCE_ID
  }
  return group.members.has(memberId) ? 0 : errorCodes.UNKNOWN_MEMBER_ID
}
