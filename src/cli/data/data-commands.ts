/**
 * The commands that move records, as yargs reads them: `ottla produce`, `ottla consume` (kcat's letters), `ottla perf`.
 * Their code is loaded when they run.
 */
import type { Argv, Options } from 'yargs'
import { OperatorError } from '../operator-error.ts'
import type { ToolStreams } from '../tools/tool.ts'
import { clientOptions, parsePartition, type Run, text, texts, whole, yes } from './option-kinds.ts'
import { addPerf, perfOptions } from './perf-commands.ts'
import { expandOptions, type LongOption } from './short-options.ts'

const streams: ToolStreams = { input: process.stdin, output: process.stdout, errors: process.stderr }

const consumeOptions = {
  topic: { ...texts, alias: 't', describe: 'A topic, or ^ and a regular expression; may be repeated' },
  partition: { ...texts, alias: 'p', describe: 'One partition alone; may be repeated' },
  offset: {
    ...texts,
    alias: 'o',
    defaultDescription: 'beginning; end for a new group',
    describe: 'Where to begin: beginning, end, an offset, -N (before the end), s@TIME; where to stop: e@TIME (ms)',
  },
  group: { ...text, alias: 'G', describe: 'Share the topics with the members of a group, and store offsets' },
  count: { ...whole, alias: 'c', describe: 'Stop after so many records' },
  exit: { ...yes, alias: 'e', describe: 'Stop at the end of the partitions' },
  format: { ...text, alias: 'f', describe: 'json, or a format: %s %k %t %p %o %T %h %S %K %R %% \\n \\t \\xHH' },
  json: { ...yes, alias: 'J', describe: 'The same as --format json' },
  delimiter: { ...text, alias: 'D', default: '\\n', describe: 'Stands between records' },
  'key-delimiter': { ...text, alias: 'K', describe: 'Print keys too, and this after them' },
  null: { ...yes, alias: 'Z', describe: 'Print NULL for what is null' },
  ...clientOptions,
} as const

const produceOptions = {
  topic: { ...text, alias: 't', demandOption: true, describe: 'The topic' },
  partition: { ...text, alias: 'p', coerce: parsePartition, describe: 'The partition; by the key without it' },
  'key-delimiter': { ...text, alias: 'K', describe: 'What stands between key and value; no keys without it' },
  key: { ...text, alias: 'k', describe: 'The key of all records' },
  header: { ...texts, alias: 'H', describe: 'name=value: a header of all records; may be repeated' },
  delimiter: { ...text, alias: 'D', default: '\\n', describe: 'Stands between records' },
  format: {
    ...text,
    alias: 'f',
    choices: ['text', 'json'],
    default: 'text',
    describe: 'What the lines of the input are',
  },
  json: { ...yes, alias: 'J', describe: 'The same as --format json' },
  compression: {
    ...text,
    alias: 'z',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    describe: 'Codec of batches',
  },
  lines: { ...text, alias: 'l', describe: 'Read this file instead of standard input' },
  count: { ...whole, alias: 'c', describe: 'Stop after so many records' },
  null: { ...yes, alias: 'Z', describe: 'Write what is empty as null' },
  tee: { ...yes, alias: 'T', describe: 'Print what is sent' },
  ...clientOptions,
} as const

/** The words of a command of this file with long options alone. */
export function expandDataWords(words: readonly string[]): string[] {
  const [command, ...rest] = words
  const options = command === 'consume' ? consumeOptions : command === 'produce' ? produceOptions : undefined
  if (options !== undefined) return [command!, ...expandOptions(rest, lettersOf(options))]
  return command === 'perf' ? [command, ...expandOptions(rest, lettersOf(perfOptions))] : [...words]
}

function lettersOf(options: Readonly<Record<string, Options>>): Record<string, LongOption> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, { alias, type }]) => {
      const aliases = [alias ?? []].flat()
      const letters = aliases.filter((each) => each.length === 1)
      const takesValue = type !== 'boolean'
      const others = aliases
        .filter((each) => each.length > 1)
        .map((each) => [each, { letters: [], takesValue }] as const)
      return [[name, { letters, takesValue }] as const, ...others]
    }),
  )
}

export function addDataCommands<Parsed>(parser: Argv<Parsed>, run: Run): Argv<Parsed> {
  return parser
    .command(
      'produce [files..]',
      'Write records to a topic',
      (command) => addProduce(command),
      (given) => {
        const {
          topic,
          partition,
          key,
          header,
          delimiter,
          format,
          json,
          compression,
          lines,
          count,
          null: isNull,
        } = given
        const options = {
          bootstrap: given.brokers!,
          topic: topic!,
          partition,
          keyDelimiter: given.keyDelimiter,
          key,
          headers: header,
          delimiter: delimiter!,
          isJson: json || format === 'json',
          emptyIsNull: isNull,
          files: (given.files ?? []).map(String),
          linesFile: lines,
          count,
          printsInput: given.tee,
          compression,
          isQuiet: given.quiet,
          settings: given.setting,
          settingsFile: given.settingsFile,
        }
        return run(import('./produce.ts').then(({ produce }) => produce(options, streams)))
      },
    )
    .command(
      'consume [topics..]',
      'Print records of topics',
      (command) => addConsume(command),
      (given) => {
        const topics = [...given.topic, ...(given.topics ?? []).map(String)]
        if (topics.length === 0) throw new OperatorError('which topic? write ottla consume -t TOPIC')
        const options = {
          bootstrap: given.brokers!,
          topics,
          group: given.group,
          partitions: given.partition.map(parsePartition).filter((each) => each !== undefined),
          offsets: given.offset,
          count: given.count,
          exitsAtEnd: given.exit,
          format: given.json ? 'json' : given.format,
          delimiter: given.delimiter!,
          keyDelimiter: given.keyDelimiter,
          showsNull: given.null,
          isQuiet: given.quiet,
          settings: given.setting,
          settingsFile: given.settingsFile,
        }
        return run(import('./consume.ts').then(({ consume }) => consume(options, streams)))
      },
    )
    .command('perf', 'Measure throughput and latency', (command) => addPerf(command, run, streams))
}

function addProduce<Parsed>(command: Argv<Parsed>) {
  return command
    .positional('files', { type: 'string', array: true, describe: 'Files to write as one record each' })
    .options(produceOptions)
    .example('echo hello | $0 produce -t greetings', 'One record')
    .example('$0 produce -t users -K: -l users.txt', 'Lines "key:value" of a file')
    .example(
      '$0 produce -t users -k alice -H source=shell -z zstd',
      'What you type, with a key, a header and compressed',
    )
    .example('$0 produce -t pictures cat.png dog.png', 'Each file as one record')
    .example('$0 consume -t a -e --format json | $0 produce -t b --format json', 'Copy a topic: keys, headers, times')
}

function addConsume<Parsed>(command: Argv<Parsed>) {
  return command
    .positional('topics', { type: 'string', array: true, describe: 'The same as -t' })
    .options(consumeOptions)
    .example('$0 consume -t greetings -e', 'Everything there is')
    .example('$0 consume -t greetings -o end', 'What comes from now on')
    .example('$0 consume -t greetings -o -10 -e', 'The last ten of each partition')
    .example('$0 consume -t greetings -p 0 -o 42 -c 1 --format json', 'One record with all that is known of it')
    .example("$0 consume -t users -f '%T %p@%o %k: %s\\n'", 'As you like it')
    .example('$0 consume -G readers -o beginning users orders', 'As a member of a group')
    .example('$0 consume -t logs -o s@1700000000000 -o e@1700003600000', 'An hour')
}
