/**
 * SyncGroup (14)
 *
 * *Behavior.* A member asks for its part of the assignment; the leader brings the whole. All are answered when it is
 * written, each with exactly the bytes that the leader sent for it, none when it sent none.
 *
 * *Version notes.* From 5 the member must say which protocol it believes in: INCONSISTENT_GROUP_PROTOCOL when it says
 * nothing, or another (KIP-559).
 */
import type { SyncGroupRequest, SyncGroupResponse } from '../protocol/api/14-sync-group.ts'
import { type ErrorCode, errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const protocolVersion = 5

export function handleSyncGroup(
  broker: Broker,
  request: SyncGroupRequest,
  context: RequestContext,
): SyncGroupResponse | Promise<SyncGroupResponse> {
  const { groupId, protocolType, protocolName } = request
  if (context.apiVersion >= protocolVersion && (protocolType === null || protocolName === null)) {
    return refusal(errorCodes.INCONSISTENT_GROUP_PROTOCOL)
  }
  if (broker.authorize(context, 'Read', 'Group', groupId)) return broker.groupCoordinator.syncGroup(request)
  return refusal(errorCodes.GROUP_AUTHORIZATION_FAILED)
}

function refusal(errorCode: ErrorCode): SyncGroupResponse {
  return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: Buffer.alloc(0) }
}
