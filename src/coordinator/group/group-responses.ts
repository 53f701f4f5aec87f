/**
 * Answers to JoinGroup and SyncGroup in the one shape that all versions share.
 */
import type { JoinGroupResponse } from '../../protocol/api/11-join-group.ts'
import type { SyncGroupResponse } from '../../protocol/api/14-sync-group.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import type { ClassicGroup } from './classic-group.ts'
import { noAssignment } from './classic-member.ts'

export function joinError(errorCode: ErrorCode, memberId: string): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    // Null only from version 7 on: the handler knows the version.
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

/** The generation as it stands; `withMembers` for the leader, who assigns. */
export function joined(group: ClassicGroup, memberId: string, withMembers: boolean): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    memberId,
    members: withMembers ? group.joinedMembers() : [],
  }
}

export function syncError(errorCode: ErrorCode): SyncGroupResponse {
  return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: noAssignment }
}

export function synced(group: ClassicGroup, assignment: Buffer): SyncGroupResponse {
  const { protocolType, protocolName } = group
  return { throttleTimeMs: 0, errorCode: 0, protocolType, protocolName, assignment }
}
