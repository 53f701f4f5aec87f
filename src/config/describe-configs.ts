/**
 * What DescribeConfigs answers for topics, brokers, groups and client metrics subscriptions: every key with its value in
 * force, where that comes from, and all values that it hides (the synonyms), as in Kafka 4.3.1. The entries have the
 * field names of the response, so that the handler passes them on. Passwords and unknown keys never show a value.
 */
import type { BrokerConfig } from './broker-config.ts'
import { brokerKeys, findBrokerKey } from './broker-keys.ts'
import type { ConfigKey, ConfigType, ConfigValue } from './config-key.ts'
import { type ConfigSynonym, configSources } from './config-layers.ts'
import { ConfigError, defaultConfigValue, formatConfigValue, parseConfigValue } from './config-value.ts'
import { resolveTopicConfig } from './topic-config.ts'
import { clientMetricsKeys, groupKeys, groupSynonym, topicKeys, topicSynonyms } from './topic-keys.ts'

type Texts = ReadonlyMap<string, string>

export interface DescribedConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  /** One of configSources. */
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: readonly ConfigSynonym[]
  /** One of configTypeNumbers. */
  readonly configType: number
}

/** Kafka's numbers of ConfigType in DescribeConfigs; 0 is unknown. */
export const configTypeNumbers: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

/** Which keys a request asks for; null, undefined and empty mean all. */
export type KeyFilter = readonly string[] | null | undefined

function wanted(name: string, filter: KeyFilter): boolean {
  return filter === null || filter === undefined || filter.length === 0 || filter.includes(name)
}

function entry(
  key: ConfigKey,
  value: ConfigValue,
  synonyms: readonly ConfigSynonym[],
  readOnly = false,
): DescribedConfig {
  return {
    name: key.name,
    value: key.isSensitive ? null : formatConfigValue(value, key.type),
    readOnly,
    configSource: synonyms[0]?.source ?? configSources.default,
    isSensitive: key.isSensitive,
    synonyms,
    configType: configTypeNumbers[key.type],
  }
}

/** All keys of a topic that sets `overrides`. */
export function describeTopicConfigs(overrides: Texts, config: BrokerConfig, filter?: KeyFilter): DescribedConfig[] {
  const values = resolveTopicConfig(overrides, config)
  const described: DescribedConfig[] = []
  for (const key of topicKeys) {
    const isOverridden = overrides.has(key.name)
    if (!wanted(key.name, filter) || (key.hidden && !isOverridden)) continue
    const value = values.get(key.name)!
    const brokerName = topicSynonyms.get(key.name)?.[0]?.name
    const synonyms = brokerName === undefined ? [] : config.layers.synonyms(brokerName, false)
    if (isOverridden)
      synonyms.unshift({ name: key.name, value: formatConfigValue(value, key.type), source: configSources.topic })
    described.push(entry(key, value, synonyms))
  }
  return described
}

/** All keys of this broker, with what was set under names that nobody knows. */
export function describeBrokerConfigs(config: BrokerConfig, filter?: KeyFilter): DescribedConfig[] {
  const layers = config.layers
  const described: DescribedConfig[] = []
  for (const name of layers.namesOutsideTable()) if (wanted(name, filter)) described.push(describeOther(name, config))
  for (const key of brokerKeys) {
    if (!wanted(key.name, filter) || (key.hidden && !layers.isSet(key.name))) continue
    const synonyms = layers.synonyms(key.name, key.isSensitive)
    described.push(entry(key, layers.value(key.name), synonyms, key.updateMode === 'read-only'))
  }
  return described
}

/** A key with a listener's prefix has its base key's type; anything else is taken for a secret. */
function describeOther(name: string, config: BrokerConfig): DescribedConfig {
  const base = findBrokerKey(name)
  const isSensitive = base?.isSensitive ?? true
  const synonyms = config.layers.synonyms(name, isSensitive)
  return {
    name,
    value: isSensitive ? null : (config.layers.text(name) ?? null),
    readOnly: true,
    configSource: synonyms[0]?.source ?? configSources.default,
    isSensitive,
    synonyms,
    configType: base === undefined ? 0 : configTypeNumbers[base.type],
  }
}

/** What the cluster sets for all brokers (DescribeConfigs of the broker with an empty name), as it was set. */
export function describeClusterConfigs(config: BrokerConfig, filter?: KeyFilter): DescribedConfig[] {
  const described: DescribedConfig[] = []
  for (const [name, text] of config.layers.dynamicDefaults) {
    if (!wanted(name, filter)) continue
    const key = findBrokerKey(name)
    const isSensitive = key?.isSensitive ?? true
    const value = isSensitive ? null : text
    described.push({
      name,
      value,
      readOnly: key === undefined || key.updateMode === 'read-only',
      configSource: configSources.dynamicDefault,
      isSensitive,
      synonyms: [{ name, value, source: configSources.dynamicDefault }],
      configType: key === undefined ? 0 : configTypeNumbers[key.type],
    })
  }
  return described
}

function parsed(key: ConfigKey, text: string | undefined): ConfigValue | undefined {
  if (text === undefined) return undefined
  try {
    return parseConfigValue(key, text)
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

/** All keys of a group that sets `overrides`. */
export function describeGroupConfigs(overrides: Texts, config: BrokerConfig, filter?: KeyFilter): DescribedConfig[] {
  const described: DescribedConfig[] = []
  for (const key of groupKeys) {
    if (!wanted(key.name, filter)) continue
    const brokerName = groupSynonym(key.name)
    const hasBrokerKey = brokerName !== key.name
    const own = parsed(key, overrides.get(key.name))
    const value = own ?? (hasBrokerKey ? config.value(brokerName) : defaultConfigValue(key))
    const synonyms: ConfigSynonym[] = hasBrokerKey
      ? config.layers.synonyms(brokerName, false)
      : [{ name: key.name, value: key.defaultText, source: configSources.default }]
    if (own !== undefined)
      synonyms.unshift({ name: key.name, value: formatConfigValue(own, key.type), source: configSources.group })
    described.push(entry(key, value, synonyms))
  }
  return described
}

/** All keys of a client metrics subscription, which need not exist. */
export function describeClientMetricsConfigs(overrides: Texts, filter?: KeyFilter): DescribedConfig[] {
  return clientMetricsKeys
    .filter((key) => wanted(key.name, filter))
    .map((key) => {
      const own = parsed(key, overrides.get(key.name))
      const value = formatConfigValue(own ?? null)
      const synonyms = own === undefined ? [] : [{ name: key.name, value, source: configSources.clientMetrics }]
      return entry(key, own ?? defaultConfigValue(key), synonyms)
    })
}
