/** Partitions as an operator names them on the command line. */
import { describeTopics } from '../../client/admin-topics.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { OperatorError } from '../operator-error.ts'

/** All partitions of `topic`, or those of `topic:0,1`. Throws OperatorError for what is not there. */
export async function partitionsOf(client: KafkaClient, texts: readonly string[]): Promise<PartitionName[]> {
  const partitions: PartitionName[] = []
  for (const text of texts) {
    const [topic, list] = text.split(':')
    const [described] = await describeTopics(client, [topic!]).catch((error: unknown) => {
      if (error instanceof KafkaError && error.error === 'UNKNOWN_TOPIC_OR_PARTITION')
        throw new OperatorError(`topic ${topic} does not exist`)
      throw error
    })
    const present = described!.partitions.map(({ partition }) => partition)
    const wanted = list === undefined ? present : list.split(',').map(Number)
    const missing = wanted.filter((partition) => !present.includes(partition))
    if (missing.length > 0) throw new OperatorError(`topic ${topic} has no partition ${missing.join(', ')}`)
    partitions.push(...wanted.map((partition) => ({ topic: topic!, partition })))
  }
  return partitions
}
