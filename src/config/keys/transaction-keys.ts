/**
 * Broker keys of Apache Kafka 4.3.1 for the transaction and the share coordinator.
 * Joined by ../broker-keys.ts; types, ranges, defaults and update modes are Kafka's.
 */

import { boolean, type ConfigKey, int, short } from '../config-key.ts'

export const transactionKeys: readonly ConfigKey[] = [
  int('add.partitions.to.txn.retry.backoff.max.ms', 100, { min: 0 }),
  int('add.partitions.to.txn.retry.backoff.ms', 20, { min: 1 }),
  int('share.coordinator.append.linger.ms', -1, { min: -1 }),
  int('share.coordinator.cached.buffer.max.bytes', 1_048_588, { min: 524_288, dynamic: 'cluster-wide' }),
  int('share.coordinator.load.buffer.size', 5_242_880, { min: 1 }),
  int('share.coordinator.snapshot.update.records.per.snapshot', 500, { min: 0, max: 500 }),
  int('share.coordinator.state.topic.compression.codec', 0),
  short('share.coordinator.state.topic.min.isr', 2, { min: 1 }),
  int('share.coordinator.state.topic.num.partitions', 50, { min: 1 }),
  short('share.coordinator.state.topic.replication.factor', 3, { min: 1 }),
  int('share.coordinator.state.topic.segment.bytes', 104_857_600, { min: 1 }),
  int('share.coordinator.threads', 1, { min: 1 }),
  int('share.coordinator.write.timeout.ms', 5000, { min: 1 }),
  int('transaction.abort.timed.out.transaction.cleanup.interval.ms', 10_000, { min: 1 }),
  int('transaction.max.timeout.ms', 900_000, { min: 1 }),
  boolean('transaction.partition.verification.enable', true, { dynamic: 'cluster-wide' }),
  int('transaction.remove.expired.transaction.cleanup.interval.ms', 3_600_000, { min: 1 }),
  int('transaction.state.log.load.buffer.size', 5_242_880, { min: 1 }),
  int('transaction.state.log.min.isr', 2, { min: 1 }),
  int('transaction.state.log.num.partitions', 50, { min: 1 }),
  short('transaction.state.log.replication.factor', 3, { min: 1 }),
  int('transaction.state.log.segment.bytes', 104_857_600, { min: 1 }),
  boolean('transaction.two.phase.commit.enable', false),
  int('transactional.id.expiration.ms', 604_800_000, { min: 1 }),
]
