/**
 * Every message that is stored in a log, a snapshot, a file or inside another message, for who goes through them all:
 * `npm run check:protocol` and the tests. Who writes one kind imports that kind.
 */
import { requestHeader, responseHeader } from '../api/headers.ts'
import type { Schema } from '../schema.ts'
import { consumerProtocolAssignment, consumerProtocolSubscription } from './consumer-protocol.ts'
import {
  controlRecordTypeSchema,
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from './control-records.ts'
import { groupRecords } from './group/index.ts'
import { metadataRecords } from './metadata/index.ts'
import { defaultPrincipalData } from './principal.ts'
import { quorumStateData } from './quorum-state.ts'
import { shareSnapshotKey, shareSnapshotValue, shareUpdateKey, shareUpdateValue } from './share-state.ts'
import { transactionLogKey, transactionLogValue } from './transaction-log.ts'

export const storedSchemas: readonly Schema[] = [
  requestHeader,
  responseHeader,
  ...metadataRecords.values(),
  ...[...groupRecords.values()].flatMap(({ key, value }) => [key, value]),
  transactionLogKey,
  transactionLogValue,
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
  controlRecordTypeSchema,
  endTxnMarker,
  leaderChangeMessage,
  snapshotHeaderRecord,
  snapshotFooterRecord,
  kRaftVersionRecord,
  votersRecord,
  quorumStateData,
  consumerProtocolSubscription,
  consumerProtocolAssignment,
  defaultPrincipalData,
]
