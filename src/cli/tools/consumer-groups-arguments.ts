/** The flags of kafka-consumer-groups: what must be there, and what may not stand together. */
import { connectionFlags, printLine, type ToolStreams } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'

export const consumerGroupsFlags = {
  ...connectionFlags,
  list: { describe: 'List the groups.' },
  describe: { describe: 'Show what groups have read, and who their members are.' },
  delete: { describe: 'Delete groups that have no members.' },
  'reset-offsets': {
    describe:
      'Put the offsets of groups without members elsewhere; with --dry-run (without --execute) only show where.',
  },
  'delete-offsets': { describe: 'Forget the offsets of topics.' },
  group: { value: 'group', describe: 'The group; may be repeated.' },
  'all-groups': { describe: 'All groups.' },
  topic: { value: 'topic[:0,1,2]', describe: 'A topic, or some of its partitions; may be repeated.' },
  'all-topics': { describe: 'All topics that the group has offsets of.' },
  timeout: { value: 'milliseconds', describe: 'How long an operation may take.' },
  'dry-run': { describe: 'Only show the new offsets.' },
  execute: { describe: 'Write the new offsets.' },
  export: { describe: 'Print the new offsets as CSV.' },
  'to-offset': { value: 'offset', describe: 'To this offset.' },
  'from-file': { value: 'file', describe: 'To what a CSV file says.' },
  'to-datetime': { value: 'datetime', describe: 'To the first record since then: YYYY-MM-DDThh:mm:ss.sss' },
  'by-duration': { value: 'duration', describe: 'To the first record since so long ago: PnDTnHnMnS' },
  'to-earliest': { describe: 'To the first record.' },
  'to-latest': { describe: 'Behind the last record.' },
  'to-current': { describe: 'To where it stands.' },
  'shift-by': { value: 'number', describe: 'So many records on, or back below zero.' },
  members: { describe: 'With --describe: the members.' },
  verbose: { describe: 'With --describe: more columns.' },
  offsets: { describe: 'With --describe: the offsets, which it shows by itself.' },
  state: {
    value: 'states',
    isValueOptional: true,
    describe: 'With --describe: the state of groups. With --list: their states, or only groups in some states.',
  },
  type: { value: 'types', isValueOptional: true, describe: 'With --list: the types, or only groups of some types.' },
  'validate-regex': { value: 'regex', describe: 'Say whether a regular expression is valid.' },
} as const

export type GroupsArguments = ToolArguments<keyof typeof consumerGroupsFlags>

const actions = ['list', 'describe', 'delete', 'reset-offsets', 'delete-offsets'] as const
export const scenarios = [
  'to-latest',
  'to-current',
  'to-earliest',
  'to-offset',
  'shift-by',
  'from-file',
  'to-datetime',
  'by-duration',
] as const

const dryRunWarning =
  'WARN: No action will be performed as the --execute option is missing. In version 5.0, this command will require either --dry-run or --execute to be specified. You should add the --dry-run option explicitly if you are scripting this command and want to keep the current default behavior without prompting.'

/** Throws ToolUsageError. */
export function checkArguments(given: GroupsArguments, streams: ToolStreams): void {
  checkAvailable(given)
  if (given.has('validate-regex')) return
  given.require('bootstrap-server')
  if (given.has('describe')) checkDescribe(given)
  if (given.has('delete')) {
    requireGroups(given, 'delete')
    if (given.has('topic'))
      throw new ToolUsageError('The consumer does not support topic-specific offset deletion from a consumer group.')
  }
  if (given.has('delete-offsets') && !(given.has('group') && given.has('topic')))
    throw new ToolUsageError('Option [delete-offsets] takes the following options: [topic], [group]')
  if (given.has('reset-offsets')) checkReset(given, streams)
  given.exclude('group', 'all-groups', 'list')
  given.exclude('topic', 'list', 'describe')
  if (actions.filter((action) => given.has(action)).length !== 1)
    throw new ToolUsageError(
      `Command must include exactly one action: ${actions.map((action) => `--${action}`).join(', ')}`,
    )
}

/** Flags that mean something beside certain others alone. */
const available = {
  members: ['describe'],
  verbose: ['describe'],
  offsets: ['describe'],
  state: ['describe', 'list'],
  type: ['list'],
} as const

function checkAvailable(given: GroupsArguments): void {
  const flags = Object.keys(available) as (keyof typeof available)[]
  const wrong = flags.filter((flag) => given.has(flag) && !available[flag].some((each) => given.has(each)))
  if (wrong.length > 0)
    throw new ToolUsageError(
      `Option(s) [${wrong.join(', ')}] are unavailable given other options on the command line`,
      false,
    )
}

function requireGroups(given: GroupsArguments, action: (typeof actions)[number]): void {
  if (!given.has('group') && !given.has('all-groups'))
    throw new ToolUsageError(`Option [${action}] takes one of these options: [group], [all-groups]`)
}

function checkDescribe(given: GroupsArguments): void {
  requireGroups(given, 'describe')
  const parts = ['members', 'offsets', 'state'] as const
  if (parts.filter((part) => given.has(part)).length > 1)
    throw new ToolUsageError('Option [describe] takes at most one of these options: [members], [offsets], [state]')
  if (given.text('state') !== undefined) throw new ToolUsageError('Option [describe] does not take a value for [state]')
}

function checkReset(given: GroupsArguments, { errors }: ToolStreams): void {
  if (given.has('dry-run') && given.has('execute'))
    throw new ToolUsageError('Option [reset-offsets] only accepts one of [execute] and [dry-run]')
  if (!given.has('dry-run') && !given.has('execute')) printLine(errors, dryRunWarning)
  requireGroups(given, 'reset-offsets')
  const order = [
    'to-offset',
    'to-datetime',
    'by-duration',
    'to-earliest',
    'to-latest',
    'to-current',
    'shift-by',
  ] as const
  for (const scenario of [...order, 'from-file' as const])
    given.exclude(scenario, ...scenarios.filter((each) => each !== scenario))
}
