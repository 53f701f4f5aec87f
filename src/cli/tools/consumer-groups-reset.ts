/** What kafka-consumer-groups --reset-offsets does: which partitions, which new offsets, shown and maybe written. */
import { readFileSync } from 'node:fs'
import { stateOfGroup } from '../../client/admin-groups.ts'
import { describeTopics } from '../../client/admin-topics.ts'
import { commitOffsets, fetchOffsets } from '../../client/group-offsets.ts'
import {
  clampToLog,
  type NewOffset,
  offsetsAt,
  offsetsSince,
  parseDateTime,
  parseDuration,
} from '../../client/group-reset.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { offsetSpecs, type PartitionName } from '../../client/list-offsets.ts'
import { OperatorError } from '../operator-error.ts'
import { type GroupsArguments, scenarios } from './consumer-groups-arguments.ts'
import { inHashMapOrder, partitionsInHashMapOrder } from './java-order.ts'
import { printLine, type ToolStreams } from './tool.ts'
import { ToolUsageError } from './tool-arguments.ts'

export async function resetOffsets(
  client: KafkaClient,
  groupIds: readonly string[],
  given: GroupsArguments,
  streams: ToolStreams,
): Promise<void> {
  const plans: { readonly groupId: string; readonly offsets: readonly NewOffset[] }[] = []
  for (const groupId of inHashMapOrder(groupIds)) {
    const state = await stateOfGroup(client, groupId)
    let offsets: readonly NewOffset[] = []
    if (state === 'Empty' || state === 'Dead') {
      offsets = partitionsInHashMapOrder(await plan(client, groupId, given, streams))
      if (given.has('execute')) await commitOffsets(client, groupId, offsets)
    } else
      printLine(
        streams.output,
        `\nError: Assignments can only be reset if the group '${groupId}' is inactive, but the current state is ${state}.`,
      )
    plans.push({ groupId, offsets })
  }
  if (given.has('export')) printCsv(plans, given.texts('group').length === 1, streams)
  else printTable(plans, streams)
}

async function plan(
  client: KafkaClient,
  groupId: string,
  given: GroupsArguments,
  streams: ToolStreams,
): Promise<readonly NewOffset[]> {
  const partitions = await partitionsToReset(client, groupId, given)
  if (given.has('to-offset')) {
    const offset = Number(given.long('to-offset'))
    return clampToLog(
      client,
      partitions.map((each) => ({ ...each, offset })),
    )
  }
  if (given.has('to-earliest')) return offsetsAt(client, partitions, offsetSpecs.earliest)
  if (given.has('to-latest')) return offsetsAt(client, partitions, offsetSpecs.latest)
  if (given.has('shift-by')) return shifted(client, groupId, partitions, Number(given.long('shift-by')))
  if (given.has('to-datetime')) return since(client, partitions, parseDateTime(given.text('to-datetime')!), streams)
  if (given.has('by-duration'))
    return since(client, partitions, Date.now() - parseDuration(given.text('by-duration')!), streams)
  if (given.has('from-file')) {
    const offsets = readPlan(given.text('from-file')!, given).get(groupId)
    if (offsets !== undefined) return clampToLog(client, offsets)
    printLine(streams.output, `\nError: No reset plan for group ${groupId} found`)
    return []
  }
  if (given.has('to-current')) return current(client, groupId, partitions)
  throw new ToolUsageError(
    `Option '[reset-offsets]' requires one of the following scenarios: [${scenarios.map((each) => `[${each}]`).join(', ')}]`,
  )
}

async function partitionsToReset(
  client: KafkaClient,
  groupId: string,
  given: GroupsArguments,
): Promise<PartitionName[]> {
  if (given.has('all-topics')) return fetchOffsets(client, groupId)
  if (!given.has('topic')) {
    if (given.has('from-file')) return []
    throw new ToolUsageError('One of the reset scopes should be defined: --all-topics, --topic.')
  }
  const partitions: PartitionName[] = []
  for (const topic of given.texts('topic')) {
    const named = topic.includes(':') ? parsePartitions(topic) : undefined
    const [described] = await describeTopics(client, [named === undefined ? topic : named[0]!.topic])
    const present = described!.partitions.map(({ partition }) => ({ topic: described!.name, partition }))
    partitions.push(...(named ?? present))
    const missing = (named ?? []).filter(({ partition }) => !present.some((each) => each.partition === partition))
    if (missing.length > 0)
      throw new OperatorError(
        `The partitions "${missing.map((each) => `${each.topic}-${each.partition}`).join(',')}" do not exist`,
      )
  }
  return partitions
}

/** `topic:0,1,2`. Throws ToolUsageError. */
export function parsePartitions(text: string): PartitionName[] {
  const [topic, partitions, ...more] = text.split(':')
  if (topic === undefined || partitions === undefined || more.length > 0)
    throw new ToolUsageError(`Invalid topic arg '${text}', expected topic name and partitions`)
  return partitions.split(',').map((partition) => {
    if (!/^[+-]?\d+$/.test(partition))
      throw new ToolUsageError(`Invalid partition '${partition}' specified in topic arg '${text}''`)
    return { topic, partition: Number(partition) }
  })
}

async function shifted(
  client: KafkaClient,
  groupId: string,
  partitions: readonly PartitionName[],
  distance: number,
): Promise<readonly NewOffset[]> {
  const committed = new Map((await fetchOffsets(client, groupId)).map((each) => [nameOf(each), each.offset]))
  const wanted = partitions.map((each) => {
    const offset = committed.get(nameOf(each))
    if (offset === undefined)
      throw new ToolUsageError(
        `Cannot shift offset for partition ${nameOf(each)} since there is no current committed offset`,
      )
    return { ...each, offset: offset + distance }
  })
  return clampToLog(client, wanted)
}

async function current(
  client: KafkaClient,
  groupId: string,
  partitions: readonly PartitionName[],
): Promise<readonly NewOffset[]> {
  const committed = new Map((await fetchOffsets(client, groupId)).map((each) => [nameOf(each), each.offset]))
  const open = partitions.filter((each) => !committed.has(nameOf(each)))
  const known = partitions.filter((each) => committed.has(nameOf(each)))
  return [
    ...known.map((each) => ({ ...each, offset: committed.get(nameOf(each))! })),
    ...(await offsetsAt(client, open, offsetSpecs.latest)),
  ]
}

async function since(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  timestamp: number,
  { output }: ToolStreams,
): Promise<readonly NewOffset[]> {
  const ordered = partitionsInHashMapOrder(partitions)
  return offsetsSince(client, ordered, timestamp, ({ topic, partition }) =>
    printLine(
      output,
      `\nWarn: Partition ${partition} from topic ${topic} is empty. Falling back to latest known offset.`,
    ),
  )
}

/** Lines of [group,]topic,partition,offset; without a group where one --group was given. */
function readPlan(file: string, given: GroupsArguments): Map<string, NewOffset[]> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new OperatorError(`java.io.IOException: Unable to read file ${file}`)
  }
  const groups = given.texts('group')
  const plans = new Map<string, NewOffset[]>()
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const cells = [...line.trim().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!.trim(),
    )
    const [groupId, topic, partition, offset] = cells.length === 3 ? [groups[0], ...cells] : cells
    if (groupId === undefined || topic === undefined || !/^\d+$/.test(partition ?? '') || !/^\d+$/.test(offset ?? ''))
      throw new OperatorError(`${file}: a line must be [group,]topic,partition,offset: ${line}`)
    const known = plans.get(groupId) ?? []
    known.push({ topic, partition: Number(partition), offset: Number(offset) })
    plans.set(groupId, known)
  }
  return plans
}

type Plans = readonly { readonly groupId: string; readonly offsets: readonly NewOffset[] }[]

function printCsv(plans: Plans, isOfOneGroup: boolean, { output }: ToolStreams): void {
  const cell = (text: string): string => (/[",\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = plans.flatMap(({ groupId, offsets }) =>
    offsets.map(({ topic, partition, offset }) => {
      const cells = [cell(topic), partition, offset]
      return `${(isOfOneGroup ? cells : [cell(groupId), ...cells]).join(',')}\n`
    }),
  )
  printLine(output, lines.join(''))
}

function printTable(plans: Plans, { output }: ToolStreams): void {
  const groupWidth = Math.max(15, ...plans.map(({ groupId }) => groupId.length))
  const topicWidth = Math.max(15, ...plans.flatMap(({ offsets }) => offsets.map(({ topic }) => topic.length)))
  const line = (groupId: string, topic: string, partition: string, offset: string): string =>
    `\n${groupId.padEnd(groupWidth)} ${topic.padEnd(topicWidth)} ${partition.padEnd(10)} ${offset}`
  const lines = plans.flatMap(({ groupId, offsets }) =>
    offsets.map(({ topic, partition, offset }) => line(groupId, topic, `${partition}`, `${offset}`)),
  )
  const header = plans.length === 0 ? '' : line('GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET')
  printLine(output, header + lines.join(''))
}

function nameOf({ topic, partition }: PartitionName): string {
  return `${topic}-${partition}`
}
