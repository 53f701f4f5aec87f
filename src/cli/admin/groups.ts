/** `ottla groups`: list, describe, offsets, reset, delete. */
import type { Writable } from 'node:stream'
import { deleteGroups, deleteOffsets, describeGroup, listGroups, stateOfGroup } from '../../client/admin-groups.ts'
import { type GroupPartition, groupProgress } from '../../client/group-lag.ts'
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
import { exitCodes } from '../start.ts'
import { type ClusterOptions, withCluster } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'
import { partitionsOf } from './named-partitions.ts'

export interface GroupsListOptions extends ClusterOptions {
  readonly format: OutputFormat
}

export function groupsList(options: GroupsListOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const groups = (await listGroups(client)).sort((left, right) => (left.groupId < right.groupId ? -1 : 1))
    if (options.format === 'json') printJson(output, groups)
    else
      printTable(
        output,
        ['GROUP', 'TYPE', 'STATE'],
        groups.map(({ groupId, type, state }) => [groupId, type.toLowerCase() || undefined, state || undefined]),
      )
    return exitCodes.stopped
  })
}

export interface GroupsOptions extends ClusterOptions {
  readonly format: OutputFormat
  readonly groups: readonly string[]
}

export function groupsDescribe(options: GroupsOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const groups = await Promise.all(options.groups.map((groupId) => describeGroup(client, groupId)))
    if (options.format === 'json') printJson(output, groups)
    else
      for (const [index, { groupId, type, state, assignor, members }] of groups.entries()) {
        const how = assignor === '' ? '' : `, ${assignor}`
        output.write(
          `${index > 0 ? '\n' : ''}${groupId}: ${state}, ${type.toLowerCase()}${how}, ${members.length} members\n`,
        )
        if (members.length === 0) continue
        printTable(
          output,
          ['MEMBER', 'CLIENT', 'HOST', 'PARTITIONS'],
          members.map(({ memberId, groupInstanceId, clientId, host, assignment }) => [
            groupInstanceId ?? memberId,
            clientId,
            host,
            assignment.map(nameOf).join(' ') || undefined,
          ]),
        )
      }
    return exitCodes.stopped
  })
}

export function groupsOffsets(options: GroupsOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const groups = await Promise.all(options.groups.map((groupId) => groupProgress(client, groupId)))
    const rows = groups.flatMap(({ group, partitions }) =>
      partitions.map((each) => ({ groupId: group.groupId, ...each })),
    )
    if (options.format === 'json')
      printJson(
        output,
        rows.map(({ member, ...row }) => ({
          ...row,
          memberId: member?.memberId ?? null,
          clientId: member?.clientId ?? null,
        })),
      )
    else
      printTable(
        output,
        ['GROUP', 'TOPIC', 'PARTITION', 'OFFSET', 'END', 'LAG', 'CLIENT'],
        rows.map((row) => [row.groupId, ...progressCells(row)]),
      )
    return exitCodes.stopped
  })
}

function progressCells({ topic, partition, offset, logEndOffset, lag, member }: GroupPartition) {
  return [topic, partition, offset, logEndOffset, lag, member?.clientId]
}

export interface GroupsResetOptions extends ClusterOptions {
  readonly format: OutputFormat
  readonly group: string
  /** Topics, or some of their partitions as topic:0,1; those that the group has offsets of when empty. */
  readonly topics: readonly string[]
  /** earliest, latest, current, an offset, or a time. */
  readonly to?: string | undefined
  /** A duration. */
  readonly ago?: string | undefined
  readonly shift?: number | undefined
  readonly execute: boolean
}

export function groupsReset(options: GroupsResetOptions, output: Writable): Promise<number> {
  const given = [options.to, options.ago, options.shift].filter((each) => each !== undefined)
  if (given.length !== 1) throw new OperatorError('say where to: one of --to, --ago, --shift')
  return withCluster(options, async (client) => {
    const state = await stateOfGroup(client, options.group)
    if (state !== 'Empty' && state !== 'Dead')
      throw new OperatorError(`group ${options.group} has members (${state}): stop them before its offsets are reset`)
    const committed = new Map((await fetchOffsets(client, options.group)).map((each) => [nameOf(each), each]))
    const partitions =
      options.topics.length === 0 ? [...committed.values()] : await partitionsOf(client, options.topics)
    const planned = await planReset(client, partitions, committed, options)
    const plan = planned.toSorted((left, right) =>
      left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1,
    )
    if (options.execute) await commitOffsets(client, options.group, plan)
    const rows = plan.map((each) => ({ ...each, previousOffset: committed.get(nameOf(each))?.offset ?? null }))
    if (options.format === 'json')
      printJson(output, { group: options.group, isExecuted: options.execute, offsets: rows })
    else {
      printTable(
        output,
        ['TOPIC', 'PARTITION', 'OLD', 'NEW'],
        rows.map(({ topic, partition, previousOffset, offset }) => [topic, partition, previousOffset, offset]),
      )
      output.write(options.execute ? '\nwritten\n' : '\nnothing was written; --execute does it\n')
    }
    return exitCodes.stopped
  })
}

async function planReset(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  committed: ReadonlyMap<string, NewOffset>,
  { to, ago, shift }: GroupsResetOptions,
): Promise<readonly NewOffset[]> {
  if (to === 'earliest' || to === 'latest') return offsetsAt(client, partitions, offsetSpecs[to])
  if (to === 'current' || shift !== undefined) {
    const wanted = partitions.map((each) => {
      const known = committed.get(nameOf(each))
      if (known === undefined) throw new OperatorError(`${nameOf(each)} has no offset that could be kept or shifted`)
      return { ...each, offset: known.offset + (shift ?? 0) }
    })
    return clampToLog(client, wanted)
  }
  if (to !== undefined && /^\d+$/.test(to))
    return clampToLog(
      client,
      partitions.map((each) => ({ ...each, offset: Number(to) })),
    )
  const timestamp = to === undefined ? Date.now() - durationOf(ago!) : timeOf(to)
  return offsetsSince(client, partitions, timestamp, () => {})
}

function timeOf(text: string): number {
  try {
    return parseDateTime(text.includes('T') ? text : `${text}T00:00:00`)
  } catch {
    throw new OperatorError(`--to ${text}: earliest, latest, current, an offset, or a time as 2026-01-31T12:00:00Z`)
  }
}

/** 90s, 15m, 36h, 7d, or as ISO 8601 has it. */
function durationOf(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text)
  if (match !== null) return Number(match[1]) * { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 's']!
  try {
    return parseDuration(text)
  } catch {
    throw new OperatorError(`--ago ${text}: write it as 90s, 15m, 36h, 7d or PT1H30M`)
  }
}

export interface GroupsDeleteOptions extends ClusterOptions {
  readonly groups: readonly string[]
  /** Only the offsets of these. */
  readonly topics: readonly string[]
}

export function groupsDelete(options: GroupsDeleteOptions, output: Writable): Promise<number> {
  return withCluster(options, async (client) => {
    const failures: string[] = []
    if (options.topics.length === 0)
      for (const [groupId, error] of await deleteGroups(client, options.groups)) {
        if (error === undefined) output.write(`deleted ${groupId}\n`)
        else failures.push(`${groupId}: ${error.message}`)
      }
    else
      for (const groupId of options.groups)
        for (const { error, ...each } of await deleteOffsets(
          client,
          groupId,
          await partitionsOf(client, options.topics),
        )) {
          if (error === undefined) output.write(`forgot ${groupId} ${nameOf(each)}\n`)
          else failures.push(`${groupId} ${nameOf(each)}: ${error.message}`)
        }
    if (failures.length > 0) throw new OperatorError(failures.join('; '))
    return exitCodes.stopped
  })
}

function nameOf({ topic, partition }: PartitionName): string {
  return `${topic}-${partition}`
}
