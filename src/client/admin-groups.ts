/**
 * Consumer groups as an administrator sees and changes them: each group is asked of the broker that coordinates it, the
 * list of all of every broker.
 */
import { describeGroupsRequest, describeGroupsResponse } from '../protocol/api/15-describe-groups.ts'
import { listGroupsRequest, listGroupsResponse } from '../protocol/api/16-list-groups.ts'
import { deleteGroupsRequest, deleteGroupsResponse } from '../protocol/api/42-delete-groups.ts'
import { offsetDeleteRequest, offsetDeleteResponse } from '../protocol/api/47-offset-delete.ts'
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../protocol/api/69-consumer-group-describe.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { brokersOf } from './admin-cluster.ts'
import { adminError, throwFirst, throwPassing } from './admin-error.ts'
import { NotServedError } from './client-errors.ts'
import { groupBy } from './group-by.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionName } from './list-offsets.ts'
import { decodeAssignment } from './range-assignor.ts'

export interface GroupListing {
  readonly groupId: string
  readonly protocolType: string
  /** Stable, Empty and so on; '' where the broker does not say. */
  readonly state: string
  /** Classic, Consumer and so on; '' where the broker does not say. */
  readonly type: string
}

export interface GroupMemberDescription {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly host: string
  readonly assignment: readonly PartitionName[]
  /** Of the consumer protocol alone. */
  readonly memberEpoch: number | undefined
  readonly targetAssignment: readonly PartitionName[] | undefined
  readonly isUpgraded: boolean | undefined
}

export interface GroupDescription {
  readonly groupId: string
  readonly type: 'Classic' | 'Consumer'
  readonly state: string
  readonly protocolType: string
  /** The assignor that the members agreed upon; '' while there is none. */
  readonly assignor: string
  readonly members: readonly GroupMemberDescription[]
  readonly groupEpoch: number | undefined
  readonly targetAssignmentEpoch: number | undefined
}

const listExchange = { request: listGroupsRequest, response: listGroupsResponse }
const describeExchange = { request: describeGroupsRequest, response: describeGroupsResponse }
const describeConsumerExchange = { request: consumerGroupDescribeRequest, response: consumerGroupDescribeResponse }
const deleteExchange = { request: deleteGroupsRequest, response: deleteGroupsResponse }
const deleteOffsetsExchange = { request: offsetDeleteRequest, response: offsetDeleteResponse }

export interface GroupFilter {
  readonly states?: readonly string[]
  readonly types?: readonly string[]
}

/** All groups of all brokers that match, in the order of the answers. */
export async function listGroups(
  client: KafkaClient,
  { states = [], types = [] }: GroupFilter = {},
): Promise<GroupListing[]> {
  const answers = await Promise.all(
    (await brokersOf(client)).map(async ({ nodeId }) => {
      const connection = await client.connectionTo({ nodeId })
      const version = connection.versionOf(listGroupsRequest)
      const message = {
        ...(version >= 4 ? { statesFilter: [...states] } : {}),
        ...(version >= 5 ? { typesFilter: [...types] } : {}),
      }
      const judge = (answer: { readonly errorCode: number }): void => throwPassing([answer])
      const answer = await client.ask(listExchange, message, { nodeId }, { judge })
      throwFirst([answer])
      return answer.groups
    }),
  )
  const groups = new Map<string, GroupListing>()
  for (const { groupId, protocolType, groupState, groupType } of answers.flat())
    groups.set(groupId, { groupId, protocolType, state: groupState, type: capitalized(groupType) })
  return [...groups.values()]
}

/** Brokers write types small. */
function capitalized(type: string): string {
  return type.slice(0, 1).toUpperCase() + type.slice(1)
}

/** Groups whose members are consumers, or that have committed offsets alone. */
export async function listConsumerGroups(client: KafkaClient, filter: GroupFilter = {}): Promise<GroupListing[]> {
  const groups = await listGroups(client, filter)
  return groups.filter(
    ({ type, protocolType }) => type.toLowerCase() === 'consumer' || protocolType === 'consumer' || protocolType === '',
  )
}

/** One group. Rejects with GROUP_ID_NOT_FOUND when it is not there. */
export async function describeGroup(client: KafkaClient, groupId: string): Promise<GroupDescription> {
  try {
    return await describeConsumerGroup(client, groupId)
  } catch (error) {
    const isClassic =
      error instanceof NotServedError ||
      (error instanceof KafkaError && (error.error === 'GROUP_ID_NOT_FOUND' || error.error === 'UNSUPPORTED_VERSION'))
    if (!isClassic) throw error
    return describeClassicGroup(client, groupId)
  }
}

/** A group that is not there is dead: it can have offsets from now on. */
export async function stateOfGroup(client: KafkaClient, groupId: string): Promise<string> {
  try {
    return (await describeGroup(client, groupId)).state
  } catch (error) {
    if (error instanceof KafkaError && error.error === 'GROUP_ID_NOT_FOUND') return 'Dead'
    throw error
  }
}

async function describeClassicGroup(client: KafkaClient, groupId: string): Promise<GroupDescription> {
  const judge = (answer: { readonly groups: readonly { readonly errorCode: number }[] }): void =>
    throwPassing(answer.groups)
  const answer = await client.ask(describeExchange, { groups: [groupId] }, { groupId }, { judge })
  const group = answer.groups[0]!
  if (group.errorCode !== 0) throw adminError(group.errorCode, group.errorMessage)
  return {
    groupId,
    type: 'Classic',
    state: group.groupState,
    protocolType: group.protocolType,
    assignor: group.protocolData,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: group.protocolType === 'consumer' ? assignmentOf(member.memberAssignment) : [],
      memberEpoch: undefined,
      targetAssignment: undefined,
      isUpgraded: undefined,
    })),
    groupEpoch: undefined,
    targetAssignmentEpoch: undefined,
  }
}

async function describeConsumerGroup(client: KafkaClient, groupId: string): Promise<GroupDescription> {
  const judge = (answer: { readonly groups: readonly { readonly errorCode: number }[] }): void =>
    throwPassing(answer.groups)
  const message = { groupIds: [groupId], includeAuthorizedOperations: false }
  const answer = await client.ask(describeConsumerExchange, message, { groupId }, { judge })
  const group = answer.groups[0]!
  if (group.errorCode !== 0) throw adminError(group.errorCode, group.errorMessage)
  return {
    groupId,
    type: 'Consumer',
    state: group.groupState,
    protocolType: 'consumer',
    assignor: group.assignorName,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: partitionsOf(member.assignment.topicPartitions),
      memberEpoch: member.memberEpoch,
      targetAssignment: partitionsOf(member.targetAssignment.topicPartitions),
      isUpgraded: member.memberType === -1 ? undefined : member.memberType === 1,
    })),
    groupEpoch: group.groupEpoch,
    targetAssignmentEpoch: group.assignmentEpoch,
  }
}

function assignmentOf(assignment: Buffer): PartitionName[] {
  return decodeAssignment(assignment).flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}

function partitionsOf(
  topics: readonly { readonly topicName: string; readonly partitions: readonly number[] }[],
): PartitionName[] {
  return topics.flatMap(({ topicName, partitions }) => partitions.map((partition) => ({ topic: topicName, partition })))
}

/** What each group could not be deleted for; undefined where it was. */
export async function deleteGroups(
  client: KafkaClient,
  groupIds: readonly string[],
): Promise<Map<string, KafkaError | undefined>> {
  const outcomes = new Map<string, KafkaError | undefined>()
  for (const groupId of groupIds) {
    const judge = (answer: { readonly results: readonly { readonly errorCode: number }[] }): void =>
      throwPassing(answer.results)
    const { results } = await client.ask(deleteExchange, { groupsNames: [groupId] }, { groupId }, { judge })
    const { errorCode } = results[0]!
    outcomes.set(groupId, errorCode === 0 ? undefined : adminError(errorCode))
  }
  return outcomes
}

/** Forgets committed offsets. Rejects with the group's KafkaError; those of partitions are the result. */
export async function deleteOffsets(
  client: KafkaClient,
  groupId: string,
  partitions: readonly PartitionName[],
): Promise<(PartitionName & { readonly error: KafkaError | undefined })[]> {
  const topics = [...groupBy(partitions, ({ topic }) => topic)].map(([name, each]) => ({
    name,
    partitions: each.map(({ partition }) => ({ partitionIndex: partition })),
  }))
  const judge = (each: { readonly errorCode: number }): void => throwPassing([each])
  const answer = await client.ask(deleteOffsetsExchange, { groupId, topics }, { groupId }, { judge })
  if (answer.errorCode !== 0) throw new KafkaError(errorName(answer.errorCode), adminError(answer.errorCode).message)
  return answer.topics.flatMap(({ name, partitions: results }) =>
    results.map(({ partitionIndex, errorCode }) => ({
      topic: name,
      partition: partitionIndex,
      error: errorCode === 0 ? undefined : adminError(errorCode),
    })),
  )
}
