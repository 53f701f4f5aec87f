/**
 * What kafka-dump-log shows of records whose content is known: the metadata log's, those of coordinators, and control
 * records. Each returns the end of a record's line.
 */

import { metadataRecordSchemas } from '../../metadata/metadata-record.ts'
import { decodeMetadataRecord } from '../../metadata/metadata-record-codec.ts'
import { decodeAt } from '../../protocol/compile.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { controlRecordTypes } from '../../protocol/record/control-record.ts'
import type { DecodedRecord } from '../../protocol/record/record.ts'
import type { Schema } from '../../protocol/schema.ts'
import { consumerProtocolAssignment, consumerProtocolSubscription } from '../../protocol/stored/consumer-protocol.ts'
import {
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from '../../protocol/stored/control-records.ts'
import { groupRecords } from '../../protocol/stored/group/index.ts'
import {
  shareSnapshotKey,
  shareSnapshotValue,
  shareUpdateKey,
  shareUpdateValue,
} from '../../protocol/stored/share-state.ts'
import { transactionLogKey, transactionLogValue } from '../../protocol/stored/transaction-log.ts'
import { dataOf, jsonText, structAsJson } from '../data/coordinator-formatter.ts'

export type RecordText = (record: DecodedRecord) => string

interface Pair {
  readonly key: Schema
  readonly value: Schema
}

const versionSize = 2

export function contentText(key: string | undefined, payload: string | undefined): string {
  return [
    ...(key === undefined ? [] : [`key: ${key}`]),
    ...(payload === undefined ? [] : [`payload: ${payload}`]),
  ].join(' ')
}

export function metadataText({ value }: DecodedRecord): string {
  if (value === null) return contentText(undefined, '<DELETE>')
  try {
    const { type, version, data } = decodeMetadataRecord(value)
    const schema: Schema = metadataRecordSchemas[type]
    const json = structAsJson(schema.root, data as unknown as Readonly<Record<string, unknown>>, version)
    const name = type.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toUpperCase()
    return contentText(undefined, jsonText({ type: name, version, data: json }))
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return contentText(undefined, `${error.message}, skipping.`)
  }
}

export function offsetsText(record: DecodedRecord): string {
  return pairText(record, groupRecords)
}

export function transactionsText(record: DecodedRecord): string {
  return pairText(record, new Map([[0, { key: transactionLogKey, value: transactionLogValue }]]))
}

export function shareStateText(record: DecodedRecord): string {
  return pairText(
    record,
    new Map([
      [0, { key: shareSnapshotKey, value: shareSnapshotValue }],
      [1, { key: shareUpdateKey, value: shareUpdateValue }],
    ]),
  )
}

function pairText({ key, value }: DecodedRecord, pairs: ReadonlyMap<number, Pair>): string {
  if (key === null || key.length < versionSize) return ''
  const type = key.readInt16BE(0)
  const pair = pairs.get(type)
  if (pair === undefined) return contentText(`Unknown record type ${type} at offset, skipping.`, undefined)
  const keyText = jsonText({ type: `${type}`, data: dataOf(pair.key, 0, key) })
  if (value === null) return contentText(keyText, '<DELETE>')
  const version = value.readInt16BE(0)
  if (version > pair.value.maxVersion) return contentText(keyText, 'unknown')
  const data = dataOf(pair.value, version, value) as Record<string, unknown>
  if (data.protocolType === 'consumer' && Array.isArray(data.members)) data.members.forEach(openMember)
  return contentText(keyText, jsonText({ version: `${version}`, data }))
}

/** What members of the classic protocol said and were told is bytes to the broker. */
function openMember(member: Record<string, unknown>): void {
  member.subscription = opened(member.subscription, consumerProtocolSubscription)
  member.assignment = opened(member.assignment, consumerProtocolAssignment)
}

function opened(base64: unknown, schema: Schema): unknown {
  const bytes = Buffer.from(String(base64), 'base64')
  if (bytes.length < versionSize) return base64
  const version = Math.min(bytes.readInt16BE(0), schema.maxVersion)
  const { message } = decodeAt(schema, version, bytes, versionSize)
  return structAsJson(schema.root, message as Readonly<Record<string, unknown>>, version)
}

const controlSchemas = new Map<number, readonly [title: string, schema: Schema]>([
  [controlRecordTypes.LEADER_CHANGE, ['LeaderChange:', leaderChangeMessage]],
  [controlRecordTypes.SNAPSHOT_HEADER, ['SnapshotHeader', snapshotHeaderRecord]],
  [controlRecordTypes.SNAPSHOT_FOOTER, ['SnapshotFooter', snapshotFooterRecord]],
  [controlRecordTypes.KRAFT_VERSION, ['KRaftVersion', kRaftVersionRecord]],
  [controlRecordTypes.KRAFT_VOTERS, ['KRaftVoters', votersRecord]],
])

/** Their values begin with their version, which is also a field of each. */
export function controlText(type: number, { value }: DecodedRecord): string {
  const known = controlSchemas.get(type)
  if (known === undefined || value === null) return `controlType: ${type}`
  const [title, schema] = known
  const version = Math.min(value.readInt16BE(0), schema.maxVersion)
  const { message } = decodeAt(schema, version, value, 0)
  const json = structAsJson(schema.root, message as unknown as Readonly<Record<string, unknown>>, version)
  return `${title} ${jsonText(json)}`
}
