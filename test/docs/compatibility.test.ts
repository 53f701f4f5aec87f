/** What docs/COMPATIBILITY.md says of the APIs is what the code serves. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apiTable, withTable } from '../../scripts/api-table.mjs'
import { handlers } from '../../src/handlers/index.ts'
import { apis } from '../../src/protocol/api/index.ts'

const text = readFileSync(new URL('../../docs/COMPATIBILITY.md', import.meta.url), 'utf8')

test('the table of APIs is current; npm run docs writes it anew', () => {
  expect(withTable(text, apiTable(apis, handlers))).toBe(text)
})

test('the table shows what is served, and in which versions', () => {
  const rows = apiTable(apis, handlers).split('\n')
  expect(rows).toContain('| 0 | Produce | broker | 0 to 13 | 0 to 13 |')
  expect(rows.filter((row) => /^\| \d/.test(row)).length).toBe(apis.size)
  expect(rows.filter((row) => /^\| \d/.test(row) && !row.endsWith(' - |')).length).toBe(handlers.size)
})
