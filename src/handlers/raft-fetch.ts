/**
 * Fetch (1) by the listener that it came by: a controller's serves the metadata log and nothing else, to voters and
 * observers; a broker's serves its partitions (01-fetch.ts). As in Kafka the log is known by its topic id alone, so that
 * versions below 13 get INVALID_REQUEST. The leader answers; others say who leads. There are no sessions.
 */
import type { FetchRequest, FetchResponseInput } from '../protocol/api/01-fetch.ts'
import { handleFetch } from './01-fetch.ts'
import type { Broker } from './broker.ts'
import { handleRaftRequest } from './raft-request.ts'
import type { RequestContext } from './request-context.ts'

export function handleFetchByListener(
  broker: Broker,
  request: FetchRequest,
  context: RequestContext,
): FetchResponseInput | Promise<FetchResponseInput> {
  const isController = broker.config.controllerListenerNames.includes(context.connection.listenerName)
  return isController ? handleRaftRequest(broker, request, context) : handleFetch(broker, request, context)
}
