/** What kafka-consumer-groups --describe prints: tables of offsets, members or states, one for each group. */
import { describeGroup, type GroupDescription, type GroupMemberDescription } from '../../client/admin-groups.ts'
import { nameOf } from '../../client/connection.ts'
import { groupBy } from '../../client/group-by.ts'
import { type GroupProgress, groupProgress } from '../../client/group-lag.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import type { GroupsArguments } from './consumer-groups-arguments.ts'
import { printLine, type ToolStreams } from './tool.ts'

const missing = '-'
const widthMin = 15

export async function describeGroups(
  client: KafkaClient,
  groupIds: readonly string[],
  given: GroupsArguments,
  streams: ToolStreams,
): Promise<void> {
  const isVerbose = given.has('verbose')
  const sorted = groupIds.toSorted()
  if (given.has('members')) {
    const groups = await Promise.all(sorted.map((groupId) => describeGroup(client, groupId)))
    for (const group of groups) if (mayShow(group, 1, streams)) printMembers(group, isVerbose, streams)
  } else if (given.has('state')) {
    const groups = await Promise.all(sorted.map((groupId) => describeGroup(client, groupId)))
    for (const group of groups) if (mayShow(group, 1, streams)) await printState(client, group, isVerbose, streams)
  } else {
    const groups = await Promise.all(sorted.map((groupId) => groupProgress(client, groupId)))
    for (const progress of groups)
      if (mayShow(progress.group, progress.partitions.length, streams)) printOffsets(progress, isVerbose, streams)
  }
}

const rebalancing = new Set(['PreparingRebalance', 'CompletingRebalance', 'Assigning', 'Reconciling'])

/** Says what is out of the ordinary with the group's state; whether there is something to show. */
function mayShow({ groupId, state }: GroupDescription, rowCount: number, { output, errors }: ToolStreams): boolean {
  if (state === 'Dead') printLine(output, `\nError: Consumer group '${groupId}' does not exist.`)
  else if (state === 'Empty') printLine(errors, `\nConsumer group '${groupId}' has no active members.`)
  else if (rebalancing.has(state)) printLine(errors, `\nWarning: Consumer group '${groupId}' is rebalancing.`)
  return state !== 'Dead' && rowCount > 0
}

function widest(texts: Iterable<string>, width = widthMin): number {
  return Math.max(width, ...[...texts].map((text) => text.length))
}

function row(values: readonly (readonly [text: string, width: number])[]): string {
  return values.map(([text, width]) => text.padEnd(width)).join(' ')
}

function printOffsets({ group, partitions }: GroupProgress, isVerbose: boolean, { output }: ToolStreams): void {
  const { groupId } = group
  const widths = {
    group: widest([groupId]),
    topic: widest(partitions.map(({ topic }) => topic)),
    consumer: widest(partitions.map(({ member }) => member?.memberId ?? missing)),
    host: widest(partitions.map(({ member }) => member?.host ?? missing)),
  }
  const line = (values: readonly string[]): string => {
    const [name, topic, partition, epoch, offset, end, lag, consumer, host, client] = values as string[] &
      Record<number, string>
    return row([
      [name!, widths.group],
      [topic!, widths.topic],
      [partition!, 10],
      ...(isVerbose ? [[epoch!, 15] as const] : []),
      [offset!, 15],
      [end!, 15],
      [lag!, 15],
      [consumer!, widths.consumer],
      [host!, widths.host],
      [client!, 0],
    ])
  }
  const lines = partitions.map(({ topic, partition, leaderEpoch, offset, logEndOffset, lag, member }) =>
    line([
      groupId,
      topic,
      `${partition}`,
      `${leaderEpoch ?? missing}`,
      `${offset ?? missing}`,
      `${logEndOffset ?? missing}`,
      `${lag ?? missing}`,
      member?.memberId ?? missing,
      member?.host ?? missing,
      member?.clientId ?? missing,
    ]),
  )
  const titles = ['GROUP', 'TOPIC', 'PARTITION', 'LEADER-EPOCH', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG']
  printLine(output, ['', line([...titles, 'CONSUMER-ID', 'HOST', 'CLIENT-ID']), ...lines].join('\n'))
}

type Column = readonly [title: string, valueOf: (member: GroupMemberDescription) => string, widthMin: number]

function printMembers(group: GroupDescription, isVerbose: boolean, { output }: ToolStreams): void {
  const { members } = group
  const isStatic = members.some(({ groupInstanceId }) => groupInstanceId !== null)
  const columns: Column[] = [
    ['GROUP', () => group.groupId, 15],
    ['CONSUMER-ID', ({ memberId }) => memberId, 15],
    ...(isStatic ? [['GROUP-INSTANCE-ID', (member) => member.groupInstanceId ?? '', 17] satisfies Column] : []),
    ['HOST', ({ host }) => host, 15],
    ['CLIENT-ID', ({ clientId }) => clientId, 15],
    ['#PARTITIONS', ({ assignment }) => `${assignment.length}`, 15],
  ]
  const isMigrating =
    members.some(({ isUpgraded }) => isUpgraded === false) && members.some(({ isUpgraded }) => isUpgraded === true)
  const verbose: Column[] = [
    ['CURRENT-EPOCH', ({ memberEpoch }) => `${memberEpoch ?? missing}`, 15],
    ['CURRENT-ASSIGNMENT', ({ assignment }) => assignmentText(assignment), 20],
    ['TARGET-EPOCH', () => `${group.targetAssignmentEpoch ?? missing}`, 15],
    ['TARGET-ASSIGNMENT', ({ targetAssignment }) => assignmentText(targetAssignment ?? []), 20],
    ...(isMigrating ? [['UPGRADED', (member) => `${member.isUpgraded ?? missing}`, 0] satisfies Column] : []),
  ]
  const widths = new Map([...columns, ...verbose].map(([title, of, width]) => [title, widest(members.map(of), width)]))
  const cut = (shown: readonly Column[], textOf: (column: Column) => string): string =>
    row(shown.map((column) => [textOf(column), widths.get(column[0])!] as const))
  const line = (textOf: (column: Column) => string): string =>
    `${cut(columns, textOf)} ${isVerbose ? cut(verbose, textOf) : ''}`
  printLine(output, `\n${line(([title]) => title)}`)
  for (const member of members)
    printLine(
      output,
      line(([, of]) => of(member)),
    )
}

/** topic:0,1;other:2 */
function assignmentText(partitions: readonly PartitionName[]): string {
  if (partitions.length === 0) return missing
  const topics = [...groupBy(partitions, ({ topic }) => topic)].sort(([left], [right]) => (left < right ? -1 : 1))
  return topics
    .map(([topic, each]) => {
      const sorted = each.map(({ partition }) => partition).sort((left, right) => left - right)
      return `${topic}:${sorted.join(',')}`
    })
    .join(';')
}

async function printState(
  client: KafkaClient,
  group: GroupDescription,
  isVerbose: boolean,
  { output }: ToolStreams,
): Promise<void> {
  const coordinator = await client.coordinatorOf(group.groupId)
  const place = `${nameOf(coordinator)}  (${coordinator.nodeId})`
  const line = (values: readonly string[]): string => {
    const [name, where, assignor, state, epoch, target, count] = values
    return row([
      [name!, widest([group.groupId])],
      [where!, widest([place], 25)],
      [assignor!, 20],
      [state!, 20],
      ...(isVerbose ? [[epoch!, 15] as const, [target!, 25] as const] : []),
      [count!, 0],
    ])
  }
  const titles = ['GROUP', 'COORDINATOR (ID)', 'ASSIGNMENT-STRATEGY', 'STATE', 'GROUP-EPOCH', 'TARGET-ASSIGNMENT-EPOCH']
  const values = [
    group.groupId,
    place,
    group.assignor === '' ? missing : group.assignor,
    group.state,
    `${group.groupEpoch ?? missing}`,
    `${group.targetAssignmentEpoch ?? missing}`,
    `${group.members.length}`,
  ]
  printLine(output, ['', line([...titles, '#MEMBERS']), line(values)].join('\n'))
}
