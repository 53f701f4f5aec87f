/**
 * Broker keys of Apache Kafka 4.3.1 for tiered storage and metrics, which are accepted and reported though ottla has neither.
 * Joined by ../broker-keys.ts; types, ranges, defaults and update modes are Kafka's.
 */

import { boolean, type ConfigKey, int, list, long, string } from '../config-key.ts'

export const tieredAndMetricsKeys: readonly ConfigKey[] = [
  int('kafka.metrics.polling.interval.secs', 10, { min: 1 }),
  list('kafka.metrics.reporters', ''),
  list('metric.reporters', 'org.apache.kafka.common.metrics.JmxReporter', { dynamic: 'cluster-wide' }),
  int('metrics.num.samples', 2, { min: 1 }),
  string('metrics.recording.level', 'INFO'),
  long('metrics.sample.window.ms', 30_000, { min: 1 }),
  int('remote.fetch.max.wait.ms', 500, { min: 1, dynamic: 'cluster-wide' }),
  long('remote.list.offsets.request.timeout.ms', 30_000, { min: 1, dynamic: 'cluster-wide' }),
  long('remote.log.index.file.cache.total.size.bytes', 1_073_741_824, { min: 1, dynamic: 'cluster-wide' }),
  int('remote.log.manager.copier.thread.pool.size', 10, { min: 1, dynamic: 'cluster-wide' }),
  long('remote.log.manager.copy.max.bytes.per.second', '9223372036854775807', { min: 1, dynamic: 'cluster-wide' }),
  int('remote.log.manager.copy.quota.window.num', 11, { min: 1 }),
  int('remote.log.manager.copy.quota.window.size.seconds', 1, { min: 1 }),
  int('remote.log.manager.expiration.thread.pool.size', 10, { min: 1, dynamic: 'cluster-wide' }),
  long('remote.log.manager.fetch.max.bytes.per.second', '9223372036854775807', { min: 1, dynamic: 'cluster-wide' }),
  int('remote.log.manager.fetch.quota.window.num', 11, { min: 1 }),
  int('remote.log.manager.fetch.quota.window.size.seconds', 1, { min: 1 }),
  int('remote.log.manager.follower.thread.pool.size', 2, { min: 1, dynamic: 'cluster-wide' }),
  long('remote.log.manager.task.interval.ms', 30_000, { min: 1 }),
  int('remote.log.manager.thread.pool.size', 2, { min: 1 }),
  int('remote.log.metadata.custom.metadata.max.bytes', 128, { min: 0 }),
  string(
    'remote.log.metadata.manager.class.name',
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    { nonEmpty: true },
  ),
  string('remote.log.metadata.manager.class.path', null),
  string('remote.log.metadata.manager.impl.prefix', 'rlmm.config.', { nonEmpty: true }),
  string('remote.log.metadata.manager.listener.name', null, { nonEmpty: true }),
  int('remote.log.reader.max.pending.tasks', 100, { min: 1 }),
  int('remote.log.reader.threads', 10, { min: 1, dynamic: 'cluster-wide' }),
  string('remote.log.storage.manager.class.name', null, { nonEmpty: true }),
  string('remote.log.storage.manager.class.path', null),
  string('remote.log.storage.manager.impl.prefix', 'rsm.config.', { nonEmpty: true }),
  boolean('remote.log.storage.system.enable', false),
  int('telemetry.max.bytes', 1_048_576, { min: 1 }),
]
