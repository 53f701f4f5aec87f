import { expect, test } from 'vitest'
import { lineAsObject } from '../../src/cli/log-dump.ts'

test('lines of a dump as objects', () => {
  const batch = 'baseOffset: 0 lastOffset: 2 isControl: false deleteHorizonMs: OptionalLong.empty compresscodec: none'
  expect(lineAsObject(batch, 'f')).toEqual({
    file: 'f',
    kind: 'batch',
    baseOffset: 0,
    lastOffset: 2,
    isControl: false,
    deleteHorizonMs: 'OptionalLong.empty',
    compresscodec: 'none',
  })
  const record = '| offset: 1 CreateTime: 17 keySize: 3 headerKeys: [a,b] key: k payload: not payload: x key: y'
  expect(lineAsObject(record, 'f')).toEqual({
    file: 'f',
    kind: 'record',
    offset: 1,
    CreateTime: 17,
    keySize: 3,
    headerKeys: '[a,b]',
    key: 'k',
    payload: 'not payload: x key: y',
  })
  expect(lineAsObject('| offset: 2 keySize: -1 payload: v', 'f')).toMatchObject({ offset: 2, payload: 'v' })
  expect(lineAsObject('| offset: 2 keySize: 1 key: k', 'f')).toMatchObject({ offset: 2, key: 'k' })
  expect(lineAsObject('offset: 5 position: 100', 'f')).toEqual({ file: 'f', kind: 'entry', offset: 5, position: 100 })
  expect(lineAsObject('Dumping f', 'f')).toEqual({ file: 'f', kind: 'text', text: 'Dumping f' })
})
