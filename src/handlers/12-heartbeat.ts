/**
 * Heartbeat (12)
 *
 * *Behavior.* A member of a classic group says that it lives; its session starts anew. REBALANCE_IN_PROGRESS asks it to
 * join again. While the group is being loaded all are believed.
 *
 * *Version notes.* From 3 a static member is told from its earlier incarnations (FENCED_INSTANCE_ID).
 */
import type { HeartbeatRequest, HeartbeatResponse } from '../protocol/api/12-heartbeat.ts'
import { errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleHeartbeat(
  broker: Broker,
  request: HeartbeatRequest,
  context: RequestContext,
): HeartbeatResponse | Promise<HeartbeatResponse> {
  if (broker.authorize(context, 'Read', 'Group', request.groupId)) return broker.groupCoordinator.heartbeat(request)
  return { throttleTimeMs: 0, errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED }
}
