/**
 * The command line as yargs reads it: commands, options, help and its examples. Loaded only for what start-arguments.ts
 * does not understand, and for all other commands. Each command loads its own code when it runs.
 */
import yargs, { type Argv } from 'yargs'
import { logLevels } from '../io/pino-logger.ts'
import { addAdminCommands } from './admin/admin-commands.ts'
import { addDataCommands, expandDataWords } from './data/data-commands.ts'
import type { StartNodesOptions } from './nodes/start-nodes.ts'
import { OperatorError } from './operator-error.ts'
import type { StartOptions } from './start.ts'
import { logFormats } from './start-arguments.ts'
import { packageVersion } from './version.ts'

export interface Commands {
  start(options: StartOptions): Promise<number>
  startNodes(options: StartNodesOptions): Promise<number>
  format(options: {
    config: string | undefined
    override: readonly string[]
    clusterId: string | undefined
    ignoreFormatted: boolean
    standalone: boolean
    noInitialControllers: boolean
    initialControllers: string | undefined
  }): Promise<number>
  logDump(options: { files: readonly string[]; records: boolean; json: boolean }): Promise<number>
}

const configOption = {
  alias: 'c',
  type: 'string',
  describe: "A properties file with Apache Kafka's keys",
  requiresArg: true,
} as const
const overrideOption = {
  alias: 'o',
  type: 'string',
  array: true,
  nargs: 1,
  default: [] as string[],
  defaultDescription: 'none',
  describe: 'key=value, before what the file says; may be repeated',
} as const

const initialControllerOptions = {
  standalone: {
    alias: 's',
    type: 'boolean',
    default: false,
    describe: 'This controller is the only voter of a new quorum',
  },
  'initial-controllers': {
    alias: 'I',
    type: 'string',
    requiresArg: true,
    describe: 'The voters of a new quorum, the same on all its nodes: id@host:port:directoryId,...',
  },
  'no-initial-controllers': {
    alias: 'N',
    type: 'boolean',
    default: false,
    describe: 'This node joins a quorum that is there',
  },
} as const

/** Runs the command that `words` name and resolves with its exit code; throws OperatorError for a line that is wrong. */
export async function runCommandLine(words: readonly string[], commands: Commands): Promise<number> {
  let exitCode: number | undefined
  const run = async (result: Promise<number>): Promise<void> => {
    exitCode = await result
  }
  // yargs reads --no-name as the opposite of --name.
  const plain = words.map((word) => (word === '--no-initial-controllers' ? '-N' : word))
  const parser = yargs(expandDataWords(plain))
    .scriptName('ottla')
    .usage('$0 <command> [options]\n\nA broker that speaks the protocol of Apache Kafka.')
    .command(
      'start [properties]',
      'Run a broker, a controller or both',
      (command) =>
        command
          .positional('properties', { type: 'string', describe: 'The same as --config' })
          .option('config', configOption)
          .option('override', overrideOption)
          .option('log-format', { choices: logFormats, default: 'plain' as const, describe: 'Readable lines, or JSON' })
          .option('log-level', { choices: logLevels, describe: 'The least that is told; default info' })
          .option('nodes', {
            type: 'number',
            requiresArg: true,
            describe: 'A cluster of so many processes on this machine, data in ./ottla-cluster',
          })
          .example('$0 start', 'One node on port 9092, data in ./ottla-data')
          .example('$0 start config/broker.properties', 'As the file says')
          .example('$0 start --nodes 3', 'A cluster on ports 9092, 9094 and 9096')
          .example('$0 start -o log.dirs=/data -o listeners=PLAINTEXT://:9095', 'Other data and port'),
      ({ properties, config, override, logFormat, logLevel, nodes }) => {
        if (nodes !== undefined) {
          if ((properties ?? config) !== undefined)
            throw new OperatorError('--nodes writes files of its own: leave the configuration file out')
          return run(commands.startNodes({ nodes, override, logFormat, logLevel }))
        }
        if (properties !== undefined && config !== undefined)
          throw new OperatorError('the configuration file is named twice: leave --config out')
        return run(commands.start({ config: config ?? properties, override, logFormat, logLevel }))
      },
    )
    .command('format', 'Give new data directories their cluster and identity', addFormat, (given) => {
      const { clusterId, config, override, ignoreFormatted } = given
      const { standalone, initialControllers, 'no-initial-controllers': noInitialControllers } = given
      const quorum = { standalone, noInitialControllers, initialControllers }
      return run(commands.format({ config, override, clusterId, ignoreFormatted, ...quorum }))
    })
    .command('log', 'Look into the files of a partition', (command) => addLogDump(command, run, commands))
  addAdminCommands(addDataCommands(parser, run), run)
    .completion('completion', 'Print what makes bash or zsh complete commands: source <(ottla completion)')
    .demandCommand(1, 'a command is missing: start, produce, consume or another')
    .strict()
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .version(packageVersion())
    .alias('version', 'v')
    .alias('help', 'h')
    .epilogue('Exit codes: 0 after a clean stop, 1 when it failed, 2 for a wrong command line.')
    .exitProcess(false)
    .fail((message, error) => {
      if (error !== undefined && error.name !== 'YError') throw error
      throw new UsageError((message ?? error.message).replaceAll(/\s+/g, ' '))
    })
  await parser.parseAsync()
  return exitCode ?? 0
}

/** `ottla format`. */
function addFormat<Parsed>(command: Argv<Parsed>) {
  return command
    .option('cluster-id', {
      alias: 't',
      type: 'string',
      requiresArg: true,
      describe: 'Default: CLUSTER_ID of the environment, else a new one',
    })
    .option('config', configOption)
    .option('override', overrideOption)
    .option('ignore-formatted', {
      alias: 'g',
      type: 'boolean',
      default: false,
      describe: 'Leave formatted directories as they are',
    })
    .options(initialControllerOptions)
    .example('$0 format --standalone -c node.properties', 'The first controller of a new cluster')
    .example('$0 format --cluster-id MkU3OEVBNTcwNTJENDM2Qg -c node.properties', 'A node of that cluster')
}

/** `ottla log dump`. */
function addLogDump<Parsed>(
  command: Argv<Parsed>,
  run: (result: Promise<number>) => Promise<void>,
  commands: Commands,
) {
  return command
    .command(
      'dump <files..>',
      'Show batches and entries of log, index and snapshot files',
      (dump) =>
        dump
          .positional('files', { type: 'string', array: true, demandOption: true })
          .option('records', { alias: 'r', type: 'boolean', default: false, describe: 'Each record too' })
          .option('format', {
            choices: ['text', 'json'],
            default: 'text',
            describe: 'Lines to read, or objects, one a line',
          })
          .option('json', { type: 'boolean', default: false, describe: 'The same as --format json' })
          .example('$0 log dump ottla-data/t-0/00000000000000000000.log', 'Each batch of a segment'),
      ({ files, records, format, json }) => run(commands.logDump({ files, records, json: json || format === 'json' })),
    )
    .demandCommand(1, 'log needs a command: dump')
}

/** The command line is wrong; the help says how it should be. */
export class UsageError extends OperatorError {
  override name = 'UsageError'
}
