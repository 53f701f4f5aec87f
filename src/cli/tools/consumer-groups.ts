/**
 * kafka-consumer-groups: lists, describes and deletes groups, and changes their offsets. As the stock tool, it tells of
 * failures on standard output and ends with 0; a wrong command line ends with 1.
 */
import { deleteGroups, deleteOffsets, type GroupListing, listConsumerGroups } from '../../client/admin-groups.ts'
import { describeTopics } from '../../client/admin-topics.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { checkArguments, consumerGroupsFlags, type GroupsArguments } from './consumer-groups-arguments.ts'
import { describeGroups } from './consumer-groups-describe.ts'
import { parsePartitions, resetOffsets } from './consumer-groups-reset.ts'
import { javaException } from './java-exception.ts'
import { inHashMapOrder } from './java-order.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { ToolUsageError } from './tool-arguments.ts'
import { createClient, readProperties, withClient } from './tool-client.ts'

export const consumerGroupsTool = defineTool({
  summary: 'Lists, describes and deletes consumer groups, and changes their offsets.',
  flags: consumerGroupsFlags,
  async run(given: GroupsArguments, streams) {
    checkArguments(given, streams)
    if (given.has('validate-regex')) return validateRegex(given.text('validate-regex')!, streams)
    const properties = readProperties(given.text('command-config'))
    const timeoutMs = given.long('timeout')
    if (timeoutMs !== undefined) properties.set('default.api.timeout.ms', `${timeoutMs}`)
    try {
      await withClient(createClient(given.text('bootstrap-server')!, properties), (client) =>
        act(client, given, streams),
      )
    } catch (error) {
      if (error instanceof ToolUsageError) throw error
      printError(streams, `Executing consumer group command failed due to ${shown(error)}`)
    }
    return undefined
  },
})

async function act(client: KafkaClient, given: GroupsArguments, streams: ToolStreams): Promise<void> {
  if (given.has('list')) return list(client, given, streams)
  if (given.has('delete-offsets')) return forgetOffsets(client, given, streams)
  const groupIds = given.has('all-groups') ? await groupNames(client) : [...new Set(given.texts('group'))]
  if (given.has('describe')) return describeGroups(client, groupIds, given, streams)
  if (given.has('delete')) return remove(client, groupIds, streams)
  return resetOffsets(client, groupIds, given, streams)
}

export function printError({ output }: ToolStreams, message: string): void {
  printLine(output, `\nError: ${message}`)
}

/** A group that is not there comes as the cause of another exception, which names it. */
function shown(error: unknown): string {
  const isOfGroup = error instanceof KafkaError && error.error === 'GROUP_ID_NOT_FOUND'
  return isOfGroup ? javaException(error) : error instanceof Error ? error.message : String(error)
}

async function groupNames(client: KafkaClient): Promise<string[]> {
  return inHashMapOrder((await listConsumerGroups(client)).map(({ groupId }) => groupId))
}

const states = [
  'Stable',
  'Reconciling',
  'PreparingRebalance',
  'Empty',
  'Assigning',
  'Dead',
  'CompletingRebalance',
] as const
const types = ['Consumer', 'Classic'] as const

async function list(client: KafkaClient, given: GroupsArguments, { output }: ToolStreams): Promise<void> {
  const filter = {
    types: parseList('types', given.text('type'), types),
    states: parseList('state', given.text('state'), states),
  }
  const found = new Map((await listConsumerGroups(client, filter)).map((group) => [group.groupId, group]))
  const groups = inHashMapOrder(found.keys()).map((groupId) => found.get(groupId)!)
  if (!given.has('type') && !given.has('state')) {
    for (const { groupId } of groups) printLine(output, groupId)
    return
  }
  const columns = [
    ...(given.has('type') ? [{ title: 'TYPE', of: ({ type }: GroupListing) => type }] : []),
    ...(given.has('state') ? [{ title: 'STATE', of: ({ state }: GroupListing) => state }] : []),
  ]
  const width = Math.max(15, ...groups.map(({ groupId }) => groupId.length)) + 10
  const line = (name: string, values: readonly string[]): string =>
    [name.padEnd(width), ...values.map((value) => value.padEnd(20))].join(' ')
  printLine(
    output,
    line(
      'GROUP',
      columns.map(({ title }) => title),
    ),
  )
  for (const group of groups)
    printLine(
      output,
      line(
        group.groupId,
        columns.map(({ of }) => of(group) || 'Unknown'),
      ),
    )
}

function parseList<Word extends string>(what: string, text: string | undefined, words: readonly Word[]): Word[] {
  if (text === undefined || text === '') return []
  return text.split(',').map((part) => {
    const wanted = part.trim().toLowerCase().replaceAll('_', '')
    const found = words.find((word) => word.toLowerCase() === wanted)
    if (found === undefined)
      throw new ToolUsageError(
        `Invalid ${what} list '${text}'. Valid ${what === 'state' ? 'states' : what} are: ${words.join(', ')}`,
      )
    return found
  })
}

async function remove(client: KafkaClient, groupIds: readonly string[], streams: ToolStreams): Promise<void> {
  const outcomes = await deleteGroups(client, groupIds)
  const ordered = inHashMapOrder(groupIds).map((groupId) => [groupId, outcomes.get(groupId)] as const)
  const deleted = ordered.filter(([, error]) => error === undefined).map(([groupId]) => `'${groupId}'`)
  const failed = ordered.filter(([, error]) => error !== undefined)
  if (failed.length === 0) {
    printLine(streams.output, `Deletion of requested consumer groups (${deleted.join(', ')}) was successful.`)
    return
  }
  printError(streams, 'Deletion of some consumer groups failed:')
  for (const [groupId, error] of failed)
    printLine(streams.output, `* Group '${groupId}' could not be deleted due to: ${javaException(error)}`)
  if (deleted.length > 0)
    printLine(streams.output, `\nThese consumer groups were deleted successfully: ${deleted.join(', ')}`)
}

interface OffsetOutcome {
  readonly topic: string
  /** undefined where the topic is not there. */
  readonly partition: number | undefined
  readonly error: KafkaError | undefined
}

async function forgetOffsets(client: KafkaClient, given: GroupsArguments, streams: ToolStreams): Promise<void> {
  const groupId = given.text('group')!
  const outcomes: OffsetOutcome[] = []
  const partitions: PartitionName[] = []
  for (const topic of given.texts('topic')) {
    if (topic.includes(':')) partitions.push(...parsePartitions(topic))
    else
      try {
        const [described] = await describeTopics(client, [topic])
        partitions.push(...described!.partitions.map(({ partition }) => ({ topic, partition })))
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        outcomes.push({ topic, partition: undefined, error })
      }
  }
  let ofGroup: KafkaError | undefined
  try {
    if (partitions.length > 0) outcomes.push(...(await deleteOffsets(client, groupId, partitions)))
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    ofGroup = error
    outcomes.push(...partitions.map((partition) => ({ ...partition, error: ofGroup })))
  }
  if (ofGroup !== undefined) printError(streams, ofGroup.message)
  else if (outcomes.some(({ partition, error }) => partition !== undefined && error !== undefined))
    printError(streams, 'Encountered some partition-level error, see the follow-up details.')
  else printLine(streams.output, `Request succeeded for deleting offsets from group ${groupId}.`)
  printOutcomes(outcomes, streams)
}

function printOutcomes(outcomes: readonly OffsetOutcome[], { output }: ToolStreams): void {
  const width = Math.max(15, ...outcomes.map(({ topic }) => topic.length))
  const line = (topic: string, partition: string, status: string): string =>
    `\n${topic.padEnd(width)} ${partition.padEnd(10)} ${status.padEnd(15)}`
  const keyOf = ({ topic, partition }: OffsetOutcome): string => `${topic}${partition ?? -1}`
  const sorted = outcomes.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
  const lines = sorted.map(({ topic, partition, error }) =>
    line(topic, `${partition ?? '-'}`, error === undefined ? 'Successful' : `Error: ${javaException(error)}`),
  )
  printLine(output, line('TOPIC', 'PARTITION', 'STATUS') + lines.join(''))
}

/** The syntax of JavaScript's regular expressions is close to RE2's, which the broker of the consumer protocol uses. */
function validateRegex(text: string, { output }: ToolStreams): undefined {
  try {
    new RegExp(text)
    printLine(output, `The regular expression \`${text}\` is valid.`)
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: .*: /, '').toLowerCase()
    const known = reason.includes('unterminated character class') ? 'missing closing ]' : reason
    printLine(output, `The regular expression \`${text}\` is invalid: ${known}.`)
  }
  return undefined
}
