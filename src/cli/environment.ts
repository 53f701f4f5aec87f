/**
 * Configuration from environment variables, as the images of Apache Kafka, Confluent and Bitnami read it, so that their
 * compose files work as they are: `KAFKA_` or `KAFKA_CFG_` and a key with `.` written as `_`, `_` as `__`, `-` as `___`.
 *
 * A variable whose name is no key of Kafka's (KAFKA_HOME of somebody's shell) is no configuration. Those for the JVM and
 * its logging have no meaning here, except the root log level.
 */
import { findBrokerKey } from '../config/broker-keys.ts'
import { isEveryAddress } from '../config/listeners.ts'
import type { LogLevel } from '../io/pino-logger.ts'

export interface EnvironmentSettings {
  /** By key. */
  readonly settings: ReadonlyMap<string, string>
  /** The variable of each key. */
  readonly variables: ReadonlyMap<string, string>
  /** Of CLUSTER_ID, or Bitnami's KAFKA_KRAFT_CLUSTER_ID; what is formatted gets it. */
  readonly clusterId: string | undefined
  readonly logLevel: LogLevel | undefined
  /** Variables that look like configuration and are none. */
  readonly unknown: readonly string[]
  /** OTTLA_DATA: where data lies when no log.dirs says so. */
  readonly dataDirectory: string | undefined
  /** OTTLA_CONFIG: a properties file that is read if it is there and no other is named; images mount it. */
  readonly file: string | undefined
  /** OTTLA_DEFAULT_CONFIG: the properties file when neither a file nor a variable says anything. */
  readonly defaultFile: string | undefined
}

/** For the JVM, its logging and the images' own scripts. */
const withoutMeaning = new Set([
  'KAFKA_VERSION',
  'KAFKA_HEAP_OPTS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_OPTS',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_JMX_PORT',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
  'KAFKA_KRAFT_CLUSTER_ID',
  'KAFKA_HOME',
])

const logLevels: Readonly<Record<string, LogLevel>> = {
  ALL: 'debug',
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'error',
  OFF: 'error',
}

/** Variables that compose files pass on empty when they are not set; other keys may well be empty. */
const unsetWhenEmpty = new Set(['listeners', 'advertised.listeners'])

export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): EnvironmentSettings {
  const settings = new Map<string, string>()
  const variables = new Map<string, string>()
  const unknown: string[] = []
  // KAFKA_CFG_ comes before the rest in the alphabet and so would lose; it is the more explicit one.
  const names = Object.keys(environment).sort((left, right) => rankOf(left) - rankOf(right) || (left < right ? -1 : 1))
  for (const variable of names) {
    const value = environment[variable]
    if (value === undefined || !variable.startsWith('KAFKA_') || withoutMeaning.has(variable)) continue
    const key = keyOf(variable)
    if (unsetWhenEmpty.has(key) && value.trim() === '') continue
    if (findBrokerKey(key) === undefined) {
      unknown.push(variable)
      continue
    }
    settings.set(key, value)
    variables.set(key, variable)
  }
  deriveListeners(settings, variables)
  return {
    settings,
    variables,
    clusterId: environment.CLUSTER_ID || environment.KAFKA_KRAFT_CLUSTER_ID || undefined,
    logLevel: logLevels[(environment.KAFKA_LOG4J_ROOT_LOGLEVEL ?? '').toUpperCase()],
    unknown,
    dataDirectory: environment.OTTLA_DATA || undefined,
    file: environment.OTTLA_CONFIG || undefined,
    defaultFile: environment.OTTLA_DEFAULT_CONFIG || undefined,
  }
}

/** Where a client in the same place as the broker finds it: the first listener of its variables that is for clients. */
export function ownBootstrap(environment: Readonly<Record<string, string | undefined>>): string {
  const { settings } = readEnvironment(environment)
  const controllers = new Set((settings.get('controller.listener.names') ?? '').split(',').map((name) => name.trim()))
  for (const listener of (settings.get('listeners') ?? '').split(',')) {
    const [, name, host = '', port] = /^\s*([^:]+):\/\/(.*):(\d+)\s*$/.exec(listener) ?? []
    if (name === undefined || controllers.has(name)) continue
    return `${host === '[::]' || isEveryAddress(host) ? 'localhost' : host}:${port}`
  }
  return 'localhost:9092'
}

function rankOf(variable: string): number {
  return variable.startsWith('KAFKA_CFG_') ? 1 : 0
}

function keyOf(variable: string): string {
  const name = variable.slice(variable.startsWith('KAFKA_CFG_') ? 'KAFKA_CFG_'.length : 'KAFKA_'.length)
  return name.toLowerCase().replace(/_{1,3}/g, (run) => ['.', '_', '-'][run.length - 1]!)
}

/** As Apache Kafka's image: who only says how it is reached listens on those ports, on every address. */
function deriveListeners(settings: Map<string, string>, variables: Map<string, string>): void {
  const advertised = settings.get('advertised.listeners')
  if (advertised === undefined || settings.has('listeners') || settings.get('process.roles') === 'controller') return
  settings.set('listeners', advertised.replaceAll(/:\/\/[^:,]*:/g, '://0.0.0.0:'))
  variables.set('listeners', variables.get('advertised.listeners')!)
}
