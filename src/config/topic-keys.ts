/**
 * The keys of topics, groups and client metrics of Apache Kafka 4.3.1, and for each which broker keys give its default:
 * the first synonym that has a value wins, hours and minutes become milliseconds. Two keys are not described unless set:
 * Kafka's internal.segment.bytes, by which tests roll segments smaller than a megabyte, and validate.records, ottla's own.
 */
import { boolean, type ConfigKey, type ConfigValue, double, int, list, long, string } from './config-key.ts'

function throttledReplicas(value: ConfigValue, name: string): string | undefined {
  const elements = value as readonly string[]
  if (elements.length === 1 && elements[0] === '*') return undefined
  if (elements.every((element) => /^\d+:\d+$/.test(element))) return undefined
  return `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`
}

const isoDuration = /^PT?(?=\d)(?:\d+D)?(?:T?(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d{1,9})?S)?)?$/i

function shareOffsetReset(value: ConfigValue, name: string): string | undefined {
  const text = String(value)
  if (text === 'earliest' || text === 'latest') return undefined
  const colon = text.indexOf(':')
  if (text.slice(0, colon) === 'by_duration' && isoDuration.test(text.slice(colon + 1))) return undefined
  return `Invalid value \`${text}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`
}

/** How thoroughly producers' batches are opened: the header alone, or every record. */
export const validateRecordsChoices = ['header', 'full'] as const

export const topicKeys: readonly ConfigKey[] = [
  list('cleanup.policy', 'delete', { oneOf: ['compact', 'delete'] }),
  int('compression.gzip.level', -1, { min: 1, max: 9, orExactly: -1 }),
  int('compression.lz4.level', 9, { min: 1, max: 17 }),
  string('compression.type', 'producer', { oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'] }),
  int('compression.zstd.level', 3, { min: -131_072, max: 22 }),
  long('delete.retention.ms', 86_400_000, { min: 0 }),
  long('file.delete.delay.ms', 60_000, { min: 0 }),
  long('flush.messages', '9223372036854775807', { min: 1 }),
  long('flush.ms', '9223372036854775807', { min: 0 }),
  list('follower.replication.throttled.replicas', '', { check: throttledReplicas }),
  int('index.interval.bytes', 4096, { min: 0 }),
  list('leader.replication.throttled.replicas', '', { check: throttledReplicas }),
  long('local.retention.bytes', -2, { min: -2 }),
  long('local.retention.ms', -2, { min: -2 }),
  long('max.compaction.lag.ms', '9223372036854775807', { min: 1 }),
  int('max.message.bytes', 1_048_588, { min: 0 }),
  long('message.timestamp.after.max.ms', 3_600_000, { min: 0 }),
  long('message.timestamp.before.max.ms', '9223372036854775807', { min: 0 }),
  string('message.timestamp.type', 'CreateTime', { oneOf: ['CreateTime', 'LogAppendTime'] }),
  double('min.cleanable.dirty.ratio', 0.5, { min: 0, max: 1 }),
  long('min.compaction.lag.ms', 0, { min: 0 }),
  int('min.insync.replicas', 1, { min: 1 }),
  boolean('preallocate', false),
  boolean('remote.log.copy.disable', false),
  boolean('remote.log.delete.on.disable', false),
  boolean('remote.storage.enable', false),
  long('retention.bytes', -1),
  long('retention.ms', 604_800_000, { min: -1 }),
  int('segment.bytes', 1_073_741_824, { min: 1_048_576 }),
  int('segment.index.bytes', 10_485_760, { min: 4 }),
  long('segment.jitter.ms', 0, { min: 0 }),
  long('segment.ms', 604_800_000, { min: 1 }),
  boolean('unclean.leader.election.enable', false),
  int('internal.segment.bytes', null, { min: 14, hidden: true }),
  string('validate.records', 'header', { oneOf: validateRecordsChoices, hidden: true }),
]

export const groupKeys: readonly ConfigKey[] = [
  int('consumer.assignment.interval.ms', 1000, { min: 0 }),
  int('consumer.heartbeat.interval.ms', 5000, { min: 1 }),
  int('consumer.session.timeout.ms', 45_000, { min: 1 }),
  int('share.assignment.interval.ms', 1000, { min: 0 }),
  string('share.auto.offset.reset', 'latest', { check: shareOffsetReset }),
  int('share.delivery.count.limit', 5, { min: 2 }),
  int('share.heartbeat.interval.ms', 5000, { min: 1 }),
  string('share.isolation.level', 'read_uncommitted', { oneOf: ['read_committed', 'read_uncommitted'] }),
  int('share.partition.max.record.locks', 2000, { min: 100 }),
  int('share.record.lock.duration.ms', 30_000, { min: 1000 }),
  boolean('share.renew.acknowledge.enable', true),
  int('share.session.timeout.ms', 45_000, { min: 1 }),
  int('streams.assignment.interval.ms', 1000, { min: 0 }),
  int('streams.heartbeat.interval.ms', 5000, { min: 1 }),
  int('streams.initial.rebalance.delay.ms', 3000, { min: 0 }),
  int('streams.num.standby.replicas', 0, { min: 0 }),
  int('streams.session.timeout.ms', 45_000, { min: 1 }),
]

function clientPatterns(value: ConfigValue): string | undefined {
  const pattern = (value as readonly string[]).find((element) => !element.includes('='))
  return pattern === undefined ? undefined : `Illegal client matching pattern: ${pattern}`
}

export const clientMetricsKeys: readonly ConfigKey[] = [
  int('interval.ms', 300_000, { min: 100, max: 3_600_000 }),
  list('match', '', { check: clientPatterns }),
  list('metrics', ''),
]

export interface BrokerSynonym {
  readonly name: string
  /** What one unit of the broker's key is in units of the topic's. */
  readonly factor: bigint
}

function synonyms(...names: string[]): readonly BrokerSynonym[] {
  return names.map((name) => ({
    name,
    factor: name.endsWith('.hours') ? 3_600_000n : name.endsWith('.minutes') ? 60_000n : 1n,
  }))
}

/** Topic key to broker keys in order of precedence. A key that is missing here has a default of its own. */
export const topicSynonyms: ReadonlyMap<string, readonly BrokerSynonym[]> = new Map([
  ['cleanup.policy', synonyms('log.cleanup.policy')],
  ['compression.gzip.level', synonyms('compression.gzip.level')],
  ['compression.lz4.level', synonyms('compression.lz4.level')],
  ['compression.type', synonyms('compression.type')],
  ['compression.zstd.level', synonyms('compression.zstd.level')],
  ['delete.retention.ms', synonyms('log.cleaner.delete.retention.ms')],
  ['file.delete.delay.ms', synonyms('log.segment.delete.delay.ms')],
  ['flush.messages', synonyms('log.flush.interval.messages')],
  ['flush.ms', synonyms('log.flush.interval.ms', 'log.flush.scheduler.interval.ms')],
  ['index.interval.bytes', synonyms('log.index.interval.bytes')],
  ['local.retention.bytes', synonyms('log.local.retention.bytes')],
  ['local.retention.ms', synonyms('log.local.retention.ms')],
  ['max.compaction.lag.ms', synonyms('log.cleaner.max.compaction.lag.ms')],
  ['max.message.bytes', synonyms('message.max.bytes')],
  ['message.timestamp.after.max.ms', synonyms('log.message.timestamp.after.max.ms')],
  ['message.timestamp.before.max.ms', synonyms('log.message.timestamp.before.max.ms')],
  ['message.timestamp.type', synonyms('log.message.timestamp.type')],
  ['min.cleanable.dirty.ratio', synonyms('log.cleaner.min.cleanable.ratio')],
  ['min.compaction.lag.ms', synonyms('log.cleaner.min.compaction.lag.ms')],
  ['min.insync.replicas', synonyms('min.insync.replicas')],
  ['preallocate', synonyms('log.preallocate')],
  ['retention.bytes', synonyms('log.retention.bytes')],
  ['retention.ms', synonyms('log.retention.ms', 'log.retention.minutes', 'log.retention.hours')],
  ['segment.bytes', synonyms('log.segment.bytes')],
  ['segment.index.bytes', synonyms('log.index.size.max.bytes')],
  ['segment.jitter.ms', synonyms('log.roll.jitter.ms', 'log.roll.jitter.hours')],
  ['segment.ms', synonyms('log.roll.ms', 'log.roll.hours')],
  ['unclean.leader.election.enable', synonyms('unclean.leader.election.enable')],
  ['validate.records', synonyms('validate.records')],
])

const groupKeysWithoutBroker = new Set([
  'share.auto.offset.reset',
  'share.isolation.level',
  'share.renew.acknowledge.enable',
])

/** The broker key that gives a group key its default; the key itself where there is none. */
export function groupSynonym(name: string): string {
  return groupKeysWithoutBroker.has(name) ? name : `group.${name}`
}

export const topicKeysByName: ReadonlyMap<string, ConfigKey> = new Map(topicKeys.map((key) => [key.name, key]))
export const groupKeysByName: ReadonlyMap<string, ConfigKey> = new Map(groupKeys.map((key) => [key.name, key]))
export const clientMetricsKeysByName: ReadonlyMap<string, ConfigKey> = new Map(
  clientMetricsKeys.map((key) => [key.name, key]),
)
