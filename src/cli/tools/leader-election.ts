/** kafka-leader-election: lets partitions be led by their preferred replica, or by any that lives. */
import { type ElectionOutcome, type ElectionType, electLeaders } from '../../client/admin-elections.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { KafkaError } from '../../protocol/errors.ts'
import { OperatorError } from '../operator-error.ts'
import { duplicates, listText, partitionOf, partitionText } from '../reassignment/assignment-file.ts'
import { javaException } from './java-exception.ts'
import { partitionsInHashMapOrder } from './java-order.ts'
import { readText } from './reassign-partitions.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import type { ToolArguments } from './tool-arguments.ts'
import { createClient, readProperties, withClient } from './tool-client.ts'

const flags = {
  'bootstrap-server': { value: 'host:port,...', describe: 'REQUIRED: the brokers to connect to first.' },
  'command-config': { value: 'file', describe: 'A properties file with settings of the client.' },
  'admin.config': { value: 'file', describe: 'The older name of --command-config.' },
  'election-type': {
    value: 'type',
    describe:
      'REQUIRED: preferred (the first replica, when another leads) or unclean (any replica that lives, when nobody leads).',
  },
  topic: { value: 'topic', describe: 'The topic of the one partition; with --partition.' },
  partition: { value: 'number', describe: 'The partition; with --topic.' },
  'all-topic-partitions': { describe: 'Wherever an election is needed.' },
  'path-to-json-file': { value: 'file', describe: 'Partitions: {"partitions":[{"topic":"t","partition":0}]}.' },
} as const
type ElectionArguments = ToolArguments<keyof typeof flags>

const timeoutMs = 30_000
const ways = ['topic', 'all-topic-partitions', 'path-to-json-file'] as const

export const leaderElectionTool = defineTool({
  summary: 'Elects leaders: the preferred replicas, or any that live.',
  flags,
  async run(given: ElectionArguments, streams) {
    const type = checkArguments(given)
    const partitions = partitionsOf(given)
    if (given.has('admin.config'))
      printLine(
        streams.output,
        'Option --admin.config has been deprecated and will be removed in a future version. Use --command-config instead.',
      )
    const properties = readProperties(given.text('command-config') ?? given.text('admin.config'))
    const limits = new Map([
      ['default.api.timeout.ms', `${timeoutMs}`],
      ['request.timeout.ms', `${timeoutMs / 2}`],
      ...properties,
    ])
    const client = createClient(given.text('bootstrap-server')!, limits)
    await withClient(client, (opened) => elect(opened, type, partitions, streams))
    return undefined
  },
  explain(message, { errors }, _, error) {
    printLine(errors, error instanceof KafkaError ? javaException(error) : message)
  },
})

function checkArguments(given: ElectionArguments): ElectionType {
  const type = given.text('election-type')?.toLowerCase()
  if (type !== undefined && type !== 'preferred' && type !== 'unclean')
    throw new OperatorError(`Cannot parse argument '${given.text('election-type')}' of option election-type`)
  const missing = (['bootstrap-server', 'election-type'] as const).filter((flag) => !given.has(flag))
  if (type === undefined || missing.length > 0)
    throw new OperatorError(`Missing required option(s): ${missing.join(', ')}`)
  if (ways.filter((way) => given.has(way)).length !== 1)
    throw new OperatorError(`One and only one of the following options is required: ${ways.join(', ')}`)
  if (given.has('topic') && !given.has('partition')) throw new OperatorError('Missing required option(s): partition')
  if (!given.has('topic') && given.has('partition'))
    throw new OperatorError('Option partition is only allowed if topic is used')
  given.exclude('admin.config', 'command-config')
  return type
}

/** null: wherever it is needed. */
function partitionsOf(given: ElectionArguments): PartitionName[] | null {
  if (given.has('all-topic-partitions')) return null
  const file = given.text('path-to-json-file')
  if (file === undefined) return [{ topic: given.text('topic')!, partition: given.integer('partition')! }]
  return parsePartitions(readElections(file))
}

function readElections(file: string): string {
  try {
    return readText(file)
  } catch (error) {
    throw new OperatorError(`java.io.IOException: ${(error as Error).message}`)
  }
}

/** Throws OperatorError. */
export function parsePartitions(text: string): PartitionName[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new OperatorError('Replica election data is empty')
  }
  const listed = (json as { readonly partitions?: unknown } | null)?.partitions
  if (listed === undefined) throw new OperatorError('Replica election data is missing "partitions" field')
  if (!Array.isArray(listed)) throw new OperatorError(`Expected JSON array, received ${JSON.stringify(listed)}`)
  const partitions = listed.map((each) => partitionOf(each ?? {}))
  const repeated = duplicates(partitions.map(partitionText))
  if (repeated.length > 0)
    throw new OperatorError(`Replica election data contains duplicate partitions: ${listText(repeated)}`)
  return partitions
}

async function elect(
  client: KafkaClient,
  type: ElectionType,
  partitions: readonly PartitionName[] | null,
  { output }: ToolStreams,
): Promise<void> {
  const outcomes = await electLeaders(client, type, partitions, timeoutMs / 2).catch((error: unknown) => {
    const isLate = error instanceof KafkaError && error.error === 'REQUEST_TIMED_OUT'
    const isRefused = error instanceof KafkaError && error.error === 'CLUSTER_AUTHORIZATION_FAILED'
    if (!isLate && !isRefused) throw error
    const text = isLate ? 'Timeout waiting for election results' : 'Not authorized to perform leader election'
    printLine(output, text)
    throw new OperatorError(text)
  })
  const names = (each: (outcome: ElectionOutcome) => boolean): string =>
    partitionsInHashMapOrder(outcomes.filter(each)).map(partitionText).join(', ')
  const done = names(({ error }) => error === undefined)
  if (done !== '')
    printLine(output, `Successfully completed leader election (${type.toUpperCase()}) for partitions ${done}`)
  const right = names(({ error }) => error?.error === 'ELECTION_NOT_NEEDED')
  if (right !== '') printLine(output, `Valid replica already elected for partitions ${right}`)
  const failed = outcomes.filter(({ error }) => error !== undefined && error.error !== 'ELECTION_NOT_NEEDED')
  for (const each of partitionsInHashMapOrder(failed))
    printLine(
      output,
      `Error completing leader election (${type.toUpperCase()}) for partition: ${partitionText(each)}: ${javaException(each.error)}`,
    )
  if (failed.length > 0) throw new OperatorError(`${failed.length} replica(s) could not be elected`)
}
