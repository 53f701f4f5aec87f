/**
 * All requests of Apache Kafka 4.3.1, by key. Importing this compiles nothing: an encoder or decoder is made when a version is
 * first used. Which of them a broker serves is decided in handlers/index.ts, not here.
 */
import type { Schema } from '../schema.ts'
import { produceRequest, produceResponse } from './00-produce.ts'
import { fetchRequest, fetchResponse } from './01-fetch.ts'
import { listOffsetsRequest, listOffsetsResponse } from './02-list-offsets.ts'
import { metadataRequest, metadataResponse } from './03-metadata.ts'
import { offsetCommitRequest, offsetCommitResponse } from './08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from './09-offset-fetch.ts'
import { findCoordinatorRequest, findCoordinatorResponse } from './10-find-coordinator.ts'
import { joinGroupRequest, joinGroupResponse } from './11-join-group.ts'
import { heartbeatRequest, heartbeatResponse } from './12-heartbeat.ts'
import { leaveGroupRequest, leaveGroupResponse } from './13-leave-group.ts'
import { syncGroupRequest, syncGroupResponse } from './14-sync-group.ts'
import { describeGroupsRequest, describeGroupsResponse } from './15-describe-groups.ts'
import { listGroupsRequest, listGroupsResponse } from './16-list-groups.ts'
import { saslHandshakeRequest, saslHandshakeResponse } from './17-sasl-handshake.ts'
import { apiVersionsRequest, apiVersionsResponse } from './18-api-versions.ts'
import { createTopicsRequest, createTopicsResponse } from './19-create-topics.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from './20-delete-topics.ts'
import { deleteRecordsRequest, deleteRecordsResponse } from './21-delete-records.ts'
import { initProducerIdRequest, initProducerIdResponse } from './22-init-producer-id.ts'
import { offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from './23-offset-for-leader-epoch.ts'
import { addPartitionsToTxnRequest, addPartitionsToTxnResponse } from './24-add-partitions-to-txn.ts'
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from './25-add-offsets-to-txn.ts'
import { endTxnRequest, endTxnResponse } from './26-end-txn.ts'
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from './27-write-txn-markers.ts'
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from './28-txn-offset-commit.ts'
import { describeAclsRequest, describeAclsResponse } from './29-describe-acls.ts'
import { createAclsRequest, createAclsResponse } from './30-create-acls.ts'
import { deleteAclsRequest, deleteAclsResponse } from './31-delete-acls.ts'
import { describeConfigsRequest, describeConfigsResponse } from './32-describe-configs.ts'
import { alterConfigsRequest, alterConfigsResponse } from './33-alter-configs.ts'
import { alterReplicaLogDirsRequest, alterReplicaLogDirsResponse } from './34-alter-replica-log-dirs.ts'
import { describeLogDirsRequest, describeLogDirsResponse } from './35-describe-log-dirs.ts'
import { saslAuthenticateRequest, saslAuthenticateResponse } from './36-sasl-authenticate.ts'
import { createPartitionsRequest, createPartitionsResponse } from './37-create-partitions.ts'
import { createDelegationTokenRequest, createDelegationTokenResponse } from './38-create-delegation-token.ts'
import { renewDelegationTokenRequest, renewDelegationTokenResponse } from './39-renew-delegation-token.ts'
import { expireDelegationTokenRequest, expireDelegationTokenResponse } from './40-expire-delegation-token.ts'
import { describeDelegationTokenRequest, describeDelegationTokenResponse } from './41-describe-delegation-token.ts'
import { deleteGroupsRequest, deleteGroupsResponse } from './42-delete-groups.ts'
import { electLeadersRequest, electLeadersResponse } from './43-elect-leaders.ts'
import { incrementalAlterConfigsRequest, incrementalAlterConfigsResponse } from './44-incremental-alter-configs.ts'
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from './45-alter-partition-reassignments.ts'
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from './46-list-partition-reassignments.ts'
import { offsetDeleteRequest, offsetDeleteResponse } from './47-offset-delete.ts'
import { describeClientQuotasRequest, describeClientQuotasResponse } from './48-describe-client-quotas.ts'
import { alterClientQuotasRequest, alterClientQuotasResponse } from './49-alter-client-quotas.ts'
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from './50-describe-user-scram-credentials.ts'
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from './51-alter-user-scram-credentials.ts'
import { voteRequest, voteResponse } from './52-vote.ts'
import { beginQuorumEpochRequest, beginQuorumEpochResponse } from './53-begin-quorum-epoch.ts'
import { endQuorumEpochRequest, endQuorumEpochResponse } from './54-end-quorum-epoch.ts'
import { describeQuorumRequest, describeQuorumResponse } from './55-describe-quorum.ts'
import { alterPartitionRequest, alterPartitionResponse } from './56-alter-partition.ts'
import { updateFeaturesRequest, updateFeaturesResponse } from './57-update-features.ts'
import { envelopeRequest, envelopeResponse } from './58-envelope.ts'
import { fetchSnapshotRequest, fetchSnapshotResponse } from './59-fetch-snapshot.ts'
import { describeClusterRequest, describeClusterResponse } from './60-describe-cluster.ts'
import { describeProducersRequest, describeProducersResponse } from './61-describe-producers.ts'
import { brokerRegistrationRequest, brokerRegistrationResponse } from './62-broker-registration.ts'
import { brokerHeartbeatRequest, brokerHeartbeatResponse } from './63-broker-heartbeat.ts'
import { unregisterBrokerRequest, unregisterBrokerResponse } from './64-unregister-broker.ts'
import { describeTransactionsRequest, describeTransactionsResponse } from './65-describe-transactions.ts'
import { listTransactionsRequest, listTransactionsResponse } from './66-list-transactions.ts'
import { allocateProducerIdsRequest, allocateProducerIdsResponse } from './67-allocate-producer-ids.ts'
import { consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse } from './68-consumer-group-heartbeat.ts'
import { consumerGroupDescribeRequest, consumerGroupDescribeResponse } from './69-consumer-group-describe.ts'
import { controllerRegistrationRequest, controllerRegistrationResponse } from './70-controller-registration.ts'
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from './71-get-telemetry-subscriptions.ts'
import { pushTelemetryRequest, pushTelemetryResponse } from './72-push-telemetry.ts'
import { assignReplicasToDirsRequest, assignReplicasToDirsResponse } from './73-assign-replicas-to-dirs.ts'
import { listConfigResourcesRequest, listConfigResourcesResponse } from './74-list-config-resources.ts'
import { describeTopicPartitionsRequest, describeTopicPartitionsResponse } from './75-describe-topic-partitions.ts'
import { shareGroupHeartbeatRequest, shareGroupHeartbeatResponse } from './76-share-group-heartbeat.ts'
import { shareGroupDescribeRequest, shareGroupDescribeResponse } from './77-share-group-describe.ts'
import { shareFetchRequest, shareFetchResponse } from './78-share-fetch.ts'
import { shareAcknowledgeRequest, shareAcknowledgeResponse } from './79-share-acknowledge.ts'
import { addRaftVoterRequest, addRaftVoterResponse } from './80-add-raft-voter.ts'
import { removeRaftVoterRequest, removeRaftVoterResponse } from './81-remove-raft-voter.ts'
import { updateRaftVoterRequest, updateRaftVoterResponse } from './82-update-raft-voter.ts'
import {
  initializeShareGroupStateRequest,
  initializeShareGroupStateResponse,
} from './83-initialize-share-group-state.ts'
import { readShareGroupStateRequest, readShareGroupStateResponse } from './84-read-share-group-state.ts'
import { writeShareGroupStateRequest, writeShareGroupStateResponse } from './85-write-share-group-state.ts'
import { deleteShareGroupStateRequest, deleteShareGroupStateResponse } from './86-delete-share-group-state.ts'
import {
  readShareGroupStateSummaryRequest,
  readShareGroupStateSummaryResponse,
} from './87-read-share-group-state-summary.ts'
import { streamsGroupHeartbeatRequest, streamsGroupHeartbeatResponse } from './88-streams-group-heartbeat.ts'
import { streamsGroupDescribeRequest, streamsGroupDescribeResponse } from './89-streams-group-describe.ts'
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from './90-describe-share-group-offsets.ts'
import { alterShareGroupOffsetsRequest, alterShareGroupOffsetsResponse } from './91-alter-share-group-offsets.ts'
import { deleteShareGroupOffsetsRequest, deleteShareGroupOffsetsResponse } from './92-delete-share-group-offsets.ts'

export const apiKeys = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  ListGroups: 16,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  DeleteRecords: 21,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  WriteTxnMarkers: 27,
  TxnOffsetCommit: 28,
  DescribeAcls: 29,
  CreateAcls: 30,
  DeleteAcls: 31,
  DescribeConfigs: 32,
  AlterConfigs: 33,
  AlterReplicaLogDirs: 34,
  DescribeLogDirs: 35,
  SaslAuthenticate: 36,
  CreatePartitions: 37,
  CreateDelegationToken: 38,
  RenewDelegationToken: 39,
  ExpireDelegationToken: 40,
  DescribeDelegationToken: 41,
  DeleteGroups: 42,
  ElectLeaders: 43,
  IncrementalAlterConfigs: 44,
  AlterPartitionReassignments: 45,
  ListPartitionReassignments: 46,
  OffsetDelete: 47,
  DescribeClientQuotas: 48,
  AlterClientQuotas: 49,
  DescribeUserScramCredentials: 50,
  AlterUserScramCredentials: 51,
  Vote: 52,
  BeginQuorumEpoch: 53,
  EndQuorumEpoch: 54,
  DescribeQuorum: 55,
  AlterPartition: 56,
  UpdateFeatures: 57,
  Envelope: 58,
  FetchSnapshot: 59,
  DescribeCluster: 60,
  DescribeProducers: 61,
  BrokerRegistration: 62,
  BrokerHeartbeat: 63,
  UnregisterBroker: 64,
  DescribeTransactions: 65,
  ListTransactions: 66,
  AllocateProducerIds: 67,
  ConsumerGroupHeartbeat: 68,
  ConsumerGroupDescribe: 69,
  ControllerRegistration: 70,
  GetTelemetrySubscriptions: 71,
  PushTelemetry: 72,
  AssignReplicasToDirs: 73,
  ListConfigResources: 74,
  DescribeTopicPartitions: 75,
  ShareGroupHeartbeat: 76,
  ShareGroupDescribe: 77,
  ShareFetch: 78,
  ShareAcknowledge: 79,
  AddRaftVoter: 80,
  RemoveRaftVoter: 81,
  UpdateRaftVoter: 82,
  InitializeShareGroupState: 83,
  ReadShareGroupState: 84,
  WriteShareGroupState: 85,
  DeleteShareGroupState: 86,
  ReadShareGroupStateSummary: 87,
  StreamsGroupHeartbeat: 88,
  StreamsGroupDescribe: 89,
  DescribeShareGroupOffsets: 90,
  AlterShareGroupOffsets: 91,
  DeleteShareGroupOffsets: 92,
} as const

export type ApiName = keyof typeof apiKeys
export type ApiKey = (typeof apiKeys)[ApiName]

export interface Api {
  readonly key: number
  /** Kafka's name without Request or Response: Produce. */
  readonly name: string
  readonly request: Schema
  readonly response: Schema
}

function api(request: Schema, response: Schema): Api {
  return { key: request.apiKey!, name: request.name.slice(0, -'Request'.length), request, response }
}

const list = [
  api(produceRequest, produceResponse),
  api(fetchRequest, fetchResponse),
  api(listOffsetsRequest, listOffsetsResponse),
  api(metadataRequest, metadataResponse),
  api(offsetCommitRequest, offsetCommitResponse),
  api(offsetFetchRequest, offsetFetchResponse),
  api(findCoordinatorRequest, findCoordinatorResponse),
  api(joinGroupRequest, joinGroupResponse),
  api(heartbeatRequest, heartbeatResponse),
  api(leaveGroupRequest, leaveGroupResponse),
  api(syncGroupRequest, syncGroupResponse),
  api(describeGroupsRequest, describeGroupsResponse),
  api(listGroupsRequest, listGroupsResponse),
  api(saslHandshakeRequest, saslHandshakeResponse),
  api(apiVersionsRequest, apiVersionsResponse),
  api(createTopicsRequest, createTopicsResponse),
  api(deleteTopicsRequest, deleteTopicsResponse),
  api(deleteRecordsRequest, deleteRecordsResponse),
  api(initProducerIdRequest, initProducerIdResponse),
  api(offsetForLeaderEpochRequest, offsetForLeaderEpochResponse),
  api(addPartitionsToTxnRequest, addPartitionsToTxnResponse),
  api(addOffsetsToTxnRequest, addOffsetsToTxnResponse),
  api(endTxnRequest, endTxnResponse),
  api(writeTxnMarkersRequest, writeTxnMarkersResponse),
  api(txnOffsetCommitRequest, txnOffsetCommitResponse),
  api(describeAclsRequest, describeAclsResponse),
  api(createAclsRequest, createAclsResponse),
  api(deleteAclsRequest, deleteAclsResponse),
  api(describeConfigsRequest, describeConfigsResponse),
  api(alterConfigsRequest, alterConfigsResponse),
  api(alterReplicaLogDirsRequest, alterReplicaLogDirsResponse),
  api(describeLogDirsRequest, describeLogDirsResponse),
  api(saslAuthenticateRequest, saslAuthenticateResponse),
  api(createPartitionsRequest, createPartitionsResponse),
  api(createDelegationTokenRequest, createDelegationTokenResponse),
  api(renewDelegationTokenRequest, renewDelegationTokenResponse),
  api(expireDelegationTokenRequest, expireDelegationTokenResponse),
  api(describeDelegationTokenRequest, describeDelegationTokenResponse),
  api(deleteGroupsRequest, deleteGroupsResponse),
  api(electLeadersRequest, electLeadersResponse),
  api(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse),
  api(alterPartitionReassignmentsRequest, alterPartitionReassignmentsResponse),
  api(listPartitionReassignmentsRequest, listPartitionReassignmentsResponse),
  api(offsetDeleteRequest, offsetDeleteResponse),
  api(describeClientQuotasRequest, describeClientQuotasResponse),
  api(alterClientQuotasRequest, alterClientQuotasResponse),
  api(describeUserScramCredentialsRequest, describeUserScramCredentialsResponse),
  api(alterUserScramCredentialsRequest, alterUserScramCredentialsResponse),
  api(voteRequest, voteResponse),
  api(beginQuorumEpochRequest, beginQuorumEpochResponse),
  api(endQuorumEpochRequest, endQuorumEpochResponse),
  api(describeQuorumRequest, describeQuorumResponse),
  api(alterPartitionRequest, alterPartitionResponse),
  api(updateFeaturesRequest, updateFeaturesResponse),
  api(envelopeRequest, envelopeResponse),
  api(fetchSnapshotRequest, fetchSnapshotResponse),
  api(describeClusterRequest, describeClusterResponse),
  api(describeProducersRequest, describeProducersResponse),
  api(brokerRegistrationRequest, brokerRegistrationResponse),
  api(brokerHeartbeatRequest, brokerHeartbeatResponse),
  api(unregisterBrokerRequest, unregisterBrokerResponse),
  api(describeTransactionsRequest, describeTransactionsResponse),
  api(listTransactionsRequest, listTransactionsResponse),
  api(allocateProducerIdsRequest, allocateProducerIdsResponse),
  api(consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse),
  api(consumerGroupDescribeRequest, consumerGroupDescribeResponse),
  api(controllerRegistrationRequest, controllerRegistrationResponse),
  api(getTelemetrySubscriptionsRequest, getTelemetrySubscriptionsResponse),
  api(pushTelemetryRequest, pushTelemetryResponse),
  api(assignReplicasToDirsRequest, assignReplicasToDirsResponse),
  api(listConfigResourcesRequest, listConfigResourcesResponse),
  api(describeTopicPartitionsRequest, describeTopicPartitionsResponse),
  api(shareGroupHeartbeatRequest, shareGroupHeartbeatResponse),
  api(shareGroupDescribeRequest, shareGroupDescribeResponse),
  api(shareFetchRequest, shareFetchResponse),
  api(shareAcknowledgeRequest, shareAcknowledgeResponse),
  api(addRaftVoterRequest, addRaftVoterResponse),
  api(removeRaftVoterRequest, removeRaftVoterResponse),
  api(updateRaftVoterRequest, updateRaftVoterResponse),
  api(initializeShareGroupStateRequest, initializeShareGroupStateResponse),
  api(readShareGroupStateRequest, readShareGroupStateResponse),
  api(writeShareGroupStateRequest, writeShareGroupStateResponse),
  api(deleteShareGroupStateRequest, deleteShareGroupStateResponse),
  api(readShareGroupStateSummaryRequest, readShareGroupStateSummaryResponse),
  api(streamsGroupHeartbeatRequest, streamsGroupHeartbeatResponse),
  api(streamsGroupDescribeRequest, streamsGroupDescribeResponse),
  api(describeShareGroupOffsetsRequest, describeShareGroupOffsetsResponse),
  api(alterShareGroupOffsetsRequest, alterShareGroupOffsetsResponse),
  api(deleteShareGroupOffsetsRequest, deleteShareGroupOffsetsResponse),
]

export const apis: ReadonlyMap<number, Api> = new Map(list.map((each) => [each.key, each]))
