/**
 * `ottla reassign`: says what is under way, plans where topics should be, begins it, follows it to its end, or ends it
 * before. Plans are files of kafka-reassign-partitions.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { brokersOf } from '../../client/admin-cluster.ts'
import { alterReassignments, ongoingReassignments } from '../../client/admin-reassignments.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { OperatorError } from '../operator-error.ts'
import {
  type Assignment,
  anyLogDir,
  checkAssignments,
  formatAssignments,
  parseAssignments,
  partitionText,
} from '../reassignment/assignment-file.ts'
import { currentPlaces, type Replicas, replicasOfPartitions } from '../reassignment/current-assignment.ts'
import { planReplicas } from '../reassignment/plan.ts'
import { clearBrokerThrottles, clearTopicThrottles, movesOf, throttleMoves } from '../reassignment/throttles.ts'
import { exitCodes } from '../start.ts'
import type { ToolStreams } from '../tools/tool.ts'
import { type ClusterOptions, withCluster } from './admin-client.ts'
import { type OutputFormat, printJson, printTable } from './admin-output.ts'
import { partitionsOf } from './named-partitions.ts'
import { followMoves, progressOf } from './reassign-progress.ts'

export interface ReassignOptions extends ClusterOptions {
  readonly format: OutputFormat
  /** `topic` or `topic:0,1`. */
  readonly topics: readonly string[]
  readonly action: 'plan' | 'execute' | 'verify' | 'cancel'
  /** Brokers that may hold them; all that live when empty. */
  readonly to: readonly number[]
  readonly replicationFactor?: number | undefined
  readonly planFile?: string | undefined
  /** Where execute writes how it was before. */
  readonly rollbackFile?: string | undefined
  /** Bytes a second. */
  readonly throttle?: bigint | undefined
  /** Stay until it is done. */
  readonly waits: boolean
}

export function reassign(options: ReassignOptions, streams: ToolStreams): Promise<number> {
  const { topics, planFile, action } = options
  if (topics.length > 0 && planFile !== undefined) throw new OperatorError('name topics or a --plan-file, not both')
  const isUnnamed = topics.length === 0 && planFile === undefined
  if (isUnnamed && action === 'execute') throw new OperatorError('--execute needs topics or a --plan-file')
  return withCluster(options, async (client) => {
    if (isUnnamed && action === 'plan') return list(client, options, streams)
    if (action === 'plan' || action === 'execute') {
      const plan = await planOf(client, options)
      return action === 'plan' ? show(client, plan, options, streams) : execute(client, plan, options, streams)
    }
    const named = isUnnamed ? await ongoingReassignments(client) : await namedPartitions(client, options)
    return action === 'cancel' ? cancel(client, named, options, streams) : verify(client, named, options, streams)
  })
}

async function list(client: KafkaClient, { format }: ReassignOptions, { output }: ToolStreams): Promise<number> {
  const progress = await progressOf(client, await ongoingReassignments(client))
  if (format === 'json') printJson(output, progress)
  else if (progress.length === 0) output.write('nothing is under way\n')
  else
    printTable(
      output,
      ['TOPIC', 'PARTITION', 'REPLICAS', 'ADDING', 'REMOVING', 'DONE'],
      progress.map(({ topic, partition, replicas, adding, removing, bytes, bytesTotal }) => [
        topic,
        partition,
        replicas.join(','),
        adding.join(',') || undefined,
        removing.join(',') || undefined,
        bytesTotal === 0 ? undefined : `${Math.floor((bytes / bytesTotal) * 100)}%`,
      ]),
    )
  return exitCodes.stopped
}

interface Plan {
  readonly current: readonly Replicas[]
  /** Those that change alone. */
  readonly wanted: readonly Replicas[]
}

async function planOf(client: KafkaClient, options: ReassignOptions): Promise<Plan> {
  const live = await brokersOf(client)
  const isLive = (id: number): boolean => live.some(({ nodeId }) => nodeId === id)
  const missing = options.to.filter((id) => !isLive(id))
  if (missing.length > 0) throw new OperatorError(`no live broker ${missing.join(', ')}`)
  const given = options.planFile === undefined ? undefined : readPlan(options.planFile)
  const current = await replicasOfPartitions(client, given ?? (await partitionsOf(client, options.topics)))
  const brokers = live
    .filter(({ nodeId }) => options.to.length === 0 || options.to.includes(nodeId))
    .map(({ nodeId, rack }) => ({ id: nodeId, rack }))
  const wanted = given ?? planReplicas(current, brokers, options.replicationFactor)
  const before = new Map(current.map((each) => [partitionText(each), each.replicas.join(',')]))
  return { current, wanted: wanted.filter((each) => before.get(partitionText(each)) !== each.replicas.join(',')) }
}

function readPlan(file: string): Assignment[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new OperatorError(`cannot read the plan: ${(error as Error).message}`)
  }
  const assignments = parseAssignments(text)
  checkAssignments(assignments)
  if (assignments.some(({ logDirs }) => logDirs.some((each) => each !== anyLogDir)))
    throw new OperatorError(`${file} names log directories: kafka-reassign-partitions moves replicas between those`)
  return assignments
}

/** JSON is the file that --plan-file takes. */
async function show(
  client: KafkaClient,
  { current, wanted }: Plan,
  { format }: ReassignOptions,
  { output }: ToolStreams,
): Promise<number> {
  if (format === 'json') output.write(`${formatAssignments(wanted.map(anywhere))}\n`)
  else if (wanted.length === 0) output.write('all of them are where they should be\n')
  else {
    const before = new Map(current.map((each) => [partitionText(each), each.replicas]))
    const isLed = (each: Replicas) => client.metadata.leaderOf(each.topic, each.partition) !== undefined
    printTable(
      output,
      ['TOPIC', 'PARTITION', 'FROM', 'TO', 'LEADER'],
      wanted.map((each) => [
        each.topic,
        each.partition,
        before.get(partitionText(each))?.join(','),
        each.replicas.join(','),
        isLed(each) ? undefined : 'none',
      ]),
    )
    output.write(`\n${wanted.length} of ${current.length} partitions change; --execute begins it\n`)
  }
  return exitCodes.stopped
}

function anywhere({ topic, partition, replicas }: Replicas): Assignment {
  return { topic, partition, replicas, logDirs: replicas.map(() => anyLogDir) }
}

async function execute(
  client: KafkaClient,
  { current, wanted }: Plan,
  options: ReassignOptions,
  streams: ToolStreams,
): Promise<number> {
  if (wanted.length === 0) {
    streams.output.write('all of them are where they should be\n')
    return exitCodes.stopped
  }
  if (options.rollbackFile !== undefined) {
    const names = new Set(wanted.map(partitionText))
    const before = await currentPlaces(
      client,
      current.filter((each) => names.has(partitionText(each))),
    )
    writeRollback(options.rollbackFile, formatAssignments(before.map(anywhere)))
  }
  if (options.throttle !== undefined) {
    const held = new Map(current.map((each) => [partitionText(each), each.replicas]))
    const replicasOf = (each: PartitionName) => held.get(partitionText(each)) ?? []
    await throttleMoves(client, movesOf(await ongoingReassignments(client), wanted, replicasOf), options.throttle)
  }
  await alter(client, wanted)
  streams.output.write(`${wanted.length} partition${wanted.length === 1 ? ' is' : 's are'} being moved\n`)
  if (options.waits) return verify(client, wanted, options, streams)
  if (options.throttle !== undefined)
    streams.output.write('the throttle stays until ottla reassign --verify finds it done\n')
  return exitCodes.stopped
}

async function alter(
  client: KafkaClient,
  wanted: readonly (PartitionName & { readonly replicas: readonly number[] | null })[],
): Promise<void> {
  const failed = (await alterReassignments(client, wanted)).filter(({ error }) => error !== undefined)
  if (failed.length > 0)
    throw new OperatorError(failed.map((each) => `${partitionText(each)}: ${each.error!.message}`).join('; '))
}

function writeRollback(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`, { flag: 'wx' })
  } catch (error) {
    throw new OperatorError(`cannot write how it was before, so nothing was begun: ${(error as Error).message}`)
  }
}

async function namedPartitions(client: KafkaClient, options: ReassignOptions): Promise<readonly PartitionName[]> {
  return options.planFile === undefined ? partitionsOf(client, options.topics) : readPlan(options.planFile)
}

/** Resolves with 1 when some are still under way. Takes throttles away once nothing is. */
async function verify(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  options: ReassignOptions,
  streams: ToolStreams,
): Promise<number> {
  const names = new Set(partitions.map(partitionText))
  const moving = async () => (await ongoingReassignments(client)).filter((each) => names.has(partitionText(each)))
  const left = options.waits ? await followMoves(client, moving, streams) : await moving()
  const isQuiet = left.length === 0 && (await ongoingReassignments(client)).length === 0
  if (isQuiet) await clearThrottles(client, partitions)
  const facts = { partitions: partitions.length, done: partitions.length - left.length, throttlesCleared: isQuiet }
  if (options.format === 'json') printJson(streams.output, { ...facts, underWay: left })
  else {
    streams.output.write(`${facts.done} of ${facts.partitions} partitions are where they should be\n`)
    for (const each of left) streams.output.write(`${partitionText(each)} is under way\n`)
  }
  return left.length === 0 ? exitCodes.stopped : exitCodes.failed
}

async function cancel(
  client: KafkaClient,
  partitions: readonly PartitionName[],
  { format }: ReassignOptions,
  { output }: ToolStreams,
): Promise<number> {
  const names = new Set(partitions.map(partitionText))
  const ongoing = (await ongoingReassignments(client)).filter((each) => names.has(partitionText(each)))
  await alter(
    client,
    ongoing.map(({ topic, partition }) => ({ topic, partition, replicas: null })),
  )
  if ((await ongoingReassignments(client)).length === 0) await clearThrottles(client, partitions)
  if (format === 'json') printJson(output, ongoing)
  else output.write(ongoing.length === 0 ? 'nothing is under way\n' : '')
  if (format !== 'json') for (const each of ongoing) output.write(`cancelled ${partitionText(each)}\n`)
  return exitCodes.stopped
}

async function clearThrottles(client: KafkaClient, partitions: readonly PartitionName[]): Promise<void> {
  const brokers = (await brokersOf(client)).map(({ nodeId }) => nodeId)
  await clearBrokerThrottles(client, brokers)
  await clearTopicThrottles(client, [...new Set(partitions.map(({ topic }) => topic))])
}
