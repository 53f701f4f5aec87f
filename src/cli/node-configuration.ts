/**
 * Where a node's configuration comes from: a properties file, `--override` options, and for a first run without a file
 * the one that is written here into the new data directory and read again at every later start.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BrokerConfig } from '../config/broker-config.ts'
import { ConfigError } from '../config/config-value.ts'
import { parseOverride, parseProperties } from '../config/properties.ts'
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
export function loadNodeConfiguration(options: NodeOptions, onWarning: (message: string) => void): NodeConfiguration {
  const overrides = parseOverrides(options.override)
  const given = overrides.get('log.dirs') ?? overrides.get('log.dir') ?? defaultDataDirectory
  const directory = given.split(',')[0]!.trim()
  let file = options.config
  let isFirstRun = false
  if (file === undefined) {
    const own = join(directory, fileName)
    if (existsSync(own)) file = own
    else if (isOneNode(overrides) && !existsSync(join(directory, 'meta.properties'))) {
      file = writeFirstRunFile(directory)
      isFirstRun = true
    }
  }
  const values = file === undefined ? new Map<string, string>() : readProperties(file)
  const isOwnFile = file !== undefined && options.config === undefined
  // The file in a data directory belongs to that directory, wherever it was moved.
  if (isOwnFile && !values.has('log.dirs') && !values.has('log.dir')) values.set('log.dirs', directory)
  for (const [name, value] of overrides) values.set(name, value)
  try {
    return { config: BrokerConfig.from(values, onWarning), file, isFirstRun }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new OperatorError(file === undefined ? error.message : `${error.message} (in ${shown(file)} or --override)`)
  }
}

function shown(file: string): string {
  return dirname(file) === '.' ? file : resolve(file)
}
