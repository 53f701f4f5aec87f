/**
 * From the text of a configuration value to the value and back, with the rules and the words of Kafka's ConfigDef: text
 * is trimmed, numbers are decimal, a LONG keeps all 64 bits, lists are comma separated. Broker start, dynamic changes and
 * topic configuration all come through here, so a value that is refused in one place is refused in all.
 */
import type { ConfigKey, ConfigValue } from './config-key.ts'

/** A value or a combination of values that cannot be: one line that names the key. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const integerBounds = {
  short: [-32_768n, 32_767n],
  int: [-2_147_483_648n, 2_147_483_647n],
  long: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
} as const

function refuse(key: ConfigKey, text: string, reason: string): never {
  const shown = key.isSensitive ? '[hidden]' : text
  throw new ConfigError(`Invalid value ${shown} for configuration ${key.name}: ${reason}`)
}

function parseInteger(key: ConfigKey, type: 'short' | 'int' | 'long', original: string): number | bigint {
  const text = original.trim()
  const bounds = integerBounds[type]
  if (!/^[+-]?\d{1,40}$/.test(text)) refuse(key, original, `Not a number of type ${type.toUpperCase()}`)
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  if (value < bounds[0] || value > bounds[1]) refuse(key, original, `Not a number of type ${type.toUpperCase()}`)
  return type === 'long' ? value : Number(value)
}

function parseDouble(key: ConfigKey, original: string): number {
  const text = original.trim().replace(/(?<=[\d.])[dDfF]$/, '')
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  const special = /^([+-]?)(NaN|Infinity)$/.exec(text)
  if (special === null) return refuse(key, original, 'Not a number of type DOUBLE')
  if (special[2] === 'NaN') return Number.NaN
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

/** Kafka's list: trimmed as a whole, split at commas with the spaces around them, nothing where there is no text. */
export function parseList(text: string): string[] {
  const trimmed = text.trim()
  if (trimmed === '') return []
  const parts = trimmed.split(/\s*,\s*/)
  // Java's split drops empty parts at the end; a list of commas alone keeps one, which the check for empty values meets.
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts
}

function parseBoolean(key: ConfigKey, original: string): boolean {
  const text = original.trim().toLowerCase()
  if (text !== 'true' && text !== 'false') refuse(key, original, 'Expected value to be either true or false')
  return text === 'true'
}

function parse(key: ConfigKey, text: string): ConfigValue {
  switch (key.type) {
    case 'boolean':
      return parseBoolean(key, text)
    case 'short':
    case 'int':
    case 'long':
      return parseInteger(key, key.type, text)
    case 'double':
      return parseDouble(key, text)
    case 'list':
      return parseList(text)
    case 'string':
    case 'class':
    case 'password':
      return text.trim()
  }
}

function checkRange(key: ConfigKey, value: number | bigint): void {
  const { min, max, orExactly } = key
  const shown = formatNumber(value)
  if (orExactly !== undefined) {
    if (value !== orExactly && (value < min! || value > max!))
      refuse(key, shown, `Value must be between ${min} and ${max} or equal to ${orExactly}`)
    return
  }
  if (min !== undefined && value < min) refuse(key, shown, `Value must be at least ${min}`)
  if (max !== undefined && value > max) refuse(key, shown, `Value must be no more than ${max}`)
}

function isAllowed(key: ConfigKey, text: string): boolean {
  if (key.ignoreCase) return key.oneOf!.includes(text.toUpperCase())
  return key.oneOf!.includes(text)
}

function checkText(key: ConfigKey, text: string): void {
  if (key.oneOf !== undefined && !isAllowed(key, text)) {
    const insensitive = key.ignoreCase ? ' (case insensitive)' : ''
    refuse(key, text, `String must be one of${insensitive}: ${key.oneOf.join(', ')}`)
  }
  if (key.nonEmpty && text === '') refuse(key, text, 'String must be non-empty')
}

function check(key: ConfigKey, value: ConfigValue): void {
  if (typeof value === 'number' || typeof value === 'bigint') checkRange(key, value)
  else if (typeof value === 'string') checkText(key, value)
  else if (Array.isArray(value)) {
    if (key.oneOf !== undefined) {
      if (value.includes('')) throw new ConfigError(`Configuration '${key.name}' values must not be empty.`)
      for (const element of value) checkText(key, element)
    }
    if (key.nonEmpty && value.length === 0)
      throw new ConfigError(`Configuration '${key.name}' must not be empty. Valid values include: any non-empty value`)
  }
  const reason = key.check?.(value, key.name)
  if (reason !== undefined) {
    const shown = Array.isArray(value) ? `[${value.join(', ')}]` : formatConfigValue(value)!
    refuse(key, shown, reason)
  }
}

/**
 * Parses and checks `text`; throws ConfigError in Kafka's words. A list of given choices comes back without repetitions,
 * as in 4.3.1.
 */
export function parseConfigValue(key: ConfigKey, text: string): ConfigValue {
  const value = parse(key, text)
  check(key, value)
  return Array.isArray(value) && key.oneOf !== undefined ? [...new Set(value)] : value
}

/** The parsed default; null when there is none. */
export function defaultConfigValue(key: ConfigKey): ConfigValue {
  return key.defaultText === null ? null : parse(key, key.defaultText)
}

/** Java's Double.toString prints 1.7976931348623157E308 and 1.0 where JavaScript prints 1.7976931348623157e+308 and 1. */
function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const magnitude = Math.abs(value)
  if (magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e7)) {
    const [digits, exponent] = value.toExponential().split('e') as [string, string]
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`
  }
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

function formatNumber(value: number | bigint): string {
  return String(value)
}

/** The text by which a value is described to clients; null stays null. `type` matters for DOUBLE alone. */
export function formatConfigValue(value: ConfigValue, type?: ConfigKey['type']): string | null {
  if (value === null) return null
  if (typeof value === 'number' && type === 'double') return formatDouble(value)
  if (Array.isArray(value)) return value.join(',')
  return String(value)
}
