/**
 * Messages with random content for any schema and version, from a seed: what the round trip, the hostile frames and
 * the encodings of Kafka's own code are tried with.
 */
import { type Random, SeededRandom } from '../../src/base/random.ts'
import { uuidFromBytes } from '../../src/base/uuid.ts'
import { apis } from '../../src/protocol/api/index.ts'
import {
  defaultOf,
  type FieldDescription,
  isNullable,
  isPresent,
  type Schema,
  type StructDescription,
} from '../../src/protocol/schema.ts'
import { storedSchemas } from '../../src/protocol/stored/index.ts'

export const allSchemas: readonly Schema[] = [
  ...[...apis.values()].flatMap((api) => [api.request, api.response]),
  ...storedSchemas,
]

export function versionsOf(schema: Schema): number[] {
  return Array.from({ length: schema.maxVersion - schema.minVersion + 1 }, (_, index) => schema.minVersion + index)
}

/**
 * `defaults`: every field at its default. `extreme`: largest and smallest values, null wherever it is allowed else
 * empty, long strings. `random`: anything.
 */
export type Mode = 'defaults' | 'extreme' | 'random'

const strings = ['', 'a', 'topic-1', 'ünï', '日本語', '𝄞 clef', 'x'.repeat(126), 'y'.repeat(127), 'é'.repeat(200)]
const integerBounds: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int64Number: [-(2 ** 63), 2 ** 63],
}

export class MessageMaker {
  readonly #random: Random
  readonly #version: number
  readonly #mode: Mode

  constructor(version: number, mode: Mode, seed: number) {
    this.#random = new SeededRandom(seed)
    this.#version = version
    this.#mode = mode
  }

  /** A whole message: fields that the version does not have are at their default. */
  message(schema: Schema): Record<string, unknown> {
    return this.#structure(schema.root)
  }

  #structure(structure: StructDescription): Record<string, unknown> {
    const message: Record<string, unknown> = {}
    for (const [name, field] of structure.fields) {
      message[name] =
        this.#mode === 'defaults' || !isPresent(field, this.#version) ? defaultOf(field) : this.#field(field)
    }
    return message
  }

  #field(field: FieldDescription): unknown {
    if (isNullable(field, this.#version) && (this.#mode === 'extreme' || this.#random.integer(5) === 0)) return null
    if (field.tag !== undefined && this.#random.integer(3) === 0) {
      const value = defaultOf(field)
      if (value !== null || isNullable(field, this.#version)) return value
    }
    return this.#value(field)
  }

  #value(field: FieldDescription): unknown {
    if (field.type === 'struct') return this.#structure(field.struct!)
    if (field.type === 'array') {
      const length = this.#mode === 'extreme' ? 1 : [0, 1, 1, 2, 3][this.#random.integer(5)]!
      return Array.from({ length }, () => this.#value(field.element!))
    }
    return this.#scalar(field.type)
  }

  #scalar(type: FieldDescription['type']): unknown {
    const random = this.#random
    const isLow = random.integer(2) === 0
    switch (type) {
      case 'bool':
        return isLow
      case 'int64':
        if (this.#mode === 'extreme') return isLow ? -(2n ** 63n) : 2n ** 63n - 1n
        return random.bytes(8).readBigInt64BE()
      case 'float64':
        return this.#mode === 'extreme' ? (isLow ? -Number.MAX_VALUE : Number.MIN_VALUE) : random.next() * 1000 - 500
      case 'uuid':
        return this.#mode === 'extreme' ? uuidFromBytes(Buffer.alloc(16, 0xff)) : uuidFromBytes(random.bytes(16))
      case 'string':
        return this.#mode === 'extreme' ? (isLow ? '' : 'z'.repeat(32767)) : strings[random.integer(strings.length)]
      case 'bytes':
      case 'records':
        return random.bytes(this.#mode === 'extreme' ? (isLow ? 0 : 5000) : random.integer(200))
      default:
        return this.#integer(integerBounds[type]!, isLow)
    }
  }

  #integer([min, max]: readonly [number, number], isLow: boolean): number {
    if (this.#mode === 'extreme') return isLow ? min : max
    const [low, high] = [Math.max(min, -Number.MAX_SAFE_INTEGER), Math.min(max, Number.MAX_SAFE_INTEGER)]
    const small = this.#random.integer(2) === 0
    const value = small ? this.#random.integer(300) - 2 : Math.floor(low + this.#random.next() * (high - low))
    return Math.min(high, Math.max(low, value))
  }
}
