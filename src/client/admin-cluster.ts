/**
 * What an administrator asks of the cluster as a whole: its brokers, its controllers' quorum. Each function sends its
 * requests through a KafkaClient, which tries again what fails for a passing reason.
 */
import type { BrokerNode } from './cluster-metadata.ts'
import type { KafkaClient } from './kafka-client.ts'

/** All brokers that are alive, by their ids. */
export async function brokersOf(client: KafkaClient): Promise<readonly BrokerNode[]> {
  await client.loadTopics([])
  return client.metadata.brokers
}
