/**
 * Every version of every message, request, response and stored record, there and back: with all defaults, with the
 * extremes of every type, and with random content from fixed seeds.
 */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { responseHeader } from '../../src/protocol/api/headers.ts'
import { decodeAt, encode, encodeFrame } from '../../src/protocol/compile.ts'
import type { Schema, StructDescription } from '../../src/protocol/schema.ts'
import { allSchemas, MessageMaker, type Mode, versionsOf } from './random-message.ts'

function roundTrip(schema: Schema, version: number, message: object): { encoded: Buffer; decoded: object } {
  const encoded = encode(schema, version, message)
  const { message: decoded, endOffset } = decodeAt(schema, version, encoded)
  expect(endOffset).toBe(encoded.length)
  return { encoded, decoded }
}

function seedsOf(mode: Mode): readonly number[] {
  return mode === 'random' ? [1, 2, 3, 4, 5, 6] : [1]
}

/** Names of all fields in order, of a decoded object and of the structures in it, against the schema. */
function expectSameShape(value: unknown, structure: StructDescription): void {
  if (value === null) return
  if (Array.isArray(value)) {
    for (const element of value) expectSameShape(element, structure)
    return
  }
  const message = value as Record<string, unknown>
  expect(Object.keys(message)).toEqual(structure.fields.map(([name]) => name))
  for (const [name, field] of structure.fields) {
    const inner = field.struct ?? field.element?.struct
    if (inner !== undefined) expectSameShape(message[name], inner)
  }
}

test('all messages of 4.3.1 are here', () => {
  const countOf = (kind: string) => allSchemas.filter((schema) => schema.kind === kind).length
  expect(countOf('request')).toBe(89)
  expect(countOf('response')).toBe(89)
  expect(countOf('metadata')).toBe(26)
  expect(countOf('coordinator-key')).toBe(25)
  expect(countOf('coordinator-value')).toBe(25)
  expect(new Set(allSchemas.map((schema) => schema.name)).size).toBe(267)
})

describe.each<Mode>(['defaults', 'extreme', 'random'])('%s', (mode) => {
  test.each(allSchemas)('$name', (schema) => {
    for (const version of versionsOf(schema)) {
      for (const seed of seedsOf(mode)) {
        const message = new MessageMaker(version, mode, seed).message(schema)
        const { decoded } = roundTrip(schema, version, message)
        if (!isDeepStrictEqual(decoded, message)) expect(decoded, `version ${version}`).toEqual(message)
        expectSameShape(decoded, schema.root)
      }
    }
  })
})

test.each(allSchemas)('$name: a missing field means its default', (schema) => {
  for (const version of versionsOf(schema)) {
    const defaults = new MessageMaker(version, 'defaults', 0).message(schema)
    expect(encode(schema, version, {}).equals(encode(schema, version, defaults)), `version ${version}`).toBe(true)
  }
})

test.each(allSchemas)('$name: chunks by reference are the same bytes', (schema) => {
  for (const version of versionsOf(schema)) {
    const message = new MessageMaker(version, 'extreme', 7).message(schema)
    const frame = encodeFrame(responseHeader, 0, { correlationId: 5 }, schema, version, message)
    const joined = Buffer.concat(frame.chunks as Buffer[])
    expect(frame.sizeInBytes).toBe(joined.length)
    expect(joined.readInt32BE(0)).toBe(joined.length - 4)
    expect(joined.subarray(8).equals(encode(schema, version, message)), `version ${version}`).toBe(true)
  }
})
