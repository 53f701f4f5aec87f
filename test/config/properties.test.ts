import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseOverride, parseProperties } from '../../src/config/properties.ts'

test.each([
  ['a=1', [['a', '1']]],
  [
    'a = 1\r\nb: 2\rc 3',
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ],
  ],
  ['  # comment\n! another\n\n   \na=1', [['a', '1']]],
  ['a=1\na=2', [['a', '2']]],
  ['a=x=y:z', [['a', 'x=y:z']]],
  ['a\\=b=c', [['a=b', 'c']]],
  ['a\\:b\\ c:d', [['a:b c', 'd']]],
  ['a', [['a', '']]],
  ['a=', [['a', '']]],
  ['=1', [['', '1']]],
  ['a=trailing  ', [['a', 'trailing  ']]],
  [
    'a=one,\\\n    two,\\\n    three\nb=2',
    [
      ['a', 'one,two,three'],
      ['b', '2'],
    ],
  ],
  ['a=one\\\n# not a comment', [['a', 'one# not a comment']]],
  [
    'a=back\\\\\nb=2',
    [
      ['a', 'back\\'],
      ['b', '2'],
    ],
  ],
  ['a=\\u0041\\t\\n\\q', [['a', 'A\t\nq']]],
  ['a=last\\', [['a', 'last']]],
  ['# comment \\\na=1', [['a', '1']]],
])('%j', (text, expected) => {
  expect([...parseProperties(text)]).toEqual(expected)
})

test('no text makes it fail, and what is escaped comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseProperties(text)
      const escaped = text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      expect([...parseProperties(`key=${escaped}`)]).toEqual([['key', text]])
    }),
  )
})

test('an override is cut at its first equals sign', () => {
  expect(parseOverride('a=b=c')).toEqual(['a', 'b=c'])
  expect(parseOverride('a=')).toEqual(['a', ''])
  expect(parseOverride('a')).toBeUndefined()
  expect(parseOverride('=a')).toBeUndefined()
})
