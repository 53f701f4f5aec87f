/**
 * DescribeGroups (15)
 *
 * *Behavior.* State and members of classic groups, each with an error of its own. Protocol and subscriptions are told of
 * stable groups only.
 *
 * *Version notes.* From 3 what the client may do, if it asks. Before 6 a group that does not exist is a dead one without
 * an error, from then on GROUP_ID_NOT_FOUND (KIP-1043).
 */
import type {
  DescribedGroup,
  DescribeGroupsRequest,
  DescribeGroupsResponse,
} from '../protocol/api/15-describe-groups.ts'
import { errorCodes } from '../protocol/errors.ts'
import { authorizedOperations, operationsNotAsked } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleDescribeGroups(
  broker: Broker,
  request: DescribeGroupsRequest,
  context: RequestContext,
): Promise<DescribeGroupsResponse> {
  const groups = await Promise.all(request.groups.map((groupId) => describe(broker, groupId, context)))
  if (request.includeAuthorizedOperations) {
    for (const group of groups) {
      if (group.errorCode !== 0) continue
      group.authorizedOperations = authorizedOperations(broker, context, 'Group', group.groupId)
    }
  }
  return { throttleTimeMs: 0, groups }
}

async function describe(broker: Broker, groupId: string, context: RequestContext): Promise<DescribedGroup> {
  if (broker.authorize(context, 'Describe', 'Group', groupId)) {
    return broker.groupCoordinator.describeGroup(groupId, context.apiVersion)
  }
  return {
    errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED,
    errorMessage: null,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: operationsNotAsked,
  }
}
