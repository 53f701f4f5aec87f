/**
 * DeleteGroups (42). Deletes groups without members.
 *
 * Version 1: the answer leaves before the throttling starts.
 * Version 2: flexible.
 */
import { arrayOf, type Infer, type InferInput, int16, int32, request, response, string, struct } from '../schema.ts'

export const deleteGroupsRequest = request(
  { name: 'DeleteGroupsRequest', apiKey: 42, versions: [0, 2], flexibleSince: 2, listeners: ['broker'] },
  {
    groupsNames: arrayOf(string()),
  },
)
export type DeleteGroupsRequest = Infer<typeof deleteGroupsRequest>
export type DeleteGroupsRequestInput = InferInput<typeof deleteGroupsRequest>

export const deletableGroupResult = struct('DeletableGroupResult', {
  groupId: string({ mapKey: true }),
  errorCode: int16(),
})
export type DeletableGroupResult = Infer<typeof deletableGroupResult>

export const deleteGroupsResponse = response(
  { name: 'DeleteGroupsResponse', apiKey: 42, versions: [0, 2], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    results: arrayOf(deletableGroupResult),
  },
)
export type DeleteGroupsResponse = Infer<typeof deleteGroupsResponse>
export type DeleteGroupsResponseInput = InferInput<typeof deleteGroupsResponse>
