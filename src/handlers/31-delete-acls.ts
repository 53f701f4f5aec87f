/**
 * DeleteAcls (31)
 *
 * *Behavior.* There is no authorizer, and each result says so. Needs the right to alter the cluster. A filter with an
 * unknown element closes the connection.
 *
 * *Version notes.* None that a handler sees: 2 is flexible, 3 knows the resource type of users.
 */
import type { DeleteAclsRequest, DeleteAclsResponseInput } from '../protocol/api/31-delete-acls.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'
import { refuseUnknownElements } from './unknown-acl-elements.ts'

export function handleDeleteAcls(
  broker: NodeServices,
  request: DeleteAclsRequest,
  context: RequestContext,
): DeleteAclsResponseInput {
  for (const { resourceTypeFilter, patternTypeFilter, operation, permissionType } of request.filters) {
    refuseUnknownElements(resourceTypeFilter, patternTypeFilter, operation, permissionType)
  }
  const isAllowed = broker.authorize(context, 'Alter', 'Cluster', clusterResourceName)
  const error = isAllowed
    ? new KafkaError('SECURITY_DISABLED', 'No Authorizer is configured.')
    : new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  return refuseDeleteAcls(request, error)
}

/** The same error for each filter. */
export function refuseDeleteAcls({ filters }: DeleteAclsRequest, error: KafkaError): DeleteAclsResponseInput {
  return {
    filterResults: filters.map(() => ({ errorCode: error.code, errorMessage: error.message, matchingAcls: [] })),
  }
}
