/** `ottla produce`: writes lines, files or JSON objects to a topic, as kcat's producer does. */
import { createReadStream, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { ProducedRecord } from '../../client/pending-batch.ts'
import { Producer } from '../../client/producer.ts'
import type { RecordHeader } from '../../protocol/record/record.ts'
import { OperatorError } from '../operator-error.ts'
import { printLine, type ToolStreams } from '../tools/tool.ts'
import { createClient } from '../tools/tool-client.ts'
import { ByteSink } from './byte-sink.ts'
import { producerOptions } from './client-settings.ts'
import { settingsOf } from './consume.ts'
import { unescapeText } from './escapes.ts'
import { catchInterruption } from './interruption.ts'
import { isTerminal, Progress } from './progress.ts'
import { recordOfJson } from './record-json.ts'
import { sendRecords } from './send-records.ts'
import { splitInput } from './split-input.ts'

const noBytes = Buffer.alloc(0)
/** librdkafka's default: lines come faster than answers. */
const batchSize = ['batch.size', '1000000'] as const
/** Nobody wants to wait a minute to be told that the topic is not there. */
const preparationTimeout = ['default.api.timeout.ms', '10000'] as const

export interface ProduceOptions {
  readonly bootstrap: string
  readonly topic: string
  readonly partition: number | undefined
  readonly keyDelimiter: string | undefined
  readonly key: string | undefined
  /** `name=value`, or a name alone for a value that is null. */
  readonly headers: readonly string[]
  readonly delimiter: string
  /** Each line of the input is an object as `ottla consume --format json` prints it. */
  readonly isJson: boolean
  /** Empty values and keys are null. */
  readonly emptyIsNull: boolean
  /** Whole files as one record each. */
  readonly files: readonly string[]
  /** A file to read instead of standard input. */
  readonly linesFile: string | undefined
  readonly count: number | undefined
  readonly printsInput: boolean
  readonly compression: string | undefined
  readonly isQuiet: boolean
  readonly settings: readonly string[]
  readonly settingsFile: string | undefined
}

/** Resolves with the exit code: 1 when a record was not written. */
export async function produce(options: ProduceOptions, streams: ToolStreams): Promise<number> {
  const { compression } = options
  const words = compression === undefined ? options.settings : [...options.settings, `compression.type=${compression}`]
  const settings = settingsOf(options.settingsFile, words)
  const producing = producerOptions(new Map([batchSize, ...settings]))
  const records = openRecords(options, streams.input)
  const client = createClient(options.bootstrap, new Map([preparationTimeout, ...settings]))
  try {
    const producer = await Producer.open(client, producing)
    await producer.prepare(options.topic)
    return await writeRecords(producer, records, options, streams)
  } finally {
    client.close()
  }
}

async function writeRecords(
  producer: Producer,
  rounds: AsyncIterable<readonly ProducedRecord[]>,
  { topic, count, printsInput, isQuiet, linesFile, files }: ProduceOptions,
  { input, output, errors }: ToolStreams,
): Promise<number> {
  const interruption = catchInterruption()
  const echo = printsInput ? new ByteSink(output) : undefined
  const isTyped = linesFile === undefined && files.length === 0 && isTerminal(input)
  const progress = new Progress(errors, 'sent', !isQuiet && !isTyped && !(printsInput && isTerminal(output)))
  try {
    const { failure, failuresCount } = await sendRecords(producer, topic, rounds, {
      recordsMax: count,
      signal: interruption.signal,
      onSent: (size) => progress.add(size),
      onAppended({ value }) {
        echo?.bytes(value ?? noBytes)
        echo?.text('\n')
      },
      async afterRound() {
        await echo?.flush()
      },
    })
    if (failure === undefined) return 0
    printLine(errors, `ottla: ${failuresCount} records were not written: ${failure.message}`)
    return 1
  } finally {
    progress.end()
    interruption.dispose()
  }
}

/** The records to write, in rounds as the input brings them. */
function openRecords(options: ProduceOptions, input: Readable): AsyncIterable<readonly ProducedRecord[]> {
  const { partition, emptyIsNull, isJson, linesFile, files } = options
  const template = {
    headers: options.headers.map(parseHeader),
    ...(partition === undefined || partition < 0 ? {} : { partition }),
  }
  const key = options.key === undefined ? null : Buffer.from(options.key)
  const orNull = (bytes: Buffer): Buffer | null => (emptyIsNull && bytes.length === 0 ? null : bytes)
  if (files.length > 0) return filesAsRecords(files, (value) => ({ ...template, key, value: orNull(value) }))
  const source = linesFile === undefined ? input : openFile(linesFile)
  if (isJson)
    return mapParts(splitInput(source, 'lines'), (line, number) => {
      const record = recordOfJson(line, number, key)
      return { ...record, ...template, headers: [...(record.headers ?? []), ...template.headers] }
    })
  const keyDelimiter = options.keyDelimiter === undefined ? undefined : unescapeText(options.keyDelimiter)
  const delimiter = unescapeText(options.delimiter)
  if (delimiter.length === 0 || keyDelimiter?.length === 0) throw new OperatorError('a delimiter has at least one byte')
  return mapParts(splitInput(source, delimiter), (part) => {
    const at = keyDelimiter === undefined ? -1 : part.indexOf(keyDelimiter)
    if (at < 0) return { ...template, key, value: orNull(part) }
    const value = part.subarray(at + keyDelimiter!.length)
    return { ...template, key: orNull(part.subarray(0, at)), value: orNull(value) }
  })
}

/** Empty parts are left out, as kcat does: they are most often a newline too many. */
async function* mapParts(
  rounds: AsyncIterable<readonly Buffer[]>,
  recordOf: (part: Buffer, number: number) => ProducedRecord,
): AsyncGenerator<readonly ProducedRecord[]> {
  let number = 0
  for await (const parts of rounds) {
    const records: ProducedRecord[] = []
    try {
      for (const part of parts) {
        number++
        if (part.length > 0) records.push(recordOf(part, number))
      }
    } finally {
      yield records
    }
  }
}

async function* filesAsRecords(
  files: readonly string[],
  recordOf: (bytes: Buffer) => ProducedRecord,
): AsyncGenerator<readonly ProducedRecord[]> {
  for (const file of files) {
    try {
      yield [recordOf(readFileSync(file))]
    } catch (error) {
      throw unreadable(file, error)
    }
  }
}

async function* openFile(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { highWaterMark: 256 * 1024 })
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  return new OperatorError(code === 'ENOENT' ? `there is no file ${file}` : `${file}: ${message}`)
}

function parseHeader(word: string): RecordHeader {
  const equals = word.indexOf('=')
  if (equals === 0 || word === '') throw new OperatorError(`-H ${word}: write it as name=value`)
  if (equals < 0) return { key: word, value: null }
  return { key: word.slice(0, equals), value: Buffer.from(word.slice(equals + 1)) }
}
