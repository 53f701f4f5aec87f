/**
 * What a request is answered that leaves the controller no time: Apache Kafka's finds a timeout of zero or less expired
 * before it begins, so nothing is done. What is wrong with the request itself its brokers see before that. CreateTopics,
 * DeleteTopics and CreatePartitions use it for each of their topics.
 */
import { errorCodes } from '../protocol/errors.ts'

export const timedOut = { errorCode: errorCodes.REQUEST_TIMED_OUT, errorMessage: null } as const
