/**
 * ListGroups (16)
 *
 * *Behavior.* The groups that this broker coordinates: a client that wants all asks all brokers. Groups that it may not
 * describe are left out.
 *
 * *Version notes.* From 4 filtered by state, from 5 by type; case does not matter, and a name that does not exist
 * matches nothing.
 */
import type { ListGroupsRequest, ListGroupsResponse } from '../protocol/api/16-list-groups.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

export async function handleListGroups(
  broker: Broker,
  request: ListGroupsRequest,
  context: RequestContext,
): Promise<ListGroupsResponse> {
  const filter = { states: request.statesFilter, types: request.typesFilter }
  const response = await broker.groupCoordinator.listGroups(filter)
  if (broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) return response
  const groups = response.groups.filter(({ groupId }) => broker.authorize(context, 'Describe', 'Group', groupId))
  return { ...response, groups }
}
