/** `ottla quorum`, `ottla brokers`, `ottla reassign` and `ottla elect` as yargs reads them. */
import type { Argv } from 'yargs'
import { type Run, text, yes } from '../data/option-kinds.ts'
import { OperatorError } from '../operator-error.ts'
import type { ToolStreams } from '../tools/tool.ts'
import { formatOption, integer, names, optionsOf, targetOptions } from './admin-options.ts'

const options = {
  ...targetOptions,
  ...formatOption,
  json: { ...yes, describe: 'The same as --format json' },
} as const

const dryRun = { 'dry-run': { ...yes, describe: 'Only say what would be done' } } as const

export function addQuorum<Parsed>(parser: Argv<Parsed>, run: Run, { output }: ToolStreams) {
  const load = () => import('./quorum.ts')
  const quorumOptions = {
    ...options,
    controllers: { ...text, alias: 'C', describe: 'Ask these controllers instead of brokers: host:port,...' },
  } as const
  const target = (given: Parameters<typeof optionsOf>[0] & { controllers?: string | undefined }) => ({
    ...optionsOf(given),
    controllers: given.controllers,
  })
  return parser
    .command(
      ['status', '$0'],
      'The leader, the voters and the observers',
      (command) => command.options(quorumOptions).example('$0 quorum --json', ''),
      (given) => run(load().then(({ quorumStatus }) => quorumStatus(target(given), output))),
    )
    .command(
      'replication',
      'The same, with directories and times of the last fetch',
      (command) => command.options(quorumOptions),
      (given) => run(load().then(({ quorumStatus }) => quorumStatus(target(given), output, true))),
    )
    .command(
      'add-voter <properties>',
      'Let a controller vote that is formatted and running; <properties> is its configuration file',
      (command) =>
        command
          .positional('properties', { type: 'string', demandOption: true })
          .options({ ...quorumOptions, ...dryRun })
          .example('$0 quorum add-voter controller-4.properties', ''),
      (given) => {
        const what = { ...target(given), properties: given.properties, dryRun: given.dryRun }
        return run(load().then(({ quorumAddVoter }) => quorumAddVoter(what, output)))
      },
    )
    .command(
      'remove-voter <id>',
      'Take the vote from a controller',
      (command) =>
        command
          .positional('id', { type: 'number', demandOption: true })
          .options({
            ...quorumOptions,
            ...dryRun,
            'directory-id': { ...text, describe: 'Of its metadata; found out where it is missing' },
          })
          .example('$0 quorum remove-voter 4', ''),
      (given) => {
        const { id, directoryId, dryRun: isDry } = given
        const what = { ...target(given), id: nodeId(id), directoryId, dryRun: isDry }
        return run(load().then(({ quorumRemoveVoter }) => quorumRemoveVoter(what, output)))
      },
    )
}

export function addBrokers<Parsed>(parser: Argv<Parsed>, run: Run, { output }: ToolStreams) {
  const load = () => import('./brokers.ts')
  return parser
    .command(
      ['list', '$0'],
      'Brokers, what they lead and hold, and what is behind',
      (command) => command.options(options).example('$0 brokers --json', ''),
      (given) => run(load().then(({ brokersList }) => brokersList(optionsOf(given), output))),
    )
    .command(
      'unregister <id>',
      'Forget a broker that is gone and will not come back',
      (command) =>
        command
          .positional('id', { type: 'number', demandOption: true })
          .options(targetOptions)
          .example('$0 brokers unregister 4', ''),
      (given) => {
        const what = { ...optionsOf(given), id: nodeId(given.id) }
        return run(load().then(({ brokersUnregister }) => brokersUnregister(what, output)))
      },
    )
}

const reassignOptions = {
  ...options,
  execute: { ...yes, describe: 'Begin what is planned' },
  verify: {
    ...yes,
    describe: 'Tell what is done; 1 while something is under way. Takes the throttles away at the end',
  },
  cancel: { ...yes, describe: 'End what is under way, of all topics when none is named' },
  to: { ...text, alias: 't', describe: 'The brokers that may hold them: 1,2,3; all that live without it' },
  'replication-factor': { ...integer, alias: 'r', describe: 'So many replicas each; as many as there are without it' },
  'plan-file': { ...text, alias: 'p', describe: 'A plan, as --json or kafka-reassign-partitions --generate prints it' },
  'rollback-file': { ...text, describe: 'With --execute: write how it was before' },
  throttle: { ...text, describe: 'With --execute: bytes a second between brokers, also as 500k, 20M' },
  wait: { ...yes, alias: 'w', describe: 'With --execute or --verify: stay until it is done, and tell how far it is' },
} as const

export function addReassign<Parsed>(parser: Argv<Parsed>, run: Run, streams: ToolStreams) {
  return parser.command(
    '$0 [topics..]',
    'Plan where topics should be, and move them; without topics: what is under way',
    (command) =>
      command
        .positional('topics', { ...names, defaultDescription: 'none' })
        .options(reassignOptions)
        .example('$0 reassign', 'What is under way')
        .example('$0 reassign orders --to 1,2,3', 'Show where its partitions would go')
        .example('$0 reassign orders:0,1 -t 4,5,6 --execute --throttle 20M --wait', 'Move two of them and wait')
        .example('$0 reassign orders -r 3 --json > plan.json', 'A plan with three replicas each')
        .example('$0 reassign -p plan.json --execute', '')
        .example('$0 reassign --cancel', 'End all that is under way'),
    (given) => {
      const { execute, verify, cancel, planFile, rollbackFile, replicationFactor, wait } = given
      if ([execute, verify, cancel].filter(Boolean).length > 1)
        throw new OperatorError('--execute, --verify and --cancel exclude each other')
      const action = execute ? 'execute' : verify ? 'verify' : cancel ? 'cancel' : 'plan'
      const what = {
        ...optionsOf(given),
        topics: given.topics.map(String),
        action,
        to: (given.to ?? '').split(',').filter(Boolean).map(nodeId),
        replicationFactor,
        planFile,
        rollbackFile,
        throttle: given.throttle === undefined ? undefined : parseRate(given.throttle),
        waits: wait,
      } as const
      return run(import('./reassign.ts').then(({ reassign }) => reassign(what, streams)))
    },
  )
}

export function addElect<Parsed>(parser: Argv<Parsed>, run: Run, { output }: ToolStreams) {
  return parser.command(
    '$0 [topics..]',
    'Let partitions be led by their preferred replicas, or by any that live',
    (command) =>
      command
        .positional('topics', { ...names, defaultDescription: 'none' })
        .options({
          ...options,
          all: { ...yes, alias: 'a', describe: 'Wherever it is needed' },
          unclean: { ...yes, describe: 'Any replica that lives, where nobody leads: RECORDS ARE LOST that it lacks' },
        })
        .example('$0 elect --all', 'Preferred leaders everywhere')
        .example('$0 elect orders:0,1', 'Those of two partitions')
        .example('$0 elect --unclean orders:3', 'Go on with what is left of a partition'),
    (given) => {
      const { all, unclean } = given
      const what = { ...optionsOf(given), topics: given.topics.map(String), all, unclean }
      return run(import('./elect.ts').then(({ elect }) => elect(what, output)))
    },
  )
}

function nodeId(given: string | number): number {
  const id = Number(given)
  if (!Number.isInteger(id) || id < 0 || id > 0x7fffffff)
    throw new OperatorError(`${given} is no id of a node: write a whole number`)
  return id
}

/** 500000, 500k, 20M, 1G: decimal multiples. Throws OperatorError. */
export function parseRate(given: string): bigint {
  const match = /^(\d{1,12})([kKmMgG]?)$/.exec(given)
  if (match === null) throw new OperatorError(`--throttle ${given}: write it as 500000, 500k or 20M bytes a second`)
  const multiple = { '': 1n, k: 1000n, m: 1_000_000n, g: 1_000_000_000n }[match[2]!.toLowerCase() as '' | 'k']
  return BigInt(match[1]!) * multiple
}
