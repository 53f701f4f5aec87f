/** An error as Java prints an exception: its class and its message. Stock tools show many failures like this. */
import { KafkaError } from '../../protocol/errors.ts'

/** Classes whose names do not follow from Kafka's name of the code. */
const irregular: Readonly<Record<string, string>> = {
  NON_EMPTY_GROUP: 'GroupNotEmpty',
  TOPIC_ALREADY_EXISTS: 'TopicExists',
  INVALID_CONFIG: 'InvalidConfiguration',
  GROUP_SUBSCRIBED_TO_TOPIC: 'GroupSubscribedToTopic',
  INVALID_TOPIC_EXCEPTION: 'InvalidTopic',
  REQUEST_TIMED_OUT: 'Timeout',
  UNKNOWN_SERVER_ERROR: 'UnknownServer',
  OFFSET_OUT_OF_RANGE: 'OffsetOutOfRange',
  KAFKA_STORAGE_ERROR: 'KafkaStorage',
}

/** The message alone for what is no KafkaError. */
export function javaException(error: unknown): string {
  if (!(error instanceof KafkaError)) return error instanceof Error ? error.message : String(error)
  const words = error.error.toLowerCase().split('_')
  const regular = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return `org.apache.kafka.common.errors.${irregular[error.error] ?? regular}Exception: ${error.message}`
}
