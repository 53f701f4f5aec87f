/**
 * Turns a schema and one version into the source of its encoder, the counterpart of generate-decoder.ts: one function
 * per structure that takes the writer and an object in which any field may be missing, which means its default.
 *
 * A tagged field is written when it differs from its default. A field that the version does not have must be missing,
 * at its default, or ignorable; else the message cannot be said in this version and UNSUPPORTED_VERSION is thrown.
 */
import { literalOf } from './generate-decoder.ts'
import {
  defaultOf,
  type FieldDescription,
  isNullable,
  isPresent,
  type Schema,
  type StructDescription,
} from './schema.ts'

type Indexed = readonly [index: number, name: string, field: FieldDescription]

class EncoderSource {
  readonly #version: number
  readonly #flexible: boolean
  readonly #names = new Map<StructDescription, string>()
  readonly #comparisons = new Map<StructDescription, string>()
  readonly #functions: string[] = []

  constructor(version: number, flexible: boolean) {
    this.#version = version
    this.#flexible = flexible
  }

  source(root: StructDescription): string {
    const name = this.#structFunction(root)
    return `'use strict'\nconst emptyObject = {}, emptyArray = []\n${this.#functions.join('\n')}\nreturn ${name}`
  }

  #structFunction(structure: StructDescription): string {
    const known = this.#names.get(structure)
    if (known !== undefined) return known
    const name = `e${this.#names.size}`
    this.#names.set(structure, name)
    const lines: string[] = []
    const tagged: Indexed[] = []
    structure.fields.forEach(([fieldName, field], index) => {
      if (!isPresent(field, this.#version)) {
        if (!field.ignorable) lines.push(this.#refuse(`${structure.name}.${fieldName}`, index, fieldName, field))
      } else if (field.tag === undefined) {
        lines.push(this.#load(index, fieldName, field), this.#write(`f${index}`, fieldName, field))
      } else {
        tagged.push([index, fieldName, field])
      }
    })
    if (this.#flexible) lines.push(...this.#tags(tagged))
    this.#functions.push(`function ${name}(w, m) {\n  ${lines.join('\n  ')}\n}`)
    return name
  }

  #load(index: number, name: string, field: FieldDescription): string {
    return `let f${index} = m.${name}; if (f${index} === undefined) f${index} = ${this.#sharedDefault(field)}`
  }

  /** Like literalOf, but one object for all: encoders change nothing. */
  #sharedDefault(field: FieldDescription): string {
    const value = defaultOf(field)
    if (value === null || field.type === 'bytes' || field.type === 'records') return literalOf(value)
    if (field.type === 'array') return 'emptyArray'
    return field.type === 'struct' ? 'emptyObject' : literalOf(value)
  }

  #refuse(path: string, index: number, name: string, field: FieldDescription): string {
    const variable = `f${index}`
    const condition = `${variable} !== undefined && ${this.#differs(variable, field)}`
    return `const ${variable} = m.${name}; if (${condition}) w.unsupportedField(${JSON.stringify(path)})`
  }

  /** A condition: `variable`, which is not undefined, is not the field's default. */
  #differs(variable: string, field: FieldDescription): string {
    const value = defaultOf(field)
    if (value === null) return `${variable} !== null`
    if (field.type === 'array' || field.type === 'bytes' || field.type === 'records') {
      const size = field.type === 'records' ? `(${variable}.length ?? ${variable}.sizeInBytes)` : `${variable}.length`
      return `(${variable} === null || ${size} !== 0)`
    }
    if (field.type === 'struct') return `(${variable} === null || ${this.#comparison(field.struct!)}(${variable}))`
    return `${variable} !== ${literalOf(value)}`
  }

  /** The name of a function that says whether any field of a structure differs from its default. */
  #comparison(structure: StructDescription): string {
    const known = this.#comparisons.get(structure)
    if (known !== undefined) return known
    const name = `c${this.#comparisons.size}`
    this.#comparisons.set(structure, name)
    const conditions = structure.fields.map(([fieldName, field]) => {
      const variable = `m.${fieldName}`
      return `(${variable} !== undefined && ${this.#differs(variable, field)})`
    })
    this.#functions.push(`function ${name}(m) { return ${conditions.join(' || ')} }`)
    return name
  }

  #tags(tagged: readonly Indexed[]): string[] {
    if (tagged.length === 0) return ['w.unsignedVarint(0)']
    const sorted = [...tagged].sort((left, right) => left[2].tag! - right[2].tag!)
    const lines = sorted.map(([index, name, field]) => {
      const differs = `f${index} !== undefined && ${this.#differs(`f${index}`, field)}`
      return `const f${index} = m.${name}, t${index} = ${differs}`
    })
    lines.push(`w.unsignedVarint(${sorted.map(([index]) => `(t${index} ? 1 : 0)`).join(' + ')})`)
    for (const [index, name, field] of sorted) {
      const write = this.#write(`f${index}`, name, field)
      lines.push(`if (t${index}) { const mark = w.openTag(${field.tag}); ${write}; w.closeTag(mark) }`)
    }
    return lines
  }

  #write(variable: string, name: string, field: FieldDescription): string {
    const nullable = isNullable(field, this.#version)
    const value = this.#writeValue(variable, field)
    if (field.type !== 'array' && field.type !== 'struct' && !this.#isVariable(field)) return value
    // One byte either way: an int8 in place, a varint in the tagged section. Only their nulls differ.
    const notNull = field.type === 'struct' && nullable ? `w.int8(1); ${value}` : value
    const whenNull = nullable ? this.#writeNull(field) : `w.nullField(${JSON.stringify(name)})`
    return `if (${variable} === null) ${whenNull}; else { ${notNull} }`
  }

  #isVariable(field: FieldDescription): boolean {
    return field.type === 'string' || field.type === 'bytes' || field.type === 'records'
  }

  #isCompact(field: FieldDescription): boolean {
    return this.#flexible && !field.neverFlexible
  }

  #writeNull(field: FieldDescription): string {
    if (field.type === 'struct') return field.tag === undefined ? 'w.int8(-1)' : 'w.unsignedVarint(0)'
    if (this.#isCompact(field)) return 'w.unsignedVarint(0)'
    return field.type === 'string' ? 'w.int16(-1)' : 'w.int32(-1)'
  }

  #writeValue(variable: string, field: FieldDescription): string {
    if (field.type === 'struct') return `${this.#structFunction(field.struct!)}(w, ${variable})`
    if (field.type === 'array') {
      const length = `${variable}.length`
      const prefix = this.#flexible ? `w.unsignedVarint(${length} + 1)` : `w.int32(${length})`
      return `${prefix}; for (let i = 0; i < ${length}; i++) ${this.#writeValue(`${variable}[i]`, field.element!)}`
    }
    if (!this.#isVariable(field)) return `w.${field.type}(${variable})`
    const method = field.type[0]!.toUpperCase() + field.type.slice(1)
    return `w.${this.#isCompact(field) ? `compact${method}` : field.type}(${variable})`
  }
}

/** The body of a function with the parameter `emptyBuffer` that returns the encoder. */
export function encoderSource(schema: Schema, version: number): string {
  return new EncoderSource(version, version >= schema.flexibleSince).source(schema.root)
}
