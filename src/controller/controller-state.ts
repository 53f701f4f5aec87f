/**
 * What every decision of the controller reads: the image, which runs ahead of what is committed, the configuration, and
 * the soft state of heartbeats. Functions of this room take it and return records; none of them changes the image.
 */
import type { Hashing } from '../base/hashing.ts'
import type { Random } from '../base/random.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { configResourceTypes } from '../metadata/config-resource.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'
import { elrFeature, supportsElr } from '../metadata/metadata-version.ts'
import type { TopicImage } from '../metadata/topic-image.ts'
import type { BrokerHeartbeats } from './broker-heartbeats.ts'

export interface ControllerState {
  readonly image: MetadataImage
  /** This node's configuration, dynamic values included. */
  readonly config: BrokerConfig
  readonly clusterId: string
  readonly random: Random
  readonly hashing: Hashing
  readonly heartbeats: BrokerHeartbeats
  /** kraft.version, which lives in the raft layer's control records and not in the image. */
  readonly kraftVersion: number
}

export function isElrEnabled(image: MetadataImage): boolean {
  return image.featureLevel(elrFeature) > 0 && supportsElr(image.metadataVersion)
}

/** A topic's value of a key that topics and brokers call the same: topic, this node, all brokers; undefined for none. */
function dynamicValue(state: ControllerState, topicName: string, key: string): string | undefined {
  const { configs } = state.image
  return (
    configs.topic(topicName).get(key) ??
    configs.get(configResourceTypes.broker, String(state.config.nodeId)).get(key) ??
    configs.brokerDefaults.get(key)
  )
}

/** min.insync.replicas of the topic, at most its replication factor. */
export function effectiveMinInSyncReplicas(state: ControllerState, topic: TopicImage): number {
  const value = dynamicValue(state, topic.name, 'min.insync.replicas')
  const configured = value === undefined ? state.config.minInSyncReplicas : Number(value)
  const replicationFactor = topic.partitions.get(0)?.replicas.length ?? configured
  return Math.min(configured, replicationFactor)
}

export function isUncleanElectionEnabled(state: ControllerState, topicName: string): boolean {
  const value = dynamicValue(state, topicName, 'unclean.leader.election.enable')
  return value === undefined ? state.config.boolean('unclean.leader.election.enable') : value.toLowerCase() === 'true'
}
