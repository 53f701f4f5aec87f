/**
 * DescribeAcls (29). Lists access control entries that match a filter.
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

export const describeAclsRequest = request(
  { name: 'DescribeAclsRequest', apiKey: 29, versions: [1, 3], flexibleSince: 2, listeners: ['broker', 'controller'] },
  {
    resourceTypeFilter: int8(),
    resourceNameFilter: string({ nullableSince: 0 }),
    patternTypeFilter: int8({ default: 3 }),
    principalFilter: string({ nullableSince: 0 }),
    hostFilter: string({ nullableSince: 0 }),
    operation: int8(),
    permissionType: int8(),
  },
)
export type DescribeAclsRequest = Infer<typeof describeAclsRequest>
export type DescribeAclsRequestInput = InferInput<typeof describeAclsRequest>

export const aclDescription = struct('AclDescription', {
  principal: string(),
  host: string(),
  operation: int8(),
  permissionType: int8(),
})
export type AclDescription = Infer<typeof aclDescription>

export const describeAclsResource = struct('DescribeAclsResource', {
  resourceType: int8(),
  resourceName: string(),
  patternType: int8({ default: 3 }),
  acls: arrayOf(aclDescription),
})
export type DescribeAclsResource = Infer<typeof describeAclsResource>

export const describeAclsResponse = response(
  { name: 'DescribeAclsResponse', apiKey: 29, versions: [1, 3], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0 }),
    resources: arrayOf(describeAclsResource),
  },
)
export type DescribeAclsResponse = Infer<typeof describeAclsResponse>
export type DescribeAclsResponseInput = InferInput<typeof describeAclsResponse>
