/** kafka-console-consumer: prints records of topics, with the flags and properties of the stock tool. */
import { GroupConsumer } from '../../client/group-consumer.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { ByteSink } from '../data/byte-sink.ts'
import { fetcherOptions, groupOptions, offsetReset, type Settings } from '../data/client-settings.ts'
import { defaultFormatter, formatterNamed } from '../data/console-formatter.ts'
import { catchInterruption } from '../data/interruption.ts'
import { parsePairs, renamedFlag } from '../data/property-pairs.ts'
import type { RecordWriter } from '../data/record-format.ts'
import { type RecordSource, selectTopics, type TopicSelection, TopicSource } from '../data/record-source.ts'
import type { StartPosition } from '../data/start-position.ts'
import { takeRecords } from '../data/take-records.ts'
import { OperatorError } from '../operator-error.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'
import { createClient, readProperties } from './tool-client.ts'
import { topicPattern } from './topic-filter.ts'

const flags = {
  'bootstrap-server': {
    aliases: ['broker-list'],
    value: 'host:port,...',
    describe: 'REQUIRED: The brokers to connect to first.',
  },
  topic: { value: 'topic', describe: 'The topic to read.' },
  include: { aliases: ['whitelist'], value: 'regex', describe: 'Read all topics whose names match.' },
  partition: { value: 'partition', describe: 'The partition to read; from its end unless --offset is given.' },
  offset: { value: 'offset', default: 'latest', describe: 'An offset, earliest or latest.' },
  group: { value: 'group', describe: 'The group to read with.' },
  'from-beginning': { describe: 'Without a committed offset, begin with the first record that there is.' },
  'max-messages': { value: 'count', describe: 'Stop after so many records.' },
  'timeout-ms': { value: 'ms', describe: 'Stop when no record came for so long.' },
  'isolation-level': {
    value: 'level',
    default: 'read_uncommitted',
    describe: 'read_committed leaves out what transactions have not committed.',
  },
  'skip-message-on-error': { describe: 'Go on when a record cannot be printed.' },
  formatter: { value: 'class', default: defaultFormatter, describe: 'How records are printed.' },
  'formatter-property': {
    value: 'key=value',
    describe:
      'print.timestamp, print.partition, print.offset, print.epoch, print.delivery, print.headers, print.key, print.value (true or false); key.separator, line.separator, headers.separator, null.literal; key.deserializer, value.deserializer, headers.deserializer.',
  },
  property: { value: 'key=value', describe: '(Deprecated) As --formatter-property.' },
  'formatter-config': { value: 'file', describe: 'A properties file with the same.' },
  'key-deserializer': { value: 'class', describe: 'What keys are, for printing.' },
  'value-deserializer': { value: 'class', describe: 'What values are, for printing.' },
  'command-property': { value: 'key=value', describe: 'A setting of the consumer.' },
  'consumer-property': { value: 'key=value', describe: '(Deprecated) As --command-property.' },
  'command-config': { value: 'file', describe: 'A properties file with settings of the consumer.' },
  'consumer.config': { value: 'file', describe: '(Deprecated) As --command-config.' },
  'enable-systest-events': { describe: 'Print shutdown_complete at the end.' },
} as const

type Name = keyof typeof flags
type Given = ToolArguments<Name>

const laterVersion = 'and will be removed in a future version.'
const renamed = {
  property: {
    old: 'consumer-property',
    current: 'command-property',
    warning: `Option --consumer-property is deprecated ${laterVersion} Use --command-property instead.`,
  },
  config: {
    old: 'consumer.config',
    current: 'command-config',
    warning: `Option --consumer.config is deprecated ${laterVersion} Use --command-config instead.`,
  },
  formatter: {
    old: 'property',
    current: 'formatter-property',
    warning: `Option --property is deprecated ${laterVersion} Use --formatter-property instead.`,
  },
} as const

export const consoleConsumerTool = defineTool({
  summary: 'This tool helps to read data from Kafka topics and outputs it to standard output.',
  flags,
  handlesClosedOutput: true,
  async run(given, streams) {
    checkPlace(given)
    given.require('bootstrap-server')
    const bootstrap = given.text('bootstrap-server')!
    const settings = settingsOf(given, streams)
    const groupId = groupOf(given, settings)
    const startsAt = resetOf(given, settings)
    const formatterFlag = renamedFlag(given, renamed.formatter, streams, true)
    const write = await formatterNamed(given.text('formatter')!, formatterProperties(given, formatterFlag))
    const start = startOf(given)
    const limits = { recordsMax: given.integer('max-messages'), idleMsMax: timeoutOf(given) }
    const client = createClient(bootstrap, settings, 'console-consumer')
    try {
      const source = openSource(client, given, { settings, groupId, startsAt, start })
      return await printRecords(source, write, { ...limits, skipsErrors: given.has('skip-message-on-error') }, streams)
    } finally {
      client.close()
      if (given.has('enable-systest-events')) printLine(streams.output, 'shutdown_complete')
    }
  },
})

function checkPlace(given: Given): void {
  const isPlain = given.has('partition') && !given.has('topic')
  if (isPlain) throw new ToolUsageError('The topic is required when partition is specified.')
  if (given.has('topic') === given.has('include'))
    throw new ToolUsageError('Exactly one of the following arguments is required: [topic], [include]')
  if (given.has('partition') && given.has('from-beginning') && given.has('offset'))
    throw new ToolUsageError('Options from-beginning and offset cannot be specified together.')
  if (given.has('offset') && !given.has('partition'))
    throw new ToolUsageError('The partition is required when offset is specified.')
}

function settingsOf(given: Given, streams: ToolStreams): Map<string, string> {
  const property = renamedFlag(given, renamed.property, streams, true)
  const config = renamedFlag(given, renamed.config, streams, true)
  const settings = new Map([...readProperties(given.text(config)), ...parsePairs(given.texts(property))])
  if (given.has('isolation-level') || !settings.has('isolation.level'))
    settings.set('isolation.level', given.text('isolation-level')!)
  return settings
}

function groupOf(given: Given, settings: Settings): string | undefined {
  const ids = new Set([given.text('group'), settings.get('group.id')].filter((id) => id !== undefined))
  if (ids.size > 1) {
    const names = [...ids].map((id) => `'${id}'`).sort()
    throw new ToolUsageError(
      `The group ids provided in different places (directly using '--group', via '--consumer-property', or via '--consumer.config') do not match. Detected group ids: ${names.join(', ')}`,
    )
  }
  const [groupId] = ids
  if (groupId !== undefined && given.has('partition'))
    throw new ToolUsageError('Options group and partition cannot be specified together.')
  return groupId
}

function resetOf(given: Given, settings: Settings): 'earliest' | 'latest' | 'none' {
  const reset = offsetReset(settings)
  if (given.has('from-beginning') && reset !== undefined && reset !== 'earliest')
    throw new OperatorError(
      `Can't simultaneously specify --from-beginning and 'auto.offset.reset=${settings.get('auto.offset.reset')}', please remove one option`,
    )
  return reset ?? (given.has('from-beginning') ? 'earliest' : 'latest')
}

/** Of the one partition that --partition names. */
function startOf(given: Given): Exclude<StartPosition, 'stored'> {
  if (!given.has('offset')) return given.has('from-beginning') ? 'beginning' : 'end'
  const text = given.text('offset')!
  if (text.toLowerCase() === 'earliest') return 'beginning'
  if (text.toLowerCase() === 'latest') return 'end'
  if (/^\+?\d{1,15}$/.test(text)) return { offset: Number(text) }
  throw new ToolUsageError(
    `The provided offset value '${text}' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long.`,
  )
}

function timeoutOf(given: Given): number | undefined {
  const timeoutMs = given.long('timeout-ms')
  return timeoutMs === undefined || timeoutMs < 0n ? undefined : Number(timeoutMs)
}

function formatterProperties(given: Given, flag: 'property' | 'formatter-property'): Map<string, string> {
  const properties = readProperties(given.text('formatter-config'))
  const [key, value] = [given.text('key-deserializer'), given.text('value-deserializer')]
  if (key) properties.set('key.deserializer', key)
  if (value) properties.set('value.deserializer', value)
  return new Map([...properties, ...parsePairs(given.texts(flag))])
}

function topicsOf(given: Given): TopicSelection {
  const topic = given.text('topic')
  if (topic !== undefined) return { names: [topic] }
  return { names: [], pattern: topicPattern(given.text('include')!) }
}

interface SourceOptions {
  readonly settings: Settings
  readonly groupId: string | undefined
  readonly startsAt: 'earliest' | 'latest' | 'none'
  readonly start: Exclude<StartPosition, 'stored'>
}

/**
 * Without --group the stock tool joins a group of its own that commits nothing. Reading without a group prints the same,
 * and leaves no group behind; a partition that is asked for is read without one there too.
 */
function openSource(client: KafkaClient, given: Given, options: SourceOptions): RecordSource {
  const { settings, groupId, startsAt } = options
  const topics = topicsOf(given)
  const fetching = fetcherOptions(settings)
  const resetsTo = startsAt === 'none' ? undefined : startsAt
  const group = groupOptions(settings)
  if (groupId !== undefined)
    return new GroupConsumer(client, {
      ...fetching,
      ...group,
      groupId,
      startsAt: startsAt === 'earliest' ? 'earliest' : 'latest',
      subscribedTopics: () => selectTopics(client, topics, true),
    })
  const partition = given.integer('partition')
  return new TopicSource(client, {
    ...fetching,
    resetsTo,
    topics,
    partitions: partition === undefined ? undefined : [partition],
    start: partition !== undefined ? options.start : startsAt === 'earliest' ? 'beginning' : 'end',
    waitsForTopics: true,
  })
}

interface PrintOptions {
  readonly recordsMax: number | undefined
  readonly idleMsMax: number | undefined
  readonly skipsErrors: boolean
}

async function printRecords(
  source: RecordSource,
  write: RecordWriter,
  { recordsMax = -1, idleMsMax, skipsErrors }: PrintOptions,
  { output, errors }: ToolStreams,
): Promise<number> {
  const sink = new ByteSink(output)
  const interruption = catchInterruption()
  let recordsCount = 0
  try {
    const { end } = await takeRecords(source, {
      recordsMax: recordsMax < 0 ? undefined : recordsMax,
      idleMsMax,
      signal: interruption.signal,
      onRecord(record, fetched) {
        recordsCount++
        try {
          write(sink, record, fetched)
        } catch (error) {
          if (!skipsErrors) throw error
        }
      },
      onLost: ({ message }) => printLine(errors, `${message}; waiting`),
      async afterRound() {
        await sink.flush()
        return !sink.isBroken
      },
    })
    if (end === 'unread') printLine(errors, 'Unable to write to standard out, closing consumer.')
    return end === 'interrupted' ? exitCodeOfInterrupt : 0
  } finally {
    await sink.flush()
    await source.close()
    printLine(errors, `Processed a total of ${recordsCount} messages`)
    interruption.dispose()
  }
}

const exitCodeOfInterrupt = 130
