/**
 * How far a group has come: for each partition that it has or has committed, its offset, the end of the log, and who
 * reads it.
 */
import { describeGroup, type GroupDescription, type GroupMemberDescription } from './admin-groups.ts'
import { fetchOffsets } from './group-offsets.ts'
import type { KafkaClient } from './kafka-client.ts'
import { listOffsets, offsetSpecs, type PartitionName } from './list-offsets.ts'

export interface GroupPartition extends PartitionName {
  /** undefined: nothing was committed. */
  readonly offset: number | undefined
  readonly leaderEpoch: number | undefined
  /** undefined: the partition's leader did not say. */
  readonly logEndOffset: number | undefined
  readonly lag: number | undefined
  /** undefined: nobody reads it. */
  readonly member: GroupMemberDescription | undefined
}

export interface GroupProgress {
  readonly group: GroupDescription
  /** What members read comes first, those with most partitions before the others. */
  readonly partitions: readonly GroupPartition[]
}

/** Rejects with GROUP_ID_NOT_FOUND when the group is not there. */
export async function groupProgress(client: KafkaClient, groupId: string): Promise<GroupProgress> {
  const group = await describeGroup(client, groupId)
  const committed = new Map((await fetchOffsets(client, groupId)).map((each) => [keyOf(each), each]))
  const readers = group.members
    .filter(({ assignment }) => assignment.length > 0)
    .sort((left, right) => right.assignment.length - left.assignment.length)
  const assigned = new Set(readers.flatMap(({ assignment }) => assignment.map(keyOf)))
  const unassigned = [...committed.values()].filter((each) => !assigned.has(keyOf(each)))
  const rows = [
    ...readers.flatMap((member) => inOrder(member.assignment).map((partition) => ({ partition, member }))),
    ...inOrder(unassigned).map((partition) => ({ partition, member: undefined })),
  ]
  const ends = await endOffsets(
    client,
    rows.map(({ partition }) => partition),
  )
  const partitions = rows.map(({ partition: { topic, partition }, member }) => {
    const key = keyOf({ topic, partition })
    const logEndOffset = ends.get(key)
    const known = committed.get(key)
    const lag = known === undefined || logEndOffset === undefined ? undefined : logEndOffset - known.offset
    const leaderEpoch = known === undefined || known.leaderEpoch < 0 ? undefined : known.leaderEpoch
    return { topic, partition, offset: known?.offset, leaderEpoch, logEndOffset, lag, member }
  })
  return { group, partitions }
}

async function endOffsets(client: KafkaClient, partitions: readonly PartitionName[]): Promise<Map<string, number>> {
  if (partitions.length === 0) return new Map()
  await client.loadTopics([...new Set(partitions.map(({ topic }) => topic))])
  const known = partitions.filter(({ topic, partition }) => client.metadata.leaderOf(topic, partition) !== undefined)
  const listed = await listOffsets(client, known, offsetSpecs.latest)
  return new Map(listed.filter(({ error }) => error === undefined).map((each) => [keyOf(each), each.offset]))
}

function inOrder(partitions: readonly PartitionName[]): PartitionName[] {
  return partitions.toSorted((left, right) =>
    left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1,
  )
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`
}
