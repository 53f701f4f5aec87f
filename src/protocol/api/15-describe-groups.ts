/**
 * DescribeGroups (15). State and members of classic groups.
 *
 * Version 1: response gains throttleTimeMs.
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: request gains includeAuthorizedOperations; response gains authorizedOperations.
 * Version 4: response gains groupInstanceId; static members (KIP-345).
 * Version 5: flexible.
 * Version 6: response gains errorMessage; an unknown group is GROUP_ID_NOT_FOUND with a message (KIP-1043).
 */
import {
  arrayOf,
  bool,
  bytes,
  type Infer,
  type InferInput,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const describeGroupsRequest = request(
  { name: 'DescribeGroupsRequest', apiKey: 15, versions: [0, 6], flexibleSince: 5, listeners: ['broker'] },
  {
    groups: arrayOf(string()),
    includeAuthorizedOperations: bool({ since: 3 }),
  },
)
export type DescribeGroupsRequest = Infer<typeof describeGroupsRequest>
export type DescribeGroupsRequestInput = InferInput<typeof describeGroupsRequest>

export const describedGroupMember = struct('DescribedGroupMember', {
  memberId: string(),
  groupInstanceId: string({ since: 4, nullableSince: 4, default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  memberMetadata: bytes(),
  memberAssignment: bytes(),
})
export type DescribedGroupMember = Infer<typeof describedGroupMember>

export const describedGroup = struct('DescribedGroup', {
  errorCode: int16(),
  errorMessage: string({ since: 6, nullableSince: 6, default: null }),
  groupId: string(),
  groupState: string(),
  protocolType: string(),
  protocolData: string(),
  members: arrayOf(describedGroupMember),
  authorizedOperations: int32({ since: 3, default: -(2 ** 31) }),
})
export type DescribedGroup = Infer<typeof describedGroup>

export const describeGroupsResponse = response(
  { name: 'DescribeGroupsResponse', apiKey: 15, versions: [0, 6], flexibleSince: 5 },
  {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    groups: arrayOf(describedGroup),
  },
)
export type DescribeGroupsResponse = Infer<typeof describeGroupsResponse>
export type DescribeGroupsResponseInput = InferInput<typeof describeGroupsResponse>
