/**
 * Elections that nobody asked for, done from time to time: leadership goes back to the preferred replica where it is in
 * sync again (auto.leader.rebalance.enable), and partitions without a leader get any live one where unclean election is
 * allowed, in case it was allowed after the partition had lost its leader.
 */
import type { MetadataRecord } from '../metadata/metadata-record.ts'
import { noLeader, type PartitionRegistration } from '../metadata/partition-registration.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import { changeBasis } from './broker-transitions.ts'
import { type ControllerState, isUncleanElectionEnabled } from './controller-state.ts'
import { type Election, partitionChange } from './partition-change.ts'

/** As many as Apache Kafka does at a time; the rest have their turn the next time. */
const electionsMax = 1_000

/** Gives leaderships back to preferred replicas that may lead. */
export function balanceLeaders(state: ControllerState): MetadataRecord[] {
  const isImbalanced = (_: TopicImage, { leader, replicas }: PartitionRegistration) => leader !== replicas[0]
  return elect(state, 'preferred', isImbalanced)
}

/** Gives leaderless partitions a leader that may lack records, where that is allowed. */
export function electUncleanly(state: ControllerState): MetadataRecord[] {
  const isAllowed = (topic: TopicImage, { leader }: PartitionRegistration) =>
    leader === noLeader && isUncleanElectionEnabled(state, topic.name)
  return elect(state, 'unclean', isAllowed)
}

function elect(
  state: ControllerState,
  election: Election,
  isWanted: (topic: TopicImage, partition: PartitionRegistration) => boolean,
): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const topic of state.image.topics.values()) {
    for (const [partitionId, partition] of topic.partitions.entries()) {
      if (!isWanted(topic, partition)) continue
      const record = partitionChange({ ...changeBasis(state, topic, partitionId, partition), election })
      if (record !== undefined) records.push(record)
      if (records.length === electionsMax) return records
    }
  }
  return records
}
