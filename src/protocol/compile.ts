/**
 * Makes encoders and decoders of schemas, one flat function per schema, version and direction, when it is first
 * wanted, and keeps it. This and the two generators are the only places that know how a schema becomes bytes.
 *
 * A decoder throws ProtocolError for bytes that are not the message; an encoder KafkaError UNSUPPORTED_VERSION for a
 * message that the version cannot say, and AssertionError for values that no version can.
 */
import { KafkaError } from './errors.ts'
import { decoderSource } from './generate-decoder.ts'
import { encoderSource } from './generate-encoder.ts'
import { Reader } from './reader.ts'
import type { Infer, InferInput, Schema } from './schema.ts'
import { type Encoded, Writer } from './writer.ts'

type Decoder = (reader: Reader) => object
type Encoder = (writer: Writer, message: object) => void

interface Compiled {
  readonly decoders: (Decoder | undefined)[]
  readonly encoders: (Encoder | undefined)[]
}

const compiledBySchema = new WeakMap<Schema, Compiled>()
const emptyBuffer = Buffer.alloc(0)
const reader = new Reader()
const writer = new Writer()

function compiledOf(schema: Schema): Compiled {
  let compiled = compiledBySchema.get(schema)
  if (compiled === undefined) {
    compiled = { decoders: [], encoders: [] }
    compiledBySchema.set(schema, compiled)
  }
  return compiled
}

function checkVersion(schema: Schema, version: number): void {
  if (version >= schema.minVersion && version <= schema.maxVersion) return
  throw new KafkaError('UNSUPPORTED_VERSION', `${schema.name} has no version ${version}`)
}

function evaluate<T>(source: string): T {
  return new Function('emptyBuffer', source)(emptyBuffer) as T
}

function decoderOf(schema: Schema, version: number): Decoder {
  const compiled = compiledOf(schema)
  const known = compiled.decoders[version]
  if (known !== undefined) return known
  checkVersion(schema, version)
  const decoder = evaluate<Decoder>(decoderSource(schema, version))
  compiled.decoders[version] = decoder
  return decoder
}

function encoderOf(schema: Schema, version: number): Encoder {
  const compiled = compiledOf(schema)
  const known = compiled.encoders[version]
  if (known !== undefined) return known
  checkVersion(schema, version)
  const encoder = evaluate<Encoder>(encoderSource(schema, version))
  compiled.encoders[version] = encoder
  return encoder
}

export interface Decoded<T> {
  readonly message: T
  /** The byte after the message. */
  readonly endOffset: number
}

/** Decodes the message that begins at `offset`; what follows it is not looked at. Byte fields are views of `buffer`. */
export function decodeAt<S extends Schema>(schema: S, version: number, buffer: Buffer, offset = 0): Decoded<Infer<S>> {
  const decoder = decoderOf(schema, version)
  reader.start(schema.name, version, buffer, offset, buffer.length)
  const message = decoder(reader) as Infer<S>
  reader.finish()
  return { message, endOffset: reader.position }
}

/** Like `decodeAt`, for who does not care what follows. */
export function decode<S extends Schema>(schema: S, version: number, buffer: Buffer, offset = 0): Infer<S> {
  const decoder = decoderOf(schema, version)
  reader.start(schema.name, version, buffer, offset, buffer.length)
  const message = decoder(reader) as Infer<S>
  reader.finish()
  return message
}

/** The message in one new buffer. Regions have no bytes to put there and are refused. */
export function encode<S extends Schema>(schema: S, version: number, message: InferInput<S>): Buffer {
  const encoder = encoderOf(schema, version)
  writer.start(schema.name, version, false)
  encoder(writer, message as object)
  return (writer.finish().chunks[0] as Buffer | undefined) ?? emptyBuffer
}

/** The message behind unsigned varints: how metadata records say what they are. */
export function encodeAfterVarints<S extends Schema>(
  prefix: readonly number[],
  schema: S,
  version: number,
  message: InferInput<S>,
): Buffer {
  const encoder = encoderOf(schema, version)
  writer.start(schema.name, version, false)
  for (const number of prefix) writer.unsignedVarint(number)
  encoder(writer, message as object)
  return writer.finish().chunks[0] as Buffer
}

/** The message behind an int16: the type of a coordinator's key, or the version of what is stored. */
export function encodeAfterInt16<S extends Schema>(
  prefix: number,
  schema: S,
  version: number,
  message: InferInput<S>,
): Buffer {
  const encoder = encoderOf(schema, version)
  writer.start(schema.name, version, false)
  writer.int16(prefix)
  encoder(writer, message as object)
  return writer.finish().chunks[0] as Buffer
}

/**
 * A whole frame: the four bytes of its size, a header, and the message. Large byte fields and regions are chunks of
 * their own, not copied.
 */
export function encodeFrame<H extends Schema, S extends Schema>(
  headerSchema: H,
  headerVersion: number,
  header: InferInput<H>,
  schema: S,
  version: number,
  message: InferInput<S>,
): Encoded {
  const headerEncoder = encoderOf(headerSchema, headerVersion)
  const encoder = encoderOf(schema, version)
  writer.start(schema.name, version, true)
  writer.int32(0)
  headerEncoder(writer, header as object)
  encoder(writer, message as object)
  const encoded = writer.finish()
  const size = encoded.sizeInBytes - 4
  ;(encoded.chunks[0] as Buffer).writeInt32BE(size, 0)
  return encoded
}
