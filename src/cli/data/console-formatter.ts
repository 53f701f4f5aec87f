/**
 * How kafka-console-consumer prints a record: DefaultMessageFormatter with its properties, and the other formatters of
 * the stock tool by their class names. `formatterNamed` makes one.
 */
import type { DecodedRecord } from '../../protocol/record/record.ts'
import { ToolUsageError } from '../tools/tool-arguments.ts'
import type { ByteSink } from './byte-sink.ts'
import type { Settings } from './client-settings.ts'
import { type Deserializer, deserializerNamed } from './deserializers.ts'
import type { RecordPlace, RecordWriter } from './record-format.ts'

const consumerPackage = 'org.apache.kafka.tools.consumer.'
export const defaultFormatter = `${consumerPackage}DefaultMessageFormatter`

type MakeFormatter = (properties: Settings) => RecordWriter

const formatters: Readonly<Record<string, MakeFormatter>> = {
  DefaultMessageFormatter: defaultFormat,
  // What it logs besides goes nowhere in the stock tool's own configuration.
  LoggingMessageFormatter: defaultFormat,
  NoOpMessageFormatter: () => () => {},
}

/** Throws ToolUsageError for a class that is not known. Names before Kafka 4 had another package. */
export async function formatterNamed(name: string, properties: Settings): Promise<RecordWriter> {
  const short = name.replace(/^(org\.apache\.kafka\.tools\.consumer|kafka\.tools)\./, '')
  if (Object.hasOwn(formatters, short)) return formatters[short]!(properties)
  const { coordinatorFormatter } = await import('./coordinator-formatter.ts')
  const formatter = coordinatorFormatter(short)
  if (formatter === undefined) throw new ToolUsageError(name)
  return formatter
}

type Column = (sink: ByteSink, record: DecodedRecord, place: RecordPlace) => void

function defaultFormat(properties: Settings): RecordWriter {
  const isOn = (name: string, byDefault = false): boolean => {
    const text = properties.get(name)
    return text === undefined ? byDefault : text.trim().toLowerCase() === 'true'
  }
  const bytes = (name: string, byDefault: string): Buffer => Buffer.from(properties.get(name) ?? byDefault)
  const separator = bytes('key.separator', '\t')
  const lineSeparator = bytes('line.separator', '\n')
  const headersSeparator = bytes('headers.separator', ',')
  const nullLiteral = bytes('null.literal', 'null')
  const writeWith = (deserializer: Deserializer | undefined) => (sink: ByteSink, field: Buffer | null) => {
    const known = field ?? nullLiteral
    if (deserializer === undefined) sink.bytes(known)
    else sink.text(deserializer(known))
  }
  const writeKey = writeWith(deserializerNamed(properties.get('key.deserializer')))
  const writeValue = writeWith(deserializerNamed(properties.get('value.deserializer')))
  const writeHeader = writeWith(deserializerNamed(properties.get('headers.deserializer')))
  const columns: Column[] = []
  if (isOn('print.timestamp')) columns.push(writeTimestamp)
  if (isOn('print.partition')) columns.push((sink, _record, { partition }) => sink.text(`Partition:${partition}`))
  if (isOn('print.offset')) columns.push((sink, { offset }) => sink.text(`Offset:${offset}`))
  // The stock tool prints these two columns and never has what belongs there.
  if (isOn('print.delivery')) columns.push((sink) => sink.text('Delivery:NOT_PRESENT'))
  if (isOn('print.epoch')) columns.push((sink) => sink.text('Epoch:NOT_PRESENT'))
  if (isOn('print.headers'))
    columns.push((sink, { headers }) => {
      if (headers.length === 0) sink.text('NO_HEADERS')
      for (const [index, { key, value }] of headers.entries()) {
        if (index > 0) sink.bytes(headersSeparator)
        sink.text(`${key}:`)
        writeHeader(sink, value)
      }
    })
  if (isOn('print.key')) columns.push((sink, { key }) => writeKey(sink, key))
  if (isOn('print.value', true)) columns.push((sink, { value }) => writeValue(sink, value))
  return (sink, record, place) => {
    for (const [index, column] of columns.entries()) {
      column(sink, record, place)
      sink.bytes(index === columns.length - 1 ? lineSeparator : separator)
    }
  }
}

const writeTimestamp: Column = (sink, { timestamp }, { timestampType }) =>
  sink.text(
    timestamp === -1n && timestampType === 0 ? 'CreateTime:-1' : `${timestampNames[timestampType]}:${timestamp}`,
  )

const timestampNames = ['CreateTime', 'LogAppendTime'] as const
