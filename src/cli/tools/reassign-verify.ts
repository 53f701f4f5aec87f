/** kafka-reassign-partitions --verify: how far reassignments and moves are; when all are done the throttles go. */
import { brokersOf } from '../../client/admin-cluster.ts'
import { byTopicAndPartition, ongoingReassignments } from '../../client/admin-reassignments.ts'
import { type ReplicaPlace, replicaPlaces, type WantedPlace } from '../../client/admin-replicas.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { type Assignment, partitionText } from '../reassignment/assignment-file.ts'
import { clearBrokerThrottles, clearTopicThrottles } from '../reassignment/throttles.ts'
import { inHashMapOrder, numbersInHashMapOrder } from './java-order.ts'
import { byReplica, wantedPlaces } from './reassign-execute.ts'
import { printLine, type ToolStreams } from './tool.ts'

export async function verify(
  client: KafkaClient,
  assignments: readonly Assignment[],
  keepsThrottles: boolean,
  streams: ToolStreams,
): Promise<void> {
  const { output } = streams
  const ongoing = await ongoingReassignments(client)
  const moving = new Set(ongoing.map(partitionText))
  const replicasOf = await currentReplicas(client, assignments)
  const lines = [...assignments].sort(byTopicAndPartition).map((each) => {
    const name = partitionText(each)
    if (moving.has(name)) return `Reassignment of partition ${name} is still in progress.`
    const [current, target] = [(replicasOf.get(name) ?? []).join(','), each.replicas.join(',')]
    return current === target
      ? `Reassignment of partition ${name} is completed.`
      : `There is no active reassignment of partition ${name}, but replica set is ${current} rather than ${target}.`
  })
  printLine(output, ['Status of partition reassignment:', ...new Set(lines)].join('\n'))
  const wanted = wantedPlaces(assignments).sort(byReplica)
  const places = await replicaPlaces(client, wanted)
  printLine(output, places.map((place, index) => moveText(place, wanted[index]!)).join('\n'))
  const isMoving = places.some(({ futurePath }) => futurePath !== undefined)
  if (ongoing.length === 0 && !isMoving && !keepsThrottles) await clearThrottles(client, assignments, streams)
}

/** Of those partitions that are there. */
async function currentReplicas(
  client: KafkaClient,
  assignments: readonly Assignment[],
): Promise<Map<string, readonly number[]>> {
  const { topics } = await client.loadTopics([...new Set(assignments.map(({ topic }) => topic))])
  return new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, replicaNodes }) => [`${name}-${partitionIndex}`, replicaNodes] as const),
    ),
  )
}

function moveText({ topic, partition, brokerId, path, futurePath }: ReplicaPlace, wanted: WantedPlace): string {
  const name = `${topic}-${partition}`
  if (path === undefined)
    return `Partition ${name} is not found in any live log dir on broker ${brokerId}. There is likely an offline log directory on the broker.`
  if (futurePath === wanted.path) return `Reassignment of replica ${name}-${brokerId} is still in progress.`
  if (futurePath !== undefined)
    return `Partition ${name} on broker ${brokerId} is being moved to log dir ${futurePath} instead of ${wanted.path}.`
  return path === wanted.path
    ? `Reassignment of replica ${name}-${brokerId} completed successfully.`
    : `Partition ${name} on broker ${brokerId} is not being moved from log dir ${path} to ${wanted.path}.`
}

/** All of them: from which brokers data came is not known any more. */
export async function clearThrottles(
  client: KafkaClient,
  assignments: readonly Assignment[],
  { output }: ToolStreams,
): Promise<void> {
  const living = (await brokersOf(client)).map(({ nodeId }) => nodeId)
  const brokers = numbersInHashMapOrder([...living, ...assignments.flatMap(({ replicas }) => replicas)])
  printLine(output, `Clearing broker-level throttles on broker${brokers.length === 1 ? '' : 's'} ${brokers.join(',')}`)
  await clearBrokerThrottles(client, brokers)
  const topics = inHashMapOrder(assignments.map(({ topic }) => topic))
  printLine(output, `Clearing topic-level throttles on topic${topics.length === 1 ? '' : 's'} ${topics.join(',')}`)
  await clearTopicThrottles(client, topics)
}
