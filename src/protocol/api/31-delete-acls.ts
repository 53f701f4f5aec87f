/**
 * DeleteAcls (31). Deletes the access control entries that match filters.
 *
 * Version 2: flexible.
 * Version 3: user resources (KIP-373).
 */
import {
  arrayOf,
  type Infer,
  type InferInput,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  struct,
} from '../schema.ts'

export const deleteAclsFilter = struct('DeleteAclsFilter', {
  resourceTypeFilter: int8(),
  resourceNameFilter: string({ nullableSince: 0 }),
  patternTypeFilter: int8({ default: 3 }),
  principalFilter: string({ nullableSince: 0 }),
  hostFilter: string({ nullableSince: 0 }),
  operation: int8(),
  permissionType: int8(),
})
export type DeleteAclsFilter = Infer<typeof deleteAclsFilter>

export const deleteAclsRequest = request(
  { name: 'DeleteAclsRequest', apiKey: 31, versions: [1, 3], flexibleSince: 2, listeners: ['broker', 'controller'] },
  {
    filters: arrayOf(deleteAclsFilter),
  },
)
export type DeleteAclsRequest = Infer<typeof deleteAclsRequest>
export type DeleteAclsRequestInput = InferInput<typeof deleteAclsRequest>

export const deleteAclsMatchingAcl = struct('DeleteAclsMatchingAcl', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
  resourceType: int8(),
  resourceName: string(),
  patternType: int8({ default: 3 }),
  principal: string(),
  host: string(),
  operation: int8(),
  permissionType: int8(),
})
export type DeleteAclsMatchingAcl = Infer<typeof deleteAclsMatchingAcl>

export const deleteAclsFilterResult = struct('DeleteAclsFilterResult', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
  matchingAcls: arrayOf(deleteAclsMatchingAcl),
})
export type DeleteAclsFilterResult = Infer<typeof deleteAclsFilterResult>

export const deleteAclsResponse = response(
  { name: 'DeleteAclsResponse', apiKey: 31, versions: [1, 3], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    filterResults: arrayOf(deleteAclsFilterResult),
  },
)
export type DeleteAclsResponse = Infer<typeof deleteAclsResponse>
export type DeleteAclsResponseInput = InferInput<typeof deleteAclsResponse>
