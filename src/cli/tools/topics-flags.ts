/** The flags of kafka-topics, and what its files share. */
import { OperatorError } from '../operator-error.ts'
import { connectionFlags } from './tool.ts'
import type { ToolArguments } from './tool-arguments.ts'

export const topicsFlags = {
  ...connectionFlags,
  list: { describe: 'List the names of topics.' },
  create: { describe: 'Create a topic.' },
  delete: { describe: 'Delete topics.' },
  alter: { describe: 'Give topics more partitions.' },
  describe: { describe: 'Show topics and their partitions.' },
  topic: { value: 'topic', describe: 'The topic; a regular expression for all but --create.' },
  'topic-id': { value: 'topic-id', describe: 'The id of the topic to describe.' },
  config: { value: 'name=value', describe: 'A setting of the new topic; may be repeated. With --create alone.' },
  'delete-config': { value: 'name', describe: 'Does nothing since Apache Kafka 4.0.' },
  partitions: {
    value: 'number',
    describe: 'How many partitions the topic gets; the default of the cluster without it.',
  },
  'replication-factor': { value: 'number', describe: 'How many brokers have each partition.' },
  'replica-assignment': {
    value: 'broker:broker,...',
    describe: 'The brokers of each partition: commas between partitions, colons between brokers.',
  },
  'under-replicated-partitions': { describe: 'Describe only partitions that lack in-sync replicas.' },
  'unavailable-partitions': { describe: 'Describe only partitions without a living leader.' },
  'under-min-isr-partitions': { describe: 'Describe only partitions with fewer in-sync replicas than configured.' },
  'at-min-isr-partitions': { describe: 'Describe only partitions with just as many in-sync replicas as configured.' },
  'topics-with-overrides': { describe: 'Describe only topics with settings of their own.' },
  'if-exists': { describe: 'A missing topic is no error.' },
  'if-not-exists': { describe: 'An existing topic is no error.' },
  'exclude-internal': { describe: 'Leave out internal topics.' },
  'partition-size-limit-per-response': { value: 'number', describe: 'How many partitions one answer may hold.' },
} as const

export type TopicsArguments = ToolArguments<keyof typeof topicsFlags>

/** Throws OperatorError when --topic was given, names nothing, and may not name nothing. */
export function requireFound(found: readonly string[], given: TopicsArguments): void {
  const topic = given.text('topic')
  if (topic !== undefined && topic !== '' && found.length === 0 && !given.has('if-exists'))
    throw new OperatorError(`Topic '${topic}' does not exist as expected`)
}
