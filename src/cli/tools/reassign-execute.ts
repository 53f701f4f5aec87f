/** kafka-reassign-partitions --execute: begins reassignments and moves between directories, with throttles. */
import { brokersOf } from '../../client/admin-cluster.ts'
import { alterReassignments, byTopicAndPartition, ongoingReassignments } from '../../client/admin-reassignments.ts'
import { alterReplicaLogDirs, type WantedPlace } from '../../client/admin-replicas.ts'
import { sleep } from '../../client/deadline.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { OperatorError } from '../operator-error.ts'
import {
  type Assignment,
  anyLogDir,
  checkAssignments,
  formatAssignments,
  partitionText,
} from '../reassignment/assignment-file.ts'
import { currentPlaces, type Replicas, replicasOfPartitions } from '../reassignment/current-assignment.ts'
import { movesOf, throttleDirectories, throttleMoves } from '../reassignment/throttles.ts'
import { numbersInHashMapOrder } from './java-order.ts'
import { printLine, type ToolStreams } from './tool.ts'

export interface ExecuteLimits {
  readonly timeoutMs: number
  /** Bytes a second; below zero: as fast as it goes. */
  readonly rate: bigint
  readonly directoriesRate: bigint
  readonly isAdditional: boolean
  readonly keepsFactor: boolean
}

/** A failure that is told in its own words alone. */
export class TerseError extends Error {
  override name = 'TerseError'
}

const retryMs = 100

const isOngoing =
  'Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.'

export async function execute(
  client: KafkaClient,
  assignments: readonly Assignment[],
  limits: ExecuteLimits,
  streams: ToolStreams,
): Promise<void> {
  const { output } = streams
  checkAssignments(assignments)
  const ongoing = await ongoingReassignments(client)
  if (!limits.isAdditional && ongoing.length > 0) throw new TerseError(isOngoing)
  const known = new Set((await brokersOf(client)).map(({ nodeId }) => nodeId))
  const unknown = numbersInHashMapOrder(assignments.flatMap(({ replicas }) => replicas)).find((id) => !known.has(id))
  if (unknown !== undefined) throw new OperatorError(`Unknown broker id ${unknown}`)
  const current = await replicasOfPartitions(client, assignments)
  const rollback = formatAssignments(await currentPlaces(client, current))
  printLine(output, `Current partition replica assignment\n\n${rollback}\n`)
  printLine(output, 'Save this to use as the --reassignment-json-file option during rollback')
  const places = wantedPlaces(assignments)
  await throttle(client, { assignments, ongoing, current, places }, limits, streams)
  const sorted = [...assignments].sort(byTopicAndPartition)
  const failed = (await alterReassignments(client, sorted, !limits.keepsFactor)).filter(
    ({ error }) => error !== undefined,
  )
  if (failed.length > 0) {
    const lines = failed.map((each) => `${partitionText(each)}: ${each.error!.message}`)
    throw new TerseError(`Error reassigning partition(s):\n${lines.join('\n')}`)
  }
  printLine(
    output,
    `Successfully started partition reassignment${sorted.length === 1 ? '' : 's'} for ${sorted.map(partitionText).join(',')}`,
  )
  if (places.length > 0) await moveReplicas(client, places, limits.timeoutMs, streams)
}

interface Plan {
  readonly assignments: readonly Assignment[]
  readonly ongoing: Awaited<ReturnType<typeof ongoingReassignments>>
  readonly current: readonly Replicas[]
  readonly places: readonly WantedPlace[]
}

async function throttle(
  client: KafkaClient,
  { assignments, ongoing, current, places }: Plan,
  { rate, directoriesRate }: ExecuteLimits,
  { output }: ToolStreams,
): Promise<void> {
  if (rate < 0n && directoriesRate < 0n) return
  printLine(
    output,
    'Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.',
  )
  if (rate >= 0n) {
    const held = new Map(current.map((each) => [partitionText(each), each.replicas]))
    const replicasOf = (partition: PartitionName) => held.get(partitionText(partition)) ?? []
    await throttleMoves(client, movesOf(ongoing, assignments, replicasOf), rate)
    printLine(output, `The inter-broker throttle limit was set to ${rate} B/s`)
  }
  if (directoriesRate >= 0n) {
    const brokers = [...new Set(places.map(({ brokerId }) => brokerId))]
    await throttleDirectories(client, brokers, directoriesRate)
    printLine(output, `The replica-alter-dir throttle limit was set to ${directoriesRate} B/s`)
  }
}

/** The directories that an assignment names. */
export function wantedPlaces(assignments: readonly Assignment[]): WantedPlace[] {
  return assignments.flatMap(({ topic, partition, replicas, logDirs }) =>
    replicas
      .map((brokerId, index) => ({ topic, partition, brokerId, path: logDirs[index]! }))
      .filter(({ path }) => path !== anyLogDir),
  )
}

/** By broker, topic and partition. */
export function byReplica(left: WantedPlace, right: WantedPlace): number {
  return left.brokerId - right.brokerId || byTopicAndPartition(left, right)
}

/** Tries until the broker holds the replica that is to lie there. */
export async function moveReplicas(
  client: KafkaClient,
  wanted: readonly WantedPlace[],
  timeoutMs: number,
  { output }: ToolStreams,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs
  let pending = [...wanted].sort(byReplica)
  for (;;) {
    const outcomes = await alterReplicaLogDirs(client, pending)
    const failed = outcomes.find(({ error }) => error !== undefined && error.error !== 'REPLICA_NOT_AVAILABLE')
    if (failed !== undefined)
      throw new OperatorError(`Failed to alter dir for ${partitionText(failed)}-${failed.brokerId}`)
    for (const { topic, partition, brokerId, path, error } of outcomes)
      if (error === undefined)
        printLine(
          output,
          `Successfully started moving log directory to ${path} for replica ${topic}-${partition} with broker ${brokerId} `,
        )
    pending = outcomes.filter(({ error }) => error !== undefined)
    if (pending.length === 0) return
    if (Date.now() >= deadlineMs) {
      const names = pending.map((each) => `${partitionText(each)}-${each.brokerId}`)
      throw new TerseError(
        `Timed out before log directory move${names.length === 1 ? '' : 's'} could be started for: ${names.join(',')}`,
      )
    }
    await sleep(retryMs)
  }
}
