/**
 * AlterPartition (56)
 *
 * *Behavior.* A leader tells of another ISR; the active controller decides, each partition by itself. Answered once it is committed.
 *
 * *Version notes.* 2 names the members of the ISR, 3 their epochs too (KIP-903).
 */
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/api/56-alter-partition.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { checkClusterAction } from './authorized-operations.ts'
import type { NodeServices } from './broker.ts'
import type { RequestContext } from './handler.ts'

export function handleAlterPartition(
  services: NodeServices,
  request: AlterPartitionRequest,
  context: RequestContext,
): Promise<AlterPartitionResponse> {
  checkClusterAction(services, context)
  return services.controller.send<AlterPartitionResponse>(apiKeys.AlterPartition, request, context)
}
