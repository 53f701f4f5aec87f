/** kafka-reassign-partitions --cancel: what is under way ends, and each partition stays where it was. */
import { alterReassignments, ongoingReassignments } from '../../client/admin-reassignments.ts'
import { replicaPlaces } from '../../client/admin-replicas.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { type Assignment, partitionText } from '../reassignment/assignment-file.ts'
import { moveReplicas, TerseError, wantedPlaces } from './reassign-execute.ts'
import { clearThrottles } from './reassign-verify.ts'
import { printLine, type ToolStreams } from './tool.ts'

export interface CancelOptions {
  readonly keepsThrottles: boolean
  readonly timeoutMs: number
}

export async function cancel(
  client: KafkaClient,
  assignments: readonly Assignment[],
  { keepsThrottles, timeoutMs }: CancelOptions,
  streams: ToolStreams,
): Promise<void> {
  const { output } = streams
  const ongoing = await ongoingReassignments(client, assignments)
  const moving = ongoing.filter(({ adding, removing }) => adding.length + removing.length > 0)
  const plural = moving.length === 1 ? '' : 's'
  if (moving.length === 0) printLine(output, 'None of the specified partition reassignments are active.')
  else {
    const wanted = moving.map(({ topic, partition }) => ({ topic, partition, replicas: null }))
    const failed = (await alterReassignments(client, wanted)).filter(({ error }) => error !== undefined)
    if (failed.length > 0) {
      const lines = failed.map((each) => `${partitionText(each)}: ${each.error!.message}`)
      throw new TerseError(
        `Error cancelling partition reassignment${failed.length === 1 ? '' : 's'} for:\n${lines.join('\n')}`,
      )
    }
    printLine(
      output,
      `Successfully cancelled partition reassignment${plural} for: ${moving.map(partitionText).join(',')}`,
    )
  }
  const places = await replicaPlaces(client, wantedPlaces(assignments))
  const back = places.flatMap(({ topic, partition, brokerId, path, futurePath }) =>
    path === undefined || futurePath === undefined ? [] : [{ topic, partition, brokerId, path }],
  )
  // The stock tool ends this line with nothing.
  if (back.length === 0) output.write('None of the specified partition moves are active.')
  else await moveReplicas(client, back, timeoutMs, streams)
  if (!keepsThrottles) await clearThrottles(client, assignments, streams)
}
