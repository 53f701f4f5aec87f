/**
 * InitProducerId (22)
 *
 * *Behavior.* Gives an idempotent producer an id that nobody has, with epoch 0; one that brings an id gets a new one all
 * the same, as in Kafka. While the controller has given no ids yet the answer waits a little, then
 * COORDINATOR_LOAD_IN_PROGRESS makes the client ask again. Transactions are not served yet: there is no coordinator for a
 * transactional id, which COORDINATOR_NOT_AVAILABLE says.
 *
 * *Version notes.* From 3 a producer may bring its id and epoch: both or neither, else INVALID_REQUEST. 6 is not final in
 * 4.3 and not served.
 */
import type { InitProducerIdRequest, InitProducerIdResponse } from '../protocol/api/22-init-producer-id.ts'
import { type ErrorCode, errorCodes, KafkaError } from '../protocol/errors.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './handler.ts'

const none = -1

export async function handleInitProducerId(
  broker: Broker,
  request: InitProducerIdRequest,
  context: RequestContext,
): Promise<InitProducerIdResponse> {
  const { transactionalId, producerId, producerEpoch } = request
  if (transactionalId !== null) {
    if (!broker.authorize(context, 'Write', 'TransactionalId', transactionalId)) {
      return answerOf(errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    }
  } else if (!broker.authorize(context, 'IdempotentWrite', 'Cluster', 'kafka-cluster')) {
    return answerOf(errorCodes.CLUSTER_AUTHORIZATION_FAILED)
  }
  if ((producerId === -1n) !== (producerEpoch === none)) return answerOf(errorCodes.INVALID_REQUEST)
  if (transactionalId === '') return answerOf(errorCodes.INVALID_REQUEST)
  if (transactionalId !== null) return answerOf(errorCodes.COORDINATOR_NOT_AVAILABLE)
  try {
    return answerOf(0, await broker.producerIds.next(), 0)
  } catch (error) {
    if (error instanceof KafkaError) return answerOf(error.code)
    throw error
  }
}

function answerOf(errorCode: ErrorCode, producerId = -1n, producerEpoch = none): InitProducerIdResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    producerId,
    producerEpoch,
    ongoingTxnProducerId: -1n,
    ongoingTxnProducerEpoch: none,
  }
}
