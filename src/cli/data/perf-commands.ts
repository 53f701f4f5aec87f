/** The commands of `ottla perf`, as yargs reads them. */
import type { Argv } from 'yargs'
import type { ToolStreams } from '../tools/tool.ts'
import { clientOptions, type Run, text, whole, yes } from './option-kinds.ts'

const perfClientOptions = {
  topic: { ...text, alias: 't', demandOption: true, describe: 'The topic' },
  format: { ...text, alias: 'f', choices: ['text', 'json'], default: 'text', describe: 'Lines to read, or one object' },
  json: { ...yes, alias: 'J', describe: 'The same as --format json' },
  ...clientOptions,
} as const

const produceOptions = {
  ...perfClientOptions,
  records: { ...whole, alias: ['n', 'c', 'count'], default: 100_000, describe: 'How many records to write' },
  size: { ...whole, alias: 's', default: 100, describe: 'Bytes of each' },
  rate: { ...whole, alias: 'r', describe: 'Records a second at most; as many as possible without it' },
  compression: {
    ...text,
    alias: 'z',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    describe: 'Codec of batches',
  },
} as const

const consumeOptions = {
  ...perfClientOptions,
  records: {
    ...whole,
    alias: ['n', 'c', 'count'],
    defaultDescription: 'all that are there',
    describe: 'How many to read',
  },
  'from-end': { ...yes, describe: 'Read what comes from now on, and tell how old records are when they arrive' },
  timeout: { ...whole, default: 10_000, describe: 'Stop when nothing came for so many milliseconds' },
} as const

export const perfOptions = { ...produceOptions, ...consumeOptions } as const

export function addPerf<Parsed>(command: Argv<Parsed>, run: Run, streams: ToolStreams) {
  return command
    .command(
      'produce',
      'Write records, and tell how fast they were acknowledged',
      (each) =>
        each
          .options(produceOptions)
          .example('$0 perf produce -t load', '100,000 records of 100 bytes')
          .example('$0 perf produce -t load -n 1e6 -s 1000 -z lz4 --format json', 'For a script')
          .example('$0 perf produce -t load -r 500 -X linger.ms=0', 'Latency at a modest rate'),
      (given) => {
        const { records, size, rate, compression } = given
        const options = { ...perfFields(given), recordsCount: records!, size: size!, rate, compression }
        return run(import('./perf.ts').then(({ perfProduce }) => perfProduce(options, streams)))
      },
    )
    .command(
      'consume',
      'Read records, and tell how fast they came',
      (each) =>
        each
          .options(consumeOptions)
          .example('$0 perf consume -t load', 'Everything there is')
          .example('$0 perf consume -t load -n 10000 --from-end', 'From now on, with the age of records'),
      (given) => {
        const { records, fromEnd, timeout } = given
        const options = { ...perfFields(given), recordsCount: records, fromEnd, idleMsMax: timeout! }
        return run(import('./perf.ts').then(({ perfConsume }) => perfConsume(options, streams)))
      },
    )
    .demandCommand(1, 'perf needs a command: produce or consume')
}

interface PerfGiven {
  readonly brokers: string | undefined
  readonly topic: string | undefined
  readonly format: string | undefined
  readonly json: boolean
  readonly quiet: boolean
  readonly setting: readonly string[]
  readonly settingsFile: string | undefined
}

function perfFields({ brokers, topic, format, json, quiet, setting, settingsFile }: PerfGiven) {
  return {
    bootstrap: brokers!,
    topic: topic!,
    isJson: json || format === 'json',
    isQuiet: quiet,
    settings: setting,
    settingsFile,
  }
}
