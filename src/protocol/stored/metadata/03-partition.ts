/**
 * PartitionRecord (3). A partition exists, with its replicas, in-sync set, leader and epochs. The whole state:
 * also written by snapshots.
 *
 * Version 1: gains directories.
 * Version 2: gains eligibleLeaderReplicas, lastKnownElr.
 */
import { arrayOf, type Infer, type InferInput, int8, int32, metadataRecord, uuid } from '../../schema.ts'

export const partitionRecord = metadataRecord(
  { name: 'PartitionRecord', apiKey: 3, versions: [0, 2], flexibleSince: 0 },
  {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: arrayOf(int32()),
    isr: arrayOf(int32()),
    removingReplicas: arrayOf(int32()),
    addingReplicas: arrayOf(int32()),
    leader: int32({ default: -1 }),
    leaderRecoveryState: int8({ tag: 0 }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    directories: arrayOf(uuid(), { since: 1 }),
    eligibleLeaderReplicas: arrayOf(int32(), { since: 2, nullableSince: 2, tag: 1, default: null }),
    lastKnownElr: arrayOf(int32(), { since: 2, nullableSince: 2, tag: 2, default: null }),
  },
)
export type PartitionRecord = Infer<typeof partitionRecord>
export type PartitionRecordInput = InferInput<typeof partitionRecord>
