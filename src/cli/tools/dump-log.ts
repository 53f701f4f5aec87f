/** kafka-dump-log: the content of a log's files, in the words of the stock tool. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { NodeCodecs } from '../../io/codecs/node-codecs.ts'
import { NodeFileSystem } from '../../io/node-file-system.ts'
import { type DumpOptions, dumpFile } from '../../log/dump.ts'
import { OperatorError } from '../operator-error.ts'
import {
  contentText,
  controlText,
  metadataText,
  offsetsText,
  type RecordText,
  shareStateText,
  transactionsText,
} from './dump-decoders.ts'
import { defineTool, printLine } from './tool.ts'
import { type ToolArguments, ToolUsageError } from './tool-arguments.ts'

const flags = {
  files: { value: 'file,...', describe: 'The files: segments, indexes, snapshots.' },
  'print-data-log': { describe: 'Show the records of batches and their content.' },
  'deep-iteration': { describe: 'Show the records of batches without their content.' },
  'verify-index-only': { describe: 'Check indexes without showing their entries.' },
  'index-sanity-check': { describe: 'Check indexes as the broker does when it starts.' },
  'max-message-size': { value: 'bytes', default: '5242880', describe: 'Without meaning here.' },
  'max-bytes': { value: 'bytes', default: '2147483647', describe: 'Stop after so many bytes of batches.' },
  'key-decoder-class': {
    value: 'class',
    isValueOptional: true,
    describe: 'StringDecoder, IntegerDecoder, LongDecoder.',
  },
  'value-decoder-class': {
    value: 'class',
    isValueOptional: true,
    describe: 'StringDecoder, IntegerDecoder, LongDecoder.',
  },
  'offsets-decoder': { describe: 'The file is of __consumer_offsets.' },
  'transaction-log-decoder': { describe: 'The file is of __transaction_state.' },
  'share-group-state-decoder': { describe: 'The file is of __share_group_state.' },
  'cluster-metadata-decoder': { describe: 'The file is of __cluster_metadata.' },
  'remote-log-metadata-decoder': { describe: 'Not served: there is no tiered storage.' },
  'skip-record-metadata': { describe: 'Show the content of records alone.' },
} as const
type DumpArguments = ToolArguments<keyof typeof flags>

const decoders = {
  'offsets-decoder': offsetsText,
  'transaction-log-decoder': transactionsText,
  'share-group-state-decoder': shareStateText,
  'cluster-metadata-decoder': metadataText,
} as const
const decoderFlags = Object.keys(decoders) as (keyof typeof decoders)[]

const indexSuffix = /\.(?:index|timeindex)$/
const knownSuffix = /\.(?:log|checkpoint|index|timeindex|snapshot|txnindex)$/
const pageLength = 200

export const dumpLogTool = defineTool({
  summary: 'Shows the content of the files of a log.',
  flags,
  async run(given: DumpArguments, { output, errors }) {
    given.require('files')
    if (given.has('remote-log-metadata-decoder')) throw new OperatorError('there is no tiered storage to decode')
    const chosen = decoderFlags.find((flag) => given.has(flag))
    const showsContent =
      chosen !== undefined ||
      ['print-data-log', 'key-decoder-class', 'value-decoder-class'].some((flag) => given.has(flag as 'files'))
    const describeRecord: RecordText = chosen === undefined ? textOf(given) : decoders[chosen]
    const options: DumpOptions = {
      printsRecords: showsContent || given.has('deep-iteration'),
      codecs: new NodeCodecs(),
      describeRecord: showsContent ? describeRecord : () => '',
      describeControlRecord: controlText,
      bytesMax: given.integer('max-bytes')!,
    }
    for (const file of given
      .text('files')!
      .split(',')
      .map((each) => each.trim())) {
      const isCheckOnly = given.has('verify-index-only') || given.has('index-sanity-check')
      if (!knownSuffix.test(file)) {
        printLine(output, `Dumping ${file}`)
        printLine(errors, `Ignoring unknown file ${file}`)
      } else if (isCheckOnly && indexSuffix.test(file)) await checkIndex(file, given, output)
      else await print(linesOf(file, options, given.has('skip-record-metadata')), output)
    }
    return undefined
  },
})

async function* linesOf(file: string, options: DumpOptions, skipsMetadata: boolean): AsyncGenerator<string> {
  for await (const line of dumpFile(new NodeFileSystem(), file, options)) {
    if (!line.startsWith('| ')) yield line
    else if (!skipsMetadata) yield line.trimEnd()
    else if (/ headerKeys: \[[^\]]*\] (?:key|payload): /.test(line))
      yield line.replace(/^\| offset: .*? headerKeys: \[[^\]]*\] /, '| ')
  }
}

/** An index whose size is no multiple of an entry is not whole. */
async function checkIndex(file: string, given: DumpArguments, output: Writable): Promise<void> {
  printLine(output, `Dumping ${file}`)
  const { length } = await new NodeFileSystem().readFile(file)
  const entrySize = file.endsWith('.timeindex') ? 12 : 8
  if (length % entrySize !== 0)
    throw new OperatorError(`${file}: ${length} bytes are no multiple of ${entrySize}: the index is corrupt`)
  if (given.has('index-sanity-check')) printLine(output, `${file} passed sanity check.`)
}

async function print(lines: AsyncIterable<string>, output: Writable): Promise<void> {
  let page: string[] = []
  const flush = async (): Promise<void> => {
    const text = page.map((line) => `${line}\n`).join('')
    page = []
    if (text !== '' && !output.write(text)) await once(output, 'drain')
  }
  for await (const line of lines) {
    page.push(line)
    if (page.length >= pageLength) await flush()
  }
  await flush()
}

function textOf(given: DumpArguments): RecordText {
  const ofKey = valueDecoder(given.text('key-decoder-class'))
  const ofValue = valueDecoder(given.text('value-decoder-class'))
  return ({ key, value }) => contentText(ofKey(key), ofValue(value))
}

/** Throws ToolUsageError for a class that is not known. */
function valueDecoder(className: string | undefined): (bytes: Buffer | null) => string | undefined {
  switch (className?.split('.').at(-1) ?? 'StringDecoder') {
    case 'StringDecoder':
    case 'DefaultDecoder':
      return (bytes) => bytes?.toString()
    case 'IntegerDecoder':
      return (bytes) => (bytes === null ? undefined : `${bytes.readInt32BE(0)}`)
    case 'LongDecoder':
      return (bytes) => (bytes === null ? undefined : `${bytes.readBigInt64BE(0)}`)
    default:
      throw new ToolUsageError(
        `${className}: no decoder of this name; there are StringDecoder, IntegerDecoder, LongDecoder`,
      )
  }
}
