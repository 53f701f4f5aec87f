/**
 * Where a node's configuration comes from: a properties file, environment variables, `--override` options, each before the
 * one named earlier; and for a first run without any of them but the last, a file that is written here into the new data
 * directory and read again at every later start. As in Apache Kafka's image, environment variables take the place of that
 * file: what they do not say has Kafka's default.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BrokerConfig } from '../config/broker-config.ts'
import { ConfigError } from '../config/config-value.ts'
import { parseOverride, parseProperties } from '../config/properties.ts'
import { type EnvironmentSettings, readEnvironment } from './environment.ts'
import { OperatorError } from './operator-error.ts'

export interface NodeOptions {
  /** A properties file; when missing, the one in the data directory. */
  readonly config?: string | undefined
  /** `key=value`, in order. */
  readonly override: readonly string[]
}

export interface NodeConfiguration {
  readonly config: BrokerConfig
  /** The file that was read, if any. */
  readonly file: string | undefined
  /** True when that file was written just now. */
  readonly isFirstRun: boolean
  readonly environment: EnvironmentSettings
}

const defaultDataDirectory = './ottla-data'
const fileName = 'broker.properties'

/** Written for a first run on one node: Kafka's defaults, except those that one node cannot meet or that make it wait. */
export const firstRunProperties = `# Written by ottla at its first start in this directory, and read again at each later one. The keys are Apache Kafka's.
node.id=1
process.roles=broker,controller

# Every address of this machine. Clients are told the address by which they reached the broker; behind a mapped port
# or address translation name the outer one:
#advertised.listeners=PLAINTEXT://broker.example.com:9092
listeners=PLAINTEXT://:9092

# One node can hold one replica only.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# The first consumer of a group does not wait for others.
group.initial.rebalance.delay.ms=0
`

function parseOverrides(overrides: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const text of overrides) {
    const parsed = parseOverride(text)
    if (parsed === undefined) throw new OperatorError(`--override ${text}: write it as key=value`)
    values.set(parsed[0], parsed[1])
  }
  return values
}

function readProperties(file: string): Map<string, string> {
  try {
    return parseProperties(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new OperatorError(
      code === 'ENOENT' ? `there is no configuration file ${file}` : `cannot read the configuration file: ${message}`,
    )
  }
}

/** One node alone: nothing says that it belongs to a cluster. */
function isOneNode(overrides: ReadonlyMap<string, string>): boolean {
  return (
    (overrides.get('process.roles') ?? 'broker,controller').includes(',') &&
    !overrides.has('controller.quorum.voters') &&
    !overrides.has('controller.quorum.bootstrap.servers')
  )
}

function writeFirstRunFile(directory: string): string {
  const file = join(directory, fileName)
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(`${file}.tmp`, firstRunProperties)
    renameSync(`${file}.tmp`, file)
  } catch (error) {
    throw new OperatorError(`cannot write into the data directory: ${(error as Error).message}`)
  }
  return file
}

/** Finds, reads and checks the configuration; throws OperatorError. */
export function loadNodeConfiguration(
  options: NodeOptions,
  onWarning: (message: string) => void,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): NodeConfiguration {
  const environment = readEnvironment(variables)
  for (const name of environment.unknown) onWarning(`environment variable ${name} names no configuration key: ignored`)
  const overrides = parseOverrides(options.override)
  const given = new Map([...environment.settings, ...overrides])
  const fallback = environment.dataDirectory ?? defaultDataDirectory
  const directory = (given.get('log.dirs') ?? given.get('log.dir') ?? fallback).split(',')[0]!.trim()
  const own = join(directory, fileName)
  const isUnsaid = environment.settings.size === 0
  let file = options.config ?? [environment.file, own].find((path) => path !== undefined && existsSync(path))
  let isFirstRun = false
  if (file === undefined && isUnsaid) {
    const isNew = !existsSync(join(directory, 'meta.properties'))
    if (environment.defaultFile !== undefined) file = environment.defaultFile
    else if (isNew && isOneNode(overrides)) {
      file = writeFirstRunFile(directory)
      isFirstRun = true
    }
  }
  const values = file === undefined ? new Map<string, string>() : readProperties(file)
  for (const [name, value] of given) values.set(name, value)
  // The file in a data directory belongs to that directory, wherever it was moved.
  if (!values.has('log.dirs') && !values.has('log.dir')) values.set('log.dirs', directory)
  try {
    return { config: BrokerConfig.from(values, onWarning), file, isFirstRun, environment }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new OperatorError(`${error.message}${sourceOf(error.message, file, environment, overrides)}`)
  }
}

/** Where the operator finds what the message is about. */
function sourceOf(
  message: string,
  file: string | undefined,
  { variables }: EnvironmentSettings,
  overrides: ReadonlyMap<string, string>,
): string {
  const words = new Set(message.split(/[\s,;:'"=()]+/))
  const named = [...variables].filter(([key]) => words.has(key) && !overrides.has(key)).map(([, variable]) => variable)
  if (named.length > 0) return ` (in ${named.join(', ')})`
  return file === undefined ? '' : ` (in ${shown(file)} or --override)`
}

function shown(file: string): string {
  return dirname(file) === '.' ? file : resolve(file)
}
