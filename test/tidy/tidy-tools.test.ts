import { expect, test } from 'vitest'
import { codeOnly } from './code-only.ts'
import { longFunctions } from './long-functions.ts'

test('codeOnly blanks comments, strings, templates and regular expressions, and keeps their lines', () => {
  const text = [
    "const a = 'Date' // Date",
    '/* Date',
    ' Date */ const b = `Date ${'.concat('Date} Date`'),
    "const c = /Date'/.test(a) ? 4 / 2 : 1 / Date",
  ].join('\n')
  const code = codeOnly(text)
  expect(code.split('\n').length).toBe(text.split('\n').length)
  expect(code.match(/Date/g)?.length).toBe(2)
  expect(code).toContain('4 / 2')
})

test('longFunctions finds functions, methods and arrows, and counts no other block', () => {
  const body = Array.from({ length: 5 }, (_, index) => `  call(${index})`).join('\n')
  const text = [
    `function long(a: number): void {\n${body}\n}`,
    `class Room {\n  method(\n    a: number,\n  ): { b: number } {\n${body}\n  }\n\n  short() {}\n}`,
    `const arrow = () => {\n${body}\n}`,
    `if (a) {\n${body}\n}`,
    `const table = {\n${body.replaceAll(')', '),')}\n}`,
  ].join('\n')
  expect(longFunctions(text, 6).map((found) => found.line)).toEqual([1, 11, 21])
  expect(longFunctions(text, 7)).toEqual([])
})
