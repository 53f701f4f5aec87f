/**
 * Metadata records as bytes: the value of a record in `__cluster_metadata`, whose key is null.
 *
 *   uvarint frame version = 1 | uvarint record type | uvarint record version | body (flexible encoding)
 *
 * A frame version, type or version that is not known means that the log was written by something newer: whoever reads
 * on would serve a wrong cluster, so decoding throws and says what it met.
 */
import { assert } from '../base/assert.ts'
import { decodeAt, encode } from '../protocol/compile.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { Schema } from '../protocol/schema.ts'
import { type MetadataRecord, type MetadataRecordType, metadataRecordSchemas } from './metadata-record.ts'

const frameVersion = 1

const schemasByType: readonly Schema[] = Object.values(metadataRecordSchemas)
const schemasByKey = new Map<number, Schema>(schemasByType.map((schema) => [schema.apiKey!, schema]))

/** Frame version, type and version fit in one byte each for every record of 4.3.1. */
const headerSize = 3

export function encodeMetadataRecord(record: MetadataRecord): Buffer {
  const schema: Schema = metadataRecordSchemas[record.type]
  const body = encode(schema, record.version, record.data)
  assert(schema.apiKey! < 0x80 && record.version < 0x80, `${record.type} ${record.version} needs longer varints`)
  const bytes = Buffer.allocUnsafe(headerSize + body.length)
  bytes[0] = frameVersion
  bytes[1] = schema.apiKey!
  bytes[2] = record.version
  body.copy(bytes, headerSize)
  return bytes
}

/** Throws ProtocolError for anything but one whole record of a known type and version. */
export function decodeMetadataRecord(bytes: Buffer): MetadataRecord {
  const cursor = { position: 0 }
  const frame = readUnsignedVarint(bytes, cursor)
  if (frame !== frameVersion) throw new ProtocolError(`metadata record of unknown frame version ${frame}`)
  const type = readUnsignedVarint(bytes, cursor)
  const version = readUnsignedVarint(bytes, cursor)
  const schema = schemasByKey.get(type)
  if (schema === undefined) throw new ProtocolError(`metadata record of unknown type ${type}, version ${version}`)
  if (version > schema.maxVersion) throw new ProtocolError(`${schema.name} of unknown version ${version}`)
  const { message, endOffset } = decodeAt(schema, version, bytes, cursor.position)
  if (endOffset !== bytes.length) {
    throw new ProtocolError(`${schema.name} of ${bytes.length} bytes has ${bytes.length - endOffset} too many`)
  }
  return { type: schema.name as MetadataRecordType, version, data: message } as MetadataRecord
}

function readUnsignedVarint(bytes: Buffer, cursor: { position: number }): number {
  let value = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[cursor.position++]
    if (byte === undefined) throw new ProtocolError('metadata record is cut off in its header')
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new ProtocolError('metadata record has a varint that is too long')
}
