/**
 * ZkMigrationStateRecord (21). How far a migration from ZooKeeper had come. Clusters of 4.x only ever read it.
 */
import { type Infer, type InferInput, int8, metadataRecord } from '../../schema.ts'

export const zkMigrationStateRecord = metadataRecord(
  { name: 'ZkMigrationStateRecord', apiKey: 21, versions: [0, 0], flexibleSince: 0 },
  {
    zkMigrationState: int8(),
  },
)
export type ZkMigrationStateRecord = Infer<typeof zkMigrationStateRecord>
export type ZkMigrationStateRecordInput = InferInput<typeof zkMigrationStateRecord>
