/**
 * What a configuration key is: its type, default, range, and whether it may change while the broker runs. The tables of
 * keys/ and topic-keys.ts are lists of these, made by the functions below, one per type; config-value.ts parses and
 * checks values against them. Names, types, ranges and defaults are Apache Kafka 4.3.1's; where ottla has a default of
 * its own the table says so.
 */
export type ConfigType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password'

/** As Kafka's documentation calls it: where a value may be set without a restart. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide'

/** A parsed value. LONG is a bigint, so that every 64-bit value comes back as it was given. */
export type ConfigValue = boolean | number | bigint | string | readonly string[] | null

export interface ConfigKeyOptions {
  readonly min?: number
  readonly max?: number
  /** Also allowed, outside the range. */
  readonly orExactly?: number
  /** The only allowed values; of a list, of each element. */
  readonly oneOf?: readonly string[]
  readonly ignoreCase?: true
  readonly nonEmpty?: true
  /** Any other check: what is wrong with the parsed value, or undefined. */
  readonly check?: (value: ConfigValue, name: string) => string | undefined
  readonly dynamic?: 'per-broker' | 'cluster-wide'
  /** Left out of descriptions unless it is set: Kafka's internal keys, its throttles and ottla's own. */
  readonly hidden?: true
}

export interface ConfigKey extends ConfigKeyOptions {
  readonly name: string
  readonly type: ConfigType
  /** The default as text, as a file would give it; null when there is none. */
  readonly defaultText: string | null
  readonly updateMode: UpdateMode
  /** Passwords: never shown. */
  readonly isSensitive: boolean
}

function key(
  type: ConfigType,
  name: string,
  defaultValue: string | number | boolean | null,
  options: ConfigKeyOptions = {},
): ConfigKey {
  return {
    ...options,
    name,
    type,
    defaultText: defaultValue === null ? null : String(defaultValue),
    updateMode: options.dynamic ?? 'read-only',
    isSensitive: type === 'password',
  }
}

type Make<D> = (name: string, defaultValue: D | null, options?: ConfigKeyOptions) => ConfigKey

export const boolean: Make<boolean> = (name, value, options) => key('boolean', name, value, options)
export const string: Make<string> = (name, value, options) => key('string', name, value, options)
export const int: Make<number> = (name, value, options) => key('int', name, value, options)
export const short: Make<number> = (name, value, options) => key('short', name, value, options)
/** A default beyond 2^53 is given as text. */
export const long: Make<number | string> = (name, value, options) => key('long', name, value, options)
export const double: Make<number | string> = (name, value, options) => key('double', name, value, options)
/** The default is the text of the list, comma separated. */
export const list: Make<string> = (name, value, options) => key('list', name, value, options)
export const className: Make<string> = (name, value, options) => key('class', name, value, options)
export const password: Make<string> = (name, value, options) => key('password', name, value, options)
