/** Which partitions kafka-get-offsets asks for: by a regular expression and numbers, or by a list of rules. */
import { OperatorError } from '../operator-error.ts'
import { topicPattern } from '../tools/topic-filter.ts'

export interface TopicPartitionFilter {
  /** Some partition of the topic may be meant. */
  includesTopic(topic: string): boolean
  includes(topic: string, partition: number): boolean
}

/** `topic` is a regular expression, `partitions` numbers with commas; all without them. Throws OperatorError. */
export function partitionsFilter(topic: string | undefined, partitions: string | undefined): TopicPartitionFilter {
  const includesTopic = topicMatcher(topic ?? '.*')
  const wanted = new Set(partitions === undefined || partitions === '' ? [] : partitions.split(','))
  if (![...wanted].every((each) => /^\+?\d{1,9}$/.test(each)))
    throw new OperatorError(
      `--partitions expects a comma separated list of numeric partition ids, but received: ${partitions}`,
    )
  const numbers = new Set([...wanted].map(Number))
  return {
    includesTopic,
    includes: (name, partition) => includesTopic(name) && (numbers.size === 0 || numbers.has(partition)),
  }
}

/** Rules with commas between them, of which one must match. Throws OperatorError. */
export function parsePartitionRules(text: string): TopicPartitionFilter {
  const rules = text.split(',').map(parseRule)
  return {
    includesTopic: (name) => rules.some((rule) => rule.includesTopic(name)),
    includes: (name, partition) => rules.some((rule) => rule.includes(name, partition)),
  }
}

function parseRule(text: string): TopicPartitionFilter {
  const match = /^([^:,]*)(?::(?:(\d*)|(\d*)-(\d*)))?$/.exec(text)
  if (match === null) throw new OperatorError(`Invalid rule specification: ${text}`)
  const [, topic, one, first, end] = match
  const includesTopic = topicMatcher(topic || '.*')
  const from = Number(one || first || 0)
  const before = one ? from + 1 : end ? Number(end) : Number.POSITIVE_INFINITY
  return {
    includesTopic,
    includes: (name, partition) => includesTopic(name) && partition >= from && partition < before,
  }
}

function topicMatcher(text: string): (name: string) => boolean {
  const pattern = topicPattern(text)
  return (name) => pattern.test(name)
}
