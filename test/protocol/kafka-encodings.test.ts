/**
 * Every version of every message as Apache Kafka 4.3.1's own generated classes encoded it, from random content: decoded
 * and encoded again, byte for byte. It found what the specifications do not say: a default of JSON's null is no
 * default, and the null of a tagged structure is a varint.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeAt, encode } from '../../src/protocol/compile.ts'
import { consumerGroupMemberMetadataValue } from '../../src/protocol/stored/group/consumer-group.ts'
import { allSchemas, versionsOf } from './random-message.ts'

interface Encoding {
  readonly name: string
  readonly version: number
  readonly hex: string
}

const text = readFileSync(new URL('../frames/kafka-encodings.jsonl', import.meta.url), 'utf8')
const encodings = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Encoding]))

test.each(allSchemas)('$name', (schema) => {
  const own = encodings.filter((encoding) => encoding.name === schema.name)
  expect(own.map((encoding) => encoding.version)).toEqual(versionsOf(schema))
  for (const { version, hex } of own) {
    const { message, endOffset } = decodeAt(schema, version, Buffer.from(hex, 'hex'))
    expect(endOffset, `version ${version}`).toBe(hex.length / 2)
    expect(encode(schema, version, message).toString('hex'), `version ${version}`).toBe(hex)
  }
})

test('a tagged structure that may be null: missing is its default, null is said', () => {
  const encodingOf = (message: object) => encode(consumerGroupMemberMetadataValue, 0, message).toString('hex')
  const without = encodingOf({})
  expect(without.endsWith('00')).toBe(true)
  expect(encodingOf({ classicMemberMetadata: null })).toBe(`${without.slice(0, -2)}01000100`)
  const decoded = decodeAt(consumerGroupMemberMetadataValue, 0, Buffer.from(without, 'hex')).message
  expect(decoded.classicMemberMetadata).toEqual({ sessionTimeoutMs: 0, supportedProtocols: [] })
})
