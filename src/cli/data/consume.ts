/** `ottla consume`: prints records of topics, as kcat's consumer does. */
import { GroupConsumer } from '../../client/group-consumer.ts'
import type { KafkaClient } from '../../client/kafka-client.ts'
import { OperatorError } from '../operator-error.ts'
import { printLine, type ToolStreams } from '../tools/tool.ts'
import { createClient, readProperties } from '../tools/tool-client.ts'
import { ByteSink } from './byte-sink.ts'
import { fetcherOptions, groupOptions, offsetReset, parseSettings, type Settings } from './client-settings.ts'
import { unescapeText } from './escapes.ts'
import { catchInterruption } from './interruption.ts'
import { isTerminal, Progress } from './progress.ts'
import { compileFormat, jsonFormat, plainFormat, type RecordWriter } from './record-format.ts'
import { type RecordSource, selectTopics, type TopicSelection, TopicSource } from './record-source.ts'
import { parseRange, type Range } from './start-position.ts'
import { takeRecords } from './take-records.ts'

export interface ConsumeOptions {
  readonly bootstrap: string
  /** A name, or ^ and a regular expression. */
  readonly topics: readonly string[]
  readonly group: string | undefined
  readonly partitions: readonly number[]
  /** Words of -o. */
  readonly offsets: readonly string[]
  readonly count: number | undefined
  readonly exitsAtEnd: boolean
  /** `json`, or a format string. */
  readonly format: string | undefined
  readonly delimiter: string
  readonly keyDelimiter: string | undefined
  readonly showsNull: boolean
  readonly isQuiet: boolean
  /** Words of -X. */
  readonly settings: readonly string[]
  readonly settingsFile: string | undefined
}

/** Resolves with the exit code. */
export async function consume(options: ConsumeOptions, streams: ToolStreams): Promise<number> {
  const settings = settingsOf(options.settingsFile, options.settings)
  const range = parseRange(options.offsets)
  const client = createClient(options.bootstrap, settings)
  try {
    const write = writerFor(options, client)
    const source = openSource(client, options, settings, range)
    return await copyRecords(source, write, options, streams)
  } finally {
    client.close()
  }
}

/** -X words stand before the lines of the file. */
export function settingsOf(file: string | undefined, words: readonly string[]): Map<string, string> {
  const lines = [...readProperties(file)].map(([name, value]) => `${name}=${value}`)
  return parseSettings([...lines, ...words])
}

function writerFor(options: ConsumeOptions, client: KafkaClient): RecordWriter {
  const { format, delimiter, keyDelimiter, showsNull } = options
  const nullText = showsNull ? 'NULL' : ''
  const brokerOf = ({ topic, partition }: { topic: string; partition: number }): number =>
    client.metadata.leaderOf(topic, partition) ?? -1
  if (format === 'json') return jsonFormat({ brokerOf })
  if (format !== undefined) return compileFormat(format, { nullText })
  const keyBytes = keyDelimiter === undefined ? undefined : unescapeText(keyDelimiter)
  return plainFormat(unescapeText(delimiter), keyBytes, { nullText })
}

export function topicSelection(words: readonly string[]): TopicSelection {
  const names = words.filter((word) => !word.startsWith('^'))
  const patterns = words.filter((word) => word.startsWith('^'))
  if (patterns.length === 0) return { names }
  try {
    return { names, pattern: new RegExp(patterns.map((pattern) => `(?:${pattern}.*)`).join('|')) }
  } catch (error) {
    throw new OperatorError(`a topic's pattern is no regular expression: ${(error as Error).message}`)
  }
}

function openSource(client: KafkaClient, options: ConsumeOptions, settings: Settings, range: Range): RecordSource {
  const topics = topicSelection(options.topics)
  const fetching = { ...fetcherOptions(new Map([['isolation.level', 'read_committed'], ...settings])) }
  const groupId = options.group ?? settings.get('group.id')
  if (groupId === undefined) {
    const { start = 'beginning', stopTimestamp } = range
    if (start === 'stored') throw new OperatorError('-o stored: only a group (-G) has stored offsets')
    const stop = stopTimestamp !== undefined ? { timestamp: stopTimestamp } : options.exitsAtEnd ? 'end' : undefined
    const partitions = options.partitions.length === 0 ? undefined : options.partitions
    const reset = offsetReset(settings)
    return new TopicSource(client, {
      ...fetching,
      topics,
      partitions,
      start,
      stop,
      resetsTo: reset === 'none' ? undefined : (reset ?? 'latest'),
    })
  }
  if (options.partitions.length > 0) throw new OperatorError('-p: a group (-G) gives out the partitions itself')
  const { start, stopTimestamp } = range
  if ((start !== undefined && typeof start === 'object') || stopTimestamp !== undefined)
    throw new OperatorError('-o: a group (-G) starts where it stored its offsets, else at the beginning or the end')
  const startsAt = start === 'beginning' ? 'earliest' : start === 'end' ? 'latest' : offsetReset(settings)
  return new GroupConsumer(client, {
    ...fetching,
    ...groupOptions(settings),
    groupId,
    startsAt: startsAt === 'earliest' ? 'earliest' : 'latest',
    subscribedTopics: () => selectTopics(client, topics, true),
  })
}

async function copyRecords(
  source: RecordSource,
  write: RecordWriter,
  options: ConsumeOptions,
  { output, errors }: ToolStreams,
): Promise<number> {
  const sink = new ByteSink(output)
  const interruption = catchInterruption()
  const progress = new Progress(errors, 'read', !options.isQuiet && !isTerminal(output))
  try {
    const { end } = await takeRecords(source, {
      recordsMax: options.count,
      stopsAtEnd: options.exitsAtEnd || options.offsets.some((word) => word.startsWith('e@')),
      signal: interruption.signal,
      onRecord(record, fetched) {
        write(sink, record, fetched)
        progress.add((record.key?.length ?? 0) + (record.value?.length ?? 0))
      },
      onLost: ({ message }) => printLine(errors, `ottla: ${message}; waiting`),
      async afterRound() {
        await sink.flush()
        return !sink.isBroken
      },
    })
    progress.end()
    if (end === 'end' && !options.isQuiet && isTerminal(errors))
      for (const { topic, partition, position } of source.assigned)
        printLine(errors, `% Reached end of topic ${topic} [${partition}] at offset ${position}`)
    return 0
  } finally {
    progress.end()
    await source.close()
    interruption.dispose()
  }
}
