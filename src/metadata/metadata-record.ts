/**
 * One record of the metadata log in memory: Kafka's name of its type, the version it was or will be written in, and the
 * decoded body. The controller makes them, metadata-record-codec.ts turns them into bytes and back, MetadataImage
 * replays them. All 26 types of 4.3.1 are here.
 */
import { defaultOf, type Infer, type Schema } from '../protocol/schema.ts'
import { registerBrokerRecord } from '../protocol/stored/metadata/00-register-broker.ts'
import { unregisterBrokerRecord } from '../protocol/stored/metadata/01-unregister-broker.ts'
import { topicRecord } from '../protocol/stored/metadata/02-topic.ts'
import { partitionRecord } from '../protocol/stored/metadata/03-partition.ts'
import { configRecord } from '../protocol/stored/metadata/04-config.ts'
import { partitionChangeRecord } from '../protocol/stored/metadata/05-partition-change.ts'
import { fenceBrokerRecord } from '../protocol/stored/metadata/07-fence-broker.ts'
import { unfenceBrokerRecord } from '../protocol/stored/metadata/08-unfence-broker.ts'
import { removeTopicRecord } from '../protocol/stored/metadata/09-remove-topic.ts'
import { delegationTokenRecord } from '../protocol/stored/metadata/10-delegation-token.ts'
import { userScramCredentialRecord } from '../protocol/stored/metadata/11-user-scram-credential.ts'
import { featureLevelRecord } from '../protocol/stored/metadata/12-feature-level.ts'
import { clientQuotaRecord } from '../protocol/stored/metadata/14-client-quota.ts'
import { producerIdsRecord } from '../protocol/stored/metadata/15-producer-ids.ts'
import { brokerRegistrationChangeRecord } from '../protocol/stored/metadata/17-broker-registration-change.ts'
import { accessControlEntryRecord } from '../protocol/stored/metadata/18-access-control-entry.ts'
import { removeAccessControlEntryRecord } from '../protocol/stored/metadata/19-remove-access-control-entry.ts'
import { noOpRecord } from '../protocol/stored/metadata/20-no-op.ts'
import { zkMigrationStateRecord } from '../protocol/stored/metadata/21-zk-migration-state.ts'
import { removeUserScramCredentialRecord } from '../protocol/stored/metadata/22-remove-user-scram-credential.ts'
import { beginTransactionRecord } from '../protocol/stored/metadata/23-begin-transaction.ts'
import { endTransactionRecord } from '../protocol/stored/metadata/24-end-transaction.ts'
import { abortTransactionRecord } from '../protocol/stored/metadata/25-abort-transaction.ts'
import { removeDelegationTokenRecord } from '../protocol/stored/metadata/26-remove-delegation-token.ts'
import { registerControllerRecord } from '../protocol/stored/metadata/27-register-controller.ts'
import { clearElrRecord } from '../protocol/stored/metadata/28-clear-elr.ts'

export const metadataRecordSchemas = {
  RegisterBrokerRecord: registerBrokerRecord,
  UnregisterBrokerRecord: unregisterBrokerRecord,
  TopicRecord: topicRecord,
  PartitionRecord: partitionRecord,
  ConfigRecord: configRecord,
  PartitionChangeRecord: partitionChangeRecord,
  FenceBrokerRecord: fenceBrokerRecord,
  UnfenceBrokerRecord: unfenceBrokerRecord,
  RemoveTopicRecord: removeTopicRecord,
  DelegationTokenRecord: delegationTokenRecord,
  UserScramCredentialRecord: userScramCredentialRecord,
  FeatureLevelRecord: featureLevelRecord,
  ClientQuotaRecord: clientQuotaRecord,
  ProducerIdsRecord: producerIdsRecord,
  BrokerRegistrationChangeRecord: brokerRegistrationChangeRecord,
  AccessControlEntryRecord: accessControlEntryRecord,
  RemoveAccessControlEntryRecord: removeAccessControlEntryRecord,
  NoOpRecord: noOpRecord,
  ZkMigrationStateRecord: zkMigrationStateRecord,
  RemoveUserScramCredentialRecord: removeUserScramCredentialRecord,
  BeginTransactionRecord: beginTransactionRecord,
  EndTransactionRecord: endTransactionRecord,
  AbortTransactionRecord: abortTransactionRecord,
  RemoveDelegationTokenRecord: removeDelegationTokenRecord,
  RegisterControllerRecord: registerControllerRecord,
  ClearElrRecord: clearElrRecord,
} as const

type Schemas = typeof metadataRecordSchemas

export type MetadataRecordType = keyof Schemas
export type MetadataRecordData<T extends MetadataRecordType> = Infer<Schemas[T]>
export type MetadataRecordOf<T extends MetadataRecordType> = {
  readonly type: T
  readonly version: number
  readonly data: MetadataRecordData<T>
}
export type MetadataRecord = { [T in MetadataRecordType]: MetadataRecordOf<T> }[MetadataRecordType]

/** A record with `fields` in it and the defaults for the rest. */
export function metadataRecord<T extends MetadataRecordType>(
  type: T,
  version: number,
  fields: Partial<MetadataRecordData<T>>,
): MetadataRecordOf<T> {
  const data: Record<string, unknown> = {}
  const schema: Schema<unknown, unknown> = metadataRecordSchemas[type]
  for (const [name, field] of schema.root.fields) {
    const value = (fields as Record<string, unknown>)[name]
    data[name] = value === undefined ? defaultOf(field) : value
  }
  return { type, version, data: data as MetadataRecordData<T> }
}
