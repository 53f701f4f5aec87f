/**
 * Everything that handlers may use of the node they serve, built by node.ts. Fields are added as rooms are built.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger, NamedLoggers } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import type { AutoTopicCreation } from '../runtime/broker/auto-topic-creation.ts'
import type { LiveBrokers } from '../runtime/broker/live-brokers.ts'
import type { LogDirectories } from '../runtime/broker/log-directories.ts'
import type { ProducerIdSource } from '../runtime/broker/producer-id-source.ts'
import type { TopicReadiness } from '../runtime/broker/topic-readiness.ts'
import type { ControllerChannel } from '../runtime/controller/controller-channel.ts'
import type { GroupCoordinatorService } from '../runtime/coordinator/group-coordinator-service.ts'
import type { FetchEnvironment } from '../runtime/fetch/delayed-fetch.ts'
import type { FetchSessionCache } from '../runtime/fetch/fetch-session-cache.ts'
import type { RaftDriver } from '../runtime/raft/raft-driver.ts'
import type { ReplicaManager } from '../runtime/replica/replica-manager.ts'
import type { Authorize } from './request-context.ts'

/** Of every node: all that may be asked on a controller's listener. */
export interface NodeServices {
  readonly nodeId: number
  readonly clusterId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** This node's loggers and their levels. */
  readonly loggers: NamedLoggers
  readonly authorize: Authorize
  readonly config: BrokerConfig
  /** What is committed, as far as this node has replayed it. */
  readonly image: MetadataImage
  /** The finalized kraft.version, which the raft log holds and the image does not. */
  readonly kraftVersion: number
  /** This node's part in the quorum of the metadata log. */
  readonly quorum: Pick<RaftDriver, 'describeQuorum' | 'handleRequest'>
  /** The active controller: wherever it is for a broker; for what comes in on a controller's listener this node or none. */
  readonly controller: ControllerChannel
  readonly topicReadiness: TopicReadiness
}

/** Of a node that is a broker. */
export interface Broker extends NodeServices {
  /** The partitions that are served here. */
  readonly replicaManager: ReplicaManager
  readonly logDirectories: LogDirectories
  readonly fetchSessions: FetchSessionCache
  /** What all fetches share: one budget bounds the records of all answers under way. */
  readonly fetches: FetchEnvironment
  readonly producerIds: ProducerIdSource
  readonly autoTopicCreation: AutoTopicCreation
  readonly liveBrokers: LiveBrokers
  /** The groups that this broker coordinates. */
  readonly groupCoordinator: GroupCoordinatorService
}
