/**
 * PartitionChangeRecord (5). What changed of a partition; a field that is not there keeps its value. leader -2
 * means no change, -1 none.
 *
 * Version 1: gains directories.
 * Version 2: gains eligibleLeaderReplicas, lastKnownElr.
 */
import { arrayOf, type Infer, type InferInput, int8, int32, metadataRecord, uuid } from '../../schema.ts'

export const partitionChangeRecord = metadataRecord(
  { name: 'PartitionChangeRecord', apiKey: 5, versions: [0, 2], flexibleSince: 0 },
  {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: arrayOf(int32(), { nullableSince: 0, tag: 0, default: null }),
    leader: int32({ tag: 1, default: -2 }),
    replicas: arrayOf(int32(), { nullableSince: 0, tag: 2, default: null }),
    removingReplicas: arrayOf(int32(), { nullableSince: 0, tag: 3, default: null }),
    addingReplicas: arrayOf(int32(), { nullableSince: 0, tag: 4, default: null }),
    leaderRecoveryState: int8({ tag: 5, default: -1 }),
    directories: arrayOf(uuid(), { since: 1, nullableSince: 1, tag: 8, default: null }),
    eligibleLeaderReplicas: arrayOf(int32(), { since: 2, nullableSince: 2, tag: 6, default: null }),
    lastKnownElr: arrayOf(int32(), { since: 2, nullableSince: 2, tag: 7, default: null }),
  },
)
export type PartitionChangeRecord = Infer<typeof partitionChangeRecord>
export type PartitionChangeRecordInput = InferInput<typeof partitionChangeRecord>
