/**
 * How coordinators write their records into `__consumer_offsets`, `__transaction_state` and `__share_group_state`:
 *
 *   key    | type, int16 | message of version 0 |
 *   value  | version, int16 | message |         or null: the thing is gone
 *
 * The same int16 version stands before consumer protocol blobs and principals.
 */
import { type Decoded, decodeAt, encodeAfterInt16 } from '../compile.ts'
import { KafkaError, ProtocolError } from '../errors.ts'
import type { Infer, InferInput, Schema } from '../schema.ts'

/** The key of a record; the schema's apiKey is its type. */
export function encodeCoordinatorKey<S extends Schema>(schema: S, message: InferInput<S>): Buffer {
  return encodeAfterInt16(schema.apiKey!, schema, 0, message)
}

/** The value of a record, or any message behind its int16 version. */
export function encodeVersionedValue<S extends Schema>(schema: S, version: number, message: InferInput<S>): Buffer {
  return encodeAfterInt16(version, schema, version, message)
}

/** The type of a record by its key: which schemas read it. */
export function coordinatorRecordType(key: Buffer): number {
  if (key.length < 2) throw new ProtocolError(`a coordinator record with a key of ${key.length} bytes`)
  return key.readInt16BE(0)
}

export function decodeCoordinatorKey<S extends Schema>(schema: S, key: Buffer): Infer<S> {
  return decodeAt(schema, 0, key, 2).message
}

/**
 * A value, whatever version of the schema it is. What follows the message is not looked at. Throws KafkaError
 * UNSUPPORTED_VERSION when a newer Kafka wrote it.
 */
export function decodeVersionedValue<S extends Schema>(schema: S, value: Buffer): Infer<S> {
  return decodeVersioned(schema, value).message
}

export function decodeVersioned<S extends Schema>(schema: S, value: Buffer): Decoded<Infer<S>> {
  if (value.length < 2) throw new ProtocolError(`${schema.name} of ${value.length} bytes`)
  const version = value.readInt16BE(0)
  if (version < schema.minVersion || version > schema.maxVersion) {
    throw new KafkaError('UNSUPPORTED_VERSION', `${schema.name} has no version ${version}`)
  }
  return decodeAt(schema, version, value, 2)
}
