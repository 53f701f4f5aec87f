/** kafka-console-producer: lines of standard input as records, with the flags and properties of the stock tool. */
import type { ProducedRecord } from '../../client/pending-batch.ts'
import { Producer } from '../../client/producer.ts'
import { requireServers } from '../data/bootstrap-flag.ts'
import { producerOptions, stockRequestSize } from '../data/client-settings.ts'
import { catchInterruption } from '../data/interruption.ts'
import { LineReader } from '../data/line-reader.ts'
import { isTerminal } from '../data/progress.ts'
import { parsePairs, renamedFlag } from '../data/property-pairs.ts'
import { sendRecords } from '../data/send-records.ts'
import { splitInput } from '../data/split-input.ts'
import { OperatorError } from '../operator-error.ts'
import { defineTool, printLine, type ToolStreams } from './tool.ts'
import type { ToolArguments } from './tool-arguments.ts'
import { createClient, readProperties } from './tool-client.ts'

const flags = {
  'bootstrap-server': {
    aliases: ['broker-list'],
    value: 'host:port,...',
    describe: 'REQUIRED: The brokers to connect to first.',
  },
  topic: { value: 'topic', describe: 'REQUIRED: The topic to write to.' },
  sync: { describe: 'Wait for each record before the next is sent.' },
  'compression-codec': {
    value: 'codec',
    isValueOptional: true,
    describe: 'none, gzip, snappy, lz4 or zstd; gzip when no value is given.',
  },
  'batch-size': { value: 'bytes', default: '16384', describe: 'Bytes of a batch for one partition: batch.size.' },
  'max-partition-memory-bytes': { value: 'bytes', default: '16384', describe: '(Deprecated) As --batch-size.' },
  'message-send-max-retries': {
    value: 'count',
    default: '3',
    describe: 'Known and without effect: see delivery.timeout.ms.',
  },
  'retry-backoff-ms': { value: 'ms', default: '100', describe: 'Known and without effect.' },
  timeout: { value: 'ms', default: '1000', describe: 'How long a record waits for others: linger.ms.' },
  'request-required-acks': { value: 'acks', default: '-1', describe: 'Acknowledgements: all or -1, 1, 0.' },
  'request-timeout-ms': { value: 'ms', default: '1500', describe: 'How long a request may take: request.timeout.ms.' },
  'metadata-expiry-ms': { value: 'ms', default: '300000', describe: 'Known and without effect.' },
  'max-block-ms': { value: 'ms', default: '60000', describe: 'How long the topic is looked for: max.block.ms.' },
  'max-memory-bytes': { value: 'bytes', default: '33554432', describe: 'Bytes that wait to be sent: buffer.memory.' },
  'socket-buffer-size': { value: 'bytes', default: '102400', describe: 'Known and without effect.' },
  'line-reader': {
    value: 'class',
    default: 'org.apache.kafka.tools.LineMessageReader',
    describe: 'Only the default one is there.',
  },
  property: { value: 'key=value', describe: '(Deprecated) As --reader-property.' },
  'reader-property': {
    value: 'key=value',
    describe:
      'How lines are read: parse.key, parse.headers, ignore.error (true or false), key.separator, headers.delimiter, headers.separator, headers.key.separator, null.marker.',
  },
  'reader-config': { value: 'file', describe: 'A properties file with the same.' },
  'producer-property': { value: 'key=value', describe: '(Deprecated) As --command-property.' },
  'command-property': { value: 'key=value', describe: 'A setting of the producer.' },
  'producer.config': { value: 'file', describe: '(Deprecated) As --command-config.' },
  'command-config': { value: 'file', describe: 'A properties file with settings of the producer.' },
} as const

type Given = ToolArguments<keyof typeof flags>

const renamed = {
  config: {
    old: 'producer.config',
    current: 'command-config',
    warning:
      'Warning: --producer.config is deprecated and will be removed in a future version. Use --command-config instead.',
  },
  property: {
    old: 'producer-property',
    current: 'command-property',
    warning:
      'Warning: --producer-property is deprecated and will be removed in a future version. Use --command-property instead.',
  },
  reader: {
    old: 'property',
    current: 'reader-property',
    warning:
      'Warning: --property is deprecated and will be removed in a future version. Use --reader-property instead.',
  },
} as const

/** Flags whose value, also the default, is that of a property, unless the property was given and the flag was not. */
const settingFlags = [
  ['linger.ms', 'timeout'],
  ['acks', 'request-required-acks'],
  ['request.timeout.ms', 'request-timeout-ms'],
  ['buffer.memory', 'max-memory-bytes'],
  ['batch.size', 'batch-size'],
  ['max.block.ms', 'max-block-ms'],
] as const

export const consoleProducerTool = defineTool({
  summary: 'This tool helps to read data from standard input and publish it to Kafka.',
  flags,
  handlesClosedOutput: true,
  async run(given, streams) {
    given.require('topic')
    const bootstrap = requireServers(given)
    const names = {
      config: renamedFlag(given, renamed.config, streams),
      property: renamedFlag(given, renamed.property, streams),
      reader: renamedFlag(given, renamed.reader, streams),
    }
    checkNumbers(given)
    if (given.has('max-partition-memory-bytes'))
      printLine(
        streams.output,
        'Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka 5.0. Use --batch-size instead.',
      )
    if (given.text('line-reader') !== flags['line-reader'].default)
      throw new OperatorError(`--line-reader ${given.text('line-reader')}: only LineMessageReader is there`)
    const reader = new LineReader(
      new Map([...readProperties(given.text('reader-config')), ...parsePairs(given.texts(names.reader))]),
    )
    const settings = settingsOf(given, names)
    const client = createClient(bootstrap, withoutTimeouts(settings), 'console-producer')
    try {
      const options = producerOptions(new Map([stockRequestSize, ...settings]))
      const topic = given.text('topic')!
      const producer = await Producer.open(client, options)
      await producer.prepare(topic)
      return await sendLines(producer, topic, reader, given.has('sync'), streams)
    } finally {
      client.close()
    }
  },
  explain(message, { errors }) {
    printLine(errors, message)
  },
})

function checkNumbers(given: Given): void {
  for (const name of [
    'batch-size',
    'max-partition-memory-bytes',
    'message-send-max-retries',
    'request-timeout-ms',
    'socket-buffer-size',
  ] as const)
    given.integer(name)
  for (const name of ['retry-backoff-ms', 'timeout', 'metadata-expiry-ms', 'max-block-ms', 'max-memory-bytes'] as const)
    given.long(name)
}

function settingsOf(
  given: Given,
  names: { readonly config: keyof typeof flags; readonly property: keyof typeof flags },
) {
  const settings = new Map([...readProperties(given.text(names.config)), ...parsePairs(given.texts(names.property))])
  for (const [property, flag] of settingFlags)
    if (given.has(flag) || !settings.has(property)) settings.set(property, given.text(flag)!)
  if (given.has('max-partition-memory-bytes')) settings.set('batch.size', given.text('max-partition-memory-bytes')!)
  const codec = given.has('compression-codec') ? (given.texts('compression-codec').at(-1) ?? 'gzip') : 'none'
  settings.set('compression.type', codec === '' ? 'gzip' : codec)
  return settings
}

/** The default of request.timeout.ms is for how long replicas may take; connecting may take longer. */
function withoutTimeouts(settings: ReadonlyMap<string, string>): Map<string, string> {
  const others = new Map(settings)
  others.delete('request.timeout.ms')
  others.set('default.api.timeout.ms', settings.get('max.block.ms')!)
  return others
}

/** Also what came before a line that cannot be read is written. */
async function sendLines(
  producer: Producer,
  topic: string,
  reader: LineReader,
  isSync: boolean,
  { input, output, errors }: ToolStreams,
): Promise<number> {
  const interruption = catchInterruption()
  const prompt = isTerminal(input) && isTerminal(output) ? () => output.write('>') : () => {}
  let lineNumber = 0
  async function* rounds(): AsyncGenerator<readonly ProducedRecord[]> {
    prompt()
    for await (const lines of splitInput(input, 'lines')) {
      for (const line of lines) yield [reader.read(line, ++lineNumber)]
      prompt()
    }
  }
  try {
    const { failure, failuresCount } = await sendRecords(producer, topic, rounds(), {
      isSync,
      signal: interruption.signal,
    })
    if (failure === undefined) return 0
    printLine(errors, `${failuresCount} records were not written: ${failure.message}`)
    return 1
  } finally {
    interruption.dispose()
  }
}
