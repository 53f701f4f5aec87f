/**
 * What may be changed while the broker runs: AlterConfigs and IncrementalAlterConfigs of brokers, groups and client
 * metrics subscriptions. Each function takes everything that the resource would set after the change and throws
 * ConfigError in Kafka's words; the handler gives it Kafka's code.
 */
import type { BrokerConfig } from './broker-config.ts'
import { findBrokerKey, listenerBaseName } from './broker-keys.ts'
import { fixedAtStart } from './config-layers.ts'
import { ConfigError, parseConfigValue } from './config-value.ts'
import { sslKeys } from './keys/ssl-keys.ts'
import { clientMetricsKeysByName, groupKeysByName, groupSynonym } from './topic-keys.ts'

type Texts = ReadonlyMap<string, string>

const perListenerKeys = new Set(sslKeys.filter((key) => key.updateMode === 'per-broker').map((key) => key.name))
const threadCountKeys = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
]

/** Settings of a listener that may be the same for all brokers. */
const clusterWideListenerKeys = new Set(['max.connections', 'max.connection.creation.rate', 'num.network.threads'])

function isOfOneListenerAlone(name: string): boolean {
  const base = listenerBaseName(name)
  return base !== undefined && !clusterWideListenerKeys.has(base)
}

function refuseAny(names: readonly string[], reason: string): void {
  if (names.length > 0) throw new ConfigError(`${reason}: [${[...names].sort().join(', ')}]`)
}

/**
 * Checks what would be dynamic configuration of a broker (`isPerBroker`) or of the whole cluster. A key that nobody
 * knows is let through as Kafka does: it may be some plugin's.
 */
export function validateBrokerConfigs(changes: Texts, config: BrokerConfig, isPerBroker: boolean): void {
  const names = [...changes.keys()]
  const modeOf = (name: string): string | undefined => {
    if (listenerBaseName(name) === 'connections.max.idle.ms') return 'per-broker'
    return findBrokerKey(name)?.updateMode
  }
  refuseAny(
    names.filter((name) => modeOf(name) === 'read-only' || fixedAtStart.has(name)),
    'Cannot update these configs dynamically',
  )
  refuseAny(
    names.filter((name) => perListenerKeys.has(name)),
    'These security configs can be dynamically updated only per-listener using the listener prefix',
  )
  if (!isPerBroker)
    refuseAny(
      names.filter((name) => modeOf(name) === 'per-broker' || isOfOneListenerAlone(name)),
      'Cannot update these configs at default cluster level, broker id must be specified',
    )
  for (const [name, text] of changes) {
    const key = findBrokerKey(name)
    if (key === undefined) continue
    const value = parseConfigValue(key, text)
    if (typeof value === 'number') checkThreadCount(name, value, config)
  }
  checkCordoned(changes, config)
}

function checkThreadCount(name: string, value: number, config: BrokerConfig): void {
  if (threadCountKeys.includes(name)) {
    const current = config.number(name)
    const failed = `Dynamic thread count update validation failed for ${name}=${value}`
    if (value > current * 2)
      throw new ConfigError(`${failed}, value should not be greater than double the current value ${current}`)
    if (value < Math.floor(current / 2))
      throw new ConfigError(`${failed}, value should be at least half the current value ${current}`)
  }
  if (name === 'log.cleaner.threads') {
    const current = config.number(name)
    if (value < 1) throw new ConfigError('Log cleaner threads should be at least 1')
    if (value < Math.floor(current / 2))
      throw new ConfigError(`Log cleaner threads cannot be reduced to less than half the current value ${current}`)
    if (value > current * 2)
      throw new ConfigError(`Log cleaner threads cannot be increased to more than double the current value ${current}`)
  }
}

function checkCordoned(changes: Texts, config: BrokerConfig): void {
  const text = changes.get('cordoned.log.dirs')
  if (text === undefined) return
  const dirs = parseConfigValue(findBrokerKey('cordoned.log.dirs')!, text) as readonly string[]
  const missing = dirs.filter((dir) => dir !== '*' && !config.logDirs.includes(dir))
  if (missing.length > 0)
    throw new ConfigError(
      `requirement failed: All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : ${missing.join(', ')}`,
    )
}

/** Group key, the broker key of its least value, and of its greatest. */
const groupBounds: readonly (readonly [name: string, min: string | undefined, max: string | undefined])[] = [
  boundsOf('consumer.session.timeout.ms'),
  boundsOf('consumer.heartbeat.interval.ms'),
  boundsOf('consumer.assignment.interval.ms'),
  boundsOf('share.session.timeout.ms'),
  boundsOf('share.heartbeat.interval.ms'),
  boundsOf('share.assignment.interval.ms'),
  boundsOf('share.record.lock.duration.ms'),
  boundsOf('share.delivery.count.limit'),
  boundsOf('share.partition.max.record.locks'),
  boundsOf('streams.session.timeout.ms'),
  boundsOf('streams.heartbeat.interval.ms'),
  boundsOf('streams.assignment.interval.ms'),
  ['streams.num.standby.replicas', undefined, 'group.streams.max.standby.replicas'],
]

function boundsOf(name: string): readonly [string, string, string] {
  const dot = name.indexOf('.')
  const kind = name.slice(0, dot)
  const rest = name.slice(dot + 1)
  return [name, `group.${kind}.min.${rest}`, `group.${kind}.max.${rest}`]
}

/** Checks all that a group would set. */
export function validateGroupConfigs(overrides: Texts, config: BrokerConfig): void {
  const numbers = new Map<string, number>()
  for (const name of overrides.keys())
    if (!groupKeysByName.has(name)) throw new ConfigError(`Unknown group config name: ${name}`)
  for (const [name, text] of overrides) {
    const value = parseConfigValue(groupKeysByName.get(name)!, text)
    if (typeof value === 'number') numbers.set(name, value)
  }
  for (const [name, min, max] of groupBounds) {
    const value = numbers.get(name)
    if (value === undefined) continue
    if (min !== undefined && value < config.number(min))
      throw new ConfigError(`${name} must be greater than or equal to ${min}`)
    if (max !== undefined && value > config.number(max))
      throw new ConfigError(`${name} must be less than or equal to ${max}`)
  }
  for (const kind of ['consumer', 'share', 'streams']) {
    const sessionName = `${kind}.session.timeout.ms`
    const heartbeatName = `${kind}.heartbeat.interval.ms`
    const session = numbers.get(sessionName) ?? config.number(groupSynonym(sessionName))
    const heartbeat = numbers.get(heartbeatName) ?? config.number(groupSynonym(heartbeatName))
    if (session <= heartbeat) throw new ConfigError(`${sessionName} must be greater than ${heartbeatName}`)
  }
}

/** Checks all that a client metrics subscription would set. */
export function validateClientMetricsConfigs(overrides: Texts): void {
  for (const [name, text] of overrides) {
    const key = clientMetricsKeysByName.get(name)
    if (key === undefined) throw new ConfigError(`Unknown client metrics configuration: ${name}`)
    if (name === 'interval.ms' && /^\s*\d+\s*$/.test(text) && (Number(text) < 100 || Number(text) > 3_600_000))
      throw new ConfigError(`Invalid value ${text} for interval.ms, interval must be between 100 and 3600000 (1 hour)`)
    try {
      parseConfigValue(key, text)
    } catch (error) {
      const wrong = /: (Illegal client matching pattern: .*)$/.exec((error as Error).message)
      throw wrong === null ? error : new ConfigError(wrong[1]!)
    }
  }
}
