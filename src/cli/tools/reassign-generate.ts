/** kafka-reassign-partitions --generate: where the partitions of some topics are, and where they might be. */
import { brokersOf } from '../../client/admin-cluster.ts'
import { groupBy } from '../../client/group-by.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { placeReplicas } from '../../controller/replica-placement.ts'
import { NodeRandom } from '../../io/node-random.ts'
import { OperatorError } from '../operator-error.ts'
import { anyLogDir, duplicates, formatAssignments, listText, parseTopics } from '../reassignment/assignment-file.ts'
import { currentPlaces, replicasOfTopics } from '../reassignment/current-assignment.ts'
import { partitionsInHashMapOrder } from './java-order.ts'
import { printLine, type ToolStreams } from './tool.ts'

/** Throws OperatorError. */
export async function generate(
  client: KafkaClient,
  topicsText: string,
  brokerList: string,
  isRackAware: boolean,
  { output }: ToolStreams,
): Promise<void> {
  const ids = brokerList.split(',').map((text) => {
    if (!/^[+-]?\d+$/.test(text)) throw new OperatorError(`For input string: "${text}"`)
    return Number(text)
  })
  const repeatedIds = duplicates(ids)
  if (repeatedIds.length > 0)
    throw new OperatorError(`Broker list contains duplicate entries: ${listText(repeatedIds)}`)
  const topics = parseTopics(topicsText)
  const repeated = duplicates(topics)
  if (repeated.length > 0)
    throw new OperatorError(`List of topics to reassign contains duplicate entries: ${listText(repeated)}`)
  const current = await replicasOfTopics(client, topics)
  const brokers = (await brokersOf(client))
    .filter(({ nodeId }) => ids.includes(nodeId))
    .map(({ nodeId, rack }) => ({ id: nodeId, rack: isRackAware ? rack : null, isFenced: false }))
  const racklessCount = brokers.filter(({ rack }) => rack === null).length
  if (isRackAware && racklessCount !== 0 && racklessCount !== brokers.length)
    throw new OperatorError(
      'Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment without rack information.',
    )
  const proposed = [...groupBy(current, ({ topic }) => topic)].flatMap(([topic, partitions]) => {
    // The stock tool takes the partition that its map has first.
    const factor = partitionsInHashMapOrder(partitions)[0]!.replicas.length
    if (factor > brokers.length)
      throw new OperatorError(`Replication factor: ${factor} larger than available brokers: ${brokers.length}.`)
    const placed = placeReplicas(brokers, partitions.length, factor, new NodeRandom())
    return placed.map((replicas, partition) => ({ topic, partition, replicas, logDirs: replicas.map(() => anyLogDir) }))
  })
  printLine(
    output,
    `Current partition replica assignment\n${formatAssignments(await currentPlaces(client, current))}\n`,
  )
  printLine(output, `Proposed partition reassignment configuration\n${formatAssignments(proposed)}`)
}
