/**
 * The language in which every message of the protocol is declared, one schema for all its versions. The files of api/
 * and stored/ use it; compile.ts turns a schema and a version into an encoder and a decoder; `npm run check:protocol`
 * compares the schemas with Apache Kafka's own specifications.
 *
 * A field's name is Kafka's with a small first letter. Versions are inclusive at both ends and count for the whole
 * message. A decoded object has every field of its schema whatever the version: what a version does not carry has its
 * default, so one message has one hidden class. Encoders take objects in which any field may be missing, which means
 * its default.
 */
import { zeroUuid } from '../base/uuid.ts'
import type { RecordsRegion } from './records-region.ts'

export type ScalarType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'int64Number'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

export interface FieldOptions<D> {
  /** First version that has the field; the message's first when missing. */
  readonly since?: number
  /** Last version that has it; the message's last when missing. */
  readonly until?: number
  /** First version in which it may be null; never when missing. */
  readonly nullableSince?: number
  /** Last version in which it may be null. */
  readonly nullableUntil?: number
  /** Puts the field into the tagged section of every version that has it. */
  readonly tag?: number
  /** What a missing field means; zero, false, empty, or a struct of defaults when not given. */
  readonly default?: D | null
  /** May be left out silently when the version has no room for it; else a value other than the default is refused. */
  readonly ignorable?: true
  /** Part of the key by which Kafka indexes the elements of the array; nothing on the wire. */
  readonly mapKey?: true
  /** Keeps the old length prefix in flexible versions too (the client id of the request header). */
  readonly neverFlexible?: true
}

export interface FieldDescription {
  readonly type: ScalarType | 'array' | 'struct'
  /** What an array is of. */
  readonly element: FieldDescription | undefined
  readonly struct: StructDescription | undefined
  readonly since: number
  readonly until: number
  readonly nullableSince: number
  readonly nullableUntil: number
  readonly tag: number | undefined
  /** undefined: the type's own zero, made anew for each object where it could be changed. */
  readonly default: unknown
  readonly ignorable: boolean
  readonly mapKey: boolean
  readonly neverFlexible: boolean
}

export interface StructDescription {
  readonly name: string
  readonly fields: readonly (readonly [name: string, field: FieldDescription])[]
}

// These two symbols carry types only; no object has them.
declare const decoded: unique symbol
declare const input: unique symbol

export interface Field<out T, out I = T> extends FieldDescription {
  readonly [decoded]: T
  readonly [input]: I
}

export interface Struct<out T, out I> extends StructDescription {
  readonly [decoded]: T
  readonly [input]: I
}

export interface SchemaOptions {
  /** Kafka's name of the message: ProduceRequest, TopicRecord. */
  readonly name: string
  /** First and last version of the message, inclusive. */
  readonly versions: readonly [first: number, last: number]
  /** First version with compact lengths and tagged fields; none when missing. */
  readonly flexibleSince?: number
  /** Requests, responses and metadata records: the API or record key. Coordinator records: their type. */
  readonly apiKey?: number
  /** Requests only: where the API is served. */
  readonly listeners?: readonly Listener[]
  /** Requests only: the last version is not final, brokers do not advertise it. */
  readonly latestVersionUnstable?: true
}

export type Listener = 'broker' | 'controller'
export type SchemaKind =
  | 'request'
  | 'response'
  | 'header'
  | 'metadata'
  | 'coordinator-key'
  | 'coordinator-value'
  | 'data'

export interface Schema<out T = object, out I = object> {
  readonly kind: SchemaKind
  readonly name: string
  readonly apiKey: number | undefined
  readonly minVersion: number
  readonly maxVersion: number
  /** Infinity: no version is flexible. */
  readonly flexibleSince: number
  readonly listeners: readonly Listener[]
  readonly latestVersionUnstable: boolean
  readonly root: Struct<T, I>
}

/** The decoded message or struct of a schema: every field there. */
export type Infer<S> = S extends Schema<infer T, unknown> ? T : S extends Struct<infer T, unknown> ? T : never
/** What the encoder of a schema takes: a missing field means its default. */
export type InferInput<S> = S extends Schema<unknown, infer I> ? I : S extends Struct<unknown, infer I> ? I : never

type Null<O> = O extends { readonly nullableSince: number } ? null : never
type Fields = Readonly<Record<string, Field<unknown, unknown>>>
type Decoded<F extends Fields> = { -readonly [K in keyof F]: F[K][typeof decoded] }
type Input<F extends Fields> = { readonly [K in keyof F]?: F[K][typeof input] | undefined }
type Element<T, I> = Field<T, I> | Struct<T, I>

function describe(
  type: FieldDescription['type'],
  options: FieldOptions<unknown> | undefined,
  element?: FieldDescription,
  structure?: StructDescription,
): FieldDescription {
  const nullableSince = options?.nullableSince ?? Number.POSITIVE_INFINITY
  return {
    type,
    element,
    struct: structure,
    since: options?.since ?? 0,
    until: options?.until ?? Number.POSITIVE_INFINITY,
    nullableSince,
    nullableUntil: options?.nullableUntil ?? Number.POSITIVE_INFINITY,
    tag: options?.tag,
    default: options?.default,
    ignorable: options?.ignorable ?? false,
    mapKey: options?.mapKey ?? false,
    neverFlexible: options?.neverFlexible ?? false,
  }
}

function scalar<T, I = T>(type: ScalarType) {
  return <const O extends FieldOptions<T>>(options?: O): Field<T | Null<O>, I | Null<O>> =>
    describe(type, options) as Field<T | Null<O>, I | Null<O>>
}

export const bool = scalar<boolean>('bool')
export const int8 = scalar<number>('int8')
export const int16 = scalar<number>('int16')
export const uint16 = scalar<number>('uint16')
export const int32 = scalar<number>('int32')
export const uint32 = scalar<number>('uint32')
/** 64 bits that must come back bit for bit. */
export const int64 = scalar<bigint>('int64')
/** 64 bits on the wire, a number here: exact within 2^53, clamped to 64 bits when encoded. For offsets, epochs, times, sizes. */
export const int64Number = scalar<number>('int64Number')
export const float64 = scalar<number>('float64')
/** 16 bytes, as base/uuid.ts writes them. */
export const uuid = scalar<string>('uuid')
export const string = scalar<string>('string')
/** Decoded without copying: a view of the frame. */
export const bytes = scalar<Buffer>('bytes')
/** Like `bytes`; an encoder also takes a region in place of the bytes. */
export const records = scalar<Buffer, Buffer | RecordsRegion>('records')

/** A structure inside a message; the name is Kafka's. */
export function struct<const F extends Fields>(name: string, fields: F): Struct<Decoded<F>, Input<F>> {
  return { name, fields: Object.entries(fields) } as unknown as Struct<Decoded<F>, Input<F>>
}

/** A field that holds one structure. */
export function structField<T, I, const O extends FieldOptions<I>>(
  structure: Struct<T, I>,
  options?: O,
): Field<T | Null<O>, I | Null<O>> {
  return describe('struct', options, undefined, structure) as Field<T | Null<O>, I | Null<O>>
}

/** A field that holds any number of scalars or structures. */
export function arrayOf<T, I, const O extends FieldOptions<never[]>>(
  element: Element<T, I>,
  options?: O,
): Field<T[] | Null<O>, readonly I[] | Null<O>> {
  const description = 'fields' in element ? describe('struct', undefined, undefined, element) : element
  return describe('array', options, description) as Field<T[] | Null<O>, readonly I[] | Null<O>>
}

function define<F extends Fields>(kind: SchemaKind, options: SchemaOptions, fields: F): Schema<Decoded<F>, Input<F>> {
  return {
    kind,
    name: options.name,
    apiKey: options.apiKey,
    minVersion: options.versions[0],
    maxVersion: options.versions[1],
    flexibleSince: options.flexibleSince ?? Number.POSITIVE_INFINITY,
    listeners: options.listeners ?? [],
    latestVersionUnstable: options.latestVersionUnstable ?? false,
    root: struct(options.name, fields),
  }
}

type Definer = <const F extends Fields>(options: SchemaOptions, fields: F) => Schema<Decoded<F>, Input<F>>

export const request: Definer = (options, fields) => define('request', options, fields)
export const response: Definer = (options, fields) => define('response', options, fields)
export const header: Definer = (options, fields) => define('header', options, fields)
/** A record of the metadata log. */
export const metadataRecord: Definer = (options, fields) => define('metadata', options, fields)
/** The key of a record in `__consumer_offsets`, `__transaction_state` or `__share_group_state`. */
export const coordinatorKey: Definer = (options, fields) => define('coordinator-key', options, fields)
export const coordinatorValue: Definer = (options, fields) => define('coordinator-value', options, fields)
/** What travels inside something else: control records, consumer protocol blobs, files. */
export const data: Definer = (options, fields) => define('data', options, fields)

/** Whether the field exists in `version` of its message. */
export function isPresent(field: FieldDescription, version: number): boolean {
  return version >= field.since && version <= field.until
}

/** Whether the field may be null in `version`. */
export function isNullable(field: FieldDescription, version: number): boolean {
  return version >= field.nullableSince && version <= field.nullableUntil
}

const emptyBuffer = Buffer.alloc(0)

/**
 * What a missing field decodes to. Arrays and structs are made anew by each call; the compiled decoders write them as
 * literals instead.
 */
export function defaultOf(field: FieldDescription): unknown {
  if (field.default !== undefined) return field.default
  switch (field.type) {
    case 'bool':
      return false
    case 'int64':
      return 0n
    case 'uuid':
      return zeroUuid
    case 'string':
      return ''
    case 'bytes':
      return emptyBuffer
    case 'records':
      return field.nullableSince === Number.POSITIVE_INFINITY ? emptyBuffer : null
    case 'array':
      return []
    case 'struct':
      return Object.fromEntries(field.struct!.fields.map(([name, inner]) => [name, defaultOf(inner)]))
    default:
      return 0
  }
}
