/**
 * What a request to the controller is answered that leaves it no time: Apache Kafka's controller finds a timeout of zero
 * or less expired before it begins, so nothing is done. CreateTopics, DeleteTopics and CreatePartitions use it for each
 * of their topics.
 */
import { errorCodes } from '../protocol/errors.ts'

export const timedOut = { errorCode: errorCodes.REQUEST_TIMED_OUT, errorMessage: null } as const
