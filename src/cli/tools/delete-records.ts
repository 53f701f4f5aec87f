/** kafka-delete-records: deletes what lies before the offsets that a JSON file names. */
import { readFileSync } from 'node:fs'
import { deleteRecords } from '../../client/admin-partitions.ts'
import type { PartitionName } from '../../client/list-offsets.ts'
import { OperatorError } from '../operator-error.ts'
import { javaException } from './java-exception.ts'
import { partitionsInHashMapOrder } from './java-order.ts'
import { connectionFlags, defineTool, printLine } from './tool.ts'
import { clientOf, withClient } from './tool-client.ts'

type Wanted = PartitionName & { readonly offset: number }

export const deleteRecordsTool = defineTool({
  summary: 'Deletes the records before given offsets.',
  flags: {
    ...connectionFlags,
    'offset-json-file': {
      value: 'file',
      describe: 'For example {"partitions": [{"topic": "t", "partition": 1, "offset": 10}], "version": 1}; -1: all.',
    },
  },
  async run(given, { output }) {
    given.require('bootstrap-server', 'offset-json-file')
    const wanted = readOffsets(given.text('offset-json-file')!)
    await withClient(clientOf(given), async (client) => {
      printLine(output, 'Executing records delete operation')
      const outcomes = await deleteRecords(client, wanted)
      printLine(output, 'Records delete operation completed:')
      for (const { topic, partition, lowWatermark, error } of partitionsInHashMapOrder(outcomes)) {
        const outcome = error === undefined ? `low_watermark: ${lowWatermark}` : `error: ${javaException(error)}`
        printLine(output, `partition: ${topic}-${partition}\t${outcome}`)
      }
    })
    return undefined
  },
})

function readOffsets(file: string): Wanted[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new OperatorError(`Unable to read file ${file}`)
  }
  const wanted = parseOffsets(text)
  const names = wanted.map(({ topic, partition }) => `${topic}-${partition}`)
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  if (repeated.size > 0)
    throw new OperatorError(`Offset json file contains duplicate topic partitions: ${[...repeated].join(',')}`)
  return wanted
}

/** Throws OperatorError. */
export function parseOffsets(text: string): Wanted[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new OperatorError('The input string is not a valid JSON')
  }
  const { version = 1, partitions } = (json ?? {}) as { readonly version?: unknown; readonly partitions?: unknown }
  if (version !== 1) throw new OperatorError(`Not supported version field value ${version}`)
  if (partitions === undefined) throw new OperatorError('Missing partitions field')
  if (!Array.isArray(partitions)) throw new OperatorError('partitions: expected a list')
  return partitions.map((each: Record<string, unknown>) => {
    const { topic, partition, offset } = each
    if (typeof topic !== 'string' || !Number.isSafeInteger(partition) || !Number.isSafeInteger(offset))
      throw new OperatorError(`expected topic, partition and offset: ${JSON.stringify(each)}`)
    return { topic, partition: Number(partition), offset: Number(offset) }
  })
}
