/**
 * ListGroups (16). Lists the groups that the broker coordinates.
 *
 * Version 1: response gains throttleTimeMs.
 * Version 2: the answer leaves before the throttling starts.
 * Version 3: flexible.
 * Version 4: request gains statesFilter; response gains groupState; by state (KIP-518).
 * Version 5: request gains typesFilter; response gains groupType; by type (KIP-848).
 */
import { arrayOf, type Infer, type InferInput, int16, int32, request, response, string, struct } from '../schema.ts'

export const listGroupsRequest = request(
  { name: 'ListGroupsRequest', apiKey: 16, versions: [0, 5], flexibleSince: 3, listeners: ['broker'] },
  {
    statesFilter: arrayOf(string(), { since: 4 }),
    typesFilter: arrayOf(string(), { since: 5 }),
  },
)
export type ListGroupsRequest = Infer<typeof listGroupsRequest>
export type ListGroupsRequestInput = InferInput<typeof listGroupsRequest>

export const listedGroup = struct('ListedGroup', {
  groupId: string(),
  protocolType: string(),
  groupState: string({ since: 4, ignorable: true }),
  groupType: string({ since: 5, ignorable: true }),
})
export type ListedGroup = Infer<typeof listedGroup>

export const listGroupsResponse = response(
  { name: 'ListGroupsResponse', apiKey: 16, versions: [0, 5], flexibleSince: 3 },
  {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
    groups: arrayOf(listedGroup),
  },
)
export type ListGroupsResponse = Infer<typeof listGroupsResponse>
export type ListGroupsResponseInput = InferInput<typeof listGroupsResponse>
