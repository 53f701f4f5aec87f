import { describe, expect, test } from 'vitest'
import { ByteSink } from '../../../src/cli/data/byte-sink.ts'
import { unescapeText } from '../../../src/cli/data/escapes.ts'
import { compileFormat, jsonFormat, plainFormat, type RecordWriter } from '../../../src/cli/data/record-format.ts'
import type { DecodedRecord } from '../../../src/protocol/record/record.ts'
import { MemoryStreams } from './memory-streams.ts'

const full: DecodedRecord = {
  offset: 42,
  timestamp: 1_700_000_000_123n,
  key: Buffer.from('key'),
  value: Buffer.from([0x76, 0xff, 0x00]),
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ],
}
const empty: DecodedRecord = { offset: 7, timestamp: -1n, key: null, value: null, headers: [] }
const place = { topic: 'topic', partition: 3, timestampType: 0 } as const

async function write(writer: RecordWriter, ...records: DecodedRecord[]): Promise<Buffer> {
  const streams = new MemoryStreams()
  const sink = new ByteSink(streams.output)
  for (const record of records) writer(sink, record, place)
  await sink.flush()
  return streams.printedBytes
}

describe("kcat's format strings", () => {
  test('every letter, and bytes that are no text', async () => {
    const writer = compileFormat('%t [%p] %o %T %K %k %S %h %R%s%%\\n\\x41\\101')
    const expected = Buffer.concat([
      Buffer.from('topic [3] 42 1700000000123 3 key 3 a=1,b=NULL '),
      Buffer.from([0, 0, 0, 3, 0x76, 0xff, 0x00]),
      Buffer.from('%\nAA'),
    ])
    expect(await write(writer, full)).toEqual(expected)
  })

  test('what is null has length -1 and no text, or NULL', async () => {
    expect(`${await write(compileFormat('%k|%K|%s|%S|%T|%h'), empty)}`).toBe('|-1||-1|-1|')
    expect(`${await write(compileFormat('%k|%s', { nullText: 'NULL' }), empty)}`).toBe('NULL|NULL')
    expect((await write(compileFormat('%R'), empty)).readInt32BE()).toBe(-1)
  })

  test('a letter that is not known is named', () => {
    expect(() => compileFormat('%s %d')).toThrow('-f: no %d; there are %s')
    expect(() => compileFormat('100%')).toThrow('-f: a % at the end')
  })
})

test('plain output: value and delimiter, with the key before it when it is asked for', async () => {
  expect(`${await write(plainFormat(Buffer.from('\n'), undefined), { ...full, value: Buffer.from('v') }, empty)}`).toBe(
    'v\n\n',
  )
  const keyed = plainFormat(Buffer.from(';'), Buffer.from('=>'), { nullText: 'NULL' })
  expect(`${await write(keyed, { ...full, value: Buffer.from('v') }, empty)}`).toBe('key=>v;NULL=>NULL;')
})

test("JSON has the fields of kcat's -J", async () => {
  const writer = jsonFormat({ brokerOf: () => 1 })
  const lines = `${await write(writer, { ...full, value: Buffer.from('"\n') }, empty)}`.split('\n')
  expect(lines).toEqual([
    '{"topic":"topic","partition":3,"offset":42,"tstype":"create","ts":1700000000123,"broker":1,"headers":["a","1","b",null],"key":"key","payload":"\\"\\n"}',
    '{"topic":"topic","partition":3,"offset":7,"tstype":"unknown","ts":-1,"broker":1,"key":null,"payload":null}',
    '',
  ])
})

test('a sink that has to grow loses nothing', async () => {
  const large = Buffer.alloc(300_000, 'x')
  const written = await write(compileFormat('%s%t'), ...Array.from({ length: 5 }, () => ({ ...full, value: large })))
  expect(written.length).toBe(5 * (large.length + 'topic'.length))
})

test.each([
  ['\\n\\t\\r\\0', '\n\t\r\0'],
  ['a\\x3ab', 'a:b'],
  ['\\072', ':'],
  ['\\\\:\\q', '\\:q'],
  ['ä', 'ä'],
])('delimiter %s', (text, expected) => {
  expect(`${unescapeText(text)}`).toBe(expected)
})
