/**
 * Listing, describing and deleting groups.
 */
import type { DescribedGroup } from '../../protocol/api/15-describe-groups.ts'
import type { ListedGroup } from '../../protocol/api/16-list-groups.ts'
import type { DeletableGroupResult } from '../../protocol/api/42-delete-groups.ts'
import { type ErrorCode, errorCodes } from '../../protocol/errors.ts'
import type { ClassicGroup } from './classic-group.ts'
import { noAssignment } from './classic-member.ts'
import type { GroupContext } from './group-context.ts'
import type { StoredGroup } from './group-state.ts'
import type { OffsetRequests } from './offset-requests.ts'

/** From this version on a group that does not exist is an error, not a dead group (KIP-1043). */
const groupIdNotFoundVersion = 6
/** The client did not ask, or the group has an error. */
const noAuthorizedOperations = -2147483648

export interface ListGroupsFilter {
  /** Empty: all. Case does not matter. */
  readonly states: readonly string[]
  readonly types: readonly string[]
}

export class GroupCatalog {
  readonly #context: GroupContext
  readonly #offsets: OffsetRequests

  constructor(context: GroupContext, offsets: OffsetRequests) {
    this.#context = context
    this.#offsets = offsets
  }

  list(filter: ListGroupsFilter): ListedGroup[] {
    const states = new Set(filter.states.map((state) => state.trim().toLowerCase()))
    const types = new Set(filter.types.map((type) => type.toLowerCase()))
    const groups: ListedGroup[] = []
    for (const [groupId, stored] of this.#context.state.groups()) {
      const listed = this.#listed(groupId, stored)
      if (states.size > 0 && !states.has(listed.groupState.toLowerCase())) continue
      if (types.size === 0 || types.has(listed.groupType)) groups.push(listed)
    }
    return groups
  }

  describe(groupId: string, apiVersion: number): DescribedGroup {
    const group = this.#context.viewGroup(groupId)
    if (group === undefined) return this.#describedAsMissing(groupId, apiVersion)
    const { state, protocolType, protocolName } = group
    const isStable = state === 'Stable'
    const members = [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? member.metadata(protocolName!) : noAssignment,
      memberAssignment: member.assignment,
    }))
    return {
      errorCode: 0,
      errorMessage: null,
      groupId,
      groupState: state,
      protocolType: protocolType ?? '',
      protocolData: isStable ? protocolName! : '',
      members,
      authorizedOperations: noAuthorizedOperations,
    }
  }

  delete(groupId: string): DeletableGroupResult {
    const error = this.#deleteError(groupId, this.#context.viewGroup(groupId))
    if (error !== 0) return { groupId, errorCode: error }
    this.#context.write([...this.#offsets.tombstonesOf(groupId), { kind: 'classic', groupId, group: null }])
    return { groupId, errorCode: 0 }
  }

  #deleteError(groupId: string, group: ClassicGroup | undefined): ErrorCode {
    if (group !== undefined) return group.isEmpty ? 0 : errorCodes.NON_EMPTY_GROUP
    // Whether a group of another protocol is empty nobody here knows.
    return this.#context.state.group(groupId) === undefined ? errorCodes.GROUP_ID_NOT_FOUND : errorCodes.NON_EMPTY_GROUP
  }

  #listed(groupId: string, stored: StoredGroup): ListedGroup {
    if (stored.type !== 'classic') {
      return { groupId, protocolType: stored.type, groupState: 'Empty', groupType: stored.type }
    }
    const living = this.#context.livingGroup(groupId)
    const { protocolType, members } = stored.metadata
    return {
      groupId,
      protocolType: living === undefined ? protocolType : (living.protocolType ?? ''),
      groupState: living?.state ?? (members.length === 0 ? 'Empty' : 'Stable'),
      groupType: 'classic',
    }
  }

  #describedAsMissing(groupId: string, apiVersion: number): DescribedGroup {
    const isError = apiVersion >= groupIdNotFoundVersion
    const isForeign = this.#context.state.group(groupId) !== undefined
    const message = isForeign ? `Group ${groupId} is not a classic group.` : `Group ${groupId} not found.`
    return {
      errorCode: isError ? errorCodes.GROUP_ID_NOT_FOUND : 0,
      errorMessage: isError ? message : null,
      groupId,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
      authorizedOperations: noAuthorizedOperations,
    }
  }
}
