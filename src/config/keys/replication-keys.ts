/**
 * Broker keys of Apache Kafka 4.3.1 for replication, fetching and their quotas.
 * Joined by ../broker-keys.ts; types, ranges, defaults and update modes are Kafka's.
 */

import { boolean, type ConfigKey, int, long, string } from '../config-key.ts'

export const replicationKeys: readonly ConfigKey[] = [
  int('fetch.max.bytes', 57_671_680, { min: 1024 }),
  int('fetch.purgatory.purge.interval.requests', 1000),
  boolean('follower.fetch.last.tiered.offset.enable', false, { dynamic: 'cluster-wide' }),
  long('follower.replication.throttled.rate', '9223372036854775807', { min: 0, dynamic: 'cluster-wide', hidden: true }),
  long('leader.replication.throttled.rate', '9223372036854775807', { min: 0, dynamic: 'cluster-wide', hidden: true }),
  int('max.incremental.fetch.session.cache.slots', 1000, { min: 0 }),
  int('num.replica.alter.log.dirs.threads', null),
  int('num.replica.fetchers', 1, { min: 1, dynamic: 'cluster-wide' }),
  int('producer.purgatory.purge.interval.requests', 1000),
  long('replica.alter.log.dirs.io.max.bytes.per.second', '9223372036854775807', {
    min: 0,
    dynamic: 'cluster-wide',
    hidden: true,
  }),
  int('replica.fetch.backoff.ms', 1000, { min: 0 }),
  int('replica.fetch.max.bytes', 1_048_576, { min: 0 }),
  int('replica.fetch.min.bytes', 1),
  int('replica.fetch.response.max.bytes', 10_485_760, { min: 0 }),
  int('replica.fetch.wait.max.ms', 500),
  long('replica.high.watermark.checkpoint.interval.ms', 5000),
  long('replica.lag.time.max.ms', 30_000),
  string('replica.selector.class', null),
  int('replica.socket.receive.buffer.bytes', 65_536),
  int('replica.socket.timeout.ms', 30_000),
  int('replication.quota.window.num', 11, { min: 1 }),
  int('replication.quota.window.size.seconds', 1, { min: 1 }),
  int('share.fetch.purgatory.purge.interval.requests', 1000),
]
