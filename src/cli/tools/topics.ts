/** kafka-topics: lists, describes, creates, widens and deletes topics. topics-describe.ts prints descriptions. */
import {
  createPartitions,
  createTopic,
  deleteTopics,
  describeTopics,
  listTopics,
  type TopicListing,
} from '../../client/admin-topics.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { validateTopicConfig } from '../../config/topic-config.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { OperatorError } from '../operator-error.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { ToolUsageError } from './tool-arguments.ts'
import { clientOf, withClient } from './tool-client.ts'
import { internalTopics, topicPattern } from './topic-filter.ts'
import { describe } from './topics-describe.ts'
import { requireFound, type TopicsArguments, topicsFlags } from './topics-flags.ts'

const actions = ['create', 'list', 'alter', 'describe', 'delete'] as const
const reports = [
  'under-replicated-partitions',
  'under-min-isr-partitions',
  'at-min-isr-partitions',
  'unavailable-partitions',
] as const

export const topicsTool = defineTool({
  summary: 'Creates, deletes, describes and changes topics.',
  flags: topicsFlags,
  async run(given: TopicsArguments, streams) {
    checkArguments(given, streams)
    await withClient(clientOf(given), async (client) => {
      if (given.has('create')) await create(client, given, streams)
      else if (given.has('alter')) await alter(client, given)
      else if (given.has('list')) printLine(streams.output, (await names(client, given)).join('\n'))
      else if (given.has('describe')) await describe(client, given, streams, () => names(client, given))
      else await remove(client, given)
    })
    return undefined
  },
  explain(message, { output }) {
    printLine(output, `Error while executing topic command : ${message}`)
  },
})

function checkArguments(given: TopicsArguments, { output, errors }: ToolStreams): void {
  if (actions.filter((action) => given.has(action)).length !== 1)
    throw new ToolUsageError(
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    )
  if (given.has('delete-config'))
    printLine(
      errors,
      'delete-config option is no longer supported and deprecated since version 4.0. The config will be fully removed in future releases.',
    )
  if (!given.has('bootstrap-server')) throw new ToolUsageError('--bootstrap-server must be specified')
  if (given.has('describe') && given.has('if-exists')) {
    if (!given.has('topic') && !given.has('topic-id'))
      throw new ToolUsageError('--topic or --topic-id is required to describe a topic')
    if (given.has('topic') && given.has('topic-id'))
      printLine(
        output,
        'Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID',
      )
  }
  if (!given.has('list') && !given.has('describe')) given.require('topic')
  if (given.has('alter')) {
    if (given.has('config'))
      throw new ToolUsageError(
        'Option combination "[[bootstrap-server], [config]]" can\'t be used with option "[alter]" (To alter topic configurations, the kafka-configs tool can be used.)',
      )
    given.require('partitions')
  }
  checkCombinations(given)
}

function checkCombinations(given: TopicsArguments): void {
  const allBut = (...allowed: (typeof actions)[number][]) => actions.filter((action) => !allowed.includes(action))
  given.exclude('config', ...allBut('alter', 'create'))
  given.exclude('partitions', ...allBut('alter', 'create'))
  given.exclude('replication-factor', ...allBut('create'))
  given.exclude('replica-assignment', ...allBut('alter', 'create'))
  if (given.has('create')) given.exclude('replica-assignment', 'partitions', 'replication-factor')
  for (const report of reports) given.exclude(report, ...allBut('describe'), 'topics-with-overrides')
  given.exclude('topics-with-overrides', ...allBut('describe'), ...reports)
  given.exclude('if-exists', ...allBut('alter', 'delete', 'describe'))
  given.exclude('if-not-exists', ...allBut('create'))
  given.exclude('exclude-internal', ...allBut('list', 'describe'))
}

/** The topics that --topic names, or all, in order. */
async function names(client: KafkaClient, given: TopicsArguments): Promise<string[]> {
  const pattern = given.text('topic')
  const matcher = pattern === undefined ? undefined : topicPattern(pattern)
  const isWanted = ({ name, isInternal }: TopicListing): boolean =>
    (matcher === undefined || matcher.test(name)) &&
    !(given.has('exclude-internal') && (isInternal || internalTopics.has(name)))
  return (await listTopics(client)).filter(isWanted).map(({ name }) => name)
}

async function create(client: KafkaClient, given: TopicsArguments, { output }: ToolStreams): Promise<void> {
  const name = given.text('topic')!
  const numPartitions = given.integer('partitions')
  const replicationFactor = given.integer('replication-factor')
  const assignments = parseAssignments(given.text('replica-assignment'))
  const configs = parseConfigs(given.texts('config'))
  if (/[._]/.test(name))
    printLine(
      output,
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.",
    )
  if (replicationFactor !== undefined && (replicationFactor > 32_767 || replicationFactor < 1))
    throw new OperatorError('The replication factor must be between 1 and 32767 inclusive')
  if (numPartitions !== undefined && numPartitions < 1) throw new OperatorError('The partitions must be greater than 0')
  if (name === '') throw new OperatorError("The given topic name '' cannot be represented in a request.")
  try {
    await createTopic(client, { name, numPartitions, replicationFactor, assignments, configs })
  } catch (error) {
    const isThere = error instanceof KafkaError && error.error === 'TOPIC_ALREADY_EXISTS'
    if (isThere && given.has('if-not-exists')) return
    throw error
  }
  printLine(output, `Created topic ${name}.`)
}

async function alter(client: KafkaClient, given: TopicsArguments): Promise<void> {
  const count = given.integer('partitions')!
  const assignments = parseAssignments(given.text('replica-assignment'))
  const found = await names(client, given)
  requireFound(found, given)
  if (found.length === 0) return
  const present = assignments === undefined ? [] : await describeTopics(client, found)
  const sizes = new Map(present.map(({ name, partitions }) => [name, partitions.length]))
  await createPartitions(
    client,
    found.map((name) => ({ name, count, assignments: assignments?.slice(sizes.get(name)) })),
  )
}

async function remove(client: KafkaClient, given: TopicsArguments): Promise<void> {
  const found = await names(client, given)
  requireFound(found, given)
  await deleteTopics(client, found)
}

function parseAssignments(text: string | undefined): number[][] | undefined {
  const assignments = text?.split(',').map((each) => each.split(':').map((id) => brokerId(id.trim())))
  for (const [partition, brokers] of (assignments ?? []).entries()) {
    const repeated = new Set(brokers.filter((id, index) => brokers.indexOf(id) !== index))
    if (repeated.size > 0)
      throw new OperatorError(`Partition replica lists may not contain duplicate entries: ${[...repeated].join(',')}`)
    if (brokers.length !== assignments![0]!.length)
      throw new OperatorError(`Partition ${partition} has different replication factor: [${brokers.join(', ')}]`)
  }
  return assignments
}

function brokerId(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new OperatorError(`For input string: "${text}"`)
  return Number(text)
}

function parseConfigs(texts: readonly string[]): Map<string, string> {
  const pairs = texts.map((text) => text.split(/\s*=\s*/))
  for (const pair of pairs) while (pair.at(-1) === '') pair.pop()
  if (pairs.some((pair) => pair.length !== 2))
    throw new OperatorError(
      'requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".',
    )
  const configs = new Map(pairs.map(([key, value]) => [key!.trim(), value!.trim()]))
  for (const [key, value] of configs) validateTopicConfig(key, value)
  return configs
}
