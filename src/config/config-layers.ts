/**
 * The layers from which a broker's value comes: its own dynamic configuration over the cluster's dynamic default over
 * the properties file over the default. Keys that mean one setting (log.retention.ms, minutes, hours) hide each other
 * between layers as in Kafka. BrokerConfig reads current values here, describe-configs.ts every layer.
 */
import { brokerKeys, brokerSynonyms, findBrokerKey, listenerBaseName } from './broker-keys.ts'
import type { ConfigKey, ConfigValue } from './config-key.ts'
import { ConfigError, defaultConfigValue, parseConfigValue } from './config-value.ts'

/** Kafka's numbers of ConfigSource in DescribeConfigs. */
export const configSources = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefault: 3,
  static: 4,
  default: 5,
  brokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: number
}

type Texts = ReadonlyMap<string, string>

const defaults: ReadonlyMap<string, ConfigValue> = new Map(brokerKeys.map((key) => [key.name, defaultConfigValue(key)]))
const nothing: Texts = new Map()
/** Per-broker in Kafka; sockets here are opened once, so dynamic values are not taken. */
export const fixedAtStart: ReadonlySet<string> = new Set(['listeners', 'listener.security.protocol.map'])

export class ConfigLayers {
  readonly staticValues: Texts
  #dynamicDefaults: Texts = nothing
  #dynamicBroker: Texts = nothing
  /** What is set in the end, as text: static values, overridden by the dynamic ones. */
  #texts: Texts
  #parsed = new Map<string, ConfigValue>()

  /** Throws ConfigError on the first value that is wrong. */
  constructor(staticValues: Texts) {
    this.staticValues = staticValues
    this.#texts = staticValues
    for (const [name, text] of staticValues) {
      const key = findBrokerKey(name)
      if (key !== undefined) this.#parsed.set(name, parseConfigValue(key, text))
    }
  }

  get dynamicDefaults(): Texts {
    return this.#dynamicDefaults
  }

  get dynamicBroker(): Texts {
    return this.#dynamicBroker
  }

  /** The value in force, parsed; the default where nothing is set, null where there is none. */
  value(name: string): ConfigValue {
    return this.#parsed.get(name) ?? defaults.get(name) ?? null
  }

  /** True when a file, an override or dynamic configuration gives `name` a value. */
  isSet(name: string): boolean {
    return this.#parsed.has(name)
  }

  /** Names that are set and that no table knows, or that carry a listener's prefix. */
  namesOutsideTable(): string[] {
    return [...this.#texts.keys()].filter((name) => !defaults.has(name))
  }

  /** The text in force, where one is set. */
  text(name: string): string | undefined {
    return this.#texts.get(name)
  }

  /**
   * Replaces both dynamic layers. A value that is wrong (only an older version can have stored it) is skipped and
   * reported: a broker must start whatever its metadata say.
   */
  setDynamic(dynamicDefaults: Texts, dynamicBroker: Texts, onInvalid: (error: ConfigError) => void): void {
    this.#dynamicDefaults = new Map(dynamicDefaults)
    this.#dynamicBroker = new Map(dynamicBroker)
    const texts = new Map(this.staticValues)
    const parsed = new Map<string, ConfigValue>()
    for (const layer of [this.#dynamicDefaults, this.#dynamicBroker]) {
      for (const [name, text] of layer) {
        const key = findBrokerKey(name)
        if (fixedAtStart.has(name) || (key !== undefined && !isValid(key, text, onInvalid))) continue
        if (listenerBaseName(name) === undefined) for (const synonym of brokerSynonyms(name)) texts.delete(synonym)
        texts.set(name, text)
      }
    }
    for (const [name, text] of texts) {
      const key = findBrokerKey(name)
      if (key !== undefined) parsed.set(name, parseConfigValue(key, text))
    }
    this.#texts = texts
    this.#parsed = parsed
  }

  /**
   * Every value that the setting `name` has in any layer, the one in force first. Kafka leaves out what stands before
   * the first entry of that very name, so a list can be empty though a synonym has a value.
   */
  synonyms(name: string, isSensitive: boolean): ConfigSynonym[] {
    const names = brokerSynonyms(name)
    const found: ConfigSynonym[] = []
    const add = (layer: (name: string) => string | null | undefined, source: number): void => {
      for (const synonym of names) {
        const text = layer(synonym)
        if (text !== undefined && text !== null) found.push({ name: synonym, value: isSensitive ? null : text, source })
      }
    }
    add((synonym) => this.#dynamicBroker.get(synonym), configSources.dynamicBroker)
    add((synonym) => this.#dynamicDefaults.get(synonym), configSources.dynamicDefault)
    add((synonym) => this.staticValues.get(synonym), configSources.static)
    add((synonym) => defaultText(synonym), configSources.default)
    const start = found.findIndex((synonym) => synonym.name === name)
    return start < 0 ? [] : found.slice(start)
  }
}

function isValid(key: ConfigKey, text: string, onInvalid: (error: ConfigError) => void): boolean {
  try {
    parseConfigValue(key, text)
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    onInvalid(error)
    return false
  }
}

// Kafka names no default for the keys that it does not describe.
const defaultTexts: ReadonlyMap<string, string | null> = new Map(
  brokerKeys.filter((key) => !key.hidden).map((key) => [key.name, key.defaultText]),
)

function defaultText(name: string): string | null | undefined {
  return defaultTexts.get(name)
}
