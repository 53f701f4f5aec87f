/**
 * LeaveGroup (13)
 *
 * *Behavior.* Takes members out of a classic group, each with an error of its own; the others rebalance. An administrator
 * names static members by their instance id alone.
 *
 * *Version notes.* Before 3 one member, whose error is that of the answer; from 3 many. From 5 they say why.
 */
import type { LeaveGroupRequest, LeaveGroupResponse } from '../protocol/api/13-leave-group.ts'
import { errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const manyMembersVersion = 3

export async function handleLeaveGroup(
  broker: Broker,
  request: LeaveGroupRequest,
  context: RequestContext,
): Promise<LeaveGroupResponse> {
  const { groupId, memberId } = request
  if (!broker.authorize(context, 'Read', 'Group', groupId)) {
    return { throttleTimeMs: 0, errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED, members: [] }
  }
  const isMany = context.apiVersion >= manyMembersVersion
  const members = isMany ? request.members : [{ memberId, groupInstanceId: null, reason: null }]
  const response = await broker.groupCoordinator.leaveGroup({ groupId, members })
  if (isMany || response.errorCode !== 0) return response
  return { throttleTimeMs: 0, errorCode: response.members[0]!.errorCode, members: [] }
}
