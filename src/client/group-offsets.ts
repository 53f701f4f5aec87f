/**
 * Committed offsets of a group: read, written, for members and for tools (which commit to empty groups).
 */
import { offsetCommitRequest, offsetCommitResponse } from '../protocol/api/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../protocol/api/09-offset-fetch.ts'
import { errorName, KafkaError } from '../protocol/errors.ts'
import { groupBy } from './group-by.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { PartitionName } from './list-offsets.ts'

export interface CommittedOffset extends PartitionName {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

export interface Membership {
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId?: string | null
}

const fetchExchange = { request: offsetFetchRequest, response: offsetFetchResponse }
const commitExchange = { request: offsetCommitRequest, response: offsetCommitResponse }
/** Later versions name topics by id, which does not know topics that are gone. */
const newestByName = 9

/** All committed offsets of a group, or those of `partitions`; without those that were never committed. */
export async function fetchOffsets(
  client: KafkaClient,
  groupId: string,
  partitions: readonly PartitionName[] | null = null,
): Promise<CommittedOffset[]> {
  const connection = await client.connectionTo('any')
  const isGrouped = connection.versionOf(offsetFetchRequest, newestByName) >= 8
  const topics =
    partitions === null
      ? null
      : [...groupBy(partitions, ({ topic }) => topic)].map(([name, each]) => ({
          name,
          partitionIndexes: each.map(({ partition }) => partition),
        }))
  const message = isGrouped
    ? { groups: [{ groupId, memberId: null, memberEpoch: -1, topics }], requireStable: true }
    : { groupId, topics }
  const answer = await client.ask(
    fetchExchange,
    message,
    { groupId },
    {
      versionMax: newestByName,
      judge: (each) => throwIfFailed(isGrouped ? each.groups[0]!.errorCode : each.errorCode),
    },
  )
  const offsets: CommittedOffset[] = []
  for (const topic of isGrouped ? answer.groups[0]!.topics : answer.topics)
    for (const { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode } of topic.partitions) {
      throwIfFailed(errorCode)
      if (committedOffset < 0n) continue
      const offset = Number(committedOffset)
      const leaderEpoch = committedLeaderEpoch
      offsets.push({ topic: topic.name, partition: partitionIndex, offset, leaderEpoch, metadata: metadata ?? '' })
    }
  return offsets
}

/** Commits; without a membership as a tool does, which only an empty group allows. Rejects with the first KafkaError. */
export async function commitOffsets(
  client: KafkaClient,
  groupId: string,
  offsets: readonly (PartitionName & { readonly offset: number; readonly leaderEpoch?: number })[],
  membership: Membership = { generationId: -1, memberId: '' },
): Promise<void> {
  if (offsets.length === 0) return
  const topics = [...groupBy(offsets, ({ topic }) => topic)].map(([name, each]) => ({
    name,
    partitions: each.map(({ partition, offset, leaderEpoch = -1 }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: '',
    })),
  }))
  const message = {
    groupId,
    generationIdOrMemberEpoch: membership.generationId,
    memberId: membership.memberId,
    groupInstanceId: membership.groupInstanceId ?? null,
    topics,
  }
  await client.ask(
    commitExchange,
    message,
    { groupId },
    {
      versionMax: newestByName,
      judge: (answer) => {
        for (const topic of answer.topics) for (const { errorCode } of topic.partitions) throwIfFailed(errorCode)
      },
    },
  )
}

function throwIfFailed(errorCode: number): void {
  if (errorCode !== 0) throw new KafkaError(errorName(errorCode))
}
