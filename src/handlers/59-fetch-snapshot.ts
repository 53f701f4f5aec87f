/**
 * FetchSnapshot (59)
 *
 * *Behavior.* A piece of a snapshot of the metadata log, cut anywhere. Only the leader answers; of the partition are the errors of
 * epoch and leader as in Fetch, SNAPSHOT_NOT_FOUND and POSITION_OUT_OF_RANGE.
 *
 * *Version notes.* 1 tells the replica's directory, and where the leader is.
 */
import type { FetchSnapshotRequest, FetchSnapshotResponseInput } from '../protocol/api/59-fetch-snapshot.ts'
import type { NodeServices } from './broker.ts'
import { handleRaftRequest } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleFetchSnapshot(
  broker: NodeServices,
  request: FetchSnapshotRequest,
  context: RequestContext,
): Promise<FetchSnapshotResponseInput> {
  return handleRaftRequest(broker, request, context)
}
