/** What kafka-topics --describe prints: a line for each topic, and one for each of its partitions. */
import { zeroUuid } from '../../base/uuid.ts'
import { type DescribedConfigs, describeAllConfigs, resourceTypes } from '../../client/admin-configs.ts'
import { ongoingReassignments, type Reassignment } from '../../client/admin-reassignments.ts'
import {
  describeTopicById,
  describeTopics,
  listTopics,
  type PartitionDescription,
  type TopicDescription,
} from '../../client/admin-topics.ts'
import { NotServedError } from '../../client/client-errors.ts'
import { groupBy } from '../../client/group-by.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { OperatorError } from '../operator-error.ts'
import { inHashMapOrder } from './java-order.ts'
import { printLine, type ToolStreams } from './tool.ts'
import { requireFound, type TopicsArguments } from './topics-flags.ts'

interface Facts {
  readonly configs: DescribedConfigs
  readonly reassignments: ReadonlyMap<number, Reassignment>
  readonly livingBrokers: ReadonlySet<number>
}

export async function describe(
  client: KafkaClient,
  given: TopicsArguments,
  { output }: ToolStreams,
  findNames: () => Promise<readonly string[]>,
): Promise<void> {
  const limit = given.integer('partition-size-limit-per-response')
  const topicId = parseTopicId(given.text('topic-id'))
  const topics =
    topicId === undefined
      ? await topicsByName(client, given, await findNames(), limit)
      : await topicById(client, given, topicId)
  const resources = topics.map(({ name }) => ({ type: resourceTypes.topic, name }))
  const configs = resources.length === 0 ? [] : await describeAllConfigs(client, resources)
  const reassignments = await reassignmentsOf(client, topics)
  const livingBrokers = new Set(client.metadata.brokers.map(({ nodeId }) => nodeId))
  const showsTopics = !isReport(given)
  for (const [index, topic] of topics.entries()) {
    const facts = {
      configs: configs[index]!,
      reassignments: reassignments.get(topic.name) ?? new Map<number, Reassignment>(),
      livingBrokers,
    }
    const hasOwn = facts.configs.entries.some(({ source }) => source !== 'DEFAULT_CONFIG')
    if (showsTopics && (hasOwn || !given.has('topics-with-overrides'))) printLine(output, topicLine(topic, facts))
    if (given.has('topics-with-overrides')) continue
    for (const partition of topic.partitions)
      if (showsTopics || isReported(partition, facts, given)) printLine(output, partitionLine(topic, partition, facts))
  }
}

/** What is under way, by topic and partition; nothing where the broker cannot tell. */
async function reassignmentsOf(
  client: KafkaClient,
  topics: readonly TopicDescription[],
): Promise<Map<string, Map<number, Reassignment>>> {
  const asked = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  )
  const ongoing = await ongoingReassignments(client, asked).catch((error: unknown) => {
    if (error instanceof NotServedError) return []
    throw error
  })
  const byTopic = [...groupBy(ongoing, ({ topic }) => topic)]
  return new Map(byTopic.map(([topic, each]) => [topic, new Map(each.map((one) => [one.partition, one]))]))
}

async function topicsByName(
  client: KafkaClient,
  given: TopicsArguments,
  names: readonly string[],
  limit: number | undefined,
): Promise<TopicDescription[]> {
  requireFound(names, given)
  if (names.length === 0) return []
  const described = new Map((await describeTopics(client, names, limit)).map((topic) => [topic.name, topic]))
  return inHashMapOrder(inHashMapOrder(names, names.length), names.length).map((name) => described.get(name)!)
}

async function topicById(client: KafkaClient, given: TopicsArguments, topicId: string): Promise<TopicDescription[]> {
  const isThere = (await listTopics(client)).some((topic) => topic.topicId === topicId)
  if (isThere) return [await describeTopicById(client, topicId)]
  if (given.has('if-exists')) return []
  throw new OperatorError(`TopicId '${topicId}' does not exist as expected`)
}

/** undefined for none, and for the id that means none. */
function parseTopicId(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (text.length > 24)
    throw new OperatorError(
      `Input string with prefix \`${text.slice(0, 24)}\` is too long to be decoded as a base64 UUID`,
    )
  const size = Buffer.from(text, 'base64url').length
  if (size !== 16)
    throw new OperatorError(
      `Input string \`${text}\` decoded as ${size} bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID`,
    )
  return text === zeroUuid ? undefined : text
}

function isReport(given: TopicsArguments): boolean {
  return (
    given.has('unavailable-partitions') ||
    given.has('under-replicated-partitions') ||
    given.has('under-min-isr-partitions') ||
    given.has('at-min-isr-partitions')
  )
}

function isReported(partition: PartitionDescription, facts: Facts, given: TopicsArguments): boolean {
  const minIsr = Number(facts.configs.entries.find(({ name }) => name === 'min.insync.replicas')?.value ?? 1)
  const { leader, isr } = partition
  return (
    (given.has('under-replicated-partitions') && replicationFactor(partition, facts) > isr.length) ||
    (given.has('unavailable-partitions') && !facts.livingBrokers.has(leader)) ||
    (given.has('under-min-isr-partitions') && (leader < 0 || isr.length < minIsr)) ||
    (given.has('at-min-isr-partitions') && isr.length === minIsr)
  )
}

/** Without the replicas that a reassignment is adding just now. */
function replicationFactor({ partition, replicas }: PartitionDescription, { reassignments }: Facts): number {
  const moving = reassignments.get(partition)
  const isMoving =
    moving !== undefined && replicas.some((id) => moving.adding.includes(id) || moving.removing.includes(id))
  return isMoving ? moving.replicas.length - moving.adding.length : replicas.length
}

function topicLine(topic: TopicDescription, facts: Facts): string {
  const own = facts.configs.entries.filter(({ source }) => source !== 'DEFAULT_CONFIG')
  const values = new Map(own.map(({ name, value }) => [name, value]))
  const names = inHashMapOrder(facts.configs.entries.map(({ name }) => name)).filter((name) => values.has(name))
  const columns = [
    `Topic: ${topic.name}`,
    ...(topic.topicId === zeroUuid ? [] : [`TopicId: ${topic.topicId}`]),
    `PartitionCount: ${topic.partitions.length}`,
    `ReplicationFactor: ${topic.partitions.length === 0 ? 0 : replicationFactor(topic.partitions[0]!, facts)}`,
    `Configs: ${names.map((name) => `${name}=${values.get(name)}`).join(',')}`,
  ]
  return columns.join('\t')
}

function partitionLine(topic: TopicDescription, partition: PartitionDescription, facts: Facts): string {
  const moving = facts.reassignments.get(partition.partition)
  const columns = [
    `Topic: ${topic.name}`,
    `Partition: ${partition.partition}`,
    `Leader: ${partition.leader < 0 ? 'none' : partition.leader}`,
    `Replicas: ${partition.replicas.join(',')}`,
    `Isr: ${partition.isr.join(',')}`,
    ...(moving === undefined
      ? []
      : [`Adding Replicas: ${moving.adding.join(',')}`, `Removing Replicas: ${moving.removing.join(',')}`]),
    `Elr: ${partition.eligibleLeaderReplicas?.join(',') ?? 'N/A'}`,
    `LastKnownElr: ${partition.lastKnownElr?.join(',') ?? 'N/A'}`,
  ]
  return `\t${columns.join('\t')}`
}
