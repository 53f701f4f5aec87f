/**
 * The settings of the group coordinator, under the names of their keys. Read at each use: what dynamic configuration
 * changes counts from the next request on.
 */
export interface GroupSettings {
  /** group.initial.rebalance.delay.ms: how long the first rebalance of a group waits for more members. */
  readonly initialRebalanceDelayMs: number
  /** group.min.session.timeout.ms */
  readonly minSessionTimeoutMs: number
  /** group.max.session.timeout.ms */
  readonly maxSessionTimeoutMs: number
  /** group.max.size: members of one group. */
  readonly maxSize: number
  /** offset.metadata.max.bytes, which Kafka compares with characters. */
  readonly offsetMetadataMaxBytes: number
  /** offsets.retention.minutes, in milliseconds. */
  readonly offsetsRetentionMs: number
  /** offsets.retention.check.interval.ms */
  readonly offsetsRetentionCheckIntervalMs: number
}

/** Apache Kafka 4.3.1's. */
export const defaultGroupSettings: GroupSettings = {
  initialRebalanceDelayMs: 3_000,
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  maxSize: 2_147_483_647,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 604_800_000,
  offsetsRetentionCheckIntervalMs: 600_000,
}

/** How long a new member's JoinGroup may wait: its client may be gone, and cannot send heartbeats yet. */
export const newMemberJoinTimeoutMs = 300_000
