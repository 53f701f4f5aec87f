/** kafka-reassign-partitions: which brokers and directories hold which partitions, and how that is changed. */
import { readFileSync } from 'node:fs'
import { ongoingReassignments } from '../../client/admin-reassignments.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { OperatorError } from '../operator-error.ts'
import { parseAssignments } from '../reassignment/assignment-file.ts'
import { javaException } from './java-exception.ts'
import { cancel } from './reassign-cancel.ts'
import { execute, TerseError } from './reassign-execute.ts'
import { generate } from './reassign-generate.ts'
import { verify } from './reassign-verify.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'
import { clientOrControllerOf, withClient } from './tool-client.ts'

const flags = {
  'bootstrap-server': { value: 'host:port,...', isValueOptional: true, describe: 'The brokers to connect to first.' },
  'bootstrap-controller': {
    value: 'host:port,...',
    isValueOptional: true,
    describe: 'The controllers to connect to first; for --cancel and --list.',
  },
  'command-config': { value: 'file', describe: 'A properties file with settings of the client.' },
  generate: { describe: 'Show where the partitions of topics might be; nothing is changed.' },
  execute: { describe: 'Begin what --reassignment-json-file says.' },
  verify: { describe: 'Tell how far it is; when all is done, take the throttles away.' },
  cancel: { describe: 'End what is under way; the partitions stay where they were.' },
  list: { describe: 'Tell what is under way.' },
  'reassignment-json-file': {
    value: 'file',
    describe:
      'What goes where: {"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","/data"]}]}; log_dirs may be left out.',
  },
  'topics-to-move-json-file': {
    value: 'file',
    describe: 'With --generate: the topics, {"version":1,"topics":[{"topic":"t"}]}.',
  },
  'broker-list': { value: '0,1,2', describe: 'With --generate: the brokers that are to hold them.' },
  'disable-rack-aware': { describe: 'With --generate: leave racks out of account.' },
  'disallow-replication-factor-change': { describe: 'With --execute: refuse to change the number of replicas.' },
  throttle: { value: 'bytes/s', default: '-1', describe: 'With --execute: how fast data may go between brokers.' },
  'replica-alter-log-dirs-throttle': {
    value: 'bytes/s',
    default: '-1',
    describe: 'With --execute: how fast data may go between directories of a broker.',
  },
  timeout: { value: 'ms', default: '10000', describe: 'How long moves between directories may take to begin.' },
  additional: { describe: 'With --execute: also when something is under way; changes its throttle too.' },
  'preserve-throttles': { describe: 'Leave the throttles as they are.' },
} as const
export type ReassignArguments = ToolArguments<keyof typeof flags>
type Flag = keyof typeof flags

const actions = ['generate', 'execute', 'verify', 'cancel', 'list'] as const
type Action = (typeof actions)[number]

const required: Readonly<Record<Action, readonly Flag[]>> = {
  generate: ['topics-to-move-json-file', 'broker-list'],
  execute: ['reassignment-json-file'],
  verify: ['reassignment-json-file'],
  cancel: ['reassignment-json-file'],
  list: [],
}
const either = ['bootstrap-server', 'bootstrap-controller'] as const
const permitted: Readonly<Record<Action, readonly Flag[]>> = {
  generate: ['bootstrap-server', 'command-config', 'disable-rack-aware'],
  execute: [
    'bootstrap-server',
    'command-config',
    'additional',
    'throttle',
    'replica-alter-log-dirs-throttle',
    'timeout',
    'disallow-replication-factor-change',
  ],
  verify: ['bootstrap-server', 'command-config', 'preserve-throttles'],
  cancel: [...either, 'command-config', 'preserve-throttles', 'timeout'],
  list: [...either, 'command-config'],
}

export const reassignPartitionsTool = defineTool({
  summary: 'Moves partitions between brokers and between the log directories of a broker.',
  flags,
  async run(given: ReassignArguments, streams) {
    const action = checkArguments(given)
    await withClient(clientOrControllerOf(given), (client) => act(client, action, given, streams))
    return undefined
  },
  explain(message, { output, errors }, _, error) {
    if (error instanceof ToolUsageError) printLine(errors, message)
    else if (error instanceof TerseError) printLine(output, message)
    else printLine(output, `Error: ${error instanceof KafkaError ? javaException(error) : message}`)
  },
})

async function act(client: KafkaClient, action: Action, given: ReassignArguments, streams: ToolStreams): Promise<void> {
  if (action === 'list') return printLine(streams.output, await ongoingText(client))
  if (action === 'generate') {
    const topics = readText(given.text('topics-to-move-json-file')!)
    return generate(client, topics, given.text('broker-list')!, !given.has('disable-rack-aware'), streams)
  }
  const assignments = parseAssignments(readText(given.text('reassignment-json-file')!))
  const keepsThrottles = given.has('preserve-throttles')
  if (action === 'verify') return verify(client, assignments, keepsThrottles, streams)
  const timeoutMs = Number(given.long('timeout')!)
  if (action === 'cancel') return cancel(client, assignments, { keepsThrottles, timeoutMs }, streams)
  const limits = {
    timeoutMs,
    rate: given.long('throttle')!,
    directoriesRate: given.long('replica-alter-log-dirs-throttle')!,
    isAdditional: given.has('additional'),
    keepsFactor: given.has('disallow-replication-factor-change'),
  }
  return execute(client, assignments, limits, streams)
}

function checkArguments(given: ReassignArguments): Action {
  const [action, ...more] = actions.filter((each) => given.has(each))
  if (action === undefined || more.length > 0)
    throw new ToolUsageError(
      `Command must include exactly one action: ${actions.map((each) => `--${each}`).join(', ')}`,
    )
  if (given.has('bootstrap-server') && given.has('bootstrap-controller'))
    throw new ToolUsageError("Please don't specify both --bootstrap-server and --bootstrap-controller")
  if (!given.has('bootstrap-server') && !given.has('bootstrap-controller'))
    throw new ToolUsageError('Please specify either --bootstrap-server or --bootstrap-controller')
  given.require(...required[action])
  const known = new Set<string>([action, ...required[action], ...permitted[action]])
  for (const flag of given.sequence)
    if (!known.has(flag)) throw new ToolUsageError(`Option "[${flag}]" can't be used with action "[${action}]"`)
  return action
}

/** Throws OperatorError. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new OperatorError(`Unable to read file ${file}`)
  }
}

async function ongoingText(client: KafkaClient): Promise<string> {
  const ongoing = await ongoingReassignments(client)
  if (ongoing.length === 0) return 'No partition reassignments found.'
  const lines = ongoing.map(({ topic, partition, replicas, adding, removing }) =>
    [
      `${topic}-${partition}: replicas: ${replicas.join(',')}.`,
      ...(adding.length === 0 ? [] : [` adding: ${adding.join(',')}.`]),
      ...(removing.length === 0 ? [] : [` removing: ${removing.join(',')}.`]),
    ].join(''),
  )
  return `Current partition reassignments:\n${lines.join('\n')}`
}
