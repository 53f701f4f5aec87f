/**
 * DescribeAcls (29)
 *
 * *Behavior.* There is no authorizer, and the answer says so. Needs the right to describe the cluster. A filter with an
 * unknown element closes the connection.
 *
 * *Version notes.* None that a handler sees: 2 is flexible, 3 knows the resource type of users.
 */
import type { DescribeAclsRequest, DescribeAclsResponseInput } from '../protocol/api/29-describe-acls.ts'
import { KafkaError } from '../protocol/errors.ts'
import { clusterResourceName } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'
import { refuseUnknownElements } from './unknown-acl-elements.ts'

export function handleDescribeAcls(
  broker: NodeServices,
  request: DescribeAclsRequest,
  context: RequestContext,
): DescribeAclsResponseInput {
  const { resourceTypeFilter, patternTypeFilter, operation, permissionType } = request
  refuseUnknownElements(resourceTypeFilter, patternTypeFilter, operation, permissionType)
  if (!broker.authorize(context, 'Describe', 'Cluster', clusterResourceName)) {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED')
  }
  throw new KafkaError('SECURITY_DISABLED', 'No Authorizer is configured on the broker')
}
