/**
 * The error of an administrator's request: Kafka's code and the broker's own words where it gave any, otherwise what
 * Apache Kafka's clients say for the code, for those codes that such requests meet.
 */
import { type ErrorName, errorName, KafkaError } from '../protocol/errors.ts'

const messages: Partial<Record<ErrorName, string>> = {
  UNKNOWN_SERVER_ERROR: 'The server experienced an unexpected error when processing the request.',
  UNKNOWN_TOPIC_OR_PARTITION: 'This server does not host this topic-partition.',
  REQUEST_TIMED_OUT: 'The request timed out.',
  COORDINATOR_LOAD_IN_PROGRESS: "The coordinator is loading and hence can't process requests.",
  COORDINATOR_NOT_AVAILABLE: 'The coordinator is not available.',
  NOT_COORDINATOR: 'This is not the correct coordinator.',
  INVALID_GROUP_ID: 'The group id is invalid.',
  UNKNOWN_MEMBER_ID: 'The coordinator is not aware of this member.',
  INVALID_TOPIC_EXCEPTION: 'The request attempted to perform an operation on an invalid topic.',
  TOPIC_ALREADY_EXISTS: 'Topic with this name already exists.',
  OFFSET_OUT_OF_RANGE: 'The requested offset is not within the range of offsets maintained by the server.',
  NON_EMPTY_GROUP: 'The group is not empty.',
  GROUP_ID_NOT_FOUND: 'The group id does not exist.',
  GROUP_SUBSCRIBED_TO_TOPIC:
    'Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.',
  TOPIC_DELETION_DISABLED: 'Topic deletion is disabled.',
  POLICY_VIOLATION: 'Request parameters do not satisfy the configured policy.',
  KAFKA_STORAGE_ERROR: 'Disk error when trying to access log file on the disk.',
  BROKER_ID_NOT_REGISTERED: 'The given broker ID was not registered.',
}

/** The error of a code that is not 0. */
export function adminError(errorCode: number, message: string | null = null): KafkaError {
  const name = errorName(errorCode)
  return new KafkaError(name, message || (messages[name] ?? name))
}

/** Codes after which another broker, or the same one a little later, will do what was asked. */
const passing = new Set<ErrorName>([
  'NOT_CONTROLLER',
  'NOT_LEADER_OR_FOLLOWER',
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
])

interface Outcome {
  readonly errorCode: number
  readonly errorMessage?: string | null
}

/** Throws the first error that passes by itself: for the client to try the whole request again. */
export function throwPassing(results: Iterable<Outcome>): void {
  for (const { errorCode, errorMessage } of results)
    if (passing.has(errorName(errorCode))) throw adminError(errorCode, errorMessage)
}

/** Throws the first of the errors. */
export function throwFirst(results: Iterable<Outcome>): void {
  for (const { errorCode, errorMessage } of results) if (errorCode !== 0) throw adminError(errorCode, errorMessage)
}
