/**
 * What a client is told when its records could not be written: as clients know coordinators, not logs.
 */
import { type ErrorCode, errorCodes, type KafkaError } from '../../protocol/errors.ts'

export function appendErrorCode(error: KafkaError): ErrorCode {
  switch (error.error) {
    case 'NETWORK_EXCEPTION':
      return errorCodes.COORDINATOR_LOAD_IN_PROGRESS
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
    case 'REQUEST_TIMED_OUT':
      return errorCodes.COORDINATOR_NOT_AVAILABLE
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'KAFKA_STORAGE_ERROR':
      return errorCodes.NOT_COORDINATOR
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
    case 'INVALID_FETCH_SIZE':
      return errorCodes.UNKNOWN_SERVER_ERROR
    default:
      return error.code
  }
}
