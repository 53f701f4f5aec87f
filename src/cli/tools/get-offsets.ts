/** kafka-get-offsets: the offsets of partitions by time, or their first and last. */
import type { KafkaClient } from '../../client/kafka-client.ts'
import { listOffsets, offsetSpecs, type PartitionName } from '../../client/list-offsets.ts'
import { errorName } from '../../protocol/errors.ts'
import { requireServers } from '../data/bootstrap-flag.ts'
import { parsePartitionRules, partitionsFilter, type TopicPartitionFilter } from '../data/topic-partition-filter.ts'
import { OperatorError } from '../operator-error.ts'
import { connectionFlags, defineTool, printLine } from './tool.ts'
import { createClient, readProperties } from './tool-client.ts'

const times =
  '-1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload'

const specs: Readonly<Record<string, bigint>> = {
  latest: offsetSpecs.latest,
  earliest: offsetSpecs.earliest,
  'max-timestamp': offsetSpecs.maxTimestamp,
  'earliest-local': offsetSpecs.earliestLocal,
  'latest-tiered': offsetSpecs.latestTiered,
  'earliest-pending-upload': -6n,
}

const unknownOffset = -1

export const getOffsetsTool = defineTool({
  summary: 'An interactive shell for getting topic-partition offsets.',
  flags: {
    ...connectionFlags,
    'bootstrap-server': {
      aliases: ['broker-list'],
      value: 'host:port,...',
      describe: 'REQUIRED: The brokers to connect to first.',
    },
    'topic-partitions': {
      value: 'topic:partitions,...',
      describe:
        'Which partitions: a regular expression for topics, then :N, :N- (from N), :-N (before N), :N-M (from N, before M), or nothing for all.',
    },
    topic: { value: 'regex', describe: 'The topics, all of them without it.' },
    partitions: { value: 'N,...', describe: 'The partitions of these topics, all of them without it.' },
    time: {
      value: 'time',
      default: 'latest',
      describe: `Milliseconds since 1970: the offset of the first record of that time or later. Or ${times}.`,
    },
    'exclude-internal-topics': { describe: 'Leave out the internal topics.' },
  },
  async run(given, { output, errors }) {
    const bootstrap = requireServers(given)
    if (given.has('topic-partitions') && (given.has('topic') || given.has('partitions')))
      throw new OperatorError('--topic-partitions cannot be used with --topic or --partitions')
    const time = parseTime(given.text('time')!)
    const rules = given.text('topic-partitions')
    const filter =
      rules === undefined ? partitionsFilter(given.text('topic'), given.text('partitions')) : parsePartitionRules(rules)
    const client = createClient(bootstrap, readProperties(given.text('command-config')), 'GetOffsetShell')
    try {
      const partitions = await matchingPartitions(client, filter, given.has('exclude-internal-topics'))
      if (partitions.length === 0)
        throw new OperatorError('Could not match any topic-partitions with the specified filters')
      for (const { topic, partition, offset, error } of await listOffsets(client, partitions, time)) {
        if (error !== undefined)
          printLine(
            errors,
            `Skip getting offsets for topic-partition ${topic}-${partition} due to error: ${error.message}`,
          )
        else if (offset !== unknownOffset) printLine(output, `${topic}:${partition}:${offset}`)
      }
    } finally {
      client.close()
    }
    return undefined
  },
  explain(message, { errors }) {
    printLine(errors, `Error occurred: ${message}`)
  },
})

function parseTime(text: string): bigint {
  const spec = Object.hasOwn(specs, text) ? specs[text] : undefined
  if (spec !== undefined) return spec
  if (/^[+-]?\d{1,18}$/.test(text)) return BigInt(text.replace('+', ''))
  throw new OperatorError(`Malformed time argument ${text}. Please use ${times}, or a specified long format timestamp`)
}

/** In the order of their names as text: t-10 comes before t-2, as with the stock tool. */
async function matchingPartitions(
  client: KafkaClient,
  filter: TopicPartitionFilter,
  excludesInternal: boolean,
): Promise<PartitionName[]> {
  const { topics } = await client.loadTopics(null)
  const partitions: PartitionName[] = []
  for (const { name, isInternal, errorCode, partitions: each } of topics) {
    if (name === null || (isInternal && excludesInternal) || !filter.includesTopic(name)) continue
    if (errorCode !== 0) throw new OperatorError(`${name}: ${errorName(errorCode)}`)
    for (const { partitionIndex } of each)
      if (filter.includes(name, partitionIndex)) partitions.push({ topic: name, partition: partitionIndex })
  }
  const textOf = ({ topic, partition }: PartitionName): string => `${topic}-${partition}`
  return partitions.sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1))
}
