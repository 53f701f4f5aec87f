/**
 * CreateAcls (30)
 *
 * *Behavior.* There is no authorizer, and each result says so. Needs the right to alter the cluster. An entry with an
 * unknown element closes the connection.
 *
 * *Version notes.* None that a handler sees: 2 is flexible, 3 knows the resource type of users.
 */
import type { CreateAclsRequest, CreateAclsResponseInput } from '../protocol/api/30-create-acls.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'
import { refuseUnknownElements } from './unknown-acl-elements.ts'

export function handleCreateAcls(
  broker: NodeServices,
  request: CreateAclsRequest,
  context: RequestContext,
): CreateAclsResponseInput {
  for (const { resourceType, resourcePatternType, operation, permissionType } of request.creations) {
    refuseUnknownElements(resourceType, resourcePatternType, operation, permissionType)
  }
  const isAllowed = broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)
  const error = isAllowed
    ? new KafkaError('SECURITY_DISABLED', 'No Authorizer is configured.')
    : new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  return refuseCreateAcls(request, error)
}

/** The same error for each entry. */
export function refuseCreateAcls({ creations }: CreateAclsRequest, error: KafkaError): CreateAclsResponseInput {
  return { results: creations.map(() => ({ errorCode: error.code, errorMessage: error.message })) }
}
