/**
 * A topic's configuration: what it sets itself over what the broker gives every topic. The controller checks changes
 * with validateTopicConfigs, brokers build the LogConfig of each partition with buildLogConfig, DescribeConfigs is in
 * describe-configs.ts. Refusals are in Kafka's words because clients show them.
 */
import type { BrokerConfig } from './broker-config.ts'
import { saturate } from './broker-config.ts'
import type { ConfigKey, ConfigValue } from './config-key.ts'
import { ConfigError, defaultConfigValue, parseConfigValue } from './config-value.ts'
import { defaultLogConfig, type LogConfig } from './log-config.ts'
import { topicKeys, topicKeysByName, topicSynonyms } from './topic-keys.ts'

type Texts = ReadonlyMap<string, string>
const noOverrides: Texts = new Map()

/** What the broker gives a topic that does not set `key`: its first synonym with a value, else the key's default. */
export function brokerDefault(key: ConfigKey, config: BrokerConfig): ConfigValue {
  for (const synonym of topicSynonyms.get(key.name) ?? []) {
    const value = config.value(synonym.name)
    if (value === null) continue
    if (key.type !== 'long' || typeof value === 'boolean' || typeof value === 'string') return value
    const amount = BigInt(value as bigint | number) * synonym.factor
    // A negative retention in hours or minutes is Kafka's way, too, to say "for ever".
    return key.name === 'retention.ms' && amount < 0n ? -1n : amount
  }
  return defaultConfigValue(key)
}

/** Values of every topic key in force for a topic. An override that is wrong (metadata of another version) is passed over. */
export function resolveTopicConfig(overrides: Texts, config: BrokerConfig): Map<string, ConfigValue> {
  const values = new Map<string, ConfigValue>()
  for (const key of topicKeys) {
    const text = overrides.get(key.name)
    values.set(key.name, (text === undefined ? undefined : parseOrPass(key, text)) ?? brokerDefault(key, config))
  }
  return values
}

function parseOrPass(key: ConfigKey, text: string): ConfigValue | undefined {
  try {
    return parseConfigValue(key, text)
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

/** The settings of a topic's logs: `overrides` is what the topic sets, `config` this broker as it is now. */
export function buildLogConfig(overrides: Texts | undefined, config: BrokerConfig): LogConfig {
  const values = resolveTopicConfig(overrides ?? noOverrides, config)
  const number = (name: string): number => {
    const value = values.get(name)
    return typeof value === 'bigint' ? saturate(value) : (value as number)
  }
  const policies = values.get('cleanup.policy') as readonly string[]
  return {
    ...defaultLogConfig,
    segmentBytes: (values.get('internal.segment.bytes') as number | null) ?? number('segment.bytes'),
    segmentMs: number('segment.ms'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentIndexBytes: number('segment.index.bytes'),
    indexIntervalBytes: number('index.interval.bytes'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    maxMessageBytes: number('max.message.bytes'),
    isCompact: policies.includes('compact'),
    isDelete: policies.includes('delete'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minInSyncReplicas: number('min.insync.replicas'),
    uncleanLeaderElectionEnable: values.get('unclean.leader.election.enable') === true,
    compressionType: values.get('compression.type') as LogConfig['compressionType'],
    preallocate: values.get('preallocate') === true,
    messageTimestampType: values.get('message.timestamp.type') as LogConfig['messageTimestampType'],
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    compressionGzipLevel: number('compression.gzip.level'),
    compressionLz4Level: number('compression.lz4.level'),
    compressionZstdLevel: number('compression.zstd.level'),
    validateRecords: values.get('validate.records') as LogConfig['validateRecords'],
  }
}

/** Throws ConfigError unless `name` is a topic key and `text` a value for it. */
export function validateTopicConfig(name: string, text: string): ConfigValue {
  const key = topicKeysByName.get(name)
  if (key === undefined) throw new ConfigError(`Unknown topic config name: ${name}`)
  return parseConfigValue(key, text)
}

/** Checks all that a topic would set, each value and what they are to each other; throws ConfigError. */
export function validateTopicConfigs(overrides: Texts, config: BrokerConfig): void {
  for (const name of overrides.keys())
    if (!topicKeysByName.has(name)) throw new ConfigError(`Unknown topic config name: ${name}`)
  const parsed = new Map<string, ConfigValue>()
  for (const [name, text] of overrides) parsed.set(name, validateTopicConfig(name, text))
  const current = (name: string): bigint =>
    (parsed.get(name) ?? brokerDefault(topicKeysByName.get(name)!, config)) as bigint
  const minLag = current('min.compaction.lag.ms')
  const maxLag = current('max.compaction.lag.ms')
  if (minLag > maxLag)
    throw new ConfigError(
      `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`,
    )
  if (parsed.get('remote.storage.enable') === true)
    throw new ConfigError(
      'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
    )
}
