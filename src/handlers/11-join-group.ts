/**
 * JoinGroup (11)
 *
 * *Behavior.* Makes the client a member of a classic group, or lets a member take part in the rebalance under way. The
 * answer waits until all members have joined, or those who have not are out of time; the leader's lists the members
 * with what they said of themselves. A new dynamic member is first told its id, by MEMBER_ID_REQUIRED, and joins with
 * it (KIP-394). A static member that comes back takes its old place, without a rebalance when nothing changes (KIP-345).
 *
 * *Version notes.* 0 has no rebalance timeout: the session timeout stands for it. From 4 MEMBER_ID_REQUIRED. Before 7 no
 * protocol is the empty text, from then on null. From 9 a static leader that came back is told to skip the assignment.
 */
import type { JoinGroupRequest, JoinGroupResponse } from '../protocol/api/11-join-group.ts'
import { errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import { groupRequestContext } from './group-request-context.ts'
import type { RequestContext } from './handler.ts'

const rebalanceTimeoutVersion = 1
const nullProtocolVersion = 7

export async function handleJoinGroup(
  broker: Broker,
  request: JoinGroupRequest,
  context: RequestContext,
): Promise<JoinGroupResponse> {
  const { apiVersion } = context
  if (apiVersion < rebalanceTimeoutVersion) request.rebalanceTimeoutMs = request.sessionTimeoutMs
  const mayJoin = broker.authorize(context, 'Read', 'Group', request.groupId)
  const response = mayJoin
    ? await broker.groupCoordinator.joinGroup(request, groupRequestContext(context))
    : forbidden()
  if (apiVersion < nullProtocolVersion) response.protocolName ??= ''
  else if (response.protocolName === '') response.protocolName = null
  return response
}

function forbidden(): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId: '',
    members: [],
  }
}
