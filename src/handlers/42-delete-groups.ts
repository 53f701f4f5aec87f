/**
 * DeleteGroups (42)
 *
 * *Behavior.* Deletes groups without members and their offsets, each with an error of its own: NON_EMPTY_GROUP,
 * GROUP_ID_NOT_FOUND. A group that is named twice is answered once.
 *
 * *Version notes.* None that a handler sees: 2 is flexible.
 */
import type {
  DeletableGroupResult,
  DeleteGroupsRequest,
  DeleteGroupsResponse,
} from '../protocol/api/42-delete-groups.ts'
import { errorCodes } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleDeleteGroups(
  broker: Broker,
  request: DeleteGroupsRequest,
  context: RequestContext,
): Promise<DeleteGroupsResponse> {
  const deleteGroup = async (groupId: string): Promise<DeletableGroupResult> => {
    if (broker.authorize(context, 'Delete', 'Group', groupId)) return broker.groupCoordinator.deleteGroup(groupId)
    return { groupId, errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED }
  }
  const results = await Promise.all([...new Set(request.groupsNames)].map(deleteGroup))
  return { throttleTimeMs: 0, results }
}
