/**
 * The topics in the subscriptions of a classic group's consumers. Read as version 0 of the consumer protocol, which opens
 * every later one; what a client calls "consumer" but cannot be read makes the topics unknown, not the group.
 */
import { decodeAt } from '../../protocol/compile.ts'
import { consumerProtocolSubscription } from '../../protocol/stored/consumer-protocol.ts'

/** The protocol type of consumers. */
export const consumerProtocolType = 'consumer'

/** Undefined when a subscription cannot be read. */
export function subscribedTopics(subscriptions: Iterable<Buffer>): ReadonlySet<string> | undefined {
  const topics = new Set<string>()
  try {
    for (const subscription of subscriptions) {
      if (subscription.length < 2 || subscription.readInt16BE(0) < 0) return undefined
      for (const topic of decodeAt(consumerProtocolSubscription, 0, subscription, 2).message.topics) topics.add(topic)
    }
  } catch {
    return undefined
  }
  return topics
}
