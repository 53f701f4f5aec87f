/**
 * Every API that is served: its handler, its versions as Apache Kafka 4.3.1 advertises them, and on which listeners. What
 * is not here is not advertised. The dispatcher looks handlers up here; ApiVersions is computed from here.
 */
import type { ApiVersion } from '../protocol/api/18-api-versions.ts'
import { apis } from '../protocol/api/index.ts'
import type { KafkaError } from '../protocol/errors.ts'
import type { Listener } from '../protocol/schema.ts'
import { handleProduce, refuseProduce } from './00-produce.ts'
import { refuseFetch } from './01-fetch.ts'
import { handleListOffsets, refuseListOffsets } from './02-list-offsets.ts'
import { handleMetadata } from './03-metadata.ts'
import { handleOffsetCommit } from './08-offset-commit.ts'
import { handleOffsetFetch } from './09-offset-fetch.ts'
import { handleFindCoordinator } from './10-find-coordinator.ts'
import { handleJoinGroup } from './11-join-group.ts'
import { handleHeartbeat } from './12-heartbeat.ts'
import { handleLeaveGroup } from './13-leave-group.ts'
import { handleSyncGroup } from './14-sync-group.ts'
import { handleDescribeGroups } from './15-describe-groups.ts'
import { handleListGroups } from './16-list-groups.ts'
import { apiVersionsHandler } from './18-api-versions.ts'
import { handleCreateTopics } from './19-create-topics.ts'
import { handleDeleteTopics } from './20-delete-topics.ts'
import { handleDeleteRecords, refuseDeleteRecords } from './21-delete-records.ts'
import { handleInitProducerId } from './22-init-producer-id.ts'
import { handleOffsetForLeaderEpoch, refuseOffsetForLeaderEpoch } from './23-offset-for-leader-epoch.ts'
import { handleDescribeAcls } from './29-describe-acls.ts'
import { handleCreateAcls, refuseCreateAcls } from './30-create-acls.ts'
import { handleDeleteAcls, refuseDeleteAcls } from './31-delete-acls.ts'
import { handleDescribeConfigs } from './32-describe-configs.ts'
import { handleAlterConfigs } from './33-alter-configs.ts'
import { handleAlterReplicaLogDirs, refuseAlterReplicaLogDirs } from './34-alter-replica-log-dirs.ts'
import { handleDescribeLogDirs } from './35-describe-log-dirs.ts'
import { handleCreatePartitions } from './37-create-partitions.ts'
import { handleDeleteGroups } from './42-delete-groups.ts'
import { handleElectLeaders, refuseElectLeaders } from './43-elect-leaders.ts'
import { handleIncrementalAlterConfigs } from './44-incremental-alter-configs.ts'
import {
  handleAlterPartitionReassignments,
  refuseAlterPartitionReassignments,
} from './45-alter-partition-reassignments.ts'
import { handleListPartitionReassignments } from './46-list-partition-reassignments.ts'
import { handleOffsetDelete } from './47-offset-delete.ts'
import { handleDescribeClientQuotas } from './48-describe-client-quotas.ts'
import { handleAlterClientQuotas, refuseAlterClientQuotas } from './49-alter-client-quotas.ts'
import { handleDescribeUserScramCredentials } from './50-describe-user-scram-credentials.ts'
import { handleAlterUserScramCredentials, refuseAlterUserScramCredentials } from './51-alter-user-scram-credentials.ts'
import { handleVote } from './52-vote.ts'
import { handleBeginQuorumEpoch } from './53-begin-quorum-epoch.ts'
import { handleEndQuorumEpoch } from './54-end-quorum-epoch.ts'
import { handleDescribeQuorum } from './55-describe-quorum.ts'
import { handleAlterPartition } from './56-alter-partition.ts'
import { handleUpdateFeatures } from './57-update-features.ts'
import { envelopeHandler } from './58-envelope.ts'
import { handleFetchSnapshot } from './59-fetch-snapshot.ts'
import { handleDescribeCluster } from './60-describe-cluster.ts'
import { handleDescribeProducers } from './61-describe-producers.ts'
import { handleBrokerRegistration } from './62-broker-registration.ts'
import { handleBrokerHeartbeat } from './63-broker-heartbeat.ts'
import { handleUnregisterBroker } from './64-unregister-broker.ts'
import { handleAllocateProducerIds } from './67-allocate-producer-ids.ts'
import { handleControllerRegistration } from './70-controller-registration.ts'
import { handleAssignReplicasToDirs } from './73-assign-replicas-to-dirs.ts'
import { handleListConfigResources } from './74-list-config-resources.ts'
import { handleDescribeTopicPartitions } from './75-describe-topic-partitions.ts'
import { handleAddRaftVoter } from './80-add-raft-voter.ts'
import { handleRemoveRaftVoter } from './81-remove-raft-voter.ts'
import { handleUpdateRaftVoter } from './82-update-raft-voter.ts'
import type { Broker, NodeServices } from './broker.ts'
import type { Handler, RequestContext } from './handler.ts'
import { handleFetchByListener } from './raft-fetch.ts'

export interface ServedApi {
  /** Kafka's name of the API. */
  readonly name: string
  /** Takes the decoded request of its API in any of the versions; the response is encoded in the same one. */
  handle(broker: Broker, request: object, context: RequestContext): ReturnType<Handler<object, object>>
  /** First and last version that are answered, inclusive. */
  readonly minVersion: number
  readonly maxVersion: number
  readonly listeners: readonly Listener[]
  /** The connection's next request is not looked at before this one is answered, as Kafka does with all. */
  readonly isSerial?: true
  /** Nothing of the request's bytes is used once it is answered, but what is held in `frameMemory`. */
  readonly isFrameReused?: true
  /** The answer that carries `error` where the response has no error code at its top. */
  refuse?(request: object, error: KafkaError, context: RequestContext): object
}

interface ServeOptions<Request> {
  readonly isSerial?: true
  readonly isFrameReused?: true
  refuse?(request: Request, error: KafkaError, context: RequestContext): object
}

/** On brokers' listeners alone. */
function serve<Request extends object, Response extends object>(
  apiKey: number,
  handle: Handler<Request, Response>,
  options: ServeOptions<Request> = {},
): readonly [number, ServedApi] {
  return entry(apiKey, handle as ServedApi['handle'], ['broker'], options)
}

/** On the listeners that Kafka names in the API, of which one is the controllers'. */
function serveOnControllers<Request extends object, Response extends object>(
  apiKey: number,
  handle: Handler<Request, Response, NodeServices>,
  options: ServeOptions<Request> = {},
): readonly [number, ServedApi] {
  return entry(apiKey, handle as ServedApi['handle'], apis.get(apiKey)!.request.listeners, options)
}

/** The versions of an API are those of its schema, less one that is not final yet. */
function entry<Request>(
  apiKey: number,
  handle: ServedApi['handle'],
  listeners: readonly Listener[],
  options: ServeOptions<Request>,
): readonly [number, ServedApi] {
  const { request } = apis.get(apiKey)!
  return [
    apiKey,
    {
      name: request.name.replace(/Request$/, ''),
      handle,
      minVersion: request.minVersion,
      maxVersion: request.latestVersionUnstable ? request.maxVersion - 1 : request.maxVersion,
      listeners,
      ...(options as Pick<ServedApi, 'isSerial' | 'isFrameReused' | 'refuse'>),
    },
  ]
}

/** Advertised from version 0, though 0 to 2 close the connection: librdkafka gates compression on it (KAFKA-18659). */
const produceKey = 0

export const handlers: ReadonlyMap<number, ServedApi> = new Map([
  serve(produceKey, handleProduce, { isFrameReused: true, refuse: refuseProduce }),
  // A session's requests follow one another: one that waits must not be overtaken.
  entry(1, handleFetchByListener as ServedApi['handle'], ['broker', 'controller'], {
    isSerial: true,
    refuse: refuseFetch,
  }),
  serve(2, handleListOffsets, { refuse: refuseListOffsets }),
  serve(3, handleMetadata),
  serve(8, handleOffsetCommit),
  serve(9, handleOffsetFetch),
  serve(10, handleFindCoordinator),
  serve(11, handleJoinGroup),
  serve(12, handleHeartbeat),
  serve(13, handleLeaveGroup),
  serve(14, handleSyncGroup),
  serve(15, handleDescribeGroups),
  serve(16, handleListGroups),
  serveOnControllers(18, apiVersionsHandler(servedApis)),
  serveOnControllers(19, handleCreateTopics),
  serveOnControllers(20, handleDeleteTopics),
  serve(21, handleDeleteRecords, { refuse: refuseDeleteRecords }),
  serve(22, handleInitProducerId),
  serve(23, handleOffsetForLeaderEpoch, { refuse: refuseOffsetForLeaderEpoch }),
  serveOnControllers(29, handleDescribeAcls),
  serveOnControllers(30, handleCreateAcls, { refuse: refuseCreateAcls }),
  serveOnControllers(31, handleDeleteAcls, { refuse: refuseDeleteAcls }),
  serveOnControllers(32, handleDescribeConfigs),
  serveOnControllers(33, handleAlterConfigs),
  serve(34, handleAlterReplicaLogDirs, { refuse: refuseAlterReplicaLogDirs }),
  serve(35, handleDescribeLogDirs),
  serveOnControllers(37, handleCreatePartitions),
  serve(42, handleDeleteGroups),
  serveOnControllers(43, handleElectLeaders, { refuse: refuseElectLeaders }),
  serveOnControllers(44, handleIncrementalAlterConfigs),
  serveOnControllers(45, handleAlterPartitionReassignments, { refuse: refuseAlterPartitionReassignments }),
  serveOnControllers(46, handleListPartitionReassignments),
  serve(47, handleOffsetDelete),
  serve(48, handleDescribeClientQuotas),
  serveOnControllers(49, handleAlterClientQuotas, { refuse: refuseAlterClientQuotas }),
  serveOnControllers(50, handleDescribeUserScramCredentials),
  serveOnControllers(51, handleAlterUserScramCredentials, { refuse: refuseAlterUserScramCredentials }),
  serveOnControllers(52, handleVote),
  serveOnControllers(53, handleBeginQuorumEpoch),
  serveOnControllers(54, handleEndQuorumEpoch),
  serveOnControllers(55, handleDescribeQuorum),
  serveOnControllers(56, handleAlterPartition),
  serveOnControllers(57, handleUpdateFeatures),
  serveOnControllers(
    58,
    envelopeHandler((apiKey) => handlers.get(apiKey)),
  ),
  serveOnControllers(59, handleFetchSnapshot),
  serveOnControllers(60, handleDescribeCluster),
  serve(61, handleDescribeProducers),
  serveOnControllers(62, handleBrokerRegistration),
  serveOnControllers(63, handleBrokerHeartbeat),
  serveOnControllers(64, handleUnregisterBroker),
  serveOnControllers(67, handleAllocateProducerIds),
  serveOnControllers(70, handleControllerRegistration),
  serveOnControllers(73, handleAssignReplicasToDirs),
  serve(74, handleListConfigResources),
  serve(75, handleDescribeTopicPartitions),
  serveOnControllers(80, handleAddRaftVoter),
  serveOnControllers(81, handleRemoveRaftVoter),
  serveOnControllers(82, handleUpdateRaftVoter),
])

/** What ApiVersions says on the listener of that name. */
export function servedApis(broker: NodeServices, listenerName: string): readonly ApiVersion[] {
  const isController = broker.config.controllerListenerNames.includes(listenerName)
  const served: ApiVersion[] = []
  for (const [apiKey, { minVersion, maxVersion, listeners }] of handlers) {
    if (!listeners.includes(isController ? 'controller' : 'broker')) continue
    served.push({ apiKey, minVersion: apiKey === produceKey ? 0 : minVersion, maxVersion })
  }
  return served.sort((left, right) => left.apiKey - right.apiKey)
}
