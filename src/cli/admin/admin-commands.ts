/**
 * The administrator's commands as yargs reads them: `ottla topics | groups | configs | cluster`. Their code is loaded when
 * they run.
 */
import type { Argv } from 'yargs'
import { type Run, texts, yes } from '../data/option-kinds.ts'
import type { ToolStreams } from '../tools/tool.ts'
import { formatOption, integer, names, optionsOf, targetOptions } from './admin-options.ts'
import { addBrokers, addElect, addQuorum, addReassign } from './cluster-commands.ts'
import { configTypes } from './config-types.ts'
import { addGroups } from './group-commands.ts'

const streams: ToolStreams = { input: process.stdin, output: process.stdout, errors: process.stderr }
const { output } = streams

export function addAdminCommands<Parsed>(parser: Argv<Parsed>, run: Run): Argv<Parsed> {
  return parser
    .command('topics', 'List, describe, create, alter and delete topics', (command) => addTopics(command, run))
    .command('groups', 'Show and reset what consumer groups have read', (command) => addGroups(command, run, output))
    .command('configs', 'Show and change settings while the broker runs', (command) => addConfigs(command, run))
    .command(
      'tool <name> [flags..]',
      'Run a tool that is named as one of Apache Kafka: kafka-topics, kafka-console-consumer and others',
      // main.ts runs it before this is read: its flags are not for yargs.
      (command) => command.example('$0 tool kafka-topics --bootstrap-server localhost:9092 --list', ''),
      () => {},
    )
    .command('brokers', 'Show brokers, forget one that is gone', (command) => addBrokers(command, run, streams))
    .command('quorum', 'Show who keeps the metadata, change who votes', (command) => addQuorum(command, run, streams))
    .command('reassign', 'Move partitions between brokers', (command) => addReassign(command, run, streams))
    .command('elect', 'Elect leaders of partitions', (command) => addElect(command, run, streams))
    .command('cluster', 'Health, brokers, quorum and protocol of a cluster', (command) => addCluster(command, run))
}

function addTopics<Parsed>(parser: Argv<Parsed>, run: Run) {
  const load = () => import('./topics.ts')
  const all = { ...yes, alias: 'a', describe: 'Internal topics too' } as const
  const config = { ...texts, alias: 'c', describe: 'name=value: a setting of the topic; may be repeated' } as const
  const withReads = parser
    .command(
      'list',
      'Names of topics',
      (command) =>
        command.options({ ...targetOptions, ...formatOption, all }).example('$0 topics list --format json', ''),
      (given) => run(load().then(({ topicsList }) => topicsList({ ...optionsOf(given), all: given.all }, output))),
    )
    .command(
      'describe [names..]',
      'Settings and partitions of topics',
      (command) =>
        command
          .positional('names', names)
          .options({ ...targetOptions, ...formatOption, all })
          .example('$0 topics describe orders', 'Where its partitions are'),
      (given) => {
        const options = { ...optionsOf(given), all: given.all, names: given.names.map(String) }
        return run(load().then(({ topicsDescribe }) => topicsDescribe(options, output)))
      },
    )
  return addTopicChanges(withReads, run, config).demandCommand(
    1,
    'topics needs a command: list, describe, create, alter or delete',
  )
}

function addTopicChanges<Parsed>(
  parser: Argv<Parsed>,
  run: Run,
  config: { readonly type: 'string'; readonly array: true; readonly nargs: 1; readonly default: string[] },
) {
  const load = () => import('./topics.ts')
  return parser
    .command(
      'create <names..>',
      'Create topics',
      (command) =>
        command
          .positional('names', { ...names, demandOption: true })
          .options({
            ...targetOptions,
            config,
            partitions: { ...integer, alias: 'p', describe: "How many; the broker's default without it" },
            'replication-factor': { ...integer, alias: 'r', describe: 'How many brokers have each partition' },
            'if-not-exists': { ...yes, describe: 'A topic that is there is no error' },
            'dry-run': { ...yes, describe: 'Only check that it could be created' },
          })
          .example('$0 topics create orders -p 6 -c cleanup.policy=compact', 'A compacted topic'),
      (given) => {
        const { partitions, replicationFactor, config: configs, ifNotExists, dryRun } = given
        const changes = { partitions, replicationFactor, configs, ifNotExists, dryRun }
        const options = { ...optionsOf(given), names: given.names.map(String), ...changes }
        return run(load().then(({ topicsCreate }) => topicsCreate(options, output)))
      },
    )
    .command(
      'alter <names..>',
      'Give topics more partitions or other settings',
      (command) =>
        command
          .positional('names', { ...names, demandOption: true })
          .options({
            ...targetOptions,
            config,
            partitions: { ...integer, alias: 'p', describe: 'How many there are to be in all' },
            unset: { ...texts, alias: 'u', describe: 'A setting that is to have its default again; may be repeated' },
          })
          .example('$0 topics alter orders -p 12 -c retention.ms=86400000 -u segment.bytes', ''),
      (given) => {
        const { partitions, config: configs, unset } = given
        const options = { ...optionsOf(given), names: given.names.map(String), partitions, configs, unset }
        return run(load().then(({ topicsAlter }) => topicsAlter(options, output)))
      },
    )
    .command(
      'delete <names..>',
      'Delete topics and their records',
      (command) =>
        command
          .positional('names', { ...names, demandOption: true })
          .options({ ...targetOptions, 'if-exists': { ...yes, describe: 'A topic that is not there is no error' } })
          .example('$0 topics delete orders', ''),
      (given) => {
        const options = { ...optionsOf(given), names: given.names.map(String), ifExists: given.ifExists }
        return run(load().then(({ topicsDelete }) => topicsDelete(options, output)))
      },
    )
}

function addConfigs<Parsed>(parser: Argv<Parsed>, run: Run) {
  const load = () => import('./configs.ts')
  const type = { choices: configTypes, demandOption: true, describe: 'What the settings are of' } as const
  const name = { type: 'string', demandOption: true, describe: 'Its name or id; broker default: all brokers' } as const
  const dryRun = { 'dry-run': { ...yes, describe: 'Only check that it could be changed' } } as const
  return parser
    .command(
      'describe <type> <name>',
      'Show settings',
      (command) =>
        command
          .positional('type', type)
          .positional('name', name)
          .options({ ...targetOptions, ...formatOption, all: { ...yes, alias: 'a', describe: 'Defaults too' } })
          .example('$0 configs describe broker 1 --all', ''),
      (given) => {
        const options = { ...optionsOf(given), type: given.type, name: String(given.name), all: given.all }
        return run(load().then(({ configsDescribe }) => configsDescribe(options, output)))
      },
    )
    .command(
      'set <type> <name> <settings..>',
      'Change settings: name=value each',
      (command) =>
        command
          .positional('type', type)
          .positional('name', name)
          .positional('settings', { ...names, demandOption: true })
          .options({ ...targetOptions, ...dryRun })
          .example('$0 configs set topic orders retention.ms=86400000', '')
          .example('$0 configs set broker-logger 1 ottla.controller=DEBUG', ''),
      (given) => {
        const { settings, dryRun: isDry } = given
        const what = { type: given.type, name: String(given.name), settings: settings.map(String), dryRun: isDry }
        return run(load().then(({ configsSet }) => configsSet({ ...optionsOf(given), ...what }, output)))
      },
    )
    .command(
      'unset <type> <name> <keys..>',
      'Give settings their defaults again',
      (command) =>
        command
          .positional('type', type)
          .positional('name', name)
          .positional('keys', { ...names, demandOption: true })
          .options({ ...targetOptions, ...dryRun })
          .example('$0 configs unset broker default message.max.bytes', ''),
      (given) => {
        const { keys, dryRun: isDry } = given
        const what = { type: given.type, name: String(given.name), keys: keys.map(String), dryRun: isDry }
        return run(load().then(({ configsUnset }) => configsUnset({ ...optionsOf(given), ...what }, output)))
      },
    )
    .demandCommand(1, 'configs needs a command: describe, set or unset')
}

function addCluster<Parsed>(parser: Argv<Parsed>, run: Run) {
  const load = () => import('./cluster.ts')
  const options = { ...targetOptions, ...formatOption } as const
  return parser
    .command(
      'health',
      'End with 0 when the broker answers and leads its partitions',
      (command) =>
        command
          .options({
            ...options,
            cluster: { ...yes, describe: 'The whole cluster: its controller, all partitions and brokers' },
            timeout: { ...integer, default: 1000, describe: 'How long to wait, in milliseconds' },
          })
          .example('$0 cluster health -b localhost:9092', 'For the health check of a container')
          .example('$0 cluster health --cluster --format json', 'For monitoring'),
      (given) => {
        const { bootstrap, format } = optionsOf(given)
        const limits = { bootstrap, format, timeoutMs: given.timeout ?? 1000, isWhole: given.cluster }
        return run(import('./cluster-health.ts').then(({ clusterHealth }) => clusterHealth(limits, streams)))
      },
    )
    .command(
      'describe',
      'Brokers and their log directories',
      (command) => command.options(options),
      (given) => run(load().then(({ clusterDescribe }) => clusterDescribe(optionsOf(given), output))),
    )
    .command(
      'api-versions',
      'Which versions of which API the brokers serve',
      (command) => command.options(options),
      (given) => run(load().then(({ clusterApiVersions }) => clusterApiVersions(optionsOf(given), output))),
    )
    .command(
      'quorum',
      'Who keeps the metadata, and how far each is',
      (command) => command.options(options),
      (given) => run(import('./quorum.ts').then(({ quorumStatus }) => quorumStatus(optionsOf(given), output))),
    )
    .demandCommand(1, 'cluster needs a command: health, describe, api-versions or quorum')
}
