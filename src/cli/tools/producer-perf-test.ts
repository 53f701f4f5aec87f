/** kafka-producer-perf-test: how fast records are written, printed as the stock tool prints it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Producer } from '../../client/producer.ts'
import { printClientMetrics } from '../data/client-metrics.ts'
import { producerOptions, stockRequestSize } from '../data/client-settings.ts'
import { catchInterruption } from '../data/interruption.ts'
import { measureProducing, type PerfProduced, randomPayloads, totalText, windowText } from '../data/perf-produce.ts'
import { parsePairs, renamedFlag } from '../data/property-pairs.ts'
import { OperatorError } from '../operator-error.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'
import { createClient, readProperties } from './tool-client.ts'

const flags = {
  'bootstrap-server': {
    aliases: ['broker-list'],
    value: 'host:port,...',
    describe: 'The brokers to connect to first.',
  },
  topic: { value: 'topic', describe: 'REQUIRED: The topic to write to.' },
  'num-records': { value: 'count', describe: 'REQUIRED: How many records.' },
  throughput: { value: 'rate', describe: 'REQUIRED: Records a second at most, about; -1 for no limit.' },
  'record-size': { value: 'bytes', describe: 'The size of each; exactly one of this and the next two must be given.' },
  'payload-file': { value: 'file', describe: 'A file whose lines are the values, in an order by chance.' },
  'payload-monotonic': { describe: 'The values are 0, 1, 2 and so on.' },
  'payload-delimiter': { value: 'text', default: '\\n', describe: 'What stands between the values of --payload-file.' },
  'producer-props': { value: 'key=value', takesSeveral: true, describe: '(Deprecated) As --command-property.' },
  'command-property': { value: 'key=value', takesSeveral: true, describe: 'Settings of the producer.' },
  'producer.config': { value: 'file', describe: '(Deprecated) As --command-config.' },
  'command-config': { value: 'file', describe: 'A properties file with settings of the producer.' },
  'print-metrics': { describe: 'Print counts of the client at the end.' },
  'transactional-id': { value: 'id', describe: 'Refused: this producer does not write transactions.' },
  'transaction-duration-ms': { value: 'ms', describe: 'Refused: this producer does not write transactions.' },
  'warmup-records': { value: 'count', default: '0', describe: 'The first records, which the steady state leaves out.' },
  'reporting-interval': { value: 'ms', default: '5000', describe: 'How often to tell of the progress.' },
} as const

type Given = ToolArguments<keyof typeof flags>

const propertyFlags = {
  old: 'producer-props',
  current: 'command-property',
  warning:
    'Option --producer-props has been deprecated and will be removed in a future version. Use --command-property instead.',
} as const
const configFlags = {
  old: 'producer.config',
  current: 'command-config',
  warning:
    'Option --producer.config has been deprecated and will be removed in a future version. Use --command-config instead.',
} as const

export const producerPerfTestTool = defineTool({
  summary: 'This tool is used to verify the producer performance.',
  flags,
  async run(given, streams) {
    checkFlags(given)
    const settings = settingsOf(given, streams)
    const recordsCount = Number(given.long('num-records'))
    const payloadOf = payloadsOf(given, streams)
    const bootstrap = settings.get('bootstrap.servers')
    if (bootstrap === undefined) throw new OperatorError('No brokers are named: give --bootstrap-server')
    const client = createClient(bootstrap, settings, 'perf-producer-client')
    const interruption = catchInterruption()
    try {
      const topic = given.text('topic')!
      const producer = await Producer.open(client, producerOptions(new Map([stockRequestSize, ...settings])))
      await producer.prepare(topic)
      const rate = given.double('throughput')!
      const warmupCount = Number(given.long('warmup-records'))
      const { output } = streams
      if (warmupCount > 0)
        printLine(
          output,
          `Warmup first ${warmupCount} records. Steady state results will print after the complete test summary.`,
        )
      let isSteadyTold = false
      const measured = await measureProducing(producer, {
        topic,
        recordsCount,
        valueOf: payloadOf,
        recordsPerSecondMax: rate > 0 ? rate : undefined,
        warmupCount,
        reportingIntervalMs: Number(given.long('reporting-interval')),
        signal: interruption.signal,
        onWindow(window, isSteady) {
          if (isSteady && !isSteadyTold) printLine(output, 'In steady state.')
          isSteadyTold ||= isSteady
          printLine(output, windowText(window))
        },
      })
      printResults(measured, streams)
      if (given.has('print-metrics'))
        printClientMetrics(streams, 'producer-metrics', client.clientId, producerMetrics(measured))
      return measured.failure === undefined ? 0 : 1
    } finally {
      interruption.dispose()
      client.close()
    }
  },
})

function printResults({ total, steady, failure, failuresCount }: PerfProduced, { output, errors }: ToolStreams): void {
  printLine(output, totalText(total))
  if (steady !== undefined) printLine(output, totalText(steady, 'steady state records'))
  if (failure !== undefined) printLine(errors, `${failuresCount} records were not written: ${failure.message}`)
}

function producerMetrics({ total, failuresCount }: PerfProduced): ReadonlyMap<string, number> {
  return new Map([
    ['outgoing-record-bytes-total', total.bytesCount],
    ['record-error-total', failuresCount],
    ['record-send-total', total.recordsCount],
    ['request-latency-avg', total.latencyMs.avg],
    ['request-latency-max', total.latencyMs.max],
  ])
}

function checkFlags(given: Given): void {
  const fail = (message: string): never => {
    throw new ToolUsageError(message)
  }
  for (const name of ['topic', 'num-records', 'throughput'] as const)
    if (!given.has(name)) fail(`argument --${name} is required`)
  const payloads = (['record-size', 'payload-file', 'payload-monotonic'] as const).filter((name) => given.has(name))
  if (payloads.length === 0) fail('one of the arguments --record-size --payload-file --payload-monotonic is required')
  if (payloads.length > 1) fail(`argument --${payloads[1]}: not allowed with argument --${payloads[0]}`)
  if (given.long('num-records')! <= 0n) fail('--num-records should be greater than zero.')
  if (given.long('warmup-records')! >= given.long('num-records')!)
    fail('The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records.')
  if (given.has('record-size') && given.integer('record-size')! <= 0) fail('--record-size should be greater than zero.')
  const sources = [
    'bootstrap-server',
    'command-property',
    'producer-props',
    'producer.config',
    'command-config',
  ] as const
  if (!sources.some((name) => given.has(name)))
    fail(
      'At least one of --bootstrap-server, --command-property, --producer-props, --producer.config or --command-config must be specified.',
    )
  if (given.has('command-property') && given.has('producer-props'))
    fail('--command-property and --producer-props cannot be specified together.')
  if (given.has('command-config') && given.has('producer.config'))
    fail('--command-config and --producer.config cannot be specified together.')
  if (given.long('reporting-interval')! <= 0n) fail('--reporting-interval should be greater than zero.')
  if (given.has('transactional-id') || given.has('transaction-duration-ms'))
    throw new OperatorError('transactional.id: this producer does not write transactions')
}

function settingsOf(given: Given, streams: ToolStreams): Map<string, string> {
  const property = renamedFlag(given, propertyFlags, streams)
  const config = renamedFlag(given, configFlags, streams)
  const words = given.texts(property).flatMap((text) => text.split(/\s+/).filter((word) => word !== ''))
  for (const word of words) if (!/^[^=]+=[^=]*$/.test(word)) throw new OperatorError(`Invalid property: ${word}`)
  const settings = new Map([...readProperties(given.text(config)), ...parsePairs(words)])
  const bootstrap = given.text('bootstrap-server')
  if (bootstrap !== undefined) settings.set('bootstrap.servers', bootstrap)
  return settings
}

function payloadsOf(given: Given, { output }: ToolStreams): (index: number) => Buffer {
  if (given.has('record-size')) return randomPayloads(given.integer('record-size')!)
  if (given.has('payload-monotonic')) return (index) => Buffer.from(`${index}`)
  const file = resolve(given.text('payload-file')!)
  printLine(output, `Reading payloads from: ${file}`)
  const payloads = readPayloads(file, given.text('payload-delimiter')!)
  printLine(output, `Number of records read: ${payloads.length}`)
  return () => payloads[Math.floor(Math.random() * payloads.length)]!
}

function readPayloads(file: string, delimiter: string): Buffer[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    text = ''
  }
  if (text === '') throw new OperatorError('File does not exist or empty file provided.')
  const parts = text.split(delimiter === '\\n' ? '\n' : new RegExp(delimiter))
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts.map((part) => Buffer.from(part))
}
