/**
 * Turns a schema and one version into the source of its decoder: straight-line JavaScript without a look at the schema
 * any more, one function per structure, which returns an object literal of all fields in the schema's order. compile.ts
 * makes functions of it.
 *
 *   function d1(r) {
 *     const f0 = r.int32()
 *     let f1 = null; ...
 *     return { index: f0, records: f1 }
 *   }
 */
import {
  defaultOf,
  type FieldDescription,
  isNullable,
  isPresent,
  type Schema,
  type StructDescription,
} from './schema.ts'

/** A default as JavaScript, new with every evaluation where it can be changed. */
export function literalOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (Buffer.isBuffer(value)) return 'emptyBuffer'
  if (Array.isArray(value)) return '[]'
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${literalOf(inner)}`)
    return `{ ${fields.join(', ')} }`
  }
  return JSON.stringify(value)
}

const fixedSizes: Readonly<Record<string, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  int64Number: 8,
  float64: 8,
  uuid: 16,
}

class DecoderSource {
  readonly #version: number
  readonly #flexible: boolean
  readonly #names = new Map<StructDescription, string>()
  readonly #functions: string[] = []

  constructor(version: number, flexible: boolean) {
    this.#version = version
    this.#flexible = flexible
  }

  source(root: StructDescription): string {
    const name = this.#structFunction(root)
    return `'use strict'\n${this.#functions.join('\n')}\nreturn ${name}`
  }

  #structFunction(structure: StructDescription): string {
    const known = this.#names.get(structure)
    if (known !== undefined) return known
    const name = `d${this.#names.size}`
    this.#names.set(structure, name)
    const lines: string[] = []
    const tagged: (readonly [index: number, name: string, field: FieldDescription])[] = []
    structure.fields.forEach(([fieldName, field], index) => {
      if (!isPresent(field, this.#version)) return
      if (field.tag === undefined) lines.push(`let ${this.#read(`f${index}`, fieldName, field, this.#version)}`)
      else tagged.push([index, fieldName, field])
    })
    if (this.#flexible) lines.push(...this.#tags(tagged))
    const literal = structure.fields.map(([fieldName, field], index) => {
      return `${fieldName}: ${isPresent(field, this.#version) ? `f${index}` : literalOf(defaultOf(field))}`
    })
    lines.push(`return { ${literal.join(', ')} }`)
    this.#functions.push(`function ${name}(r) {\n  ${lines.join('\n  ')}\n}`)
    return name
  }

  #tags(tagged: readonly (readonly [index: number, name: string, field: FieldDescription])[]): string[] {
    if (tagged.length === 0) return ['r.skipTags()']
    const lines = tagged.map(([index, , field]) => `let f${index} = ${literalOf(defaultOf(field))}`)
    lines.push('for (let tags = r.tagCount(); tags > 0; tags--) {')
    lines.push('  const tag = r.unsignedVarint(), outerEnd = r.enterTag()')
    lines.push('  switch (tag) {')
    for (const [index, name, field] of tagged) {
      lines.push(`    case ${field.tag}: ${this.#read(`f${index}`, name, field, this.#version)}; break`)
    }
    lines.push('    default: r.skipTag()', '  }', '  r.leaveTag(outerEnd)', '}')
    return lines
  }

  /** Statements that begin with an assignment to `variable`. */
  #read(variable: string, name: string, field: FieldDescription, version: number): string {
    const nullable = isNullable(field, version)
    const label = JSON.stringify(name)
    switch (field.type) {
      case 'array':
        return this.#readArray(variable, name, field, nullable)
      case 'struct': {
        const decode = `${this.#structFunction(field.struct!)}(r)`
        if (!nullable) return `${variable} = ${decode}`
        // A tagged structure says with a varint whether it is there, others with a signed byte.
        const isNull = field.tag === undefined ? 'r.int8() < 0' : 'r.unsignedVarint() === 0'
        return `${variable} = ${isNull} ? null : ${decode}`
      }
      case 'string':
      case 'bytes':
      case 'records': {
        const read = `${variable} = r.${this.#readerMethod(field)}()`
        return nullable ? read : `${read}; if (${variable} === null) r.nullField(${label})`
      }
      default:
        return `${variable} = r.${field.type}()`
    }
  }

  #readerMethod(field: FieldDescription): string {
    const compact = this.#flexible && !field.neverFlexible
    if (field.type === 'string') return compact ? 'compactString' : 'string'
    return compact ? 'compactBytes' : 'bytes'
  }

  #readArray(variable: string, name: string, field: FieldDescription, nullable: boolean): string {
    const element = field.element!
    const label = JSON.stringify(name)
    const method = this.#flexible ? 'compactArrayLength' : 'arrayLength'
    const push = `${variable}.push(${this.#element(element, label)})`
    return [
      `${variable} = null`,
      `{ const n = r.${method}(${Math.max(1, this.#sizeMin(element))})`,
      `if (n >= 0) { ${variable} = []; for (let i = 0; i < n; i++) ${push} }`,
      nullable ? '}' : `else r.nullField(${label}) }`,
    ].join('\n  ')
  }

  #element(element: FieldDescription, label: string): string {
    if (element.type === 'struct') return `${this.#structFunction(element.struct!)}(r)`
    if (element.type in fixedSizes) return `r.${element.type}()`
    return `r.notNull(r.${this.#readerMethod(element)}(), ${label})`
  }

  /** The fewest bytes that the field can take on the wire. */
  #sizeMin(field: FieldDescription): number {
    const fixed = fixedSizes[field.type]
    if (fixed !== undefined) return fixed
    if (field.type === 'struct') return isNullable(field, this.#version) ? 1 : this.#structSizeMin(field.struct!)
    if (this.#flexible && !field.neverFlexible) return 1
    return field.type === 'string' ? 2 : 4
  }

  #structSizeMin(structure: StructDescription): number {
    let size = this.#flexible ? 1 : 0
    for (const [, field] of structure.fields) {
      if (field.tag === undefined && isPresent(field, this.#version)) size += this.#sizeMin(field)
    }
    return size
  }
}

/** The body of a function with the parameter `emptyBuffer` that returns the decoder. */
export function decoderSource(schema: Schema, version: number): string {
  return new DecoderSource(version, version >= schema.flexibleSince).source(schema.root)
}
