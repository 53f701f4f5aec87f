/**
 * Requests of other replicas as Kafka's messages: decoded for the raft driver, its answer encoded. The handlers of
 * controller listeners call it.
 */
import { KafkaError } from '../../protocol/errors.ts'
import { decodeRaftRequest } from '../../raft/raft-rpc-requests.ts'
import { encodeRaftResponse } from '../../raft/raft-rpc-responses.ts'
import type { RaftDriver } from './raft-driver.ts'

/**
 * Resolves with the body of the answer, which for a fetch may take as long as the request allows. Rejects with KafkaError:
 * INVALID_REQUEST when it is not about the metadata log, BROKER_NOT_AVAILABLE when this node stops, or has not started yet.
 */
export async function answerRaftMessage<Response extends object>(
  quorum: Pick<RaftDriver, 'handleRequest'>,
  { apiKey, apiVersion }: { readonly apiKey: number; readonly apiVersion: number },
  message: object,
): Promise<Response> {
  const request = decodeRaftRequest(apiKey, message)
  if (request === undefined) throw new KafkaError('INVALID_REQUEST')
  return new Promise((resolve, reject) => {
    quorum.handleRequest(
      request,
      (response) => resolve(encodeRaftResponse(response, apiVersion) as Response),
      () => reject(new KafkaError('BROKER_NOT_AVAILABLE', 'The node takes no part in the quorum')),
    )
  })
}
