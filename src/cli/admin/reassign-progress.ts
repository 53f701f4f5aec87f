/** How far moves of partitions are, in bytes of the replicas that are being added. */

import type { OngoingReassignment } from '../../client/admin-reassignments.ts'
import { replicaPlaces } from '../../client/admin-replicas.ts'
import { ConnectionError } from '../../client/client-errors.ts'
import { sleep } from '../../client/deadline.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { isTerminal } from '../data/progress.ts'
import { partitionText } from '../reassignment/assignment-file.ts'
import type { ToolStreams } from '../tools/tool.ts'

export interface MoveProgress extends OngoingReassignment {
  /** What the new replicas have, and would have; 0 where it is not known. */
  readonly bytes: number
  readonly bytesTotal: number
}

const pollMs = 1000

export async function progressOf(
  client: KafkaClient,
  ongoing: readonly OngoingReassignment[],
): Promise<MoveProgress[]> {
  if (ongoing.length === 0) return []
  await client.loadTopics([...new Set(ongoing.map(({ topic }) => topic))])
  const replicas = ongoing.flatMap(({ topic, partition, replicas: ids }) =>
    ids.filter((id) => client.metadata.broker(id) !== undefined).map((brokerId) => ({ topic, partition, brokerId })),
  )
  const places = await replicaPlaces(client, replicas).catch((error: unknown) => {
    if (error instanceof ConnectionError) return []
    throw error
  })
  const sizes = new Map(places.map((each) => [`${each.brokerId} ${partitionText(each)}`, each.size]))
  return ongoing.map((each) => {
    const sizeAt = (id: number): number => sizes.get(`${id} ${partitionText(each)}`) ?? 0
    const total = Math.max(0, ...each.replicas.filter((id) => !each.adding.includes(id)).map(sizeAt))
    const bytes = each.adding.reduce((sum, id) => sum + Math.min(sizeAt(id), total), 0)
    return { ...each, bytes, bytesTotal: total * each.adding.length }
  })
}

/** Waits until `moving` has nothing left, with a line that tells how far it is: on a terminal always the same line. */
export async function followMoves(
  client: KafkaClient,
  moving: () => Promise<readonly OngoingReassignment[]>,
  { errors }: ToolStreams,
): Promise<readonly OngoingReassignment[]> {
  let last = ''
  for (;;) {
    const left = await moving()
    if (left.length === 0) break
    const text = progressText(await progressOf(client, left))
    if (isTerminal(errors)) errors.write(`\r\x1b[K${text}`)
    else if (text !== last) errors.write(`${text}\n`)
    last = text
    await sleep(pollMs)
  }
  if (last !== '' && isTerminal(errors)) errors.write('\r\x1b[K')
  return []
}

export function progressText(moves: readonly MoveProgress[]): string {
  const sum = (bytesOf: (move: MoveProgress) => number): number => moves.reduce((all, move) => all + bytesOf(move), 0)
  const [bytes, total] = [sum((move) => move.bytes), sum((move) => move.bytesTotal)]
  const megabytes = (count: number): string => (count / 1024 / 1024).toFixed(1)
  const share =
    total === 0 ? '' : `, ${megabytes(bytes)} of ${megabytes(total)} MB (${Math.floor((bytes / total) * 100)}%)`
  return `${moves.length} partition${moves.length === 1 ? '' : 's'} under way${share}`
}
