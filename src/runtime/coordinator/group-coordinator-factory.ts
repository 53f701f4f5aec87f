/**
 * Puts the group coordinator together on the replica manager: called by node.ts once, before partitions get their roles.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import { GroupCoordinator } from '../../coordinator/group/group-coordinator.ts'
import type { GroupSettings } from '../../coordinator/group/group-settings.ts'
import type { MetadataImage } from '../../metadata/metadata-image.ts'
import {
  type Codecs,
  type CompressionType,
  compressionTypes,
  isCompressionType,
} from '../../protocol/record/compression.ts'
import type { ReplicaManager } from '../replica/replica-manager.ts'
import { PartitionCoordinatorLog } from './coordinator-log.ts'
import { CoordinatorRuntime } from './coordinator-runtime.ts'
import { GroupCoordinatorService } from './group-coordinator-service.ts'

export const offsetsTopicName = '__consumer_offsets'

export interface GroupCoordinatorOptions {
  readonly config: BrokerConfig
  readonly image: MetadataImage
  readonly replicaManager: ReplicaManager
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly codecs: Codecs
}

/**
 * The service, subscribed to who leads the partitions of `__consumer_offsets`. The caller subscribes its
 * `onMetadataChange` to the metadata publisher, after the replica manager, and closes it when the broker stops.
 */
export function createGroupCoordinator(options: GroupCoordinatorOptions): GroupCoordinatorService {
  const { config, image, replicaManager, clock, random, logger, codecs } = options
  const log = new PartitionCoordinatorLog(replicaManager, offsetsTopicName)
  const settings = settingsOf(config)
  const runtime = new CoordinatorRuntime(
    {
      log,
      clock,
      logger,
      codecs,
      writeTimeoutMs: () => config.offsetsCommitTimeoutMs,
      loadBufferSize: () => config.offsetsLoadBufferSize,
      compressionType: () => compressionTypeOf(config.offsetsTopicCompressionCodec),
    },
    (partition) => new GroupCoordinator({ settings: () => settings, random, logger: logger.child({ partition }) }),
  )
  const partitionCount = () =>
    image.topics.getByName(offsetsTopicName)?.partitions.size ?? config.offsetsTopicNumPartitions
  const service = new GroupCoordinatorService(runtime, partitionCount)
  log.subscribe(service)
  for (const { partition, leaderEpoch } of log.ledPartitions()) service.onElected(partition, leaderEpoch)
  return service
}

/** Reads through, so that a changed setting counts at once. */
function settingsOf(config: BrokerConfig): GroupSettings {
  return {
    get initialRebalanceDelayMs() {
      return config.groupInitialRebalanceDelayMs
    },
    get minSessionTimeoutMs() {
      return config.groupMinSessionTimeoutMs
    },
    get maxSessionTimeoutMs() {
      return config.groupMaxSessionTimeoutMs
    },
    get maxSize() {
      return config.groupMaxSize
    },
    get offsetMetadataMaxBytes() {
      return config.offsetMetadataMaxBytes
    },
    get offsetsRetentionMs() {
      return config.offsetsRetentionMs
    },
    get offsetsRetentionCheckIntervalMs() {
      return config.offsetsRetentionCheckIntervalMs
    },
  }
}

function compressionTypeOf(codec: number): CompressionType {
  return isCompressionType(codec) ? codec : compressionTypes.none
}
