/**
 * How `ottla consume` prints a record: kcat's format string (-f), its JSON envelope (-J), or value and key with
 * delimiters. A format is compiled once into pieces that write their bytes.
 */
import type { FetchedRecords } from '../../client/fetcher.ts'
import type { DecodedRecord, RecordHeader } from '../../protocol/record/record.ts'
import { OperatorError } from '../operator-error.ts'
import type { ByteSink } from './byte-sink.ts'
import { unescapeText } from './escapes.ts'

/** What is known of a record besides itself. */
export type RecordPlace = Pick<FetchedRecords, 'topic' | 'partition' | 'timestampType'>
export type RecordWriter = (sink: ByteSink, record: DecodedRecord, place: RecordPlace) => void

export interface FormatOptions {
  /** Printed for a key or value that is null; nothing without it. */
  readonly nullText?: string
  /** The broker that a partition's records come from, for JSON. */
  readonly brokerOf?: (place: RecordPlace) => number
}

const letters: Readonly<Record<string, (options: FormatOptions) => RecordWriter>> = {
  s: (options) => writerOf(({ value }) => value, options),
  k: (options) => writerOf(({ key }) => key, options),
  S:
    () =>
    (sink, { value }) =>
      sink.text(`${value?.length ?? -1}`),
  K:
    () =>
    (sink, { key }) =>
      sink.text(`${key?.length ?? -1}`),
  R:
    () =>
    (sink, { value }) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(value?.length ?? -1)
      sink.bytes(length)
    },
  T:
    () =>
    (sink, { timestamp }) =>
      sink.text(`${timestamp}`),
  h:
    () =>
    (sink, { headers }) =>
      writeHeaders(sink, headers),
  t:
    () =>
    (sink, _record, { topic }) =>
      sink.text(topic),
  p:
    () =>
    (sink, _record, { partition }) =>
      sink.text(`${partition}`),
  o:
    () =>
    (sink, { offset }) =>
      sink.text(`${offset}`),
  '%': () => (sink) => sink.text('%'),
}

/** Throws OperatorError for a letter that is not known. */
export function compileFormat(format: string, options: FormatOptions = {}): RecordWriter {
  const pieces: RecordWriter[] = []
  for (const [piece, letter] of format.matchAll(/%([\s\S]?)|[^%]+/g)) {
    if (!piece.startsWith('%')) {
      const bytes = unescapeText(piece)
      pieces.push((sink) => sink.bytes(bytes))
      continue
    }
    const make = Object.hasOwn(letters, letter!) ? letters[letter!] : undefined
    if (make === undefined) {
      const known = Object.keys(letters).join(' %')
      throw new OperatorError(`-f: ${letter === '' ? 'a % at the end' : `no %${letter}`}; there are %${known}`)
    }
    pieces.push(make(options))
  }
  return (sink, record, place) => {
    for (const piece of pieces) piece(sink, record, place)
  }
}

/** Each value followed by `delimiter`, after the key and `keyDelimiter` where there is one. */
export function plainFormat(
  delimiter: Buffer,
  keyDelimiter: Buffer | undefined,
  options: FormatOptions = {},
): RecordWriter {
  const writeKey = writerOf(({ key }) => key, options)
  const writeValue = writerOf(({ value }) => value, options)
  return (sink, record, place) => {
    if (keyDelimiter !== undefined) {
      writeKey(sink, record, place)
      sink.bytes(keyDelimiter)
    }
    writeValue(sink, record, place)
    sink.bytes(delimiter)
  }
}

/** One object a line with the fields of kcat's -J. Bytes that are no UTF-8 become U+FFFD. */
export function jsonFormat({ brokerOf = () => -1 }: FormatOptions = {}): RecordWriter {
  return (sink, record, place) => {
    const { topic, partition, timestampType } = place
    const headers = record.headers.flatMap(({ key, value }) => [key, textOf(value)])
    const envelope = {
      topic,
      partition,
      offset: record.offset,
      tstype: record.timestamp < 0n ? 'unknown' : timestampType === 1 ? 'logappend' : 'create',
      ts: Number(record.timestamp),
      broker: brokerOf(place),
      ...(headers.length === 0 ? {} : { headers }),
      key: textOf(record.key),
      payload: textOf(record.value),
    }
    sink.text(`${JSON.stringify(envelope)}\n`)
  }
}

function textOf(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString()
}

function writerOf(bytesOf: (record: DecodedRecord) => Buffer | null, { nullText = '' }: FormatOptions): RecordWriter {
  return (sink, record) => {
    const bytes = bytesOf(record)
    if (bytes === null) sink.text(nullText)
    else sink.bytes(bytes)
  }
}

function writeHeaders(sink: ByteSink, headers: readonly RecordHeader[]): void {
  for (const [index, { key, value }] of headers.entries()) {
    sink.text(`${index === 0 ? '' : ','}${key}=`)
    if (value === null) sink.text('NULL')
    else sink.bytes(value)
  }
}
