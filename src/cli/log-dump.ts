/**
 * `ottla log dump`: shows what is in the files of a partition, a line for each record batch or entry.
 */
import { once } from 'node:events'
import { NodeCodecs } from '../io/codecs/node-codecs.ts'
import { NodeFileSystem } from '../io/node-file-system.ts'
import { dumpFile } from '../log/dump.ts'
import { exitCodes } from './start.ts'

export interface LogDumpOptions {
  readonly files: readonly string[]
  /** Each record of a batch too. */
  readonly records: boolean
  /** A JSON object for each line. */
  readonly json?: boolean
}

/** Lines that are collected before they are written. */
const pageLength = 200

export async function logDump({ files, records, json = false }: LogDumpOptions): Promise<number> {
  // `ottla log dump ... | head` ends when head has seen enough.
  process.stdout.on('error', () => process.exit(exitCodes.stopped))
  const fileSystem = new NodeFileSystem()
  const codecs = new NodeCodecs()
  for (const file of files) {
    let page: string[] = []
    for await (const line of dumpFile(fileSystem, file, { printsRecords: records, codecs })) {
      page.push(json ? JSON.stringify(lineAsObject(line, file)) : line)
      if (page.length < pageLength) continue
      await print(page)
      page = []
    }
    if (page.length > 0) await print(page)
  }
  return exitCodes.stopped
}

/** `name: value name: value` as an object; what is not written so is its `text`. A record's line begins with a bar. */
export function lineAsObject(line: string, file: string): Record<string, unknown> {
  const isRecord = line.startsWith('| ')
  const text = isRecord ? line.slice(2) : line
  const kind = isRecord ? 'record' : text.startsWith('baseOffset: ') ? 'batch' : 'text'
  if (kind === 'text' && !/^(?:offset|timestamp|producerId): /.test(text)) return { file, kind, text }
  // A key or a payload may hold anything, these two come last.
  const [facts = '', rest = ''] = split(text, / (?=(?:key|payload): )/)
  const fields = [...facts.matchAll(/(\w+): (\[[^\]]*\]|\S*)/g)].map(([, name, value]) => [name, parsed(value!)])
  const [key, payload] = rest.startsWith('key: ') ? split(rest.slice(5), / payload: /) : [undefined, rest.slice(9)]
  const content =
    rest === '' ? {} : { ...(key === undefined ? {} : { key }), ...(payload === undefined ? {} : { payload }) }
  return { file, kind: kind === 'text' ? 'entry' : kind, ...Object.fromEntries(fields), ...content }
}

/** In two, at the first match. */
function split(text: string, at: RegExp): [string, string?] {
  const match = at.exec(text)
  return match === null ? [text] : [text.slice(0, match.index), text.slice(match.index + match[0].length)]
}

function parsed(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true'
  return /^-?\d{1,15}$/.test(value) ? Number(value) : value
}

async function print(lines: readonly string[]): Promise<void> {
  if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain')
}
