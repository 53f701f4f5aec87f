/**
 * Group requests on the wire for the handlers' tests: schemas in pairs, and the requests of one member.
 */
import { offsetCommitRequest, offsetCommitResponse } from '../../src/protocol/api/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../../src/protocol/api/09-offset-fetch.ts'
import { findCoordinatorRequest, findCoordinatorResponse } from '../../src/protocol/api/10-find-coordinator.ts'
import { joinGroupRequest, joinGroupResponse } from '../../src/protocol/api/11-join-group.ts'
import { heartbeatRequest, heartbeatResponse } from '../../src/protocol/api/12-heartbeat.ts'
import { leaveGroupRequest, leaveGroupResponse } from '../../src/protocol/api/13-leave-group.ts'
import { syncGroupRequest, syncGroupResponse } from '../../src/protocol/api/14-sync-group.ts'
import { describeGroupsRequest, describeGroupsResponse } from '../../src/protocol/api/15-describe-groups.ts'
import { listGroupsRequest, listGroupsResponse } from '../../src/protocol/api/16-list-groups.ts'
import { deleteGroupsRequest, deleteGroupsResponse } from '../../src/protocol/api/42-delete-groups.ts'
import type { BrokerHarness, TestConnection } from '../runtime/broker-harness.ts'

export const offsetCommitApi = [offsetCommitRequest, offsetCommitResponse] as const
export const offsetFetchApi = [offsetFetchRequest, offsetFetchResponse] as const
export const findCoordinatorApi = [findCoordinatorRequest, findCoordinatorResponse] as const
export const joinGroupApi = [joinGroupRequest, joinGroupResponse] as const
export const heartbeatApi = [heartbeatRequest, heartbeatResponse] as const
export const leaveGroupApi = [leaveGroupRequest, leaveGroupResponse] as const
export const syncGroupApi = [syncGroupRequest, syncGroupResponse] as const
export const describeGroupsApi = [describeGroupsRequest, describeGroupsResponse] as const
export const listGroupsApi = [listGroupsRequest, listGroupsResponse] as const
export const deleteGroupsApi = [deleteGroupsRequest, deleteGroupsResponse] as const

export const offsetsTopic = '__consumer_offsets'

/** A JoinGroup of one consumer of `orders`. */
export const joinOf = (groupId: string, memberId = '', groupInstanceId: string | null = null) => ({
  groupId,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  memberId,
  groupInstanceId,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.from('00000000000100066f7264657273ffffffff', 'hex') }],
})

/** Sends what has to wait for the initial rebalance, and lets a millisecond pass. */
export async function joinNow(
  harness: BrokerHarness,
  version: number,
  request: ReturnType<typeof joinOf>,
  connection?: TestConnection,
) {
  const answer = harness.send(
    joinGroupApi,
    version,
    version < 5 ? { ...request, groupInstanceId: null } : request,
    connection,
  )
  await harness.settle()
  harness.clock.advance(1)
  return harness.drive(answer)
}

/** A stable group with one member that was assigned `assignment`. */
export async function stableMember(harness: BrokerHarness, groupId: string, assignment = 'all'): Promise<string> {
  const { memberId } = await joinNow(harness, 9, joinOf(groupId))
  await joinNow(harness, 9, joinOf(groupId, memberId))
  await harness.call(syncGroupApi, 5, {
    groupId,
    generationId: 1,
    memberId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [{ memberId, assignment: Buffer.from(assignment) }],
  })
  return memberId
}
