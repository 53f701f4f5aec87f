/**
 * Requests made from the schemas alone, so that every API that is served, in every version, is asked whatever it can be
 * asked wrongly: one request in which each field has a plausible value, then one for each wrong value of each field. The
 * conformance test sends them to both brokers. A new API takes part as soon as handlers/index.ts has it.
 */
import type { Random } from '../../../src/base/random.ts'
import {
  type FieldDescription,
  isNullable,
  isPresent,
  type Schema,
  type StructDescription,
} from '../../../src/protocol/schema.ts'

/** What a plausible request speaks of. */
export interface World {
  /** Exists on both brokers, with one partition. */
  readonly topic: string
  readonly topicId: string
  readonly group: string
  /** Begins the names that nobody has. */
  readonly prefix: string
}

export interface SweptRequest {
  /** Says which field is wrong and how. */
  readonly step: string
  readonly message: object
}

/** The value of a field by its name, for one API or for all; undefined: look further. */
export type Plausible = Readonly<Record<string, unknown>>

type Message = Readonly<Record<string, unknown>>
type Variant = readonly [step: string, value: unknown]

const zeroTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'
const unknownTopicId = 'b3R0bGEtdW5rbm93bi1pZA'

/** One after the other they fit most APIs; plausible-requests.ts knows the rest. */
function plausibleByName(name: string, world: World): unknown {
  switch (name) {
    case 'topic':
    case 'topics':
    case 'name':
    case 'topicName':
    case 'topicNames':
    case 'resourceName':
      return world.topic
    case 'topicId':
      return world.topicId
    case 'groupId':
    case 'group':
    case 'groups':
    case 'groupsNames':
    case 'key':
    case 'coordinatorKeys':
      return world.group
    case 'resourceType':
      return 2
    case 'brokerIds':
    case 'replicas':
    case 'brokerId':
      return 1
    default:
      return plausibleNumber(name)
  }
}

function plausibleNumber(name: string): unknown {
  if (/TimeoutMs$|^timeoutMs$/.test(name)) return 30_000
  if (/maxBytes$/i.test(name)) return 1_000_000
  return undefined
}

export class Sweep {
  readonly #schema: Schema
  readonly #version: number
  readonly #world: World
  readonly #plausible: Plausible

  constructor(schema: Schema, version: number, world: World, plausible: Plausible) {
    this.#schema = schema
    this.#version = version
    this.#world = world
    this.#plausible = plausible
  }

  /** The plausible request, then the wrong ones. */
  *requests(): Generator<SweptRequest> {
    const { root } = this.#schema
    const message = this.#message(root)
    yield { step: 'plausible', message }
    yield { step: 'defaults', message: {} }
    for (const [step, value] of this.#messageVariants(root, message)) yield { step, message: value as object }
  }

  /** For each wrong request some in which a second thing is wrong too: which of two errors counts is to be the same. */
  *pairs(random: Random, countPerRequest: number): Generator<SweptRequest> {
    const { root } = this.#schema
    for (const [first, value] of [...this.#messageVariants(root, this.#message(root))]) {
      const seconds = [...this.#messageVariants(root, value as Message)]
      for (let count = 0; count < countPerRequest; count++) {
        const [second, message] = seconds[random.integer(seconds.length)]!
        yield { step: `${first} and ${second}`, message: message as object }
      }
    }
  }

  #message(struct: StructDescription): Message {
    const present = struct.fields.filter(([, field]) => isPresent(field, this.#version))
    return Object.fromEntries(present.map(([name, field]) => [name, this.#plausibleValue(name, field)]))
  }

  #plausibleValue(name: string, field: FieldDescription): unknown {
    if (name in this.#plausible) return this.#plausible[name]
    if (field.type === 'array') return [this.#plausibleElement(name, field.element!)]
    if (field.default !== undefined) return field.default
    return this.#plausibleElement(name, field)
  }

  /** Of an array; its name is the array's. */
  #plausibleElement(name: string, field: FieldDescription): unknown {
    if (field.type === 'struct') return this.#message(field.struct!)
    const named = plausibleByName(name, this.#world)
    if (named !== undefined) return fitting(named, field)
    return zeroOf(field)
  }

  *#messageVariants(struct: StructDescription, message: Message): Generator<Variant> {
    for (const [name, field] of struct.fields) {
      if (!isPresent(field, this.#version)) continue
      for (const [step, value] of this.#variants(name, field, message[name])) {
        yield [`${name}${step}`, { ...message, [name]: value }]
      }
    }
  }

  *#variants(name: string, field: FieldDescription, value: unknown): Generator<Variant> {
    if (isNullable(field, this.#version) && value !== null) yield [' = null', null]
    if (field.type === 'array') yield* this.#arrayVariants(name, field, (value ?? []) as readonly unknown[])
    else if (field.type === 'struct') {
      const message = (value ?? this.#message(field.struct!)) as Message
      if (value === null) yield [' = {...}', message]
      for (const [step, inner] of this.#messageVariants(field.struct!, message)) yield [`.${step}`, inner]
    } else {
      for (const other of wrongValues(name, field, this.#world)) {
        if (other !== value) yield [` = ${Buffer.isBuffer(other) ? other.toString('hex') : String(other)}`, other]
      }
    }
  }

  *#arrayVariants(name: string, field: FieldDescription, elements: readonly unknown[]): Generator<Variant> {
    const element = elements[0] ?? this.#plausibleElement(name, field.element!)
    if (elements.length > 0) yield [' = []', []]
    else yield [' = [1]', [element]]
    yield [' twice', [element, element]]
    for (const [step, inner] of this.#variants(name, field.element!, element)) yield [`[0]${step}`, [inner]]
  }
}

function isText({ type }: FieldDescription): boolean {
  return type === 'string' || type === 'uuid'
}

/** A name may belong to a text in one API and to a number in another. */
function fitting(value: unknown, field: FieldDescription): unknown {
  if (isText(field) !== (typeof value === 'string')) return zeroOf(field)
  if (field.type === 'int64') return BigInt(value as number)
  return value
}

function zeroOf(field: FieldDescription): unknown {
  switch (field.type) {
    case 'bool':
      return false
    case 'int64':
      return 0n
    case 'string':
      return ''
    case 'uuid':
      return zeroTopicId
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    default:
      return 0
  }
}

function wrongValues(name: string, field: FieldDescription, world: World): readonly unknown[] {
  switch (field.type) {
    case 'bool':
      return [false, true]
    case 'string':
      return ['', `${world.prefix}none`, 'a b']
    case 'uuid':
      return [zeroTopicId, unknownTopicId]
    case 'bytes':
    case 'records':
      return [Buffer.alloc(0)]
    case 'float64':
      return [-1, 0, Number.NaN, Number.POSITIVE_INFINITY]
    case 'int64':
      return [-7n, -1n, 0n, 1n, 9_223_372_036_854_775_807n]
    case 'int64Number':
      return [-7, -1, 0, 1, Number.MAX_SAFE_INTEGER]
    case 'uint16':
      return [0, 1, 99, 65_535]
    default:
      // Who asks for a long wait gets it.
      return /WaitMs$|imeoutMs$/.test(name) ? [-1, 0] : [-7, -1, 0, 1, 2, 99]
  }
}
