/** kafka-consumer-perf-test: how fast records are read, printed as the stock tool prints it. */
import { GroupConsumer } from '../../client/group-consumer.ts'
import { printClientMetrics } from '../data/client-metrics.ts'
import { fetcherOptions, groupOptions } from '../data/client-settings.ts'
import { catchInterruption } from '../data/interruption.ts'
import { formatJavaDate } from '../data/java-date-format.ts'
import { type Consumed, type ConsumedInterval, measureConsuming } from '../data/perf-consume.ts'
import { parsePairs } from '../data/property-pairs.ts'
import { selectTopics } from '../data/record-source.ts'
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
  include: { value: 'regex', describe: 'Read all topics whose names match.' },
  'num-records': { value: 'count', describe: 'REQUIRED: How many records to read.' },
  messages: { value: 'count', describe: '(Deprecated) As --num-records.' },
  group: { value: 'group', describe: 'The group to read with; one of its own without it.' },
  'fetch-size': { value: 'bytes', default: '1048576', describe: 'Bytes of a partition in one answer.' },
  'from-latest': { describe: 'Without a committed offset, begin at the end.' },
  'socket-buffer-size': { value: 'bytes', default: '2097152', describe: 'Known and without effect.' },
  'command-property': { value: 'key=value', describe: 'A setting of the consumer.' },
  'command-config': { value: 'file', describe: 'A properties file with settings of the consumer.' },
  'consumer.config': { value: 'file', describe: '(Deprecated) As --command-config.' },
  'print-metrics': { describe: 'Print counts of the client at the end.' },
  'show-detailed-stats': { describe: 'Print a line for every interval.' },
  timeout: { value: 'ms', isValueOptional: true, default: '10000', describe: 'How long no record may come.' },
  'reporting-interval': { value: 'ms', default: '5000', describe: 'The interval of --show-detailed-stats.' },
  'date-format': { value: 'format', default: 'yyyy-MM-dd HH:mm:ss:SSS', describe: 'How times are written.' },
  'hide-header': { describe: 'Leave out the names of the columns.' },
} as const

type Given = ToolArguments<keyof typeof flags>

const columns =
  'data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec'
const anonymousGroupsCount = 100_000
const megabyte = 1024 * 1024

export const consumerPerfTestTool = defineTool({
  summary: 'This tool is used to verify the consumer performance.',
  flags,
  async run(given, streams) {
    checkFlags(given, streams)
    const { output } = streams
    const isDetailed = given.has('show-detailed-stats')
    const settings = settingsOf(given)
    const options = optionsOf(given)
    if (!given.has('hide-header'))
      printLine(output, isDetailed ? `time, threadId, ${columns}` : `start.time, end.time, ${columns}`)
    const client = createClient(given.text('bootstrap-server')!, settings, 'perf-consumer-client')
    const interruption = catchInterruption()
    const rebalance = { startedMs: Date.now(), totalMs: 0, intervalMs: 0 }
    const topics = given.has('topic')
      ? { names: [given.text('topic')!] }
      : { names: [], pattern: topicPattern(given.text('include')!) }
    const group = groupOptions(settings)
    const consumer = new GroupConsumer(client, {
      ...fetcherOptions(settings),
      ...group,
      groupId: settings.get('group.id')!,
      startsAt: given.has('from-latest') ? 'latest' : 'earliest',
      subscribedTopics: () => selectTopics(client, topics, true),
      onAssigned() {
        rebalance.totalMs += Date.now() - rebalance.startedMs
        rebalance.intervalMs += Date.now() - rebalance.startedMs
      },
    })
    try {
      const consumed = await measureConsuming(consumer, {
        ...options,
        signal: interruption.signal,
        onInterval: (interval) => {
          if (isDetailed) printLine(output, intervalText(interval, rebalance.intervalMs, options.dateFormat))
          rebalance.intervalMs = 0
        },
      })
      if (consumed.isCutShort)
        printLine(
          output,
          `WARNING: Exiting before consuming the expected number of records: timeout (${options.idleMsMax} ms) exceeded. You can use the --timeout option to increase the timeout.`,
        )
      await consumer.close()
      if (!isDetailed) printLine(output, consumedText(consumed, rebalance.totalMs, options.dateFormat))
      if (given.has('print-metrics'))
        printClientMetrics(streams, 'consumer-fetch-manager-metrics', client.clientId, consumerMetrics(consumed))
      return 0
    } finally {
      interruption.dispose()
      client.close()
    }
  },
})

function consumerMetrics({ recordsCount, bytesCount }: Consumed): ReadonlyMap<string, number> {
  return new Map([
    ['bytes-consumed-total', bytesCount],
    ['records-consumed-total', recordsCount],
  ])
}

function checkFlags(given: Given, { output }: ToolStreams): void {
  if (given.has('num-records') === given.has('messages'))
    throw new ToolUsageError('Exactly one of the following arguments is required: [messages], [num-records]')
  if (given.has('messages')) printLine(output, 'Warning: --messages is deprecated. Use --num-records instead.')
  if (given.has('topic') === given.has('include'))
    throw new ToolUsageError('Exactly one of the following arguments is required: [topic], [include]')
  given.require('bootstrap-server')
  if (given.has('consumer.config') && given.has('command-config'))
    throw new ToolUsageError(`Option "[command-config]" can't be used with option "[consumer.config]"`)
  if (given.has('consumer.config'))
    printLine(output, 'Warning: --consumer.config is deprecated. Use --command-config instead.')
}

function settingsOf(given: Given): Map<string, string> {
  const file = given.text(given.has('consumer.config') ? 'consumer.config' : 'command-config')
  const settings = new Map([...readProperties(file), ...parsePairs(given.texts('command-property'))])
  const anonymous = `perf-consumer-${Math.floor(Math.random() * anonymousGroupsCount)}`
  settings.set('group.id', given.text('group') ?? anonymous)
  settings.set('max.partition.fetch.bytes', `${given.integer('fetch-size')}`)
  settings.set('check.crcs', 'false')
  return settings
}

function optionsOf(given: Given) {
  const reportingIntervalMs = Number(given.long('reporting-interval'))
  if (reportingIntervalMs <= 0) throw new OperatorError('Reporting interval must be greater than 0.')
  return {
    recordsMax: Number(given.long(given.has('messages') ? 'messages' : 'num-records')),
    idleMsMax: Number(given.long('timeout') ?? flags.timeout.default),
    reportingIntervalMs,
    dateFormat: given.text('date-format')!,
  }
}

/** A rate over no time is none. */
function rate(count: number, elapsedMs: number): string {
  return (elapsedMs <= 0 ? 0 : (count * 1000) / elapsedMs).toFixed(4)
}

function consumedText(
  { startedMs, endedMs, recordsCount, bytesCount }: Consumed,
  rebalanceMs: number,
  format: string,
): string {
  const elapsedMs = endedMs - startedMs
  const fetchMs = elapsedMs - rebalanceMs
  const megabytes = bytesCount / megabyte
  return [
    formatJavaDate(startedMs, format),
    formatJavaDate(endedMs, format),
    megabytes.toFixed(4),
    rate(megabytes, elapsedMs),
    recordsCount,
    rate(recordsCount, elapsedMs),
    rebalanceMs,
    fetchMs,
    rate(megabytes, fetchMs),
    rate(recordsCount, fetchMs),
  ].join(', ')
}

function intervalText(interval: ConsumedInterval, rebalanceMs: number, format: string): string {
  const { startedMs, endedMs, recordsCount, bytesCount, recordsTotal, bytesTotal } = interval
  const elapsedMs = endedMs - startedMs
  const fetchMs = elapsedMs - rebalanceMs
  const megabytes = bytesCount / megabyte
  return [
    formatJavaDate(endedMs, format),
    0,
    (bytesTotal / megabyte).toFixed(4),
    rate(megabytes, elapsedMs),
    recordsTotal,
    rate(recordsCount, elapsedMs),
    rebalanceMs,
    fetchMs,
    rate(megabytes, fetchMs),
    rate(recordsCount, fetchMs),
  ].join(', ')
}
