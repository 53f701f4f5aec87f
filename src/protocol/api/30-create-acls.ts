/**
 * CreateAcls (30). Adds access control entries.
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

export const aclCreation = struct('AclCreation', {
  resourceType: int8(),
  resourceName: string(),
  resourcePatternType: int8({ default: 3 }),
  principal: string(),
  host: string(),
  operation: int8(),
  permissionType: int8(),
})
export type AclCreation = Infer<typeof aclCreation>

export const createAclsRequest = request(
  { name: 'CreateAclsRequest', apiKey: 30, versions: [1, 3], flexibleSince: 2, listeners: ['broker', 'controller'] },
  {
    creations: arrayOf(aclCreation),
  },
)
export type CreateAclsRequest = Infer<typeof createAclsRequest>
export type CreateAclsRequestInput = InferInput<typeof createAclsRequest>

export const aclCreationResult = struct('AclCreationResult', {
  errorCode: int16(),
  errorMessage: string({ nullableSince: 0 }),
})
export type AclCreationResult = Infer<typeof aclCreationResult>

export const createAclsResponse = response(
  { name: 'CreateAclsResponse', apiKey: 30, versions: [1, 3], flexibleSince: 2 },
  {
    throttleTimeMs: int32(),
    results: arrayOf(aclCreationResult),
  },
)
export type CreateAclsResponse = Infer<typeof createAclsResponse>
export type CreateAclsResponseInput = InferInput<typeof createAclsResponse>
