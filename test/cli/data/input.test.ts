import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineReader } from '../../../src/cli/data/line-reader.ts'
import { recordOfJson } from '../../../src/cli/data/record-json.ts'
import { splitInput } from '../../../src/cli/data/split-input.ts'

async function split(chunks: readonly string[], delimiter: string, limitBytes?: number): Promise<string[]> {
  const parts: string[] = []
  async function* input(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  const by = delimiter === 'lines' ? delimiter : Buffer.from(delimiter)
  for await (const round of splitInput(input(), by, limitBytes)) parts.push(...round.map(String))
  return parts
}

/** `text` in chunks of the sizes. */
function chunked(text: string, sizes: readonly number[]): string[] {
  const chunks: string[] = []
  let rest = text
  for (const size of sizes) {
    chunks.push(rest.slice(0, size))
    rest = rest.slice(size)
  }
  return [...chunks, rest]
}

describe('input is cut', () => {
  test.each(['\n', '::', 'aab'])('at %j wherever the chunks end', async (delimiter) => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '\n'), maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(5), { maxLength: 20 }), async (whole, sizes) => {
        const expected = whole.split(delimiter)
        if (expected.at(-1) === '') expected.pop()
        expect(await split(chunked(whole, sizes), delimiter)).toEqual(expected)
      }),
    )
  })

  test("into lines as Java's readLine does", async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\r', '\n'), maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(4), { maxLength: 20 }), async (whole, sizes) => {
        const expected = whole.split(/\r\n|\r|\n/)
        if (expected.at(-1) === '') expected.pop()
        expect(await split(chunked(whole, sizes), 'lines')).toEqual(expected)
      }),
    )
  })

  test('and refused when a part is longer than the limit', async () => {
    await expect(split(['aaaa', 'aaaa', 'aaaa'], '\n', 10)).rejects.toThrow('more than 10 bytes without a delimiter')
    expect(await split(['aaaa\n', 'aaaa\n', 'aaaa'], '\n', 10)).toEqual(['aaaa', 'aaaa', 'aaaa'])
  })
})

describe('lines of kafka-console-producer', () => {
  const read = (line: string, ...properties: string[]) => {
    const pairs = properties.map((each) => each.split('=') as [string, string])
    const { key, value, headers } = new LineReader(new Map(pairs)).read(Buffer.from(line), 1)
    return {
      key: key?.toString() ?? null,
      value: value?.toString() ?? null,
      headers: headers?.map(({ key: name, value: text }) => [name, text?.toString() ?? null]),
    }
  }

  test('value alone, key, headers, other separators', () => {
    expect(read('k\tv')).toEqual({ key: null, value: 'k\tv', headers: undefined })
    expect(read('k\tv\tw', 'parse.key=true')).toMatchObject({ key: 'k', value: 'v\tw' })
    expect(read('a:1,b:2:3\tk\tv', 'parse.key=true', 'parse.headers= TRUE ')).toEqual({
      key: 'k',
      value: 'v',
      headers: [
        ['a', '1'],
        ['b', '2:3'],
      ],
    })
    expect(read('ä>ö', 'parse.key=true', 'key.separator=>')).toMatchObject({ key: 'ä', value: 'ö' })
    expect(read('kßv', 'parse.key=true', 'key.separator=ß')).toMatchObject({ key: 'k', value: 'v' })
  })

  test('the null marker', () => {
    const properties = ['parse.key=true', 'parse.headers=true', 'null.marker=-']
    expect(read('-\t-\t-', ...properties)).toEqual({ key: null, value: null, headers: undefined })
    expect(read('a:-\tk\t', ...properties)).toEqual({ key: 'k', value: '', headers: [['a', null]] })
    expect(() => read('-:1\tk\tv', ...properties)).toThrow("Header keys should not be equal to the null marker '-'")
  })

  test('what is missing is an error, or ignored', () => {
    expect(() => read('v', 'parse.key=true')).toThrow("No key separator found on line number 1: 'v'")
    expect(() => read('v', 'parse.headers=true')).toThrow("No headers delimiter found on line number 1: 'v'")
    expect(() => read('a\tv', 'parse.headers=true')).toThrow(
      "No header key separator found in pair 'a' on line number 1",
    )
    expect(read('v', 'parse.key=true', 'ignore.error=true')).toMatchObject({ key: null, value: 'v' })
    expect(read('a,,\tv', 'parse.headers=true', 'ignore.error=true').headers).toEqual([['a', null]])
  })

  test('separators that cannot be told apart are refused', () => {
    expect(() => read('', 'headers.delimiter=,')).toThrow('headers.delimiter and headers.separator may not be equal')
    expect(() => read('', 'null.marker=:')).toThrow('null.marker and headers.key.separator may not be equal')
  })

  test('bytes that are no UTF-8 stay what they are', () => {
    const line = Buffer.from([0xff, 0x09, 0xfe])
    const { key, value } = new LineReader(new Map([['parse.key', 'true']])).read(line, 1)
    expect([key, value]).toEqual([Buffer.from([0xff]), Buffer.from([0xfe])])
  })
})

describe('lines of JSON', () => {
  const read = (text: string) => recordOfJson(Buffer.from(text), 3, null)

  test('what ottla consume --format json prints', () => {
    expect(
      read('{"topic":"t","partition":1,"offset":5,"ts":1000,"headers":["a","1","b",null],"key":"k","payload":"v"}'),
    ).toEqual({
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      headers: [
        { key: 'a', value: Buffer.from('1') },
        { key: 'b', value: null },
      ],
      timestamp: 1000,
    })
    expect(read('{"payload":null,"ts":-1}')).toEqual({ key: null, value: null, headers: [] })
    expect(read('{"payload":{"a":[1]},"headers":{"h":"x"}}')).toMatchObject({
      value: Buffer.from('{"a":[1]}'),
      headers: [{ key: 'h', value: Buffer.from('x') }],
    })
  })

  test.each([
    ['nonsense', 'line 3 is no JSON object'],
    ['[1]', 'line 3 is no JSON object'],
    ['{"ts":"now"}', 'line 3: ts is no time'],
    ['{"headers":["a"]}', 'line 3: headers are an object'],
  ])('%s', (text, message) => {
    expect(() => read(text)).toThrow(message)
  })
})
