/**
 * What coordinators wrote into `__consumer_offsets` and `__transaction_state`, as the stock tool's formatters print it:
 * an object per record, without anything between them.
 */
import { zeroUuid } from '../../base/uuid.ts'
import { decodeAt } from '../../protocol/compile.ts'
import type { FieldDescription, Schema, StructDescription } from '../../protocol/schema.ts'
import { groupRecords } from '../../protocol/stored/group/index.ts'
import {
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
} from '../../protocol/stored/share-state.ts'
import { transactionLogKey, transactionLogValue } from '../../protocol/stored/transaction-log.ts'
import type { RecordWriter } from './record-format.ts'

interface Pair {
  readonly key: Schema
  readonly value: Schema
}

const typeSize = 2

/** By the name of the class without its package; undefined for a class that is none of these. */
export function coordinatorFormatter(name: string): RecordWriter | undefined {
  switch (name) {
    case 'OffsetsMessageFormatter':
      return formatterOf(groupPairs([0, 1]))
    case 'GroupMetadataMessageFormatter':
      return formatterOf(groupPairs([2]))
    case 'TransactionLogMessageFormatter':
      return formatterOf(new Map([[0, { key: transactionLogKey, value: transactionLogValue }]]))
    case 'group.share.ShareGroupStateMessageFormatter':
      return formatterOf(
        new Map([
          [0, { key: shareSnapshotKey, value: shareSnapshotValue }],
          [1, { key: shareUpdateKey, value: shareUpdateValue }],
        ]),
      )
    default:
      return undefined
  }
}

export function groupPairs(types: readonly number[]): Map<number, Pair> {
  return new Map(types.map((type) => [type, groupRecords.get(type)!]))
}

/** Records of other types are left out. */
function formatterOf(pairs: ReadonlyMap<number, Pair>): RecordWriter {
  return (sink, { key, value }) => {
    if (key === null || key.length < typeSize) return
    const type = key.readInt16BE(0)
    const pair = pairs.get(type)
    if (pair === undefined) return
    const envelope = { key: { type, data: dataOf(pair.key, 0, key) }, value: recordValue(pair.value, value) }
    sink.text(jsonText(envelope))
  }
}

function recordValue(schema: Schema, value: Buffer | null): unknown {
  if (value === null || value.length < typeSize) return null
  const version = value.readInt16BE(0)
  const isKnown = version >= schema.minVersion && version <= schema.maxVersion
  return { version, data: isKnown ? dataOf(schema, version, value) : 'unknown' }
}

export function dataOf(schema: Schema, version: number, bytes: Buffer): unknown {
  const { message } = decodeAt(schema, version, bytes, typeSize)
  return structAsJson(schema.root, message as Readonly<Record<string, unknown>>, version)
}

/** As the converters that Kafka generates: what a version does not have is left out, bytes are base64. */
export function structAsJson(
  { fields }: StructDescription,
  message: Readonly<Record<string, unknown>>,
  version: number,
): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const [name, field] of fields) {
    if (version < field.since || version > field.until) continue
    const value = message[name]
    if (field.tag !== undefined && isDefault(field, value)) continue
    json[name] = valueAsJson(field, value, version)
  }
  return json
}

/** What a tagged field means when it is left out. */
function isDefault({ type, default: given }: FieldDescription, value: unknown): boolean {
  if (given !== undefined) return value === given || (typeof value === 'bigint' && value === BigInt(given as number))
  if (type === 'uuid') return value === zeroUuid
  if (Array.isArray(value)) return value.length === 0
  return value === 0 || value === 0n || value === false || value === ''
}

/** Before a string that is to be a number in JSON as it stands. */
const rawMark = '\u0000'

/** JSON in which numbers of 64 bits are exact. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${rawMark}${each}` : each))
  return text.replace(/"\\u0000(-?[\d.]+)"/g, '$1')
}

function valueAsJson(field: FieldDescription, value: unknown, version: number): unknown {
  if (value === null) return null
  if (field.type === 'array')
    return (value as readonly unknown[]).map((each) => valueAsJson(field.element!, each, version))
  if (field.type === 'struct') return structAsJson(field.struct!, value as Record<string, unknown>, version)
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (field.type === 'float64' && Number.isInteger(value)) return `${rawMark}${(value as number).toFixed(1)}`
  return value
}
