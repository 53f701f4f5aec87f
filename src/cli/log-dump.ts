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
}

/** Lines that are collected before they are written. */
const pageLength = 200

export async function logDump({ files, records }: LogDumpOptions): Promise<number> {
  // `ottla log dump ... | head` ends when head has seen enough.
  process.stdout.on('error', () => process.exit(exitCodes.stopped))
  const fileSystem = new NodeFileSystem()
  const codecs = new NodeCodecs()
  for (const file of files) {
    let page: string[] = []
    for await (const line of dumpFile(fileSystem, file, { printsRecords: records, codecs })) {
      page.push(line)
      if (page.length < pageLength) continue
      await print(page)
      page = []
    }
    if (page.length > 0) await print(page)
  }
  return exitCodes.stopped
}

async function print(lines: readonly string[]): Promise<void> {
  if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain')
}
