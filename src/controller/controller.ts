/**
 * The controller: requests in, records and answers out. It reads the image and its soft state of heartbeats and changes
 * neither the image nor the log; runtime/controller-runtime.ts appends what it returns, replays it, and answers when it
 * is committed. Pure: time and chance come in.
 *
 * Every function may throw KafkaError: the whole request is refused, nothing is to be written.
 */
import type { Hashing } from '../base/hashing.ts'
import type { Random } from '../base/random.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-record.ts'
import type { CreateTopicsRequest } from '../protocol/api/19-create-topics.ts'
import type { DeleteTopicsRequest } from '../protocol/api/20-delete-topics.ts'
import type { AlterConfigsRequest } from '../protocol/api/33-alter-configs.ts'
import type { CreatePartitionsRequest } from '../protocol/api/37-create-partitions.ts'
import type { ElectLeadersRequest } from '../protocol/api/43-elect-leaders.ts'
import type { IncrementalAlterConfigsRequest } from '../protocol/api/44-incremental-alter-configs.ts'
import type { AlterPartitionReassignmentsRequest } from '../protocol/api/45-alter-partition-reassignments.ts'
import type { ListPartitionReassignmentsRequest } from '../protocol/api/46-list-partition-reassignments.ts'
import type { AlterClientQuotasRequest } from '../protocol/api/49-alter-client-quotas.ts'
import type { AlterUserScramCredentialsRequest } from '../protocol/api/51-alter-user-scram-credentials.ts'
import type { AlterPartitionRequest } from '../protocol/api/56-alter-partition.ts'
import type { UpdateFeaturesRequest } from '../protocol/api/57-update-features.ts'
import type { BrokerRegistrationRequest } from '../protocol/api/62-broker-registration.ts'
import type { BrokerHeartbeatRequest } from '../protocol/api/63-broker-heartbeat.ts'
import type { UnregisterBrokerRequest } from '../protocol/api/64-unregister-broker.ts'
import type { AllocateProducerIdsRequest } from '../protocol/api/67-allocate-producer-ids.ts'
import type { ControllerRegistrationRequest } from '../protocol/api/70-controller-registration.ts'
import type { AssignReplicasToDirsRequest } from '../protocol/api/73-assign-replicas-to-dirs.ts'
import { apiKeys } from '../protocol/api/index.ts'
import { KafkaError } from '../protocol/errors.ts'
import { alterClientQuotas } from './alter-client-quotas.ts'
import { alterConfigs, incrementalAlterConfigs } from './alter-configs.ts'
import { alterPartition } from './alter-partition.ts'
import { alterUserScramCredentials } from './alter-user-scram-credentials.ts'
import { assignReplicasToDirs } from './assign-replicas-to-dirs.ts'
import { activationRecords, defaultBootstrapRecords } from './bootstrap-records.ts'
import {
  fenceGoneBroker,
  fenceStaleBrokers,
  nextSessionExpiryMs,
  processBrokerHeartbeat,
} from './broker-heartbeat-request.ts'
import { BrokerHeartbeats } from './broker-heartbeats.ts'
import { type RegistrationCircumstances, registerBroker, registerController } from './broker-registration-request.ts'
import { type ControllerResult, maxRecordsPerUserOperation } from './controller-result.ts'
import type { ControllerState } from './controller-state.ts'
import { createPartitions } from './create-partitions.ts'
import { createTopics } from './create-topics.ts'
import { deleteTopics } from './delete-topics.ts'
import { electLeaders } from './elect-leaders.ts'
import { balanceLeaders, electUncleanly } from './periodic-elections.ts'
import { allocateProducerIds } from './producer-id-blocks.ts'
import { alterPartitionReassignments, listPartitionReassignments } from './reassign-partitions.ts'
import { unregisterBroker } from './unregister-broker.ts'
import { updateFeatures } from './update-features.ts'

export interface ControllerOptions {
  /** Runs ahead of what is committed; the caller replays into it. */
  readonly image: MetadataImage
  readonly config: BrokerConfig
  readonly clusterId: string
  readonly random: Random
  readonly hashing: Hashing
  /** The finalized kraft.version, which the raft layer knows. */
  readonly kraftVersion: () => number
  /** What a new cluster starts with (bootstrap.checkpoint); what 4.3.1 starts with when missing. */
  readonly bootstrapRecords?: readonly MetadataRecord[]
}

/** What users ask for is done as a whole or not at all, which one batch of the log must hold. */
const userOperations: ReadonlySet<number> = new Set([
  apiKeys.AlterConfigs,
  apiKeys.ElectLeaders,
  apiKeys.IncrementalAlterConfigs,
  apiKeys.AlterPartitionReassignments,
  apiKeys.AlterClientQuotas,
  apiKeys.AlterUserScramCredentials,
])

export class Controller {
  readonly #state: ControllerState
  readonly #bootstrapRecords: readonly MetadataRecord[]

  constructor(options: ControllerOptions) {
    const { image, config, clusterId, random, hashing, kraftVersion } = options
    const heartbeats = new BrokerHeartbeats(config.brokerSessionTimeoutMs)
    this.#state = {
      image,
      config,
      clusterId,
      random,
      hashing,
      heartbeats,
      get kraftVersion() {
        return kraftVersion()
      },
    }
    this.#bootstrapRecords = options.bootstrapRecords ?? defaultBootstrapRecords()
  }

  /**
   * Takes over: brokers that are not fenced have a whole session to be heard of, but for one that is known to have been
   * silent before. Returns what to write first.
   */
  activate(
    nowMs: number,
    silent?: { readonly brokerId: number; readonly lastHeardMs: number } | undefined,
  ): MetadataRecord[] {
    const { image, heartbeats, config } = this.#state
    heartbeats.activate(
      [...image.cluster.brokers()].filter((broker) => !broker.isFenced),
      nowMs,
    )
    if (silent !== undefined) heartbeats.backdate(silent.brokerId, silent.lastHeardMs)
    return activationRecords(image, this.#bootstrapRecords, config.minInSyncReplicas)
  }

  /** Answers the request of an API; `circumstances` are those of the sender. */
  handle(apiKey: number, request: object, circumstances: RegistrationCircumstances): ControllerResult<object> {
    const result = this.#decide(apiKey, request, circumstances)
    if (userOperations.has(apiKey) && result.records.length > maxRecordsPerUserOperation) {
      throw new KafkaError('POLICY_VIOLATION', 'Unable to perform excessively large batch operation.')
    }
    return result
  }

  #decide(apiKey: number, request: object, circumstances: RegistrationCircumstances): ControllerResult<object> {
    const state = this.#state
    switch (apiKey) {
      case apiKeys.CreateTopics:
        return createTopics(state, request as CreateTopicsRequest)
      case apiKeys.DeleteTopics:
        return deleteTopics(state, request as DeleteTopicsRequest)
      case apiKeys.AlterConfigs:
        return alterConfigs(state, request as AlterConfigsRequest)
      case apiKeys.CreatePartitions:
        return createPartitions(state, request as CreatePartitionsRequest)
      case apiKeys.IncrementalAlterConfigs:
        return incrementalAlterConfigs(state, request as IncrementalAlterConfigsRequest)
      case apiKeys.AlterPartition:
        return alterPartition(state, request as AlterPartitionRequest)
      case apiKeys.ElectLeaders:
        return electLeaders(state, request as ElectLeadersRequest)
      case apiKeys.AlterPartitionReassignments:
        return alterPartitionReassignments(state, request as AlterPartitionReassignmentsRequest)
      case apiKeys.ListPartitionReassignments:
        return listPartitionReassignments(state, request as ListPartitionReassignmentsRequest)
      case apiKeys.AlterClientQuotas:
        return alterClientQuotas(state, request as AlterClientQuotasRequest)
      case apiKeys.AlterUserScramCredentials:
        return alterUserScramCredentials(state, request as AlterUserScramCredentialsRequest)
      case apiKeys.UnregisterBroker:
        return unregisterBroker(state, request as UnregisterBrokerRequest)
      case apiKeys.UpdateFeatures:
        return updateFeatures(state, request as UpdateFeaturesRequest)
      case apiKeys.BrokerRegistration:
        return registerBroker(state, request as BrokerRegistrationRequest, circumstances)
      case apiKeys.BrokerHeartbeat:
        return processBrokerHeartbeat(state, request as BrokerHeartbeatRequest, circumstances.nowMs)
      case apiKeys.AllocateProducerIds:
        return allocateProducerIds(state, request as AllocateProducerIdsRequest)
      case apiKeys.ControllerRegistration:
        return registerController(state, request as ControllerRegistrationRequest)
      case apiKeys.AssignReplicasToDirs:
        return assignReplicasToDirs(state, request as AssignReplicasToDirsRequest)
      default:
        throw new KafkaError('UNSUPPORTED_VERSION', `The controller does not serve API ${apiKey}`)
    }
  }

  /** Fences one broker whose session has run out; call again while there are records. */
  fenceStaleBrokers(nowMs: number): MetadataRecord[] {
    return fenceStaleBrokers(this.#state, nowMs).records
  }

  /** Fences the broker whose process is gone, as an expired session does; nothing when it is fenced or another incarnation. */
  fenceBroker(brokerId: number, brokerEpoch: number): MetadataRecord[] {
    return fenceGoneBroker(this.#state, brokerId, brokerEpoch).records
  }

  /** When to call `fenceStaleBrokers` next, if nobody is heard of; undefined while no broker is unfenced. */
  nextSessionExpiryMs(nowMs: number): number | undefined {
    return nextSessionExpiryMs(this.#state, nowMs)
  }

  /** Leaderships that go back to preferred replicas, a thousand at most. */
  balanceLeaders(): MetadataRecord[] {
    return balanceLeaders(this.#state)
  }

  /** Leaders for partitions that have none, where they may lack records; a thousand at most. */
  electUncleanly(): MetadataRecord[] {
    return electUncleanly(this.#state)
  }

  /** What is written when nothing else was for metadata.max.idle.interval.ms: followers see that the leader lives. */
  idleRecord(): MetadataRecord {
    return metadataRecord('NoOpRecord', 0, {})
  }
}
