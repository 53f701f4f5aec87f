/**
 * Which names a topic may have, and which topics are Kafka's own. Asked by the controller and by handlers.
 */
export const maxTopicNameLength = 249

export const clusterMetadataTopicName = '__cluster_metadata'

const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

/** Topics that belong to the brokers' coordinators. */
export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name)
}

/** What is wrong with the name, as Kafka says it to the client; undefined for a good one. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.') return "Topic name is invalid: '.' is not allowed"
  if (name === '..') return "Topic name is invalid: '..' is not allowed"
  if (name.length > maxTopicNameLength) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${maxTopicNameLength}`
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return (
      `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, ` +
      "'.', '_' and '-'"
    )
  }
  return undefined
}
