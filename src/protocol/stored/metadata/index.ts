/**
 * The records of `__cluster_metadata` by key. Importing this compiles nothing.
 */
import type { Schema } from '../../schema.ts'
import { registerBrokerRecord } from './00-register-broker.ts'
import { unregisterBrokerRecord } from './01-unregister-broker.ts'
import { topicRecord } from './02-topic.ts'
import { partitionRecord } from './03-partition.ts'
import { configRecord } from './04-config.ts'
import { partitionChangeRecord } from './05-partition-change.ts'
import { fenceBrokerRecord } from './07-fence-broker.ts'
import { unfenceBrokerRecord } from './08-unfence-broker.ts'
import { removeTopicRecord } from './09-remove-topic.ts'
import { delegationTokenRecord } from './10-delegation-token.ts'
import { userScramCredentialRecord } from './11-user-scram-credential.ts'
import { featureLevelRecord } from './12-feature-level.ts'
import { clientQuotaRecord } from './14-client-quota.ts'
import { producerIdsRecord } from './15-producer-ids.ts'
import { brokerRegistrationChangeRecord } from './17-broker-registration-change.ts'
import { accessControlEntryRecord } from './18-access-control-entry.ts'
import { removeAccessControlEntryRecord } from './19-remove-access-control-entry.ts'
import { noOpRecord } from './20-no-op.ts'
import { zkMigrationStateRecord } from './21-zk-migration-state.ts'
import { removeUserScramCredentialRecord } from './22-remove-user-scram-credential.ts'
import { beginTransactionRecord } from './23-begin-transaction.ts'
import { endTransactionRecord } from './24-end-transaction.ts'
import { abortTransactionRecord } from './25-abort-transaction.ts'
import { removeDelegationTokenRecord } from './26-remove-delegation-token.ts'
import { registerControllerRecord } from './27-register-controller.ts'
import { clearElrRecord } from './28-clear-elr.ts'

export const metadataRecords: ReadonlyMap<number, Schema> = new Map<number, Schema>(
  [
    registerBrokerRecord,
    unregisterBrokerRecord,
    topicRecord,
    partitionRecord,
    configRecord,
    partitionChangeRecord,
    fenceBrokerRecord,
    unfenceBrokerRecord,
    removeTopicRecord,
    delegationTokenRecord,
    userScramCredentialRecord,
    featureLevelRecord,
    clientQuotaRecord,
    producerIdsRecord,
    brokerRegistrationChangeRecord,
    accessControlEntryRecord,
    removeAccessControlEntryRecord,
    noOpRecord,
    zkMigrationStateRecord,
    removeUserScramCredentialRecord,
    beginTransactionRecord,
    endTransactionRecord,
    abortTransactionRecord,
    removeDelegationTokenRecord,
    registerControllerRecord,
    clearElrRecord,
  ].map((schema) => [schema.apiKey!, schema]),
)
